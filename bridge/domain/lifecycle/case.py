"""What `decide` looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.domain.lifecycle.decisions import Decisions
from bridge.domain.lifecycle.history import History
from bridge.domain.lifecycle.work import Work
from bridge.domain.tickets import Account, Order, Ticket

if TYPE_CHECKING:
    from bridge.domain.catalogue import Catalogue, Service


@dataclass(frozen=True, slots=True)
class OrderFault:
    """An order that cannot be understood: the order's source, and the faults in the customer's words."""

    source: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """The site's terms.

    Attributes:
        accept_after: how long a customer may be silent before a stage counts as accepted, None: only the
            customer's word counts.
        accept_unasked: services whose stages need no acceptance.
        clock_limit: how far this machine's clock and the portal's may differ before time decides nothing.
        undo_rejected: services whose rejected unattended work is taken back without asking an operator.
    """

    accept_after: timedelta | None = None
    accept_unasked: frozenset[str] = frozenset()
    undo_rejected: frozenset[str] = frozenset()
    clock_limit: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Case(Work):
    """All that `decide` looks at.

    Attributes:
        paid: whether the ticket's category is a paid one (R1).
        order: the order of the ticket, what is wrong with it, or None when there is free text only.
        unattended: whether the site lets the order run unattended.
        catalogue: services, and the coefficients of specialists' categories.
        now: the present moment.
        account: the balance as it was just read; None as long as nobody has asked.
        revisions: which attempt each stage is at, 1 where nothing is said.
        portal_time: the portal's clock as it was just read; None as long as nobody has asked.
        drift: how the account's ledger differs from the portal's; write-offs wait while it does.
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
    portal_time: datetime | None = None

    def service(self, order: Order) -> Service | None:
        """`service_of` the order in the case's catalogue."""
        return service_of(self.catalogue, order)


def service_of(catalogue: Catalogue, order: Order) -> Service | None:
    """The catalogue's service of an order; None where the catalogue has lost it, or the variant that was
    ordered.
    """
    service = catalogue.get(order.service)
    known = () if service is None else tuple(one.id for one in service.variants) or ("",)
    return service if order.variant in known else None
