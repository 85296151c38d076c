"""How people read of create-lesson."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.actions.elements import CUSTOMERS, OPERATORS
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("lesson “{name}”, {pages} pages: {url}").format_map(defaultdict(lambda: "–", found))


WORDS = Words(
    title={"ru": "Создание лекции", "en": "Create a lesson"},
    labels={"course": "Курс лекции", "section": "Секция лекции", "name": "Лекция", "page": "Шаги лекции"},
    evidence_kind="lesson",
    evidence=_evidence,
    customers=CUSTOMERS | {"norightanswer", "paramrange", "timesorder"},
    operators=OPERATORS | {"cmnotfound", "noscores", "plaintext"},
)
