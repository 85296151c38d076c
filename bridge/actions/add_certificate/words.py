"""How people read of add-certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.actions.elements import CUSTOMERS, OPERATORS
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("certificate “{name}” ({module}): {url}").format(
        name=found.get("name", "–"), module=found.get("module", "–"), url=found.get("url", "–")
    )


WORDS = Words(
    title={"ru": "Сертификат курса", "en": "Add a certificate"},
    labels={
        "course": "Для сертификата",
        "section": "Секция сертиф.",
        "name": "Сертификат",
        "background": "Фон серт-та",
        "grade_to_pass": "Процент",
        "completed": "Условие",
    },
    evidence_kind="certificate",
    evidence=_evidence,
    customers=CUSTOMERS
    | {
        "ambiguous-element",
        "langnotfound",
        "no-such-element",
        "nocompletion",
        "notpicture",
        "offpage",
        "picture-unusable",
        "stepunavailable",
    },
    operators=OPERATORS | {"availabilityoff", "cmothercourse"},
)
