"""How people read of create-assignments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.actions.elements import CUSTOMERS, OPERATORS
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("{count} assignments: {names}").format(
        count=len(found.get("assignments", ())),
        names=", ".join(f"{one['name']} ({one['url']})" for one in found.get("assignments", ())),
    )


WORDS = Words(
    title={"ru": "Создание заданий", "en": "Create assignments"},
    labels={"course": "Курс заданий", "section": "Секция заданий", "assignment": ""},
    evidence_kind="assignments",
    evidence=_evidence,
    customers=CUSTOMERS | {"filetypeunknown", "paramrange", "timesorder"},
    operators=OPERATORS,
)
