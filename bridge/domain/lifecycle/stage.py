"""Gates of one stage: from its hold over its work, its freezing and its acceptance to its write-off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.domain import billing
from bridge.domain.catalogue import Service
from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import Charge, text, write_off
from bridge.domain.lifecycle.case import Case
from bridge.domain.lifecycle.gates import StageGate, stage_gate
from bridge.domain.lifecycle.history import Attempt
from bridge.domain.lifecycle.order import sold_as, unusable_order, wrong_price
from bridge.domain.lifecycle.steps import (
    AskBalance,
    AskTime,
    Examine,
    Freeze,
    Hold,
    NewRevision,
    Note,
    Operate,
    Release,
    SetStage,
    SetTicket,
    Step,
    Undo,
    Wait,
    WriteOff,
    charges_from,
    order_from,
    order_request,
)
from bridge.domain.lifecycle.values import Kind, Reason, Status, note_kind, numbered
from bridge.domain.tickets import Order, Stage, StageState, TicketState, TimeEntry

ACCEPTED = (StageState.ACCEPTED, StageState.WRITTEN_OFF)
LOOK_AGAIN = timedelta(minutes=10)
"""When a stage is looked at again whose days of silence are over by one clock and not by the other."""

_REPORTED = (StageState.READY, *ACCEPTED)


@stage_gate("R4", "NewRevision", "Undo", "failed: rejected", "failed: refused")
def not_rejected(case: Case, attempt: Attempt) -> Step | None:
    """A stage that the customer rejects is done anew under a new revision, and nothing is written off for the
    old one. Work of specialists goes on at once; what an action made is taken back first, on an operator's
    word or where the site's policy says so."""
    frozen, stage = attempt.done(Kind.FREEZE), attempt.stage
    if frozen is None or attempt.sent(Kind.WRITE_OFF) or stage.revision <= frozen.request["stage_revision"]:
        return None
    if not unattended(attempt):
        return NewRevision(stage)
    if stage.state is not StageState.REJECTED:
        return None
    undo = attempt.get(Kind.UNDO)
    if undo is None or undo.state is EffectState.INTENDED:
        order = begun_order(attempt)
        if (
            undo is not None
            or order.service in case.terms.undo_rejected
            or (stage.id, attempt.revision) in case.decisions.undone
        ):
            return take_back(attempt)
        return Wait(Status.FAILED, Reason("rejected", {"stage": stage.title, "comment": stage.comment}))
    if undo.state is EffectState.REFUSED:
        return Wait(Status.FAILED, Reason("refused", {"what": undo.kind, **(undo.outcome or {})}))
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
        if stage.state in ACCEPTED and (back is None or back.state is not EffectState.INTENDED):
            return None
        shown = attempt.sent(Kind.STAGE_READY) or stage.state is StageState.READY
        if shown and (back is None or back.state is EffectState.INTENDED):
            return SetStage(stage, attempt.revision, StageState.IN_PROGRESS, back=True)
        if back is not None and back.state is EffectState.REFUSED:
            return Wait(Status.FAILED, Reason("refused", {"what": back.kind, **(back.outcome or {})}))
        return take_back(attempt)
    if undo.state is EffectState.INTENDED:
        return take_back(attempt)
    if undo.state is EffectState.REFUSED:
        return Wait(Status.FAILED, Reason("refused", {"what": undo.kind, **(undo.outcome or {})}))
    release = attempt.refused(numbered(Kind.RELEASE, attempt.hold_number))
    if release is not None:
        return Wait(Status.FAILED, Reason("refused", {"what": release.kind, **(release.outcome or {})}))
    returned = give_back(attempt)
    if returned is not None:
        return returned
    again_at = attempt.hold_number + 1
    if not attempt.settled(numbered(Kind.TICKET_IN_PROGRESS, again_at)):
        return SetTicket(stage, attempt.revision, TicketState.IN_PROGRESS, again_at)
    note = note_due(attempt, "undone", {})
    if note is not None:
        return note
    if _order_changed(case, attempt):
        return NewRevision(stage)
    return Wait(Status.FAILED, Reason("undone", {"stage": stage.title}))


