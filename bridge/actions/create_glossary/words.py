"""How people read of create-glossary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.actions.elements import CUSTOMERS, OPERATORS
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("glossary “{name}”, {terms} terms: {url}").format_map(defaultdict(lambda: "–", found))


WORDS = Words(
    title={"ru": "Создание глоссария", "en": "Create a glossary"},
    labels={
        "course": "Курс глоссария",
        "section": "Секция слов",
        "name": "Глоссарий",
        "term": "",
        "terms_file": "",
    },
    evidence_kind="glossary",
    evidence=_evidence,
    customers=CUSTOMERS | {"concepttaken", "terms-unusable"},
    operators=OPERATORS | {"cmnotfound", "paramchoice"},
)
