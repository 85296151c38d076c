"""How people read of add-files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.actions.elements import CUSTOMERS, OPERATORS
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    elements = (*found.get("files", ()), *found.get("folders", ()))
    return tr("{files} files, {folders} folders: {names}").format(
        files=len(found.get("files", ())),
        folders=len(found.get("folders", ())),
        names=", ".join(f"{one['name']} ({one['url']})" for one in elements),
    )


WORDS = Words(
    title={"ru": "Размещение файлов", "en": "Add files"},
    labels={"course": "Курс файлов", "section": "Секция файлов", "file": "Файлы", "folder": ""},
    evidence_kind="files",
    evidence=_evidence,
    customers=CUSTOMERS
    | {"file-empty", "file-name", "filenametwice", "files-missing", "files-same", "paramchoice"},
    operators=OPERATORS | {"conversion-by-hand", "filetwice"},
)
