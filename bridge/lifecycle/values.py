"""What `decide` looks at, and the words that it answers with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bridge.tickets import Account, Order, Stage, Ticket

if TYPE_CHECKING:
    from bridge.catalogue import Catalogue, Service
    from bridge.lifecycle.decisions import Decisions
    from bridge.lifecycle.history import Attempt, History


class Status(StrEnum):
    """Where a ticket stands for the bridge; the portal's own states are `bridge.tickets.TicketState`."""

    NOT_PAID = "not-paid"
    NEEDS_ORDER = "needs-order"
    AWAITING_AGREEMENT = "awaiting-agreement"
    QUEUED = "queued"
    HELD = "held"
    RUNNING = "running"
    AWAITING_ACCEPTANCE = "awaiting-acceptance"
    WRITING_OFF = "writing-off"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class Kind(StrEnum):
    """Kinds of effects that the history of a ticket is made of; notes are `note:` plus the message's name."""

    PLAN = "plan"
    HOLD = "hold"
    OPERATION = "operation"
    UNDO = "undo"
    FREEZE = "freeze"
    CAPTURE = "capture"
    VOID = "void"
    STAGE_IN_PROGRESS = "stage:in_progress"
    STAGE_READY = "stage:ready"
    TICKET_SUSPENDED = "ticket:suspended"
    TICKET_IN_PROGRESS = "ticket:in_progress"
    TICKET_AWAITING = "ticket:awaiting_acceptance"
    TICKET_DONE = "ticket:done"


def numbered(kind: str, number: int) -> str:
    """The kind of the `number`th effect of its kind within one attempt: "hold", "hold:2", …"""
    return str(kind) if number == 1 else f"{kind}:{number}"


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


@dataclass(frozen=True, slots=True)
class OrderFault:
    """An order that cannot be understood: the order's source, and the faults in the customer's words."""

    source: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """The site's terms.

    Attributes:
        accept_after: how long a customer may be silent before a stage counts as accepted, None: only the customer's word counts.
        accept_unasked: services whose stages need no acceptance.
        undo_rejected: services whose rejected unattended work is taken back without asking an operator.
    """

    accept_after: timedelta | None = None
    accept_unasked: frozenset[str] = frozenset()
    undo_rejected: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Case:
    """All that `decide` looks at.

    Attributes:
        paid: whether the ticket's category is a paid one (R1).
        order: the order of the ticket, what is wrong with it, or None when there is free text only.
        unattended: whether the site lets the order run with nobody's hands.
        catalogue: services, and the coefficients of specialists' categories.
        now: the present moment.
        account: the balance as it was just read; None as long as nobody has asked.
        revisions: which attempt each stage is at, 1 where nothing is said.
        drift: how the account's ledger differs from the portal's; captures wait while it does.
    """

    ticket: Ticket
    paid: bool
    order: Order | OrderFault | None
    unattended: bool
    catalogue: Catalogue
    history: History
    decisions: Decisions
    now: datetime
    terms: Terms = Terms()
    account: Account | None = None
    revisions: Mapping[str, int] = field(default_factory=dict)
    drift: tuple[str, ...] = ()

    def attempt(self, stage: Stage) -> Attempt:
        """The attempt that the stage is at."""
        return self.history.attempt(stage, self.revisions.get(stage.id, 1))

    def attempts(self) -> list[Attempt]:
        """The attempts that all stages are at, in the order of the stages."""
        return [self.attempt(stage) for stage in self.ticket.stages]

    def service(self, order: Order) -> Service | None:
        """The catalogue's service of an order."""
        return self.catalogue.get(order.service)
