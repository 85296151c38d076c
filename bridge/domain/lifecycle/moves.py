"""Moves that several gates make, each a step or None when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bridge.domain import billing
from bridge.domain.attachments import without_attachments
from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import text
from bridge.domain.lifecycle.case import Case
from bridge.domain.lifecycle.history import Attempt
from bridge.domain.lifecycle.steps import (
    Hold,
    Note,
    Release,
    SetTicket,
    Step,
    Undo,
    Wait,
    order_request,
)
from bridge.domain.lifecycle.values import Kind, Reason, Status, note_kind, numbered
from bridge.domain.tickets import Order, TicketState


def note_due(attempt: Attempt, message: str, facts: Mapping[str, Any]) -> Note | None:
    """A message about the stage, None when it was sent in this attempt."""
    if attempt.settled(note_kind(message)):
        return None
    return Note(message, attempt.stage, attempt.revision, {"stage": attempt.stage.title, **facts})


def release_hold(attempt: Attempt) -> Release | None:
    """Return the newest hold to the balance; None when it is returned, or nothing is held."""
    number = attempt.hold_number
    hold = attempt.done(numbered(Kind.HOLD, number))
    if hold is None or attempt.done(numbered(Kind.RELEASE, number)) is not None:
        return None
    assert hold.outcome is not None
    return Release(attempt.stage, attempt.revision, hold.outcome["hold_id"], number)


def undo_work(attempt: Attempt) -> Undo:
    """Let the action take back what it made in this attempt."""
    operation = attempt.done(Kind.OPERATE)
    assert operation is not None
    evidence = without_attachments(operation.outcome or {})
    return Undo(attempt.stage, attempt.revision, operation.request["action"], evidence)


def again(case: Case, attempt: Attempt) -> Hold:
    """The attempt's newest hold once more, as it was first asked for or for what is agreed now."""
    number = attempt.hold_number
    hold = attempt.hold
    assert hold is not None
    sent = hold.state is EffectState.INTENDED
    amount = Decimal(hold.request["amount"]) if sent else billing.amount_to_hold(attempt.stage)
    account = hold.request["account_id"] if sent else case.ticket.account_id
    order = attempt.order if number == 1 else None
    return Hold(
        attempt.stage,
        attempt.revision,
        numbered(Kind.HOLD, number),
        account,
        amount,
        order,
        attempt.unattended,
    )


def did_not_fit(hold: Effect | None) -> bool:
    """Whether a hold was refused for the balance. An earlier sending of it may still be under way and hold
    the hours late, so it is asked for again under its key: the balance alone would not show that the hours
    are missing because this very hold has them."""
    return (
        hold is not None
        and hold.state is EffectState.REFUSED
        and (hold.outcome or {}).get("code") == "insufficient_balance"
    )


def suspended(case: Case, attempt: Attempt, amount: Decimal, available: Decimal, number: int) -> Step | None:
    """Say to the customer that the balance does not cover `amount`, and suspend the ticket; None when both
    are done.
    """
    facts = missing(case, amount, available)
    note = note_due(attempt, numbered("suspended", number), facts)
    if note is not None:
        return note
    if not attempt.settled(numbered(Kind.TICKET_SUSPENDED, number)):
        return SetTicket(attempt.stage, attempt.revision, TicketState.SUSPENDED, number)
    return None


def missing(case: Case, amount: Decimal, available: Decimal) -> dict[str, str]:
    """The facts of a balance that is too small."""
    assert case.account is not None
    return {
        "needed": text(amount),
        "available": text(available),
        "missing": text(amount - available - case.account.overdraft_limit),
    }


def refused_wait(refused: Effect) -> Wait:
    """Wait for an operator because this effect was refused."""
    return Wait(Status.FAILED, Reason("refused", {"what": refused.kind, **(refused.outcome or {})}))


def order_changed(case: Case, attempt: Attempt) -> bool:
    """Whether the ticket has another order now than the one that was examined."""
    plan = attempt.get(Kind.EXAMINE)
    return (
        plan is not None
        and isinstance(case.order, Order)
        and plan.request["order"] != order_request(case.order)
    )
