"""How people read of audit-site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr(
        "report on {release}: {plugins} plugins, core files {core}, {schema} differences of the schema"
    ).format(
        release=found.get("release", "–"),
        plugins=len(found.get("plugins", ())),
        core=found.get("core", "–"),
        schema=found.get("schema_problems", "–"),
    )


WORDS = Words(
    title={"ru": "Проверка сайта", "en": "Audit a site"},
    labels={
        "language": "Язык отчёта",
    },
    evidence_kind="audit",
    evidence=_evidence,
    customers=frozenset(),
    operators=frozenset({"checksumsinvalid"}),
)