@stage_gate("R4", "Release", "Note", "NewRevision", "failed: refused")
def not_refused(case: Case, attempt: Attempt) -> Step | None:
    """What Moodle or the portal refuses ends the attempt: the hold is returned, the customer is told why, and
    an operator (or a changed order) lets the stage go on."""
    refused = refused_effect(attempt)
    return None if refused is None else failed(case, attempt, refused)


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
    return give_back(attempt) or _hold(case, attempt, number + 1)


@stage_gate("R4", "SetTicket", "SetStage", "Note")
def started(_case: Case, attempt: Attempt) -> Step | None:
    """The portal shows that the stage is being worked on, and the customer is told."""
    number = attempt.hold_number
    if _reported(attempt):
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
    if unattended(attempt):
        if attempt.done(Kind.OPERATE) is not None:
            return None
        plan = attempt.done(Kind.EXAMINE)
        assert plan is not None
        assert plan.outcome is not None
        return Operate(attempt.stage, attempt.revision, plan.request["action"], plan.outcome["call"])
    if _reported(attempt) or attempt.done(Kind.FREEZE) is not None:
        return None
    lines = _lines(case, attempt)
    if isinstance(lines, Wait):
        return lines
    return _beyond(case, attempt, lines) or Wait(
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
    """When the work is done, the lines of its write-off are frozen. More than was agreed is never taken: it
    asks for a new agreement. When an operator has withdrawn the ticket nobody agrees any more, and what is
    accepted takes no more than was agreed."""
    if attempt.done(Kind.FREEZE) is not None:
        return None
    lines = _lines(case, attempt)
    if isinstance(lines, Wait):
        return lines
    if case.decisions.withdrawal is not None:
        lines = billing.at_most(lines, billing.amount_to_hold(attempt.stage))
    entries = stage_entries(case, attempt.stage)
    operation = attempt.done(Kind.OPERATE)
    evidence = dict(operation.outcome or {}) if operation is not None else _log(entries)
    return _beyond(case, attempt, lines) or Freeze(
        attempt.stage, attempt.revision, lines, {entry.id: entry.minutes for entry in entries}, evidence
    )


@stage_gate("R4", "SetStage", "Note", "SetTicket")
def reported(case: Case, attempt: Attempt) -> Step | None:
    """The stage is reported ready, with evidence and with what acceptance will take."""
    ready = attempt.get(Kind.STAGE_READY)
    if ready is None and attempt.stage.state in ACCEPTED:
        return None
    note = _frozen(attempt)
    evidence = note.request["evidence"]
    if ready is None or ready.state is EffectState.INTENDED:
        return SetStage(attempt.stage, attempt.revision, StageState.READY, evidence)
    if ready.state is EffectState.REFUSED:
        return None
    silent_until = _silent_until(case, attempt)
    facts = {
        "evidence": evidence,
        "write_off": text(_to_write_off(attempt)),
        "unasked": _unasked(case, attempt),
        "silent_until": silent_until.isoformat() if silent_until else None,
    }
    report = note_due(attempt, "ready", facts)
    if report is not None:
        return report
    if not attempt.settled(Kind.TICKET_AWAITING):
        return SetTicket(attempt.stage, attempt.revision, TicketState.AWAITING_ACCEPTANCE)
    return None


@stage_gate("R4", "AskTime", "awaiting-acceptance: not-accepted", "awaiting-acceptance: clocks-differ")
def accepted(case: Case, attempt: Attempt) -> Step | None:
    """Nothing is written off before it is accepted: by the customer, by the silence of so many days, or by
    the site's policy for the service.
    """
    if _accepted_by(case, attempt) or attempt.sent(Kind.WRITE_OFF):
        return None
    facts = {"stage": attempt.stage.title}
    until = _silent_until(case, attempt)
    if until is None or case.now < until or attempt.stage.state is StageState.REJECTED:
        return Wait(Status.AWAITING_ACCEPTANCE, Reason("not-accepted", facts), until)
    # By this machine's clock the customer was silent long enough; the portal's decides, and only where the
    # two agree.
    if case.portal_time is None:
        return AskTime()
    if not _clocks_agree(case, case.portal_time):
        facts |= {
            "here": case.now.isoformat(timespec="seconds"),
            "portal": case.portal_time.isoformat(timespec="seconds"),
        }
        return Wait(
            Status.AWAITING_ACCEPTANCE,
            Reason("clocks-differ", facts),
            min(case.now, case.portal_time) + LOOK_AGAIN,
        )
    return Wait(Status.AWAITING_ACCEPTANCE, Reason("not-accepted", facts), case.now + LOOK_AGAIN)


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


STAGE_GATES: tuple[StageGate, ...] = (
    not_rejected,
    not_undone,
    not_refused,
    held,
    started,
    worked,
    frozen,
    reported,
    accepted,
    written_off,
)


def begun_order(attempt: Attempt) -> Order:
    """The order with which the attempt was begun."""
    first = attempt.get(Kind.HOLD)
    assert first is not None
    return order_from(first.request["order"])


def unattended(attempt: Attempt) -> bool:
    """Whether an action does the work of the attempt."""
    first = attempt.get(Kind.HOLD)
    return first is not None and bool(first.request["unattended"])


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


def take_back(attempt: Attempt) -> Undo:
    """Let the action take back what it made in this attempt."""
    operation = attempt.done(Kind.OPERATE)
    assert operation is not None
    return Undo(attempt.stage, attempt.revision, operation.request["action"], dict(operation.outcome or {}))


def give_back(attempt: Attempt) -> Release | None:
    """Return the newest hold to the balance; None when it is returned, or nothing is held."""
    number = attempt.hold_number
    hold = attempt.done(numbered(Kind.HOLD, number))
    if hold is None or attempt.done(numbered(Kind.RELEASE, number)) is not None:
        return None
    assert hold.outcome is not None
    return Release(attempt.stage, attempt.revision, hold.outcome["hold_id"], number)


def again(case: Case, attempt: Attempt) -> Hold:
    """The attempt's newest hold once more, as it was first asked for or for what is agreed now."""
    number = attempt.hold_number
    hold = attempt.hold
    assert hold is not None
    sent = hold.state is EffectState.INTENDED
    amount = Decimal(hold.request["amount"]) if sent else billing.amount_to_hold(attempt.stage)
    account = hold.request["account_id"] if sent else case.ticket.account_id
    order = begun_order(attempt) if number == 1 else None
    return Hold(
        attempt.stage,
        attempt.revision,
        numbered(Kind.HOLD, number),
        account,
        amount,
        order,
        unattended(attempt),
    )


def refused_effect(attempt: Attempt) -> Effect | None:
    """The effect that ended the attempt, if one did."""
    number = attempt.hold_number
    for kind in (numbered(Kind.RELEASE, number), Kind.EXAMINE, Kind.OPERATE, Kind.WRITE_OFF):
        effect = attempt.refused(kind)
        if effect is not None:
            return effect
    for kind in (Kind.STAGE_IN_PROGRESS, Kind.STAGE_READY):
        effect = attempt.refused(kind)
        if effect is not None and not (_reported(attempt) or attempt.stage.state in ACCEPTED):
            return effect
    hold = attempt.refused(numbered(Kind.HOLD, number))
    return None if hold is None or did_not_fit(hold) else hold


def did_not_fit(hold: Effect | None) -> bool:
    """Whether a hold was refused for the balance. An earlier sending of it may still be under way and hold
    the hours late, so it is asked for again under its key: the balance alone would not tell that the hours
    are missing because this very hold has them."""
    return (
        hold is not None
        and hold.state is EffectState.REFUSED
        and (hold.outcome or {}).get("code") == "insufficient_balance"
    )


def failed(case: Case, attempt: Attempt, refused: Effect) -> Step:
    """Return the hold, tell the customer why, and wait for an operator or for a changed order."""
    if refused.kind in (Kind.EXAMINE, Kind.OPERATE):
        returned = give_back(attempt)
        if returned is not None:
            return returned
        note = note_due(attempt, "cannot", dict(refused.outcome or {}))
        if note is not None:
            return note
        if _order_changed(case, attempt):
            return NewRevision(attempt.stage)
    return Wait(Status.FAILED, Reason("refused", {"what": refused.kind, **(refused.outcome or {})}))


def note_due(attempt: Attempt, message: str, facts: Mapping[str, Any]) -> Note | None:
    """A message about the stage, None when it was told in this attempt."""
    if attempt.settled(note_kind(message)):
        return None
    return Note(message, attempt.stage, attempt.revision, {"stage": attempt.stage.title, **facts})


def suspended(case: Case, attempt: Attempt, amount: Decimal, available: Decimal, number: int) -> Step | None:
    """Tell that the balance does not cover `amount`, and suspend the ticket; None when that is done."""
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
    if case.account.available + case.account.overdraft_limit < amount:
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
        if _order_changed(case, attempt):  # also under an examination that never came to an end
            return NewRevision(attempt.stage)
        if attempt.done(Kind.EXAMINE) is None:
            return Examine(attempt.stage, attempt.revision, case.order, case.history.outcomes(Kind.UNDO))
    return Hold(
        attempt.stage, attempt.revision, kind, case.ticket.account_id, amount, case.order, case.unattended
    )


def _order_changed(case: Case, attempt: Attempt) -> bool:
    plan = attempt.get(Kind.EXAMINE)
    return (
        plan is not None
        and isinstance(case.order, Order)
        and plan.request["order"] != order_request(case.order)
    )


def _lines(case: Case, attempt: Attempt) -> tuple[Charge, ...] | Wait:
    """The lines of the stage's write-off as they are now, or why there are none."""
    order = begun_order(attempt)
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
            unattended=unattended(attempt),
            charged_before=before,
            last=attempt.stage.id == case.ticket.stages[-1].id,
        )
    except billing.UnknownCategory as error:
        return Wait(Status.FAILED, Reason("unknown-category", {"categories": list(error.names)}))


