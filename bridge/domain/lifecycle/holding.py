"""The gate of a stage's hold (R3, R5): agreed hours are on the balance before the work begins."""

from __future__ import annotations

from bridge.domain import billing
from bridge.domain.lifecycle.case import Case
from bridge.domain.lifecycle.gates import stage_gate
from bridge.domain.lifecycle.history import Attempt
from bridge.domain.lifecycle.moves import again, did_not_fit, missing, order_changed, release_hold, suspended
from bridge.domain.lifecycle.order import unusable_order, wrong_price
from bridge.domain.lifecycle.steps import (
    AskBalance,
    Examine,
    Hold,
    NewRevision,
    Step,
    Wait,
)
from bridge.domain.lifecycle.values import Kind, Reason, Status, numbered
from bridge.domain.tickets import Order


@stage_gate(
    "R3, R5, R8",
    "AskBalance",
    "Note",
    "SetTicket",
    "Examine",
    "NewRevision",
    "Hold",
    "Release",
    "suspended: balance",
    "failed: price-differs",
    "needs-order: free-text",
    "needs-order: order-faults",
    "needs-order: no-service",
)
def held(case: Case, attempt: Attempt) -> Step | None:
    """A stage's agreed hours are held before its work begins. A balance that does not cover them suspends
    the ticket until a top-up.
    """
    number = attempt.hold_number
    if attempt.done(numbered(Kind.HOLD, number)) is None:
        return _hold(case, attempt, number)
    if attempt.get(numbered(Kind.RELEASE, number)) is None:
        return None
    return release_hold(attempt) or _hold(case, attempt, number + 1)


def _hold(case: Case, attempt: Attempt, number: int) -> Step:
    """Get the attempt's hold of this number."""
    kind = numbered(Kind.HOLD, number)
    if attempt.sent(kind):
        return again(case, attempt)
    amount = billing.amount_to_hold(attempt.stage)
    if number == 1:
        unusable = unusable_order(case) or wrong_price(case)
        if unusable is not None:
            return unusable
    if case.account is None:
        return AskBalance()
    if not case.account.covers(amount):
        step = suspended(case, attempt, amount, case.account.available, number)
        if step is not None:
            return step
        if did_not_fit(attempt.get(kind)):
            return again(case, attempt)
        return Wait(Status.SUSPENDED, Reason("balance", missing(case, amount, case.account.available)))
    if number > 1:
        return Hold(attempt.stage, attempt.revision, kind, case.ticket.account_id, amount)
    assert isinstance(case.order, Order), "unusable_order lets nothing else through"
    if case.unattended:
        if order_changed(case, attempt):  # also under an examination that never came to an end
            return NewRevision(attempt.stage)
        if attempt.done(Kind.EXAMINE) is None:
            return Examine(attempt.stage, attempt.revision, case.order, case.history.outcomes(Kind.UNDO))
    return Hold(
        attempt.stage, attempt.revision, kind, case.ticket.account_id, amount, case.order, case.unattended
    )
