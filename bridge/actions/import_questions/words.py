"""How people read of import-questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.actions.question_files import CUSTOMERS, OPERATORS
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("{questions} questions in category {category_id} of the bank").format_map(
        defaultdict(lambda: "–", found)
    )


WORDS = Words(
    title={"ru": "Импорт вопросов", "en": "Import questions"},
    labels={"course": "Банк курса", "file": "Файл вопросов", "category": "Раздел банка"},
    evidence_kind="questions",
    evidence=_evidence,
    customers=CUSTOMERS | {"no-course", "no-such-course"},
    operators=OPERATORS | {"coursenotfound"},
)