def _beyond(case: Case, attempt: Attempt, lines: tuple[Charge, ...]) -> Step | None:
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


def _reported(attempt: Attempt) -> bool:
    """Whether a specialist, who works by hand, has reported the stage ready."""
    return attempt.stage.state in _REPORTED and not unattended(attempt)


def _frozen(attempt: Attempt) -> Effect:
    freeze = attempt.done(Kind.FREEZE)
    assert freeze is not None
    return freeze


def _to_write_off(attempt: Attempt) -> Decimal:
    return write_off(charges_from(_frozen(attempt).request["charges"]))


def _log(entries: tuple[TimeEntry, ...]) -> dict[str, Any]:
    """What there is to show for work by hand: the specialists' own log."""
    work = [{"category": entry.category, "minutes": entry.minutes, "note": entry.note} for entry in entries]
    return {"kind": "by-hand", "entries": work}


def _unasked(case: Case, attempt: Attempt) -> bool:
    return begun_order(attempt).service in case.terms.accept_unasked


def _silent_until(case: Case, attempt: Attempt) -> Any:
    """The moment from which silence accepts, None where it never does.

    What the customer rejected and somebody reported ready once more waits for the customer's word: the days
    since the first report say nothing, and when the second one came the portal does not tell.
    """
    ready, frozen = attempt.done(Kind.STAGE_READY), attempt.done(Kind.FREEZE)
    if ready is None or ready.settled_at is None or case.terms.accept_after is None:
        return None
    if frozen is not None and attempt.stage.revision > frozen.request["stage_revision"]:
        return None
    portal_at = (ready.outcome or {}).get("portal_at")
    begun = ready.settled_at if portal_at is None else datetime.fromisoformat(portal_at)
    return begun + case.terms.accept_after


def _clocks_agree(case: Case, portal_time: datetime) -> bool:
    return abs(case.now - portal_time) <= case.terms.clock_limit


def _accepted_by(case: Case, attempt: Attempt) -> str:
    """Who accepted the stage, "" while nobody did."""
    if attempt.stage.state in ACCEPTED:
        return "customer"
    if attempt.stage.state is StageState.REJECTED:
        return ""
    if _unasked(case, attempt):
        return "policy"
    until = _silent_until(case, attempt)
    if until is None or case.portal_time is None or not _clocks_agree(case, case.portal_time):
        return ""
    return "silence" if until <= min(case.now, case.portal_time) else ""


def _write_off(case: Case, attempt: Attempt) -> WriteOff:
    number = attempt.hold_number
    hold, freeze = attempt.done(numbered(Kind.HOLD, number)), _frozen(attempt)
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
        _accepted_by(case, attempt) or "customer",
    )
