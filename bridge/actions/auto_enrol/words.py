"""How people read of auto-enrol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.accounts import THINGS_UNKNOWN
from bridge.actions.action import Words
from bridge.actions.places import COURSE_UNKNOWN
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr(
        "{rules} rules, {ways} ways into courses, {cohorts} cohorts; {enrolled} enrolled: {url}"
    ).format(
        rules=len(found.get("rules", ())),
        ways=found.get("ways", "–"),
        cohorts=len(found.get("cohorts", ())),
        enrolled=found.get("enrolled", "–"),
        url=found.get("url", "–"),
    )


WORDS = Words(
    title={"ru": "Автоматическая запись", "en": "Enrol automatically"},
    labels={"rules_file": "Правила", "leave": "Кто выбыл"},
    evidence_kind="auto-enrolment",
    evidence=_evidence,
    customers=COURSE_UNKNOWN
    | THINGS_UNKNOWN
    | {
        "cohortelsewhere",
        "cohortnametaken",
        "cohortunenrols",
        "countrynotfound",
        "enroltwice",
        "idnumbertaken",
        "keyneeded",
        "keyweak",
        "nomanualenrol",
        "profilefieldnotcomparable",
        "profilefieldtwice",
        "profilevalue",
        "rolenotallowed",
        "rolenotassignable",
        "rolenothere",
        "rules-twice",
        "rules-unusable",
        "ruletwice",
        "timesorder",
        "unknownprofilefield",
        "unknownrole",
    },
    operators=frozenset(
        {
            "categorynotfound",
            "cohortmanaged",
            "cohortnotfound",
            "cohortused",
            "courseorcohort",
            "coursenotfound",
            "enroloff",
            "groupnotfound",
            "notforcohort",
            "notforself",
            "othercourse",
        }
    ),
)
