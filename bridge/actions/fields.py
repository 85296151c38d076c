"""Types of order parameters that come as the text of a form field or as values of an order file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, time
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

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


def written(*kinds: dict[str, Any]) -> WithJsonSchema:
    """How a value may be written in an order file, for editors that complete it."""
    return WithJsonSchema({"anyOf": list(kinds)})


_DIGITS = {"type": "string", "pattern": "^-?(0|[1-9][0-9]*)$"}
_DECIMAL = {"type": "string", "pattern": "^[0-9]{1,7}([.,][0-9]{1,5})?$"}
_LIST = {"type": "array", "items": {"type": "string"}}

Flag = Annotated[
    bool,
    BeforeValidator(_flag),
    written({"type": "boolean"}, {"type": "string", "enum": sorted(_YES | _NO)}),
]
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


_WHOLE = written({"type": "integer", "minimum": 0}, _DIGITS)

PositiveInt = Annotated[int, BeforeValidator(_number), Field(gt=0, le=LARGEST_ID), _WHOLE]
"""An identifier of Moodle's."""

Line = Annotated[str, BeforeValidator(_one_line)]
"""Text on one line."""

Text = Annotated[str, BeforeValidator(_some_lines)]
"""Text on several lines."""

Words = Annotated[tuple[Line, ...], BeforeValidator(_words), written({"type": "string"}, _LIST)]
"""Several words, separated by white space, commas or semicolons."""


def _lines(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [line.strip() for line in re.split(r"[\r\n]+", value) if line.strip()]


Lines = Annotated[
    tuple[Annotated[Line, Field(min_length=1, max_length=255)], ...],
    BeforeValidator(_lines),
    written({"type": "string"}, _LIST),
]
"""Several names, each on a line of its own."""

LARGEST_GRADE = 1_000_000


def _points(value: Any) -> Any:
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{1,7}([.,][0-9]{1,5})?", value.strip(), re.ASCII):
            raise ValueError("должно быть числом, например 60 или 60,5")
        return Decimal(value.strip().replace(",", "."))
    return value


Points = Annotated[
    Decimal,
    BeforeValidator(_points),
    Field(ge=0, le=LARGEST_GRADE),
    written({"type": "number", "minimum": 0}, _DECIMAL),
]
"""Marks, with a comma or a point."""

Grade = Annotated[int, BeforeValidator(_number), Field(ge=0, le=LARGEST_GRADE), _WHOLE]
"""The highest mark of an activity, whole as Moodle's is; 0: it is not graded."""

_MOMENTS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S")
_DAYS = ("%Y-%m-%d", "%d.%m.%Y")
_YEARS = range(2000, 2101)


def _moment(of_a_day: time) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        text = re.sub(r"(?<=[0-9])[Tt](?=[0-9])", " ", " ".join(value.split()))
        found = _read(text, _MOMENTS)
        if found is None:
            day = _read(text, _DAYS)
            found = None if day is None else datetime.combine(day, of_a_day)
        if found is None:
            raise ValueError(
                "должно быть датой, со временем или без: 2026-12-31 23:59 или 31.12.2026; "
                "время – по часам Вашей системы, без часового пояса"
            )
        if found.year not in _YEARS:
            raise ValueError(f"год {found.year}: проверьте дату")
        return found

    return read


def _read(text: str, forms: tuple[str, ...]) -> datetime | None:
    for form in forms:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 (the zone is the site's, which a plan knows)
        except ValueError:
            continue
    return None


Opening = Annotated[datetime, BeforeValidator(_moment(time()))]
"""When something begins, by the site's clock; a day alone is its first minute. Without a zone."""

Closing = Annotated[datetime, BeforeValidator(_moment(time(23, 59)))]
"""When something ends, by the site's clock; a day alone is its last minute. Without a zone."""
