"""The words that `decide` answers with, and the kinds of effects that histories are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Where a ticket stands for the bridge; the portal's own states are
    `bridge.domain.tickets.TicketState`.
    """

    NOT_PAID = "not-paid"
    NEEDS_ORDER = "needs-order"
    AWAITING_AGREEMENT = "awaiting-agreement"
    QUEUED = "queued"
    SUSPENDED = "suspended"
    PAUSED = "paused"
    RUNNING = "running"
    AWAITING_ACCEPTANCE = "awaiting-acceptance"
    WRITING_OFF = "writing-off"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class Kind(StrEnum):
    """Kinds of effects that the history of a ticket is made of; notes have a kind of their own each
    (`note_kind`).

    A kind's string is part of the key under which its effect is sent. The string therefore never changes, not
    even where the word for the thing does: under another key the portal would take the same hours once more
    (ADR 11).
    """

    EXAMINE = "plan"
    HOLD = "hold"
    OPERATE = "operation"
    UNDO = "undo"
    REVERSAL = "reversal"
    FREEZE = "freeze"
    ATTACH = "attach"
    WRITE_OFF = "capture"
    RELEASE = "void"
    STAGE_IN_PROGRESS = "stage:in_progress"
    STAGE_READY = "stage:ready"
    STAGE_BACK = "stage:in_progress:back"
    TICKET_SUSPENDED = "ticket:suspended"
    TICKET_IN_PROGRESS = "ticket:in_progress"
    TICKET_AWAITING = "ticket:awaiting_acceptance"
    TICKET_DONE = "ticket:done"


_WORDS_OF_KEYS = {"suspended": "held"}
"""Messages that are named otherwise in the kinds of their effects, because their keys are older than their
names.
"""
_NAMES_OF_MESSAGES = {word: name for name, word in _WORDS_OF_KEYS.items()}


def note_kind(message: str) -> str:
    """The kind of the effect that sends this message to the customer: "note:ready", "note:held:2" for
    "suspended:2".
    """
    name, colon, rest = message.partition(":")
    return f"note:{_WORDS_OF_KEYS.get(name, name)}{colon}{rest}"


def message_name(kind: str) -> str:
    """The name of the message that an effect of this kind sends, without the part that distinguishes it
    from others of that name.
    """
    word = kind.removeprefix("note:").partition(":")[0]
    return _NAMES_OF_MESSAGES.get(word, word)


def numbered(kind: str, number: int) -> str:
    """The kind of the `number`th effect of its kind within one attempt: "hold", "hold:2", …"""
    return str(kind) if number == 1 else f"{kind}:{number}"


_CORRECTION = re.compile(r"^correct:\d+:")


def correction_kind(number: int, part: Kind) -> str:
    """The kind of an effect of the ticket's `number`th correction: "correct:1:reversal", …"""
    return f"correct:{number}:{part}"


def without_correction(kind: str) -> str:
    """A kind as it would be outside a correction: "capture" for "correct:1:capture" and for "capture"."""
    return _CORRECTION.sub("", kind)


def is_write_off(kind: str) -> bool:
    """Whether an effect of this kind takes hours from the balance, a correction's included."""
    return without_correction(kind) == Kind.WRITE_OFF


def is_reversal(kind: str) -> bool:
    """Whether an effect of this kind gives hours that were written off back to the balance."""
    return without_correction(kind) == Kind.REVERSAL


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a ticket waits: a code of docs/troubleshooting.md and the facts that its sentence needs."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """As the journal keeps it."""
        return json.dumps({"code": self.code, "facts": dict(self.facts)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Reason:
        """As the journal kept it."""
        kept = json.loads(text)
        return cls(kept["code"], kept["facts"])


CUSTOMERS_FAULTS = frozenset(
    {
        "ambiguous",
        "course-exists",
        "guarded",
        "no-backup",
        "no-category",
        "shortnametaken",
        "unknownarchetype",
        "unknowncapability",
        "unknowncontextlevel",
        "unknownrole",
    }
)
"""Codes of refusals that the customer was asked to mend in the order, in journals of versions that did not
write down whose turn it is.
"""


def is_operators_turn(status: str, reason: Reason | None) -> bool:
    """Whether a ticket waits for an operator, and for nobody else.

    A fault of the order is the customer's, who has got a message. Differing ledgers and clocks are an
    operator's, although the status does not say so.
    """
    code = reason.code if reason is not None else ""
    if status == Status.WRITING_OFF:
        return code == "drift"
    if status == Status.AWAITING_ACCEPTANCE:
        return code == "clocks-differ"
    if status == Status.NEEDS_ORDER:
        return code != "order-faults"
    if status != Status.FAILED or reason is None:
        return status == Status.FAILED
    of_order = code == "refused" and reason.facts.get("what") in (Kind.EXAMINE, Kind.OPERATE)
    customers = reason.facts.get("customers", reason.facts.get("code") in CUSTOMERS_FAULTS)
    return not (of_order and customers)
