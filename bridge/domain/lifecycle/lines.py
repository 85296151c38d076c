"""The lines of a stage's write-off as they are now (R2, R8), and what there is to do when they exceed what is
held.
"""

from __future__ import annotations

from collections.abc import Collection

from bridge.domain import billing
from bridge.domain.catalogue import Catalogue, Service
from bridge.domain.hours import Charge, text, write_off
from bridge.domain.lifecycle.case import Case
from bridge.domain.lifecycle.history import Attempt
from bridge.domain.lifecycle.moves import missing, note_due, release_hold, suspended
from bridge.domain.lifecycle.order import service_label
from bridge.domain.lifecycle.steps import (
    AskBalance,
    Step,
    Wait,
)
from bridge.domain.lifecycle.values import Reason, Status
from bridge.domain.lifecycle.work import Work
from bridge.domain.tickets import Stage, TicketState, TimeEntry


def lines_now(case: Case, attempt: Attempt) -> tuple[Charge, ...] | Wait:
    """The lines of the stage's write-off as they are now, or why there are none."""
    order = attempt.order
    service: Service | None = case.service(order)
    if service is None:
        return Wait(Status.FAILED, Reason("no-service", {"service": service_label(order)}))
    try:
        return _lines(case, attempt, service, case.catalogue, case.accounted_entries())
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
    held = attempt.held_hours
    if needed <= held:
        return None
    if case.account is None:
        return AskBalance()
    # The old hold is returned only when the new one fits: until then it keeps its hours.
    available = case.account.available + held
    if not case.account.covers(agreed, released=held):
        step = suspended(case, attempt, agreed, available, attempt.hold_number + 1)
        return step or Wait(Status.SUSPENDED, Reason("balance", missing(case, agreed, available)))
    return release_hold(attempt)


def recounted(work: Work, attempt: Attempt, service: Service, catalogue: Catalogue) -> tuple[Charge, ...]:
    """The lines that the time entries make as they are now, for a stage that was written off before.

    Raises:
        UnknownCategory: for time of categories that the catalogue does not know.
    """
    others = (one.frozen_entries for one in work.attempts() if one.stage.id != attempt.stage.id)
    return _lines(work, attempt, service, catalogue, {id_ for entries in others for id_ in entries})


def stage_entries(case: Case, stage: Stage) -> tuple[TimeEntry, ...]:
    """Time entries of a stage that is not frozen: its own, and those that came too late for the stages
    before it.
    """
    return _entries(case, stage, case.accounted_entries())


def _lines(
    work: Work, attempt: Attempt, service: Service, catalogue: Catalogue, elsewhere: Collection[str]
) -> tuple[Charge, ...]:
    """The lines of one stage; `elsewhere` are the time entries that count for other ones."""
    others = (one for one in work.attempts() if one.stage.id != attempt.stage.id)
    return billing.charges(
        service,
        attempt.order,
        attempt.stage,
        _entries(work, attempt.stage, elsewhere),
        catalogue.coefficient,
        unattended=attempt.unattended,
        charged_before=sum(one.charged_minutes for one in others),
        last=attempt.stage.id == work.ticket.stages[-1].id,
    )


def _entries(work: Work, stage: Stage, elsewhere: Collection[str]) -> tuple[TimeEntry, ...]:
    ids = [one.id for one in work.ticket.stages]
    later = ids[ids.index(stage.id) + 1 :]
    return tuple(
        entry
        for entry in work.ticket.time_entries
        if entry.id not in elsewhere and entry.stage_id not in later
    )
