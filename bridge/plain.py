r"""Text from outside as a terminal and a log may show it: what controls them is made visible instead of
obeyed.

A subject may hold escape codes that repaint the screen, line breaks that forge a log line, and marks that
turn the direction of writing round. All of them are shown as `\x1b`, `\n`, `\u202e`.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any


def line(text: object) -> str:
    """The text on one line, with nothing in it that a terminal obeys."""
    given = str(text)
    return (
        given if given.isprintable() else "".join(char if _is_plain(char) else _shown(char) for char in given)
    )


def lines(text: object) -> str:
    """The text with its line breaks, and with nothing else in it that a terminal obeys."""
    return "\n".join(line(one.replace("\t", "    ")) for one in str(text).split("\n"))


def document(value: Any) -> str:
    """A JSON document for a terminal or a pipe; it reads back as the same value."""
    return "\n".join(_escaped(one) for one in json.dumps(value, ensure_ascii=False, indent=2).split("\n"))


def document_line(value: Any) -> str:
    """The same on one line."""
    return _escaped(json.dumps(value, ensure_ascii=False))


def _escaped(text: str) -> str:
    return (
        text
        if text.isprintable()
        else "".join(char if _is_plain(char) else json.dumps(char)[1:-1] for char in text)
    )


def _is_plain(char: str) -> bool:
    # Spaces of other widths are not a fault; isprintable() knows only the one of ASCII.
    return char.isprintable() or unicodedata.category(char) == "Zs"


def _shown(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
