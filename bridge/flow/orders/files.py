"""Order files: which attachments are ones, and what TOML or YAML in them says, as texts. Hostile until read:
any text ends in an order or a fault.

A file holds the keys `service`, `variant`, `quantity`, `action` and the table `params`. Numbers, dates and
yes or no are taken as they are written, as a form would give them.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from typing import Any

from bridge.domain.lifecycle import OrderFault
from bridge.domain.tickets import Attachment, Ticket
from bridge.flow.orders.draft import Draft, shown
from bridge.flow.orders.names import recognised
from bridge.flow.orders.texts import DEEPEST, Unreadable, Value, too_deep

LARGEST_FILE = 64 * 1024
"""Bytes of an order file."""

_NAMES = frozenset(f"{stem}.{ending}" for stem in ("order", "заказ") for ending in ("toml", "yaml", "yml"))
_ENDINGS = (".order.toml", ".order.yaml", ".order.yml")
_KEYS = ("service", "variant", "quantity", "action", "params")
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

_NO_TEXT = re.compile("[\x00\N{SYMBOL FOR NULL}\N{REPLACEMENT CHARACTER}\ud800-\udfff]")
"""What UTF-8 text does not hold, and what `decode` or the journal leave in its place."""


def order_attachments(ticket: Ticket) -> tuple[Attachment, ...]:
    """The ticket's order files, in its order: the last one counts."""
    return tuple(
        one for one in ticket.attachments if _plain(one.name) in _NAMES or _plain(one.name).endswith(_ENDINGS)
    )


def decode(content: bytes) -> str:
    """An order file's content as text; what is not UTF-8 is marked, so that `read_file` can report it."""
    return content.decode("utf-8-sig", "replace")


def source_of(attachment: Attachment) -> str:
    """Where an order was found, for messages."""
    return f"файл «{shown(attachment.name)}»"


@lru_cache(maxsize=32)
def read_file(attachment: Attachment, text: str) -> Draft | OrderFault:
    """What an order file says, or why it cannot be read, in Russian for the customer.

    Kept for a while: a pass asks for a ticket's order before each of its steps.
    """
    try:
        return _draft(_document(attachment.name, attachment.size, text))
    except Unreadable as fault:
        return OrderFault(source_of(attachment), fault.problems)


def read_params(name: str, content: bytes) -> dict[str, Any] | OrderFault:
    """Parameters alone, from a file that an operator has at hand: the table that `params` of an order file
    would be.
    """
    try:
        document = _document(name, len(content), decode(content))
    except Unreadable as fault:
        return OrderFault(name, fault.problems)
    return (
        document
        if isinstance(document, dict)
        else OrderFault(name, ("должно быть таблицей «имя – значение»",))
    )


def _plain(name: str) -> str:
    return name.strip().lower()


def _document(name: str, size: int, text: str) -> Value:
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    if max(size, len(text)) > LARGEST_FILE:
        raise Unreadable(f"файл больше {LARGEST_FILE // 1024} КиБ: это не файл заказа")
    bad = _NO_TEXT.search(text)
    if bad is not None:
        raise Unreadable(
            "это не текст в кодировке UTF-8: сохраните файл в ней", line=text.count("\n", 0, bad.start()) + 1
        )
    if not text.strip():
        raise Unreadable("файл пуст")
    if _plain(name).endswith(".toml"):
        return _toml(text)
    from bridge.flow.orders.yaml_texts import read_yaml

    return read_yaml(text)


def _toml(text: str) -> Value:
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


def _draft(document: Value) -> Draft:
    if not isinstance(document, dict):
        raise Unreadable("в файле нет ключей заказа: напишите, например, service: ID_УСЛУГИ")
    twice: list[str] = []
    document = recognised(document, _KEYS, twice)
    problems = [
        f"{shown(key)}: такого ключа в файле заказа нет; есть: {', '.join(_KEYS)}"
        for key in document
        if key not in _KEYS
    ]
    problems += twice
    given: dict[str, str] = {}
    for key in _KEYS[:-1]:
        value = document.get(key, "")
        if isinstance(value, str):
            given[key] = value.strip()
        else:
            problems.append(f"{key}: должно быть одним значением")
    params = document.get("params", {})
    if params == "":
        params = {}
    if not isinstance(params, dict):
        problems.append("params: должно быть таблицей «имя – значение»")
        params = {}
    problems += [
        f"params.{shown(key)}: содержит недопустимые символы"
        for key, value in params.items()
        if _hidden(key, value)
    ]
    if problems:
        raise Unreadable(*problems)
    return Draft(given["service"], given["variant"], given["quantity"], given["action"], params)


def _hidden(key: str, value: Value) -> bool:
    """Whether escapes in a quoted text brought in what no text holds."""
    if isinstance(value, dict):
        inner = any(_hidden(name, one) for name, one in value.items())
    elif isinstance(value, list):
        inner = any(_hidden("", one) for one in value)
    else:
        inner = _NO_TEXT.search(value) is not None
    return inner or _NO_TEXT.search(key) is not None
