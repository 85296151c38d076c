"""How people read of configure-grading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions import named
from bridge.actions.action import Words
from bridge.actions.places import COURSE_UNKNOWN
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("grading: {categories} categories, {scales} scales, {entered} entered grades: {url}").format(
        categories=len(found.get("categories", ())),
        scales=len(found.get("scales", ())),
        entered=len(found.get("entered", ())),
        url=found.get("url", ""),
    )


WORDS = Words(
    title={"ru": "Оценивание курса", "en": "Configure grading"},
    labels={
        "course": "Курс оценок",
        "formula": "Формула",
        "grade_to_pass": "Зачётный",
        "complete_elements": "",
        "complete_grade": "Балл",
    },
    evidence_kind="grading",
    evidence=_evidence,
    customers=COURSE_UNKNOWN
    | named.CUSTOMERS
    | {
        "completionnograde",
        "completionnone",
        "criteriastarted",
        "criteriathere",
        "formulaambiguous",
        "formulabad",
        "formulaloop",
        "formulaunknown",
        "gradecategorytaken",
        "gradesentered",
        "idnumbertaken",
        "paramrange",
        "scalenametaken",
        "weightunused",
    },
    operators=named.OPERATORS
    | {
        "completionoff",
        "completionoffsite",
        "conditionempty",
        "gradecategorynotfound",
        "gradeitemnotfound",
        "gradenotsum",
        "scalenotfound",
    },
)
