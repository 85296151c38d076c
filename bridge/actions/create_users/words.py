"""How people read of create-users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.accounts import THINGS_UNKNOWN
from bridge.actions.action import Words
from bridge.actions.places import COURSE_UNKNOWN
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    people = found.get("people", ())
    return tr("{count} accounts ({names}), {enrolments} enrolments, {cohorts} in cohorts").format(
        count=len(people),
        names=", ".join(one["username"] for one in people[:20]) + (", …" if len(people) > 20 else ""),
        enrolments=found.get("enrolments", "–"),
        cohorts=found.get("cohorts", "–"),
    )


WORDS = Words(
    title={"ru": "Создание учётных записей", "en": "Create accounts"},
    labels={"users_file": "Люди", "existing": "Кто уже есть"},
    evidence_kind="people",
    evidence=_evidence,
    customers=COURSE_UNKNOWN
    | THINGS_UNKNOWN
    | {
        "authnotallowed",
        "cohortnametaken",
        "countrynotfound",
        "emailform",
        "emailnotallowed",
        "emailtaken",
        "enrolledotherwise",
        "groupnametaken",
        "idnumbertaken",
        "langnotfound",
        "nomanualenrol",
        "nothing-to-do",
        "other-people",
        "people-exist",
        "people-unusable",
        "profilefieldtwice",
        "profilevalue",
        "profilevaluetaken",
        "rolenotallowed",
        "rolenotassignable",
        "rolenothere",
        "unknownprofilefield",
        "unknownrole",
        "usernamealike",
        "usernameform",
        "usernametaken",
        "userprotected",
    },
    operators=frozenset(
        {
            "alreadymember",
            "auth-not-allowed",
            "cohortmanaged",
            "cohortnotfound",
            "coursenotfound",
            "groupnotfound",
            "notenrolled",
            "notstored",
            "too-many-people",
            "usernotfound",
        }
    ),
)
