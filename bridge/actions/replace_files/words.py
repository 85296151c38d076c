"""How people read of replace-files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions import named
from bridge.actions.action import Words
from bridge.actions.places import PLACE_UNKNOWN
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("{count} files replaced: {names}").format(
        count=len(found.get("files", ())),
        names=", ".join(f"{one['name']} ({one['old']} → {one['new']})" for one in found.get("files", ())),
    )


WORDS = Words(
    title={"ru": "Замена файлов", "en": "Replace files"},
    labels={"course": "Курс замены"},
    evidence_kind="replaced-files",
    evidence=_evidence,
    customers=PLACE_UNKNOWN
    | named.CUSTOMERS
    | {
        "elementwithoutfile",
        "file-empty",
        "file-name",
        "filenametwice",
        "files-missing",
        "files-same",
        "filesinsection",
        "nofileinsection",
        "paramchoice",
    },
    operators=named.OPERATORS,
)
