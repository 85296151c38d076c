"""How people read of create-quiz."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.actions.places import PLACE_UNKNOWN
from bridge.actions.question_files import CUSTOMERS, OPERATORS
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("new quiz {cmid}, {questions} questions: {url}").format_map(defaultdict(lambda: "–", found))


WORDS = Words(
    title={"ru": "Создание теста", "en": "Create a quiz"},
    labels={"course": "Курс теста", "name": "Название теста", "file": "Файл теста"},
    evidence_kind="new-quiz",
    evidence=_evidence,
    customers=CUSTOMERS
    | PLACE_UNKNOWN
    | {"idnumbertaken", "questionnotfound", "questionnotusable", "questiontwice", "timesorder"},
    operators=OPERATORS | {"cmnotfound", "coursenotfound", "moduleoff", "quizattempted", "wrongmodule"},
)
