"""How people read of restrict-access."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions import named
from bridge.actions.action import Words
from bridge.actions.places import PLACE_UNKNOWN
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("{completed} elements with conditions of completion, {count} restricted: {names}").format(
        completed=found.get("completed", 0),
        count=len(found.get("elements", ())),
        names=", ".join(one["name"] for one in found.get("elements", ())),
    )


WORDS = Words(
    title={"ru": "Ограничение доступа и выполнение", "en": "Restrict access"},
    labels={
        "course": "Курс условий",
        "chain": "Цепочка",
        "chain_section": "Секция",
        "complete": "Выполнено",
    },
    evidence_kind="access",
    evidence=_evidence,
    customers=PLACE_UNKNOWN
    | named.CUSTOMERS
    | {
        "alreadyrestricted",
        "chain-too-short",
        "completionneeded",
        "completionnograde",
        "completionnone",
        "completionnopassgrade",
        "completionnosubmit",
        "completionnoview",
        "completionstarted",
        "completionungraded",
        "graderange",
        "nogradepass",
        "nosuchgroup",
        "nosuchgrouping",
        "nosuchprofilefield",
        "restrictionloop",
    },
    operators=named.OPERATORS
    | {
        "completionconditions",
        "completionoff",
        "completionoffsite",
        "conditionempty",
        "conditionoff",
        "groupnotfound",
        "timesorder",
    },
)
