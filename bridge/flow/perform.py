"""Performs one step of the lifecycle as one outside call: its intent is on disk before the call, its outcome
after.

Nothing outside is called inside an open transaction: `begin` and `settle` write within the caller's, `send`
calls between the two. What is known of a failure decides what the journal keeps: a refusal settles the
effect, an unknown outcome leaves the intent, so that the next pass sends the same key again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.actions import ActionError, StillRunning
from bridge.domain import lifecycle
from bridge.domain.effects import Effect, EffectState, effect_key
from bridge.domain.hours import Charge, Totals, text, to_kopecks, to_milli
from bridge.domain.lifecycle import Reason, Status
from bridge.domain.tickets import Account, Stage, StageState, Ticket, TicketState
from bridge.errors import BridgeError
from bridge.flow.context import Bridge, Postpone
from bridge.flow.work import Work, refusal
from bridge.journal import LedgerKind, NewLedgerRow, Unit
from bridge.moodle_ws import MoodleError, OutcomeUnknown
from bridge.portal import (
    InsufficientBalance,
    KeyInProgress,
    LedgerEntry,
    PortalError,
    PortalForbidden,
    PortalOutcomeUnknown,
    PortalRefused,
    PortalUnauthorized,
    StateConflict,
)

FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS = 5.0, 300.0
"""A running operation is asked for after five seconds, then twice as long each time, at last every five
minutes.
"""
SOONEST_LOOK_SECONDS = 0.5
"""The soonest, where it is told when to look again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of a call that has ended.

    Attributes:
        facts: what came of it, as the effect keeps it.
        book: writes the row of the journal's own ledger, in the transaction that settles the effect.
    """

    state: EffectState
    facts: Mapping[str, Any]
    book: Callable[[Unit, Effect, Mapping[str, Any]], None] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """The outside call that a step makes.

    Attributes:
        intent: what is put on disk before it; what stands there already goes before it.
        send: makes the call for the intent as it stands on disk; None where nothing outside is called, for
            the journal itself is where it happens.
    """

    intent: Effect
    send: Callable[[Effect], Outcome] | None


@dataclass(frozen=True, slots=True)
class Begun:
    """A call whose intent is on disk as `effect`."""

    step: lifecycle.EffectStep
    call: Call
    effect: Effect


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that has ended, after so many seconds."""

    begun: Begun
    outcome: Outcome
    seconds: float

    @property
    def refusal(self) -> str:
        """The code of a refusal, "" where it went well."""
        return str(self.outcome.facts.get("code", "")) if self.outcome.state is EffectState.REFUSED else ""


@dataclass(frozen=True, slots=True)
class Settled:
    """A call whose outcome is on disk as `effect`."""

    ended: Ended
    effect: Effect


