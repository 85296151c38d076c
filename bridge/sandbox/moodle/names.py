"""Names as web services tell them: Moodle's `external_format_string`, unless the caller asks for raw ones.

A name is escaped for HTML and loses its tags, so that a course «R&D» is told as `R&amp;D`. Who sends
`moodlewssettingraw=1` gets it as it is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_RAW = ContextVar("raw", default=False)


@contextmanager
def as_asked(given: Mapping[str, Any]) -> Iterator[None]:
    """Within the block names are told as the parameters of a request want them."""
    asked = str(given.get("moodlewssettingraw", "0")).lower() not in {"", "0", "false", "no", "off"}
    token = _RAW.set(asked)
    try:
        yield
    finally:
        _RAW.reset(token)


def formatted(name: str) -> str:
    """The name as it is shown."""
    if _RAW.get():
        return name
    shown = re.sub(r"&(?![a-zA-Z0-9#]{1,8};)", "&amp;", name)
    shown = re.sub(r"<(?!\s)[^>]*>?", "", shown)
    return shown.replace("<", "&lt;").replace(">", "&gt;")
