"""How people read of create-profile-fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("profile fields {names}: {url}").format(
        names=", ".join(one["shortname"] for one in found.get("fields", ())), url=found.get("url", "–")
    )


WORDS = Words(
    title={"ru": "Поля профиля", "en": "Create profile fields"},
    labels={"category": "Раздел полей"},
    evidence_kind="profile-fields",
    evidence=_evidence,
    customers=frozenset({"optiontwice", "profilevalue", "shortnametaken"}),
    operators=frozenset({"profilefieldused"}),
)
