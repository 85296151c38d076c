"""The gate of a stage's write-off (R2, R4, R8): what was frozen, once it is accepted."""

from __future__ import annotations

from bridge.domain.hours import text, write_off
from bridge.domain.lifecycle.acceptance import accepted_by
from bridge.domain.lifecycle.case import Case
from bridge.domain.lifecycle.gates import stage_gate
from bridge.domain.lifecycle.history import Attempt
from bridge.domain.lifecycle.moves import note_due
from bridge.domain.lifecycle.steps import (
    AskBalance,
    Step,
    Wait,
    WriteOff,
    charges_from,
)
from bridge.domain.lifecycle.values import Kind, Reason, Status, numbered


@stage_gate("R2, R4, R8", "WriteOff", "AskBalance", "Note", "writing-off: drift")
def written_off(case: Case, attempt: Attempt) -> Step | None:
    """An accepted stage is written off: what was frozen, once. As long as the account's ledger differs
    from the portal's, nothing is.
    """
    booked = attempt.done(Kind.WRITE_OFF)
    if booked is None:
        if case.drift and not attempt.sent(Kind.WRITE_OFF):
            return Wait(
                Status.WRITING_OFF,
                Reason("drift", {"account": case.ticket.account_id, "problems": list(case.drift)}),
            )
        return _write_off(case, attempt)
    if attempt.settled("note:written_off"):
        return None
    if case.account is None:
        return AskBalance()
    return note_due(attempt, "written_off", {**(booked.outcome or {}), "left": text(case.account.available)})


def _write_off(case: Case, attempt: Attempt) -> WriteOff:
    """The stage's write-off, for the first time or again.

    Nobody may count as the one who accepted it when it is sent again: the clocks differ, or the stage is no
    longer there. The journal then sends the request that it kept, with whoever accepted first; "customer"
    stands for "settled", and asks for no other look at the ticket.
    """
    number = attempt.hold_number
    hold, freeze = attempt.done(numbered(Kind.HOLD, number)), attempt.freeze
    assert hold is not None
    assert hold.outcome is not None
    lines = charges_from(freeze.request["charges"])
    return WriteOff(
        attempt.stage,
        attempt.revision,
        Kind.WRITE_OFF,
        numbered(Kind.HOLD, number),
        hold.outcome["hold_id"],
        lines,
        write_off(lines),
        freeze.request["evidence"],
        accepted_by(case, attempt) or "customer",
    )
