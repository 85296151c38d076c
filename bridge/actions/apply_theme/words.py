"""How people read of apply-theme."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("theme {theme}: {settings}").format(
        theme=found.get("theme", "–"), settings=", ".join(found.get("settings", ())) or "–"
    )


WORDS = Words(
    title={"ru": "Настройка оформления", "en": "Apply a theme"},
    labels={
        "theme": "Тема сайта",
        "brand_color": "Цвет",
        "logo": "Логотип",
        "compact_logo": "Мал.лого",
        "favicon": "Значок сайта",
        "background": "Фон сайта",
        "preset": "Набор вида",
        "scss_file": "Файл SCSS",
    },
    evidence_kind="theme",
    evidence=_evidence,
    customers=frozenset(
        {
            "notpicture",
            "picture-unusable",
            "preset-name",
            "presetname",
            "presetnotfound",
            "scssaddress",
            "scssinvalid",
            "settingunknown",
            "text-unusable",
            "themenotfound",
        }
    ),
    operators=frozenset({"settingforced", "settingtwice", "theme-setting"}),
)
