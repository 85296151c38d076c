"""How people read of create-categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.actions.categories import UNKNOWN
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("{count} categories: {names}").format(
        count=len(found.get("categories", ())),
        names=", ".join(f"{one['name']} ({one['url']})" for one in found.get("categories", ())),
    )


WORDS = Words(
    title={"ru": "Создание категорий курсов", "en": "Create categories"},
    labels={"below": "Внутри", "categories": "Категории"},
    evidence_kind="categories",
    evidence=_evidence,
    customers=UNKNOWN | {"category-there", "categorynametaken", "idnumbertaken"},
    operators=frozenset({"categorynotfound"}),
)
