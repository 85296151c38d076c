"""Gates for an attempt that is not to go on: the customer rejects it, an operator takes it back, Moodle or
the portal refuses it.
"""

from __future__ import annotations

from bridge.domain.effects import Effect, EffectState
from bridge.domain.lifecycle.case import Case
from bridge.domain.lifecycle.gates import stage_gate
from bridge.domain.lifecycle.history import Attempt
from bridge.domain.lifecycle.moves import (
    did_not_fit,
    note_due,
    order_changed,
    refused_wait,
    release_hold,
    undo_work,
)
from bridge.domain.lifecycle.steps import (
    NewRevision,
    SetStage,
    SetTicket,
    Step,
    Wait,
)
from bridge.domain.lifecycle.values import Kind, Reason, Status, numbered
from bridge.domain.tickets import StageState, TicketState


@stage_gate("R4", "NewRevision", "Undo", "failed: rejected", "failed: refused")
def not_rejected(case: Case, attempt: Attempt) -> Step | None:
    """A stage that the customer rejects is done anew under a new revision, and nothing is written off for the
    old one. Work of specialists goes on at once; what an action made is taken back first, on an operator's
    word or where the site's policy says so."""
    freeze, stage = attempt.done(Kind.FREEZE), attempt.stage
    if freeze is None or attempt.sent(Kind.WRITE_OFF):
        return None
    if stage.portal_revision <= freeze.request["stage_revision"]:
        return None
    if not attempt.unattended:
        return NewRevision(stage)
    if stage.state is not StageState.REJECTED:
        return None
    undo = attempt.get(Kind.UNDO)
    if undo is None or undo.state is EffectState.INTENDED:
        order = attempt.order
        if (
            undo is not None
            or order.service in case.terms.undo_rejected
            or (stage.id, attempt.revision) in case.decisions.undone
        ):
            return undo_work(attempt)
        return Wait(Status.FAILED, Reason("rejected", {"stage": stage.title, "comment": stage.comment}))
    if undo.state is EffectState.REFUSED:
        return refused_wait(undo)
    return NewRevision(stage)


@stage_gate(
    "R4",
    "SetStage",
    "Undo",
    "NewRevision",
    "Release",
    "SetTicket",
    "Note",
    "failed: undone",
    "failed: refused",
)
def not_undone(case: Case, attempt: Attempt) -> Step | None:
    """What an action made is taken back on an operator's word as long as the customer has not accepted it.
    The stage is set back first, so that nobody accepts what is being taken back; an acceptance that came
    before that counts. Then the hold is returned, and the stage waits for another order or for the operator's
    word to do it anew."""
    stage, undo = attempt.stage, attempt.get(Kind.UNDO)
    if (
        (stage.id, attempt.revision) not in case.decisions.undone
        or attempt.done(Kind.OPERATE) is None
        or attempt.sent(Kind.WRITE_OFF)
    ):
        return None
    if undo is None:
        back = attempt.get(Kind.STAGE_BACK)
        if attempt.is_accepted and (back is None or back.state is not EffectState.INTENDED):
            return None
        shown = attempt.sent(Kind.STAGE_READY) or stage.state is StageState.READY
        if shown and (back is None or back.state is EffectState.INTENDED):
            return SetStage(stage, attempt.revision, StageState.IN_PROGRESS, back=True)
        if back is not None and back.state is EffectState.REFUSED:
            return refused_wait(back)
        return undo_work(attempt)
    if undo.state is EffectState.INTENDED:
        return undo_work(attempt)
    if undo.state is EffectState.REFUSED:
        return refused_wait(undo)
    refused = attempt.refused(numbered(Kind.RELEASE, attempt.hold_number))
    if refused is not None:
        return refused_wait(refused)
    release = release_hold(attempt)
    if release is not None:
        return release
    again_at = attempt.hold_number + 1
    if not attempt.settled(numbered(Kind.TICKET_IN_PROGRESS, again_at)):
        return SetTicket(stage, attempt.revision, TicketState.IN_PROGRESS, again_at)
    note = note_due(attempt, "undone", {})
    if note is not None:
        return note
    if order_changed(case, attempt):
        return NewRevision(stage)
    return Wait(Status.FAILED, Reason("undone", {"stage": stage.title}))


@stage_gate("R4", "Release", "Note", "NewRevision", "failed: refused")
def not_refused(case: Case, attempt: Attempt) -> Step | None:
    """What Moodle refuses ends the attempt: the hold is returned and the customer gets the reason. What the
    portal refuses waits for an operator; a hold stays. An operator, or a changed order after a refusal of
    Moodle's, lets the stage go on."""
    refused = refused_effect(attempt)
    return None if refused is None else failed(case, attempt, refused)


def refused_effect(attempt: Attempt) -> Effect | None:
    """The effect that ended the attempt, if one did."""
    number = attempt.hold_number
    for kind in (numbered(Kind.RELEASE, number), Kind.EXAMINE, Kind.OPERATE, Kind.WRITE_OFF):
        effect = attempt.refused(kind)
        if effect is not None:
            return effect
    for kind in (Kind.STAGE_IN_PROGRESS, Kind.STAGE_READY):
        effect = attempt.refused(kind)
        if effect is not None and not (attempt.reported_by_hand or attempt.is_accepted):
            return effect
    hold = attempt.refused(numbered(Kind.HOLD, number))
    return None if hold is None or did_not_fit(hold) else hold


def failed(case: Case, attempt: Attempt, refused: Effect) -> Step:
    """What follows from a refusal. After one of Moodle's the hold is returned and the customer gets the
    reason; the stage waits for an operator or for a changed order. After one of the portal's it waits for an
    operator, and a hold stays.
    """
    if refused.kind in (Kind.EXAMINE, Kind.OPERATE):
        release = release_hold(attempt)
        if release is not None:
            return release
        facts = {"action": refused.request.get("action", ""), **(refused.outcome or {})}
        note = note_due(attempt, "cannot", facts)
        if note is not None:
            return note
        if order_changed(case, attempt):
            return NewRevision(attempt.stage)
    return refused_wait(refused)
