"""How people read of add-pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.actions.elements import CUSTOMERS, OPERATORS
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("{count} pages: {names}").format(
        count=len(found.get("pages", ())),
        names=", ".join(f"{one['name']} ({one['url']})" for one in found.get("pages", ())),
    )


WORDS = Words(
    title={"ru": "Добавление страниц", "en": "Add pages"},
    labels={"course": "Курс страниц", "section": "Секция страниц", "page": "Страницы"},
    evidence_kind="pages",
    evidence=_evidence,
    customers=CUSTOMERS | {"draftaddress"},
    operators=OPERATORS,
)
