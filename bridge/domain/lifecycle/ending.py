"""Gates beside the straight way: returned holds, corrections, withdrawal, and the end of a ticket."""

from __future__ import annotations

from decimal import Decimal

from bridge.domain.billing_kinds import MEANING
from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import text
from bridge.domain.lifecycle.case import Case
from bridge.domain.lifecycle.decisions import Correction
from bridge.domain.lifecycle.gates import stage_gate, ticket_gate
from bridge.domain.lifecycle.history import Attempt
from bridge.domain.lifecycle.moves import (
    again,
    did_not_fit,
    missing,
    note_due,
    refused_wait,
    release_hold,
    undo_work,
)
from bridge.domain.lifecycle.order import begun
from bridge.domain.lifecycle.rework import failed
from bridge.domain.lifecycle.steps import (
    AskBalance,
    Hold,
    Note,
    Operate,
    Release,
    Reverse,
    SetTicket,
    Step,
    Undo,
    Wait,
    WriteOff,
    charges_from,
)
from bridge.domain.lifecycle.values import Kind, Reason, Status, correction_kind, numbered
from bridge.domain.tickets import TicketState


@ticket_gate("R4", "Release", "failed: refused")
def earlier_holds_released(case: Case) -> Step | None:
    """The hold of an earlier attempt is returned before anything else, no matter what has become of order,
    category and agreement meanwhile.
    """
    for stage in case.ticket.stages:
        for revision in range(1, case.revisions.get(stage.id, 1)):
            attempt = case.history.attempt(stage, revision)
            if attempt.done(Kind.WRITE_OFF) is not None:
                continue
            release = attempt.refused(numbered(Kind.RELEASE, attempt.hold_number))
            if release is not None:
                return refused_wait(release)
            still_open = release_hold(attempt)
            if still_open is not None:
                return still_open
    return None


@ticket_gate(
    "R2, R8", "Reverse", "Hold", "WriteOff", "AskBalance", "Note", "suspended: balance", "failed: refused"
)
def corrected(case: Case) -> Step | None:
    """A wrong write-off is mended by one reversal that names it and, where hours remain to be written off, by
    a new hold and a new write-off.
    """
    for number, correction in enumerate(case.decisions.corrections, 1):
        for attempt in case.attempts():
            if attempt.stage.id == correction.stage_id:
                step = _correct(case, attempt, number, correction)
                if step is not None:
                    return step
    return None


@stage_gate("R7", "Hold", "Release", "Operate", "Undo", "failed: refused")
def stage_given_up(case: Case, attempt: Attempt) -> Step | None:
    """A stage that is not accepted is given up when its ticket is withdrawn or gone, or no longer has the
    stage. A running operation is waited for, the hold goes back, and what was made is taken back on an
    operator's word."""
    number = attempt.hold_number
    hold = attempt.hold
    if hold is None:
        return None
    if did_not_fit(hold) and _asked_before_withdrawal(case, hold):
        return again(case, attempt)
    if attempt.sent(numbered(Kind.HOLD, number)) and hold.state is EffectState.INTENDED:
        return again(case, attempt)
    release = attempt.refused(numbered(Kind.RELEASE, number))
    if release is not None:
        return failed(case, attempt, release)
    operation = attempt.get(Kind.OPERATE)
    if operation is not None and attempt.sent(Kind.OPERATE) and operation.state is EffectState.INTENDED:
        frozen = {name: value for name, value in operation.request.items() if name != "action"}
        return Operate(attempt.stage, attempt.revision, operation.request["action"], frozen)
    back: Release | Undo | None = release_hold(attempt)
    if (
        back is None
        and (attempt.stage.id, attempt.revision) in case.decisions.undone
        and attempt.done(Kind.UNDO) is None
    ):
        undo = attempt.refused(Kind.UNDO)
        if undo is not None:
            return failed(case, attempt, undo)
        back = undo_work(attempt)
    return back


@ticket_gate("R7", "Note", "withdrawn: withdrawn", "withdrawn: withdrawn-with-work")
def withdrawn(case: Case) -> Step:
    """The customer may withdraw a ticket, or an operator on the customer's word: what was accepted stays
    written off, and nothing else is.
    """
    left = _left_in_moodle(case)
    withdrawal = case.decisions.withdrawal
    reason = withdrawal.reason if withdrawal is not None else ""
    if not case.is_withdrawn_by_customer and not case.history.settled("note:withdrawn"):
        return Note("withdrawn", None, 0, {"reason": reason, "written_off": text(case.hours_written_off())})
    return Wait(
        Status.WITHDRAWN,
        Reason("withdrawn-with-work" if left else "withdrawn", {"stages": left, "why": reason}),
    )


@ticket_gate("R1, R7", "withdrawn: gone", "withdrawn: gone-with-work")
def gone(case: Case) -> Step:
    """A ticket that was moved out of the paid category, merged or deleted gives its held hours back; what
    was accepted stays written off.
    """
    left, ticket = _left_in_moodle(case), case.ticket
    facts = {
        "how": ticket.gone or "moved",
        "into": ticket.gone_into,
        "category": ticket.category,
        "stages": left,
    }
    return Wait(Status.WITHDRAWN, Reason("gone-with-work" if left else "gone", facts))


