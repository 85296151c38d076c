"""Order files: which attachments are ones, and what TOML or YAML in them says, as texts. Hostile until read:
any text ends in an order or a fault.

A file holds the keys `service`, `variant`, `quantity`, `action` and the table `params`, or for several
actions the list `parts` of tables with `action` and `params`. Numbers, dates and
yes or no are taken as they are written, as a form would give them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from bridge.domain.lifecycle import OrderFault
from bridge.domain.tickets import Attachment, Ticket
from bridge.flow.orders.draft import Draft, shown
from bridge.flow.orders.names import recognised
from bridge.flow.orders.texts import Unreadable, Value
from bridge.flow.orders.toml_texts import read_toml

LARGEST_FILE = 256 * 1024
"""Bytes of an order file."""

_NAMES = frozenset(f"{stem}.{ending}" for stem in ("order", "заказ") for ending in ("toml", "yaml", "yml"))
_ENDINGS = (".order.toml", ".order.yaml", ".order.yml")
_KEYS = ("service", "variant", "quantity", "action", "params", "parts")
_PART_KEYS = ("action", "params")
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
        return read_toml(text)
    from bridge.flow.orders.yaml_texts import read_yaml

    return read_yaml(text)


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
    for key in _KEYS[:4]:
        value = document.get(key, "")
        if isinstance(value, str):
            given[key] = value.strip()
        else:
            problems.append(f"{key}: должно быть одним значением")
    params = _params(document, problems)
    parts = tuple(_parts(document.get("parts", []), problems))
    if problems:
        raise Unreadable(*problems)
    return Draft(given["service"], given["variant"], given["quantity"], given["action"], params, parts=parts)


def _params(document: dict[str, Value], problems: list[str], where: str = "") -> dict[str, Value]:
    params = document.get("params", {})
    if params == "":
        params = {}
    if not isinstance(params, dict):
        problems.append(f"{where}params: должно быть таблицей «имя – значение»")
        return {}
    problems += [
        f"{where}params.{shown(key)}: содержит недопустимые символы"
        for key, value in params.items()
        if _hidden(key, value)
    ]
    return params


def _parts(given: Value, problems: list[str]) -> Iterator[tuple[str, dict[str, Value]]]:
    """The actions of an order that comes to several."""
    if not isinstance(given, list):
        problems.append("parts: должно быть списком действий")
        return
    for number, one in enumerate(given):
        where = f"parts[{number}]."
        if not isinstance(one, dict):
            problems.append(f"{where[:-1]}: должно быть таблицей с ключами {', '.join(_PART_KEYS)}")
            continue
        part = recognised(one, _PART_KEYS, problems, where)
        problems += [
            f"{where}{shown(key)}: такого ключа нет; есть: {', '.join(_PART_KEYS)}"
            for key in part
            if key not in _PART_KEYS
        ]
        action = part.get("action", "")
        if not isinstance(action, str) or not action.strip():
            problems.append(f"{where}action: назовите действие")
            action = ""
        yield action.strip(), _params(part, problems, where)


def _hidden(key: str, value: Value) -> bool:
    """Whether escapes in a quoted text brought in what no text holds."""
    if isinstance(value, dict):
        inner = any(_hidden(name, one) for name, one in value.items())
    elif isinstance(value, list):
        inner = any(_hidden("", one) for one in value)
    else:
        inner = _NO_TEXT.search(value) is not None
    return inner or _NO_TEXT.search(key) is not None
