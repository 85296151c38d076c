"""What the bodies of writes must be; members that are not known are faults, for nobody would learn that
they did nothing.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge.sandbox.portal.problems import invalid

_LARGEST = 2**53 - 1
TicketWord = Literal["open", "in_progress", "suspended", "awaiting_acceptance", "done", "withdrawn"]
StageWord = Literal["planned", "in_progress", "ready", "accepted", "rejected", "written_off"]
Count = Annotated[int, Field(ge=0, le=_LARGEST)]
Text = Annotated[str, Field(min_length=1)]
B = TypeVar("B", bound="Body")


class Body(BaseModel):
    """Any body."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Note(Body):
    """`POST /tickets/{id}/notes`."""

    text: Text
    visibility: Literal["customer", "internal"]


class TicketState(Body):
    """`POST /tickets/{id}/state`."""

    state: TicketWord
    expected: Annotated[list[TicketWord], Field(min_length=1)]


class StageState(Body):
    """`POST /tickets/{id}/stages/{sid}/state`."""

    state: StageWord
    expected: Annotated[list[StageWord], Field(min_length=1)]
    evidence: dict[str, Any] = {}


class Hold(Body):
    """`POST /accounts/{id}/holds`."""

    ticket_id: Text
    stage_id: Text
    amount_mh: Count


class Charge(Body):
    """One line of a capture."""

    category: Text
    spent_minutes: Count
    charged_minutes: Count
    coefficient_milli: Annotated[int, Field(gt=0, le=_LARGEST)]


class Capture(Body):
    """`POST /holds/{hold_id}/capture`."""

    charges: Annotated[list[Charge], Field(min_length=1)]
    amount_mh: Count
    evidence: dict[str, Any]
    accepted_by: Literal["customer", "silence", "policy"] = "customer"


class Void(Body):
    """`POST /holds/{hold_id}/void`."""


class Reversal(Body):
    """`POST /ledger/{id}/reversal`."""

    reason: Text


def canonical(content: bytes) -> bytes:
    """One spelling for all that is equal as JSON; what is not JSON in UTF-8 stays as it is, for it equals
    only itself.
    """
    try:
        return _spelled(_parsed(content))
    except (ValueError, RecursionError):
        return content


def read(model: type[B], content: bytes) -> B:
    """The body.

    Raises:
        Problem: `invalid`, with every fault.
    """
    try:
        document = _parsed(content)
        _spelled(document)
    except (ValueError, RecursionError):
        raise invalid("the body is not JSON in UTF-8") from None
    try:
        return model.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise invalid(
            *(f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in faults)
        ) from None


def _parsed(content: bytes) -> Any:
    return json.loads(content.decode())


def _spelled(document: Any) -> bytes:
    """The document's canonical spelling; there is none for infinity, for what is not a number, and for
    half of a surrogate pair.
    """
    return json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()
