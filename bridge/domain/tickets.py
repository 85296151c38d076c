"""Ticket, stage, order, account: what a portal sends, as plain frozen values.

Times are aware UTC, hours are `Decimal` norm-hours, money is `Decimal` roubles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


def within_category(category: str, prefix: str) -> bool:
    """Whether a category is the one that `prefix` names, or stands below it; an empty prefix is above all.

    Categories are paths with slashes. Spaces around a name, more than one space within, no-break spaces and
    empty steps make no difference.
    """
    path, above = _steps(category), _steps(prefix)
    return path[: len(above)] == above


def same_category(category: str) -> str:
    """A category as it is written everywhere alike: two that are the same give the same text."""
    return " / ".join(_steps(category))


def _steps(category: str) -> list[str]:
    return [" ".join(step.split()) for step in category.split("/") if step.strip()]


class TicketState(StrEnum):
    """Where a ticket stands on the portal. `OPEN` and `WITHDRAWN` are the customer's to set, the others
    the bridge's.
    """

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    SUSPENDED = "suspended"
    AWAITING_ACCEPTANCE = "awaiting_acceptance"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class StageState(StrEnum):
    """Where a stage stands on the portal. `ACCEPTED` and `REJECTED` are the customer's to set, `WRITTEN_OFF`
    follows from the capture, the others are the bridge's."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    READY = "ready"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WRITTEN_OFF = "written_off"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a ticket; its content is fetched separately and checked against `sha256` (hex; "" where
    the engine sends none).
    """

    id: str
    name: str
    size: int
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class ThreadEntry:
    """One message of a ticket's thread. `author` is customer, specialist or bridge; `visibility` customer
    or internal.
    """

    id: str
    author: str
    visibility: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class TimeEntry:
    """Time that a specialist logged; `category` gives the coefficient, `stage_id` is None where the portal
    keeps none.
    """

    id: str
    stage_id: str | None
    specialist: str
    category: str
    minutes: int
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage (этап) of a ticket, as agreed.

    Attributes:
        estimate: agreed norm-hours of the stage, before K.
        coefficient: K of the category that was agreed for it.
        portal_revision: the portal's own count: how often the customer has rejected the stage, plus 1. The
            bridge counts its attempts apart (`Attempt.revision`).
        comment: the customer's words with an acceptance or a rejection.
    """

    id: str
    title: str
    estimate: Decimal
    coefficient: Decimal
    state: StageState
    portal_revision: int = 1
    accepted_at: datetime | None = None
    rejected_at: datetime | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket (заявка), as the portal sends it.

    Attributes:
        id: the portal's own identifier, never shown to a person.
        number: what people call the ticket.
        version: grows with every change of the ticket that the portal makes.
        category: the full path, "Выделенный специалист (н.часы)/…" for paid tickets (R1).
        installation: serial (otserial) of the 3KL installation that the ticket is about.
        agreement_required: whether work waits for the final agreement (R3).
        agreed_at: moment of the final agreement, which gives the place in the queue (R6).
        gone: why the portal's filter lets the ticket through no longer (moved, merged, deleted), "" as long
            as it does.
        gone_into: number of the ticket that it was merged into.
        fields: the form's fields, as text.
    """

    id: str
    number: str
    version: int
    category: str
    subject: str
    customer_id: str
    customer_name: str
    account_id: str
    installation: str | None
    state: TicketState
    created_at: datetime
    updated_at: datetime
    agreement_required: bool = True
    agreed_at: datetime | None = None
    withdrawn_at: datetime | None = None
    gone: str = ""
    gone_into: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    thread: tuple[ThreadEntry, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    stages: tuple[Stage, ...] = ()
    time_entries: tuple[TimeEntry, ...] = ()

    @property
    def queued_at(self) -> datetime:
        """The moment that orders the queue: final agreement, or arrival where none is required (R6)."""
        return self.agreed_at or self.created_at


@dataclass(frozen=True, slots=True)
class Account:
    """A customer's balance of norm-hours on the portal.

    Attributes:
        available: granted − written off − held. A hold may go below it, down to the overdraft limit.
    """

    id: str
    granted: Decimal
    written_off: Decimal
    held: Decimal
    available: Decimal
    overdraft_limit: Decimal
    version: int
    hour_price: Decimal | None = None

    def covers(self, amount: Decimal, *, released: Decimal = Decimal(0)) -> bool:
        """Whether a hold of `amount` norm-hours fits (R5).

        Parameters:
            released: norm-hours of another hold that goes back before.
        """
        return self.available + released + self.overdraft_limit >= amount


@dataclass(frozen=True, slots=True)
class OrderPart:
    """One action of an order that comes to several, and its parameters."""

    action: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """The structured request inside a ticket: a service of the catalogue plus parameters.

    Attributes:
        params: texts as a form gives them; lists and maps of texts where they come from a file.
        source: where it was found, in Russian, for messages.
        variant: which variant of the service, "" for services without.
        quantity: how many of what the service sells.
        action: the action of the bridge that would carry it out, None: it is worked on by hand.
        parts: the actions in their order, where there are several; `action` is then the first of them.
    """

    service: str
    params: Mapping[str, Any]
    source: str
    variant: str = ""
    quantity: int = 1
    action: str | None = None
    parts: tuple[OrderPart, ...] = ()


def is_paid(ticket: Ticket, prefix: str) -> bool:
    """Whether the ticket stands in the paid category or below it (R1)."""
    return within_category(ticket.category, prefix)
