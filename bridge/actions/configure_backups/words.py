"""How people read of configure-backups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("settings of backups: {settings}").format(
        settings=", ".join(f"{name.partition('/')[2]}={value}" for name, value in found["settings"].items())
    )


WORDS = Words(
    title={"ru": "Настройка резервного копирования", "en": "Configure backups"},
    labels={
        "schedule": "Копии",
        "weekdays": "Дни копий",
        "time": "Время копий",
        "storage": "Где копии",
        "keep": "Копий курса",
        "include": "В копиях",
        "exclude": "Вне копий",
    },
    evidence_kind="backup-settings",
    evidence=_evidence,
    customers=frozenset({"noweekdays", "settingunknown"}),
    operators=frozenset({"foldernotwritable", "folderpublic", "nosettings", "settingforced", "settingtwice"}),
)
