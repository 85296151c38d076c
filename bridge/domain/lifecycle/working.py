"""Gates of the work itself: begun, done by an action or by hand, and frozen."""

from __future__ import annotations

from typing import Any

from bridge.domain import billing
from bridge.domain.attachments import without_attachments
from bridge.domain.hours import text
from bridge.domain.lifecycle.case import Case
from bridge.domain.lifecycle.gates import stage_gate
from bridge.domain.lifecycle.history import Attempt
from bridge.domain.lifecycle.lines import beyond, lines_now, stage_entries
from bridge.domain.lifecycle.moves import note_due
from bridge.domain.lifecycle.steps import (
    Freeze,
    Operate,
    SetStage,
    SetTicket,
    Step,
    Wait,
)
from bridge.domain.lifecycle.values import Kind, Reason, Status, numbered
from bridge.domain.tickets import StageState, TicketState, TimeEntry


@stage_gate("R4", "SetTicket", "SetStage", "Note")
def started(_case: Case, attempt: Attempt) -> Step | None:
    """The portal shows that the stage is being worked on, and the customer gets a message."""
    number = attempt.hold_number
    if attempt.reported_by_hand:
        return None
    if not attempt.settled(numbered(Kind.TICKET_IN_PROGRESS, number)):
        return SetTicket(attempt.stage, attempt.revision, TicketState.IN_PROGRESS, number)
    if not attempt.settled(Kind.STAGE_IN_PROGRESS):
        return SetStage(attempt.stage, attempt.revision, StageState.IN_PROGRESS)
    return note_due(attempt, "taken", {"amount": text(billing.amount_to_hold(attempt.stage))})


@stage_gate(
    "R2, R3",
    "Operate",
    "AskBalance",
    "Note",
    "SetTicket",
    "Release",
    "running: by-hand",
    "awaiting-agreement: beyond-agreed",
    "suspended: balance",
    "failed: no-service",
    "failed: unknown-category",
)
def worked(case: Case, attempt: Attempt) -> Step | None:
    """An action does the work under the operation's key, or a specialist does, who logs time and reports
    the stage ready on the portal.
    """
    if attempt.unattended:
        if attempt.done(Kind.OPERATE) is not None:
            return None
        plan = attempt.done(Kind.EXAMINE)
        assert plan is not None
        assert plan.outcome is not None
        frozen = {name: value for name, value in plan.outcome.items() if name != "summary"}
        return Operate(attempt.stage, attempt.revision, plan.request["action"], frozen)
    if attempt.reported_by_hand or attempt.done(Kind.FREEZE) is not None:
        return None
    lines = lines_now(case, attempt)
    if isinstance(lines, Wait):
        return lines
    return beyond(case, attempt, lines) or Wait(
        Status.RUNNING, Reason("by-hand", {"stage": attempt.stage.title})
    )


@stage_gate(
    "R2, R3",
    "AskBalance",
    "Note",
    "SetTicket",
    "Release",
    "Freeze",
    "awaiting-agreement: beyond-agreed",
    "suspended: balance",
    "failed: beyond-agreed",
    "failed: no-service",
    "failed: unknown-category",
)
def frozen(case: Case, attempt: Attempt) -> Step | None:
    """When the work is done, the lines of its write-off are frozen. More than was agreed is never written
    off: it asks for a new agreement. When an operator has withdrawn the ticket nobody agrees any more, and
    what is accepted takes at most what was agreed."""
    if attempt.done(Kind.FREEZE) is not None:
        return None
    lines = lines_now(case, attempt)
    if isinstance(lines, Wait):
        return lines
    if case.decisions.withdrawal is not None:
        lines = billing.at_most(lines, billing.amount_to_hold(attempt.stage))
    entries = stage_entries(case, attempt.stage)
    operation = attempt.done(Kind.OPERATE)
    evidence = without_attachments(operation.outcome or {}) if operation is not None else _log(entries)
    return beyond(case, attempt, lines) or Freeze(
        attempt.stage, attempt.revision, lines, {entry.id: entry.minutes for entry in entries}, evidence
    )


def _log(entries: tuple[TimeEntry, ...]) -> dict[str, Any]:
    """What there is to show for work by hand: the specialists' own log."""
    work = [{"category": entry.category, "minutes": entry.minutes, "note": entry.note} for entry in entries]
    return {"kind": "by-hand", "entries": work}
