"""TOML as texts: scalars as they are written, not too deep, no key twice."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from bridge.flow.orders.texts import DEEPEST, Unreadable, Value, too_deep

_MOST_DOTS = 200
"""In one line of TOML: reading a key of n parts takes n² steps."""

_TOKEN = re.compile(
    r"""
    \"{3} (?:\\.|[^\\])*? \"{3,5} | '{3} .*? '{3,5} | "(?:\\.|[^"\\\n])*" | '[^'\n]*' | \#[^\n]*
    | ([=\[,] (?:\s | \#[^\n]*\n)*)
      ( true | false | [+-]?(?:inf|nan)
      | [+-]?[0-9][0-9A-Za-z_.:+-]* (?:\ [0-9][0-9:.]* (?:[Zz]|[+-][0-9:]+)? )? )
      (?= [ \t]* (?: [,\]}\#\r\n] | \Z ) )
    """,
    re.VERBOSE | re.DOTALL,
)
"""What is stepped over in TOML (texts, remarks), and a scalar without quotes behind =, [ or a comma."""


def read_toml(text: str) -> Value:
    """The document of a TOML text.

    Raises:
        Unreadable: with the line where it is known.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _MOST_DOTS:
            raise Unreadable(f"в строке больше {_MOST_DOTS} точек: разбейте её", line=number)
    try:
        tomllib.loads(text, parse_float=str)  # names the faults of the file as it is
        return _texts(tomllib.loads(_quoted(text)), DEEPEST)
    except RecursionError:
        raise too_deep() from None
    except ValueError as error:  # TOMLDecodeError is one, and so is a whole number of thousands of digits
        place = re.search(r"\(at line (\d+), column", str(error))
        twice = re.match(r"Cannot (overwrite|declare|mutate)|Duplicate", str(error))
        message = (
            "ключ указан дважды" if twice else "это не TOML: проверьте кавычки, скобки и знаки равенства"
        )
        at_end = text.count("\n") + 1 if "end of document" in str(error) else None
        raise Unreadable(message, line=int(place[1]) if place else at_end) from None


def _quoted(text: str) -> str:
    """Valid TOML with its numbers, dates and yes or no in quotes, so that they are read as they are
    written: 1_000, 007:30, +5.
    """
    return _TOKEN.sub(lambda found: f'{found[1]}"{found[2]}"' if found[2] else found[0], text)


def _texts(value: Any, depth: int) -> Value:
    """A value of quoted TOML, whose scalars are texts."""
    if isinstance(value, (dict, list)) and depth == 0:
        raise too_deep()
    match value:
        case dict():
            return {key: _texts(one, depth - 1) for key, one in value.items()}
        case list():
            return [_texts(one, depth - 1) for one in value]
        case str():
            return value
    raise Unreadable("возьмите все значения в кавычки")
