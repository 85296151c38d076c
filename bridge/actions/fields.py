"""Types of order parameters that come as the text of a form field or as values of an order file."""

from __future__ import annotations

import re
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

Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
"""Several words, separated by white space, commas or semicolons."""

PositiveInt = Annotated[int, Field(gt=0)]
"""An identifier of Moodle's."""