class Performer:
    """Performs the steps of one ticket.

    Parameters:
        ticket: as the journal knows it.
        accounts: balances read in this pass, by account id; forgotten when a write changes one.
        fence: called in each transaction before it writes; raises `LostClaim` when the ticket is another
            worker's by now.
    """

    def __init__(
        self, bridge: Bridge, ticket: Ticket, accounts: dict[str, Account], fence: Callable[[Unit], None]
    ) -> None:
        self._bridge = bridge
        self._ticket = ticket
        self._accounts = accounts
        self._fence = fence

    def account(self) -> Account:
        """The balance of the ticket's account, read at most once a pass as long as nothing changes it.

        Raises:
            Postpone: the portal did not answer.
        """
        account_id = self._ticket.account_id
        if account_id not in self._accounts:
            try:
                self._accounts[account_id] = self._bridge.portal.account(account_id)
            except PortalRefused as error:
                raise Postpone(
                    Status.FAILED, Reason("account", {"account": account_id, "detail": str(error)}), error
                ) from error
        return self._accounts[account_id]

    def begin(self, unit: Unit, call: Call) -> Effect:
        """Put the call's intent on disk and count the attempt, before anything is sent; returns the intent as
        it was first written. `unit` has been fenced.
        """
        write = unit.effects.intend if call.send is None else unit.effects.sending
        return write(call.intent, self._bridge.clock())

    def send(self, call: Call, effect: Effect) -> Outcome:
        """Make the call whose intent is on disk as `effect`.

        Raises:
            Postpone: the outcome is not known, or the other side cannot be used now.
        """
        return Outcome(EffectState.DONE, {}) if call.send is None else call.send(effect)

    def settle(self, unit: Unit, effect: Effect, outcome: Outcome) -> Effect:
        """Write down what came of a call; returns the effect as it is then. `unit` has been fenced."""
        settled = unit.effects.settle(effect.key, outcome.state, outcome.facts, self._bridge.clock())
        if outcome.book is not None:
            outcome.book(unit, effect, outcome.facts)
        return settled

    def call(self, step: lifecycle.EffectStep) -> Call:
        """The one outside call of a step."""
        match step:
            case lifecycle.Note():
                return self._note(step)
            case lifecycle.SetTicket():
                return self._set_ticket(step)
            case lifecycle.SetStage():
                return self._set_stage(step)
            case lifecycle.Examine():
                return self._examine(step)
            case lifecycle.Hold():
                return self._hold(step)
            case lifecycle.Operate():
                return self._operate(step)
            case lifecycle.Undo():
                return self._undo(step)
            case lifecycle.Freeze():
                return self._freeze(step)
            case lifecycle.Attach():
                return self._attach(step)
            case lifecycle.WriteOff():
                return self._write_off(step)
            case lifecycle.Release():
                return self._release(step)
            case lifecycle.Reverse():
                return self._reverse(step)

    def _note(self, step: lifecycle.Note) -> Call:
        text = self._bridge.messages.render(step.message, self._ticket, step.facts)

        def send(effect: Effect) -> dict[str, Any]:
            return {"note_id": self._bridge.portal.note(effect.key, self._ticket.id, effect.request["text"])}

        return self._to_portal(self._intent(step, {"text": text}), send)

    def _set_ticket(self, step: lifecycle.SetTicket) -> Call:
        def send(effect: Effect) -> dict[str, Any]:
            asked = [TicketState(state) for state in effect.request["expected"]]
            self._bridge.portal.set_ticket_state(
                effect.key, self._ticket.id, TicketState(effect.request["state"]), asked
            )
            return {"state": effect.request["state"]}

        return self._to_portal(self._intent(step, step.request), send)

    def _set_stage(self, step: lifecycle.SetStage) -> Call:
        def send(effect: Effect) -> dict[str, Any]:
            asked = effect.request
            expected = [StageState(state) for state in asked["expected"]]
            self._bridge.portal.set_stage_state(
                effect.key,
                self._ticket.id,
                step.stage.id,
                StageState(asked["state"]),
                expected,
                asked["evidence"],
            )
            ready = (
                step.state is StageState.READY and self._bridge.settings.policy.accept_after_days is not None
            )
            # From here on the customer's silence counts, by the portal's clock.
            return {
                "state": asked["state"],
                **({"portal_at": self._bridge.portal.meta().time.isoformat()} if ready else {}),
            }

        return self._to_portal(self._intent(step, step.request), send)

    def _hold(self, step: lifecycle.Hold) -> Call:
        # A hold that does not fit is settled as refused and may be asked for again after a top-up.
        def send(effect: Effect) -> dict[str, Any]:
            asked = effect.request
            account, amount = asked["account_id"], Decimal(asked["amount"])
            return self._entry(
                step.stage,
                self._bridge.portal.hold(effect.key, account, self._ticket.id, step.stage.id, amount),
                account,
            )

        return self._booked(self._intent(step, step.request), send, "hold", None)

    def _write_off(self, step: lifecycle.WriteOff) -> Call:
        def send(effect: Effect) -> dict[str, Any]:
            asked = effect.request
            entry = self._bridge.portal.capture(
                effect.key,
                asked["hold_id"],
                lifecycle.charges_from(asked["charges"]),
                Decimal(asked["amount"]),
                asked["evidence"],
                accepted_by=asked["accepted_by"],
            )
            return {**self._entry(step.stage, entry), "charges": asked["charges"]}

        return self._booked(self._intent(step, step.request), send, "capture", step.hold_kind)

    def _release(self, step: lifecycle.Release) -> Call:
        def send(effect: Effect) -> dict[str, Any]:
            return self._entry(step.stage, self._bridge.portal.void(effect.key, effect.request["hold_id"]))

        return self._booked(self._intent(step, step.request), send, "void", step.hold_kind)

    def _reverse(self, step: lifecycle.Reverse) -> Call:
        def send(effect: Effect) -> dict[str, Any]:
            asked = effect.request
            return self._entry(
                step.stage, self._bridge.portal.reverse(effect.key, asked["entry_id"], asked["reason"])
            )

        return self._booked(self._intent(step, step.request), send, "reversal", step.hold_kind)

    def _entry(self, stage: Stage, entry: LedgerEntry, account: str | None = None) -> dict[str, Any]:
        """What the journal keeps of an entry of the portal's ledger.

        Parameters:
            account: the account that was asked for; None where the journal knows it by the hold.

        Raises:
            PortalOutcomeUnknown: the entry is about another ticket or stage, so nothing is known of this one.
        """
        answered_and_asked = (
            ("account", entry.account_id, account or entry.account_id),
            ("ticket", entry.ticket_id, self._ticket.id),
            ("stage", entry.stage_id, stage.id),
        )
        for what, answered, asked in answered_and_asked:
            if answered not in (None, asked):
                detail = f"the answer is about another {what}: {answered} instead of {asked}"
                raise PortalOutcomeUnknown(f"ledger {entry.kind}", detail, portal=self._bridge.portal.name)
        return lifecycle.booked_outcome(
            entry.id, entry.account_id, entry.hold_id, entry.amount, entry.at, entry.price
        )

    def _examine(self, step: lifecycle.Examine) -> Call:
        # What the order comes to, or why it cannot be carried out, is kept.
        def send(effect: Effect) -> Outcome:
            try:
                planned = self._work().examine(effect)
            except StillRunning as error:
                raise self._unsettled(effect, Status.QUEUED, error, code="still-reading") from error
            except ActionError as error:
                return Outcome(EffectState.REFUSED, refusal(effect, error))
            except (MoodleError, PortalError) as error:
                raise self._unsettled(effect, Status.QUEUED, error) from error
            return Outcome(EffectState.DONE, planned)

        return Call(self._intent(step, step.request), send)

    def _operate(self, step: lifecycle.Operate) -> Call:
        # The program runs under the operation's key, or it is learned what became of it.
        return self._in_moodle(step, lambda effect: self._work().operate(effect))

    def _undo(self, step: lifecycle.Undo) -> Call:
        return self._in_moodle(step, lambda effect: self._work().undo(effect))

    def _work(self) -> Work:
        bridge = self._bridge
        return Work(
            self._ticket,
            bridge.portal,
            bridge.settings.catalogue,
            lambda: bridge.site(self._ticket),
            bridge.settings.bridge.zone,
        )

    def _in_moodle(
        self, step: lifecycle.Operate | lifecycle.Undo, work: Callable[[Effect], dict[str, Any]]
    ) -> Call:
        def send(effect: Effect) -> Outcome:
            try:
                evidence = work(effect)
            except StillRunning as error:
                raise self._unsettled(effect, Status.RUNNING, error, code="still-running") from error
            except ActionError as error:
                return Outcome(EffectState.REFUSED, refusal(effect, error))
            except OutcomeUnknown as error:
                raise self._unsettled(effect, Status.RUNNING, error, code="unknown-outcome") from error
            except (MoodleError, PortalError) as error:
                raise self._unsettled(effect, Status.RUNNING, error) from error
            return Outcome(EffectState.DONE, evidence)

        return Call(self._intent(step, step.request), send)

    def _freeze(self, step: lifecycle.Freeze) -> Call:
        return Call(self._intent(step, step.request), None)

    def _attach(self, step: lifecycle.Attach) -> Call:
        def send(effect: Effect) -> dict[str, Any]:
            asked = effect.request
            content = asked["text"].encode()
            kept = self._bridge.portal.attach(
                effect.key, self._ticket.id, asked["name"], asked["media_type"], content
            )
            return {"id": kept.id, "name": kept.name, "size": kept.size}

        return self._to_portal(self._intent(step, step.request), send)

    def _booked(
        self,
        intent: Effect,
        send: Callable[[Effect], dict[str, Any]],
        kind: LedgerKind,
        hold_kind: str | None,
    ) -> Call:
        """A write to the portal's ledger, and the row of the journal's own in the transaction that settles
        it.
        """
        hold_key = None
        if hold_kind is not None:
            hold_key = effect_key(
                intent.portal, intent.ticket_id, intent.stage_id, intent.revision, hold_kind
            )

        def book(unit: Unit, effect: Effect, outcome: Mapping[str, Any]) -> None:
            charges = lifecycle.charges_from(effect.request.get("charges", ()))
            unit.ledger.append(self._row(effect, outcome, kind, hold_key, charges), self._bridge.clock())

        def changing(effect: Effect) -> dict[str, Any]:
            self._accounts.pop(self._ticket.account_id, None)
            return send(effect)

        return self._to_portal(intent, changing, book)

    def _to_portal(
        self,
        intent: Effect,
        send: Callable[[Effect], dict[str, Any]],
        book: Callable[[Unit, Effect, Mapping[str, Any]], None] | None = None,
    ) -> Call:
        return Call(intent, lambda effect: self._portal_effect(effect, send, book))

    def _portal_effect(
        self,
        effect: Effect,
        send: Callable[[Effect], dict[str, Any]],
        book: Callable[[Unit, Effect, Mapping[str, Any]], None] | None = None,
    ) -> Outcome:
        try:
            outcome = send(effect)
        # Refusals of the moment, not of the effect: they must stand before PortalRefused, their base.
        except (KeyInProgress, PortalUnauthorized, PortalForbidden) as error:
            raise self._unsettled(effect, Status.QUEUED, error) from error
        except PortalRefused as error:
            return Outcome(EffectState.REFUSED, _refusal(error))
        # Also PortalOutcomeUnknown, a lost answer: the intent stays.
        except PortalError as error:
            raise self._unsettled(effect, Status.QUEUED, error) from error
        else:
            return Outcome(EffectState.DONE, outcome, book)

    def _intent(self, step: lifecycle.EffectStep, request: Mapping[str, Any]) -> Effect:
        stage_id = step.stage.id if step.stage is not None else ""
        return Effect.intent(
            self._bridge.portal.name,
            self._ticket.id,
            step.kind,
            request,
            stage_id=stage_id,
            revision=step.revision,
        )

    def _unsettled(self, effect: Effect, status: Status, error: BridgeError, *, code: str = "") -> Postpone:
        with self._bridge.journal.transaction() as unit:
            self._fence(unit)
            unit.effects.unsettled(effect.key, str(error))
        code = code or ("moodle" if isinstance(error, MoodleError) else "portal")
        until = None
        if code in ("still-running", "still-reading"):
            again = error.facts.get("again") if isinstance(error, StillRunning) else None
            until = self._bridge.clock() + _next_look(effect.attempts, again)
        return Postpone(status, Reason(code, {"detail": str(error), "what": effect.kind}), error, until)

    def _row(
        self,
        effect: Effect,
        outcome: Mapping[str, Any],
        kind: LedgerKind,
        hold_key: str | None,
        charges: tuple[Charge, ...],
    ) -> NewLedgerRow:
        totals = Totals.of(charges)
        price = outcome.get("price")
        return NewLedgerRow(
            portal=self._bridge.portal.name,
            account_id=outcome["account_id"],
            ticket_id=self._ticket.id,
            stage_id=effect.stage_id,
            revision=effect.revision,
            kind=kind,
            key=effect.key,
            hold_key=hold_key,
            spent_minutes=totals.spent_minutes,
            charged_minutes=totals.charged_minutes,
            coefficient_milli=None if totals.coefficient is None else to_milli(totals.coefficient),
            amount_mh=to_milli(Decimal(outcome["amount"])),
            price_kopecks=to_kopecks(Decimal(price)) if price else None,
            at=datetime.fromisoformat(outcome["at"]),
        )


def _next_look(attempts: int, left: float | None = None) -> timedelta:
    """How long after so many looks a running operation is looked at again: after `left` seconds, where that
    was told, but ever more seldom.
    """
    looks = min(max(attempts - 1, 0), 40)
    if left is None:
        seconds = FIRST_LOOK_SECONDS * 2.0**looks
    else:
        seconds = max(left, SOONEST_LOOK_SECONDS * 1.15**looks)
    return timedelta(seconds=min(seconds, LONGEST_LOOK_SECONDS))


def _refusal(error: PortalRefused) -> dict[str, Any]:
    outcome: dict[str, Any] = {"code": error.code, "detail": str(error)}
    if isinstance(error, InsufficientBalance):
        outcome |= {"available": text(error.available), "needed": text(error.needed)}
    if isinstance(error, StateConflict):
        outcome |= {"actual": error.actual}
    return outcome
