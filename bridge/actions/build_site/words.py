"""How people read of build-site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.actions.build_site.parts import ACTIONS
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr(
        "{courses} courses, {roles} roles, {elements} elements: {made} made, {changed} changed, {kept} kept"
    ).format(
        courses=len(found.get("courses", ())),
        roles=len(found.get("roles", ())),
        elements=sum(found.get("elements", {}).values()),
        **{name: found.get(name, 0) for name in ("made", "changed", "kept")},
    )


_CUSTOMERS = frozenset({"questionspartly"}).union(*(one.words.customers for one in ACTIONS))

WORDS = Words(
    title={"ru": "Создание среды обучения", "en": "Build a piece of a site"},
    labels={},
    evidence_kind="site",
    evidence=_evidence,
    customers=_CUSTOMERS,
    operators=frozenset().union(*(one.words.operators for one in ACTIONS)) - _CUSTOMERS,
)
