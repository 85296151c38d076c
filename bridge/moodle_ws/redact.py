"""Keeps the token, and Moodle's HTML, out of what people read."""

from __future__ import annotations

import logging
import re
from html import unescape

_TAG = re.compile(r"<[^<>]*>")
_UNSEEN = re.compile(r"(?is)<(script|style)\b.*?(</\1\s*>|$)")
_LONGEST = 300

HIDDEN = "TOKEN"
"""What stands in a text where the token was."""


def hide(text: str, token: str) -> str:
    """`text` without the token."""
    return text.replace(token, HIDDEN) if token else text


def readable(text: str, *, limit: int = _LONGEST) -> str:
    """`text` without HTML, on one line, at most `limit` characters."""
    bare = unescape(_TAG.sub(" ", _UNSEEN.sub(" ", text[: 20 * limit])))
    line = " ".join("".join(character if character.isprintable() else " " for character in bare).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


class TokenFilter(logging.Filter):
    """Takes the token out of the records of a library that logs URLs: the SOAP server reads it from the
    URL only.
    """

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True; the record's text is changed where it holds the token."""
        text = record.getMessage()
        if self._token in text:
            record.msg, record.args = hide(text, self._token), ()
        return True
