"""Ticket values as JSON objects and back.

A state that this program does not know (the journal was used by a newer one) is read as a member of that
name, so that the ticket is kept and shown. It equals none of the known states; so no rule matches it by
mistake.

A stage's `portal_revision` is called `revision` in the document, as in journals of earlier versions.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from bridge.domain.tickets import StageState, Ticket, TicketState

_State = TypeVar("_State", bound=StrEnum)


@cache
def _adapter() -> TypeAdapter[Ticket]:
    return TypeAdapter(Ticket)


def encode(ticket: Ticket) -> dict[str, Any]:
    """The ticket as a JSON object: hours as text, moments as ISO text."""
    document: dict[str, Any] = _adapter().dump_python(ticket, mode="json")
    _rename_in_stages(document, "portal_revision", "revision")
    return document


def decode(document: dict[str, Any]) -> Ticket:
    """The ticket that `encode` made `document` of.

    Raises:
        pydantic.ValidationError: the document was damaged.
    """
    _rename_in_stages(document, "revision", "portal_revision")
    try:
        return _adapter().validate_python(document)
    except ValidationError as error:
        if any(fault["type"] != "enum" for fault in error.errors(include_url=False)):
            raise
    document["state"] = _state(TicketState, document["state"])
    for stage in document["stages"]:
        stage["state"] = _state(StageState, stage["state"])
    return _adapter().validate_python(document)


def _rename_in_stages(document: dict[str, Any], name: str, other: str) -> None:
    """Give a value of each stage its other name. What is damaged stays as it is: the adapter refuses it."""
    stages = document.get("stages")
    for stage in stages if isinstance(stages, list) else ():
        if isinstance(stage, dict) and name in stage:
            stage[other] = stage.pop(name)


def _state(kind: type[_State], word: str) -> _State:
    """The member named `word`, or one made for it."""
    try:
        return kind(word)
    except ValueError:
        unknown = str.__new__(kind, word)
        unknown._name_ = word.upper()
        unknown._value_ = word
        return unknown
