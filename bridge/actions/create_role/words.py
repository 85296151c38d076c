"""How people read of create-role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("role {role_id} “{shortname}”, {count} capabilities").format(
        role_id=found.get("role_id", "–"),
        shortname=found.get("shortname", "–"),
        count=len(found.get("capabilities", ())),
    )


WORDS = Words(
    title={"ru": "Создание роли", "en": "Create a role"},
    labels={
        "shortname": "Имя роли",
        "name": "Название роли",
        "description": "Описание",
        "archetype": "Тип",
        "context_levels": "Уровни",
        "capabilities": "Права",
        "allow_assign": "Назначает",
        "allow_override": "Меняет",
        "allow_switch": "Входит",
        "allow_view": "Видит",
    },
    evidence_kind="role",
    evidence=_evidence,
    customers=frozenset(
        {
            "guarded",
            "shortnametaken",
            "unknownarchetype",
            "unknowncapability",
            "unknowncontextlevel",
            "unknownrole",
        }
    ),
    operators=frozenset({"roleassigned", "rolenotours"}),
)
