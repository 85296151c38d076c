"""How people read of create-course."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    if "courses" in found:
        return tr("{count} new courses: {names}").format(
            count=len(found["courses"]),
            names=", ".join(f"{one['fullname']} ({one['url']})" for one in found["courses"]),
        )
    return tr("new course {course_id} “{fullname}”, {sections} sections: {url}").format_map(
        defaultdict(lambda: "–", found)
    )


WORDS = Words(
    title={"ru": "Создание курса", "en": "Create a course"},
    labels={
        "fullname": "Новый курс",
        "shortname": "Код курса",
        "category_id": "Раздел",
        "sections": "Секции",
    },
    evidence_kind="new-course",
    evidence=_evidence,
    customers=frozenset(
        {
            "ambiguous-category",
            "idnumbertaken",
            "no-such-category",
            "picture-unusable",
            "shortnametaken",
        }
    ),
    operators=frozenset({"categorynotfound", "formatnotfound", "nopictures", "notimage"}),
)
