"""Gates of a stage's acceptance (R4): it is reported, and somebody accepts it."""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.domain.attachments import attachments
from bridge.domain.effects import EffectState
from bridge.domain.hours import text
from bridge.domain.lifecycle.case import Case
from bridge.domain.lifecycle.gates import stage_gate
from bridge.domain.lifecycle.history import Attempt
from bridge.domain.lifecycle.moves import note_due, refused_wait
from bridge.domain.lifecycle.steps import (
    AskTime,
    Attach,
    SetStage,
    SetTicket,
    Step,
    Wait,
)
from bridge.domain.lifecycle.values import Kind, Reason, Status, numbered
from bridge.domain.tickets import StageState, TicketState

LOOK_AGAIN = timedelta(minutes=10)
"""When a stage is looked at again whose days of silence are over by one clock and not by the other."""


@stage_gate("R4", "Attach", "failed: refused")
def attached(_case: Case, attempt: Attempt) -> Step | None:
    """The ticket has the files that the operation left, before anybody is asked to accept it. A file that the
    portal refuses waits for an operator.
    """
    operation = attempt.done(Kind.OPERATE)
    if operation is None or (attempt.is_accepted and attempt.get(Kind.STAGE_READY) is None):
        return None
    for number, file in enumerate(attachments(operation.outcome or {}), 1):
        effect = attempt.get(numbered(Kind.ATTACH, number))
        if effect is None or effect.state is EffectState.INTENDED:
            return Attach(
                attempt.stage, attempt.revision, number, file["name"], file["media_type"], file["text"]
            )
        if effect.state is EffectState.REFUSED:
            return refused_wait(effect)
    return None


@stage_gate("R4", "SetStage", "Note", "SetTicket")
def reported(case: Case, attempt: Attempt) -> Step | None:
    """The stage is reported ready, with evidence and with what acceptance will take."""
    ready = attempt.get(Kind.STAGE_READY)
    if ready is None and attempt.is_accepted:
        return None
    evidence = attempt.freeze.request["evidence"]
    if ready is None or ready.state is EffectState.INTENDED:
        return SetStage(attempt.stage, attempt.revision, StageState.READY, evidence)
    if ready.state is EffectState.REFUSED:
        return None
    silent_until = _silent_until(case, attempt)
    facts = {
        "evidence": evidence,
        "write_off": text(attempt.to_write_off),
        "unasked": _unasked(case, attempt),
        "silent_until": silent_until.isoformat() if silent_until else None,
    }
    message = note_due(attempt, "ready", facts)
    if message is not None:
        return message
    if not attempt.settled(Kind.TICKET_AWAITING):
        return SetTicket(attempt.stage, attempt.revision, TicketState.AWAITING_ACCEPTANCE)
    return None


@stage_gate("R4", "AskTime", "awaiting-acceptance: not-accepted", "awaiting-acceptance: clocks-differ")
def accepted(case: Case, attempt: Attempt) -> Step | None:
    """Nothing is written off before it is accepted: by the customer, by the silence of so many days, or by
    the site's policy for the service.
    """
    if accepted_by(case, attempt) or attempt.sent(Kind.WRITE_OFF):
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
    # The clocks agree, and by the portal's the days are not over yet.
    return Wait(Status.AWAITING_ACCEPTANCE, Reason("not-accepted", facts), case.now + LOOK_AGAIN)


def accepted_by(case: Case, attempt: Attempt) -> str:
    """Who accepted the stage, "" while nobody did."""
    if attempt.is_accepted:
        return "customer"
    if attempt.stage.state is StageState.REJECTED:
        return ""
    if _unasked(case, attempt):
        return "policy"
    until = _silent_until(case, attempt)
    if until is None or case.portal_time is None or not _clocks_agree(case, case.portal_time):
        return ""
    return "silence" if until <= min(case.now, case.portal_time) else ""


def _unasked(case: Case, attempt: Attempt) -> bool:
    return attempt.order.service in case.terms.accept_unasked


def _silent_until(case: Case, attempt: Attempt) -> datetime | None:
    """The moment from which silence accepts, None where it never does.

    What the customer rejected and somebody reported ready once more waits for the customer's word: the days
    since the first report say nothing, and the portal does not say when the second one came.
    """
    ready, freeze = attempt.done(Kind.STAGE_READY), attempt.done(Kind.FREEZE)
    if ready is None or ready.settled_at is None or case.terms.accept_after is None:
        return None
    if freeze is not None and attempt.stage.portal_revision > freeze.request["stage_revision"]:
        return None
    portal_at = (ready.outcome or {}).get("portal_at")
    begun = ready.settled_at if portal_at is None else datetime.fromisoformat(portal_at)
    return begun + case.terms.accept_after


def _clocks_agree(case: Case, portal_time: datetime) -> bool:
    return abs(case.now - portal_time) <= case.terms.clock_limit