@ticket_gate("R2", "failed: late-time")
def all_time_written_off(case: Case) -> Step | None:
    """Time that is logged after the last stage was frozen asks for a correction, where time is what is
    charged.
    """
    late = case.late_entries()
    last = case.attempt(case.ticket.stages[-1])
    service = case.service(last.order)
    if not late or service is None or not MEANING[service.billing.kind].by_time:
        return None
    return Wait(
        Status.FAILED,
        Reason(
            "late-time",
            {"entries": [entry.id for entry in late], "minutes": sum(one.minutes for one in late)},
        ),
    )


@ticket_gate("R4", "SetTicket", "Note", "done: done")
def closed(case: Case) -> Step:
    """When every stage is written off the ticket is closed, and a message names the sum that was written
    off.
    """
    last = case.attempt(case.ticket.stages[-1])
    if not last.settled(Kind.TICKET_DONE):
        return SetTicket(last.stage, last.revision, TicketState.DONE)
    note = note_due(last, "done", {"written_off": text(case.hours_written_off())})
    return note or Wait(Status.DONE, Reason("done"))


def is_gone(case: Case) -> bool:
    """Whether a ticket with unfinished work has left the paid category, or the portal."""
    unfinished = (
        any(attempt.done(Kind.WRITE_OFF) is None for attempt in case.attempts()) or not case.ticket.stages
    )
    return unfinished and (bool(case.ticket.gone) or (not case.paid and begun(case)))


def _left_in_moodle(case: Case) -> list[str]:
    """Titles of the stages whose work was done in Moodle, and neither written off nor taken back."""
    return [
        attempt.stage.title
        for attempt in case.attempts()
        if attempt.done(Kind.OPERATE) and not attempt.done(Kind.WRITE_OFF) and not attempt.done(Kind.UNDO)
    ]


def is_owed(attempt: Attempt) -> bool:
    """Whether a stage of a withdrawn ticket is to be written off all the same: it was accepted, and its
    hold is not on its way back.
    """
    returning = attempt.sent(numbered(Kind.RELEASE, attempt.hold_number))
    return attempt.sent(Kind.WRITE_OFF) or (attempt.is_accepted and not returning)


def _asked_before_withdrawal(case: Case, hold: Effect) -> bool:
    """Whether the hold was last asked for before the ticket was withdrawn: asking once more shows whether
    an earlier sending came late.
    """
    withdrawal = case.decisions.withdrawal
    since = case.ticket.withdrawn_at or (withdrawal.at if withdrawal is not None else None)
    if since is None and (is_gone(case) or hold.stage_id not in {stage.id for stage in case.ticket.stages}):
        since = case.ticket.updated_at
    return since is None or hold.settled_at is None or hold.settled_at <= since


def _correct(case: Case, attempt: Attempt, number: int, correction: Correction) -> Step | None:
    """The next step of the ticket's `number`th correction, None when it is made and the customer has the
    message.
    """
    before = case.in_force(attempt, number - 1)
    old = charges_from(before.request["charges"]) if before is not None else ()
    if old == correction.charges:
        return None
    for part in (Kind.REVERSAL, Kind.HOLD, Kind.WRITE_OFF):
        refused = attempt.refused(correction_kind(number, part))
        if refused is not None and not did_not_fit(refused):
            return refused_wait(refused)
    reversal = correction_kind(number, Kind.REVERSAL)
    if before is not None and attempt.done(reversal) is None:
        assert before.outcome is not None
        hold_kind = before.request["hold_kind"]
        return Reverse(
            attempt.stage,
            attempt.revision,
            reversal,
            hold_kind,
            before.outcome["entry_id"],
            correction.reason,
        )
    if correction.charges:
        step = _write_off_anew(case, attempt, number, correction)
        if step is not None:
            return step
    if attempt.settled(f"note:corrected:{number}"):
        return None
    if case.account is None:
        return AskBalance()
    was = (
        Decimal(before.outcome["amount"]) if before is not None and before.outcome is not None else Decimal(0)
    )
    facts = {
        "was": text(was),
        "amount": text(correction.amount),
        "reason": correction.reason,
        "left": text(case.account.available),
    }
    return note_due(attempt, f"corrected:{number}", facts)


def _write_off_anew(case: Case, attempt: Attempt, number: int, correction: Correction) -> Step | None:
    """Hold and write off what a correction leaves to be written off; None when it is."""
    kind, anew = correction_kind(number, Kind.HOLD), correction_kind(number, Kind.WRITE_OFF)
    amount = correction.amount
    hold = attempt.get(kind)
    if hold is None or hold.state is not EffectState.DONE:
        if hold is None or did_not_fit(hold):
            if case.account is None:
                return AskBalance()
            if not case.account.covers(amount):
                facts = missing(case, amount, case.account.available)
                note = note_due(attempt, f"suspended:correct:{number}", facts)
                return note or Wait(Status.SUSPENDED, Reason("balance", facts))
        return Hold(attempt.stage, attempt.revision, kind, case.ticket.account_id, amount)
    if attempt.done(anew) is not None:
        return None
    assert hold.outcome is not None
    evidence = {"kind": "correction", "reason": correction.reason}
    return WriteOff(
        attempt.stage,
        attempt.revision,
        anew,
        kind,
        hold.outcome["hold_id"],
        correction.charges,
        amount,
        evidence,
        "customer",
    )
