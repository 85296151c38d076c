"""Types of order parameters that come as the text of a form field or as values of an order file."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

_YES = {"да", "yes", "true", "1", "on"}
_NO = {"нет", "no", "false", "0", "off"}


def _flag(value: Any) -> Any:
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _YES:
            return True
        if word in _NO:
            return False
        raise ValueError("должно быть «да» или «нет»")
    return value


def _words(value: Any) -> Any:
    return [word for word in re.split(r"[\s,;]+", value) if word] if isinstance(value, str) else value


Flag = Annotated[bool, BeforeValidator(_flag)]
"""Yes or no, in Russian or English."""

LARGEST_ID = 2**63 - 1
"""Moodle keeps ids in 64 bits, and PHP counts no further."""


def _number(value: Any) -> Any:
    """Digits as they are written: 007 and 1_000 are names somewhere, and no numbers of Moodle's."""
    if isinstance(value, str) and not re.fullmatch(r"-?(0|[1-9][0-9]*)", value.strip(), re.ASCII):
        written_otherwise = re.fullmatch(r"[+-]?[0-9_]+", value.strip(), re.ASCII)
        raise ValueError(
            "должно быть целым числом"
            + ("; пишите его только цифрами, без нулей впереди" if written_otherwise else "")
        )
    return value


def _one_line(value: Any) -> Any:
    return _without(value, allowed="")


def _some_lines(value: Any) -> Any:
    return _without(value, allowed="\t\n\r")


def _without(value: Any, *, allowed: str) -> Any:
    """The text without white space around it; refused where it holds what Moodle takes into no field."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    for char in text:
        if char in allowed or (
            unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") and char not in "\ufffe\uffff"
        ):
            continue
        what = "перенос строки" if char in "\r\n\u2028\u2029" else f"управляющий символ U+{ord(char):04X}"
        raise ValueError(
            f"содержит {what} (такие символы попадают в текст при вставке из других программ): удалите его"
        )
    return text


PositiveInt = Annotated[int, BeforeValidator(_number), Field(gt=0, le=LARGEST_ID)]
"""An identifier of Moodle's."""

Line = Annotated[str, BeforeValidator(_one_line)]
"""Text on one line."""

Text = Annotated[str, BeforeValidator(_some_lines)]
"""Text on several lines."""

Words = Annotated[tuple[Line, ...], BeforeValidator(_words)]
"""Several words, separated by white space, commas or semicolons."""


def _lines(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [line.strip() for line in re.split(r"[\r\n]+", value) if line.strip()]


Lines = Annotated[tuple[Annotated[Line, Field(min_length=1, max_length=255)], ...], BeforeValidator(_lines)]
"""Several names, each on a line of its own."""
