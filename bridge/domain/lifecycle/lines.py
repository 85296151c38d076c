"""The lines of a stage's write-off as they are now (R2, R8), and what there is to do when they exceed what is
held.
"""

from __future__ import annotations

from bridge.domain import billing
from bridge.domain.catalogue import Service
from bridge.domain.hours import Charge, text, write_off
from bridge.domain.lifecycle.case import Case
from bridge.domain.lifecycle.history import Attempt
from bridge.domain.lifecycle.moves import give_back, missing, note_due, suspended
from bridge.domain.lifecycle.order import sold_as
from bridge.domain.lifecycle.steps import (
    AskBalance,
    Step,
    Wait,
)
from bridge.domain.lifecycle.values import Kind, Reason, Status
from bridge.domain.tickets import Stage, TicketState, TimeEntry


def lines_now(case: Case, attempt: Attempt) -> tuple[Charge, ...] | Wait:
    """The lines of the stage's write-off as they are now, or why there are none."""
    order = attempt.order
    service: Service | None = case.service(order)
    if service is None:
        return Wait(Status.FAILED, Reason("no-service", {"service": sold_as(order)}))
    before = 0
    for other in case.attempts():
        booked = other.done(Kind.WRITE_OFF)
        if booked is not None:
            before += sum(line["charged_minutes"] for line in booked.request["charges"])
    try:
        return billing.charges(
            service,
            order,
            attempt.stage,
            stage_entries(case, attempt.stage),
            case.catalogue.coefficient,
            unattended=attempt.unattended,
            charged_before=before,
            last=attempt.stage.id == case.ticket.stages[-1].id,
        )
    except billing.UnknownCategory as error:
        return Wait(Status.FAILED, Reason("unknown-category", {"categories": list(error.names)}))


def beyond(case: Case, attempt: Attempt, lines: tuple[Charge, ...]) -> Step | None:
    """What there is to do when the lines take more than is held: a new agreement, then a larger hold; None
    when they fit.
    """
    needed, agreed = write_off(lines), billing.amount_to_hold(attempt.stage)
    if needed > agreed:
        facts = {"agreed": text(agreed), "spent": text(needed)}
        note = note_due(attempt, f"beyond:{text(agreed)}", facts)
        # On a withdrawn ticket nobody can agree any more: what was logged has to be mended on the portal.
        status = Status.FAILED if case.ticket.state is TicketState.WITHDRAWN else Status.AWAITING_AGREEMENT
        return note or Wait(status, Reason("beyond-agreed", {"stage": attempt.stage.title, **facts}))
    held = attempt.held
    if needed <= held:
        return None
    if case.account is None:
        return AskBalance()
    # The old hold is returned only when the new one fits: until then it keeps its hours.
    available = case.account.available + held
    if available + case.account.overdraft_limit < agreed:
        step = suspended(case, attempt, agreed, available, attempt.hold_number + 1)
        return step or Wait(Status.SUSPENDED, Reason("balance", missing(case, agreed, available)))
    return give_back(attempt)


def stage_entries(case: Case, stage: Stage) -> tuple[TimeEntry, ...]:
    """Time entries of a stage that is not frozen: its own, and those that came too late for the stages
    before it.
    """
    frozen = frozen_entries(case)
    later = {other.id for other in case.ticket.stages[case.ticket.stages.index(stage) + 1 :]}
    return tuple(
        entry for entry in case.ticket.time_entries if entry.id not in frozen and entry.stage_id not in later
    )


def frozen_entries(case: Case) -> dict[str, int]:
    """Minutes of the time entries that stand in some write-off, or that a correction has seen, by id."""
    found: dict[str, int] = {}
    for attempt in case.attempts():
        freeze = attempt.done(Kind.FREEZE)
        if freeze is not None:
            found |= freeze.request["entries"]
    for correction in case.decisions.corrections:
        found |= correction.entries
    return found
