"""Gates before any work: is the ticket paid, has it an order, is it agreed on."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from bridge.domain import billing
from bridge.domain.hours import text
from bridge.domain.lifecycle.case import Case, OrderFault
from bridge.domain.lifecycle.gates import ticket_gate
from bridge.domain.lifecycle.steps import Note, Step, Wait
from bridge.domain.lifecycle.values import Reason, Status, note_kind
from bridge.domain.tickets import Order


def begun(case: Case) -> bool:
    """Whether hours are held or may be: from then on a changed order, category or price no longer changes
    what is done.
    """
    return any(attempt.begun for attempt in case.attempts())


@ticket_gate("–", "paused: paused")
def not_paused(case: Case) -> Step | None:
    """An operator may pause everything that the bridge does for a ticket (`otbridge pause`), until
    `otbridge resume`.
    """
    if case.decisions.paused is None:
        return None
    return Wait(Status.PAUSED, Reason("paused", {"why": case.decisions.paused}))


@ticket_gate("R1, R9", "not-paid: not-paid")
def paid(case: Case) -> Step | None:
    """Only tickets of the paid category are worked on."""
    if case.paid or begun(case):
        return None
    return Wait(Status.NOT_PAID, Reason("not-paid", {"category": case.ticket.category}))


@ticket_gate("R1", "needs-order: free-text", "needs-order: order-faults", "needs-order: no-service", "Note")
def ordered(case: Case) -> Step | None:
    """A ticket needs an order: free text alone is never executed, and the faults of an order are reported to
    the customer.
    """
    return None if begun(case) else unusable_order(case)


@ticket_gate("R3", "awaiting-agreement: not-agreed", "awaiting-agreement: no-stages")
def agreed(case: Case) -> Step | None:
    """Work starts after the final agreement, where one is required; an agreed ticket has stages."""
    ticket = case.ticket
    if ticket.agreement_required and ticket.agreed_at is None:
        return Wait(Status.AWAITING_AGREEMENT, Reason("not-agreed"))
    if not ticket.stages:
        return Wait(Status.AWAITING_AGREEMENT, Reason("no-stages"))
    return None


def unusable_order(case: Case) -> Step | None:
    """What there is to do as long as the ticket has no order that can be worked on; None when it has one."""
    if case.order is None:
        return Wait(Status.NEEDS_ORDER, Reason("free-text"))
    if isinstance(case.order, OrderFault):
        facts = {"source": case.order.source, "problems": list(case.order.problems)}
        message = f"order:{_digest(case.order.problems)}"
        if not case.history.settled(note_kind(message)):
            return Note(message, None, 0, facts)
        return Wait(Status.NEEDS_ORDER, Reason("order-faults", facts))
    if case.service(case.order) is None:
        return Wait(Status.NEEDS_ORDER, Reason("no-service", {"service": service_label(case.order)}))
    return None


def wrong_price(case: Case) -> Wait | None:
    """An agreement that does not fit the service's terms is an operator's turn before anything is held;
    None when it fits.
    """
    assert case.order is not None
    assert not isinstance(case.order, OrderFault)
    service = case.service(case.order)
    assert service is not None
    fault = billing.price_fault(service, case.order, case.ticket)
    if fault is None:
        return None
    facts = {"service": service.id, "agreed": text(fault[0]), "price": text(fault[1])}
    return Wait(Status.FAILED, Reason("price-differs", facts))


def service_label(order: Order) -> str:
    """The service of an order with its variant, for people."""
    return f"{order.service} ({order.variant})" if order.variant else order.service


def _digest(problems: Iterable[str]) -> str:
    return sha256("\n".join(problems).encode()).hexdigest()[:12]
