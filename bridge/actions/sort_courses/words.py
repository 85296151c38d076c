"""How people read of sort-courses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.actions.categories import UNKNOWN
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    front = found.get("front_page", "")
    return tr("{courses} courses sorted by {by}{front}").format(
        courses=found.get("courses", 0), by=found.get("by", ""), front=f": {front}" if front else ""
    )


WORDS = Words(
    title={"ru": "Порядок курсов", "en": "Sort courses"},
    labels={"category": "Раздел курсов", "by": "Порядок", "front_page": "Главная"},
    evidence_kind="course-order",
    evidence=_evidence,
    customers=UNKNOWN | {"frontpagecategories", "paramchoice"},
    operators=frozenset({"categorynotfound", "elementtwice"}),
)
