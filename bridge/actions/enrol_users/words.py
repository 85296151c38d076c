"""How people read of enrol-users."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from bridge.actions.accounts import PEOPLE_UNKNOWN
from bridge.actions.action import Words
from bridge.actions.places import COURSE_UNKNOWN
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    told = tr("{enrolled} enrolments in {courses} courses, {before} had been before, {groups} into groups")
    return told.format_map(defaultdict(lambda: "–", found))


WORDS = Words(
    title={"ru": "Запись на курсы", "en": "Enrol people"},
    labels={"course": "Курс записи", "courses": "Курсы", "users": "Кого", "group": "В группу"},
    evidence_kind="enrolments",
    evidence=_evidence,
    customers=COURSE_UNKNOWN
    | PEOPLE_UNKNOWN
    | {
        "alreadymember",
        "enrolledotherwise",
        "no-such-group",
        "nomanualenrol",
        "rolenotallowed",
        "rolenotassignable",
        "rolenothere",
        "timesorder",
        "unknownrole",
        "userprotected",
    },
    operators=frozenset({"coursenotfound", "groupnotfound", "notenrolled", "usernotfound"}),
)
