"""How people read of assign-roles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from bridge.actions.accounts import PEOPLE_UNKNOWN
from bridge.actions.action import Words
from bridge.actions.places import COURSE_UNKNOWN
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    told = tr("role {role} in {where} {where_id}: given to {given}, held by {held} before")
    return told.format_map(defaultdict(lambda: "–", found))


WORDS = Words(
    title={"ru": "Назначение ролей", "en": "Assign roles"},
    labels={"role": "Роль", "users": "Кому роль", "course": "Курс роли", "category": "Категория"},
    evidence_kind="roles-given",
    evidence=_evidence,
    customers=COURSE_UNKNOWN
    | PEOPLE_UNKNOWN
    | {
        "ambiguous-category",
        "no-such-category",
        "rolenotallowed",
        "rolenotassignable",
        "rolenothere",
        "unknownrole",
        "userprotected",
    },
    operators=frozenset({"categorynotfound", "coursenotfound", "system-not-allowed", "usernotfound"}),
)
