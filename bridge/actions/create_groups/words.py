"""How people read of create-groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.actions.places import COURSE_UNKNOWN
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("{count} groups ({names}), {groupings} groupings, {members} members").format(
        count=len(found.get("groups", ())),
        names=", ".join(one["name"] for one in found.get("groups", ())),
        groupings=found.get("groupings", "–"),
        members=found.get("members", "–"),
    )


WORDS = Words(
    title={"ru": "Создание групп", "en": "Create groups"},
    labels={"course": "Курс групп", "groups": "Группы"},
    evidence_kind="groups",
    evidence=_evidence,
    customers=COURSE_UNKNOWN
    | frozenset(
        {
            "groupingnametaken",
            "groupnametaken",
            "no-such-people",
            "notenrolled",
        }
    ),
    operators=frozenset(
        {
            "coursenotfound",
            "groupingnotfound",
            "groupnotfound",
            "idnumbertaken",
            "othercourse",
            "usernotfound",
        }
    ),
)
