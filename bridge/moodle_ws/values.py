"""What a call's parameters may be, made plain before either transport sees them.

REST sends form fields, and a form has no null and no empty list. So that both transports mean the same, None,
empty lists and empty structures are left out everywhere: Moodle then takes the parameter's default. Inside a
list they have a place and cannot be left out; there they are refused, and so is a value that one of the
transports could not carry.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from bridge.moodle_ws.errors import ParameterError

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_RESERVED = re.compile(r"wstoken|wsfunction|moodlews.*")
_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 cannot carry."""

_ABSENT = object()


def plain(function: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as dict, list, str, int, float and bool only, without what is left out (see the module).

    Raises:
        ParameterError: naming the parameter that cannot be sent; nothing was sent.
    """
    for name in params:
        if _RESERVED.fullmatch(name):
            raise ParameterError(function, f"parameter {name}: the name belongs to the protocol")
    value = _plain(function, "", params)
    return value if isinstance(value, dict) else {}


def scalar_text(value: str | float) -> str:
    """A scalar as Moodle reads it: booleans as 1 and 0, numbers in their shortest exact form."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else repr(value)


def _plain(function: str, path: str, value: Any) -> Any:
    if value is None:
        return _ABSENT
    if isinstance(value, Mapping):
        return _structure(function, path, value)
    if isinstance(value, (list, tuple)):
        return _list(function, path, value)
    problem = _problem(value)
    if problem:
        raise ParameterError(function, f"parameter {path}: {problem}")
    return value


def _structure(function: str, path: str, value: Mapping[Any, Any]) -> Any:
    found = {}
    for name, item in value.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ParameterError(
                function, f"parameter {path or '(top)'}: {name!r} is not a name that Moodle knows"
            )
        made = _plain(function, f"{path}[{name}]" if path else name, item)
        if made is not _ABSENT:
            found[name] = made
    return found or _ABSENT


def _list(function: str, path: str, value: list[Any] | tuple[Any, ...]) -> Any:
    found = []
    for place, item in enumerate(value):
        made = _plain(function, f"{path}[{place}]", item)
        if made is _ABSENT:
            raise ParameterError(
                function, f"parameter {path}[{place}]: null and empty values cannot stand in a list"
            )
        found.append(made)
    return found or _ABSENT


def _problem(value: Any) -> str:
    """Why a scalar cannot be sent; "" when it can. Never holds the value: it may be a secret."""
    if isinstance(value, str):
        return "it holds control characters or broken Unicode" if _UNSENDABLE.search(value) else ""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return "" if -(2**63) <= value < 2**63 else "the number does not fit into 64 bits"
    if isinstance(value, float):
        return "" if math.isfinite(value) else "the number is not finite"
    return f"a {type(value).__name__} cannot be sent"
