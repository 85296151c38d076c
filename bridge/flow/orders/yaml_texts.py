"""YAML as texts: scalars as they are written, no aliases, no tags, no repeated keys, one document, not too
deep.

Built from PyYAML's events, which come one by one: nothing is resolved, nothing constructed, and what is too
deep is given up at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from bridge.flow.orders.texts import DEEPEST, Unreadable, Value, too_deep

_NOTHING = frozenset({"null", "Null", "NULL", "~"})
"""What YAML takes for nothing; who writes it means no name."""


def read_yaml(text: str) -> Value:
    """The one document of a YAML text; "" where there is none.

    Raises:
        Unreadable: with the line where it is known.
    """
    events = (
        event
        for event in yaml.parse(text, Loader=yaml.SafeLoader)
        if not isinstance(event, (StreamStartEvent, DocumentEndEvent))
    )
    try:
        if isinstance(next(events), StreamEndEvent):
            return ""
        document = _node(next(events), events, DEEPEST)
        after = next(events)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else None
        raise Unreadable("это не YAML: проверьте отступы, двоеточия и кавычки", line=line) from None
    except (
        yaml.YAMLError,
        ValueError,
        OverflowError,
    ) as error:  # the last two: PyYAML's numbers out of range
        raise Unreadable("это не YAML: в файле недопустимые символы") from error
    if isinstance(after, DocumentStartEvent):
        raise Unreadable("в файле больше одного документа YAML: оставьте один", line=_line(after))
    return document


def _node(event: Event, events: Iterator[Event], depth: int) -> Value:
    if isinstance(event, ScalarEvent):
        return _scalar(event)
    _check_plain(event)
    if depth == 0:
        raise too_deep(_line(event))
    if isinstance(event, SequenceStartEvent):
        items: list[Value] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            items.append(_node(event, events, depth - 1))
        return items
    assert isinstance(event, MappingStartEvent)
    found: dict[str, Value] = {}
    while not isinstance(event := next(events), MappingEndEvent):
        if not isinstance(event, ScalarEvent):
            _check_plain(event)
            raise Unreadable("ключ должен быть одним словом", line=_line(event))
        key = _scalar(event)
        if key in found:
            raise Unreadable("ключ указан дважды", line=_line(event))
        found[key] = _node(next(events), events, depth - 1)
    return found


def _scalar(event: ScalarEvent) -> str:
    _check_plain(event)
    text: str = event.value
    if event.style is None and text in _NOTHING:
        message = f"{text} значит «ничего»: удалите строку, а если это название, возьмите его в кавычки"
        raise Unreadable(message, line=_line(event))
    return text


def _check_plain(event: Event) -> None:
    if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor is not None):
        raise Unreadable(
            "якоря и ссылки YAML (& и *) в заказе не допускаются; возьмите текст в кавычки", line=_line(event)
        )
    if getattr(event, "tag", None) is not None:
        raise Unreadable(
            "метки YAML (!) в заказе не допускаются; возьмите текст в кавычки", line=_line(event)
        )


def _line(event: Event) -> int | None:
    return None if event.start_mark is None else event.start_mark.line + 1
