"""Doing: one step of the lifecycle becomes one outside call, with its intent on disk before and its outcome on disk after.

Nothing outside is called inside an open transaction. What is known of a failure decides what the journal keeps: a refusal settles
the effect, an unknown outcome leaves the intent, so that the next pass sends the same key again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bridge import lifecycle
from bridge.actions import ACTIONS, ActionError, Policy, Site, StillRunning, validate
from bridge.effects import Effect, EffectState
from bridge.errors import BridgeError
from bridge.hours import Charge, text, to_kopecks, to_milli
from bridge.journal import Journal, NewLedgerRow, Unit
from bridge.lifecycle import Kind, Reason, Status
from bridge.messages import Messages
from bridge.moodle_ws import Moodle, MoodleError, NotMoodle, OutcomeUnknown
from bridge.portal import (
    InsufficientBalance,
    KeyInProgress,
    LedgerEntry,
    Portal,
    PortalError,
    PortalForbidden,
    PortalRefused,
    PortalUnauthorized,
    StateConflict,
)
from bridge.settings import InstallationTable, Settings
from bridge.tickets import Account, StageState, Ticket, TicketState

Progress = Callable[[Ticket, float, str], None]
"""Told while an operation of a ticket runs: the share done and Moodle's word for the step."""


Effectual = (
    lifecycle.Tell | lifecycle.SetTicket | lifecycle.SetStage | lifecycle.Examine | lifecycle.Hold | lifecycle.Operate | lifecycle.Capture
    | lifecycle.Void
)  # fmt: skip
"""Steps that are one outside call each."""


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


class Postpone(BridgeError):
    """The ticket cannot go on in this pass; its intents stay as they are and the next pass goes on from there.

    Attributes:
        status: where the ticket stands meanwhile.
        reason: why, for the operator.
        cause: the error behind it.
    """

    def __init__(self, status: Status, reason: Reason, cause: Exception) -> None:
        self.status = status
        self.reason = reason
        self.cause = cause
        super().__init__(str(cause))


@dataclass(frozen=True)
class Bridge:
    """Everything that a pass works with.

    Parameters:
        connect_moodle: opens the Moodle of an installation; called once for each.
        owner: who this worker is, for claims.
        progress: told while operations run.
        stopping: asked before work begins and while an operation is waited for; True ends the pass with everything on disk.
    """

    settings: Settings
    messages: Messages
    journal: Journal
    portal: Portal
    connect_moodle: Callable[[InstallationTable], Moodle]
    owner: str
    progress: Progress = lambda _ticket, _share, _step: None
    stopping: Callable[[], bool] = lambda: False
    clock: Callable[[], datetime] = utc_now
    _moodles: dict[str, Moodle] = field(default_factory=dict)

    def site(self, ticket: Ticket) -> Site:
        """The installation that the ticket is about, as actions see it.

        Raises:
            Postpone: the settings know no installation with the ticket's serial.
            MoodleError: it cannot be reached.
        """
        installation = self.settings.installation(ticket.installation)
        if installation is None:
            error = BridgeError(f"no [[installation]] has the serial {ticket.installation!r}")
            raise Postpone(Status.FAILED, Reason("no-installation", {"serial": ticket.installation or ""}), error)
        if installation.name not in self._moodles:
            self._moodles[installation.name] = self.connect_moodle(installation)
        policy = Policy(self.settings.policy.capabilities_allowed, installation.restore_category)
        return Site(
            self._moodles[installation.name], policy, self.settings.bridge.operation_wait_seconds,
            lambda share, step: self.progress(ticket, share, step), self.stopping,
        )  # fmt: skip


class Performer:
    """Performs the steps of one ticket.

    Parameters:
        ticket: as the journal knows it.
        accounts: balances read in this pass, by account id; forgotten when a write changes one.
    """

    def __init__(self, bridge: Bridge, ticket: Ticket, accounts: dict[str, Account]) -> None:
        self._bridge = bridge
        self._ticket = ticket
        self._accounts = accounts

    def account(self) -> Account:
        """The balance of the ticket's account, read at most once a pass as long as nothing changes it.

        Raises:
            Postpone: the portal could not tell.
        """
        account_id = self._ticket.account_id
        if account_id not in self._accounts:
            try:
                self._accounts[account_id] = self._bridge.portal.account(account_id)
            except PortalRefused as error:
                raise Postpone(Status.FAILED, Reason("account", {"account": account_id, "detail": str(error)}), error) from error
        return self._accounts[account_id]

    def perform(self, step: Effectual) -> Effect:
        """Make the step's one outside call; returns the effect as it was settled.

        Raises:
            Postpone: the outcome is not known, or the other side cannot be used now.
            JournalError: the intent could not be put on disk; nothing was called.
        """
        match step:
            case lifecycle.Tell():
                return self._tell(step)
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
            case lifecycle.Capture():
                return self._capture(step)
            case lifecycle.Void():
                return self._void(step)

    def _tell(self, step: lifecycle.Tell) -> Effect:
        text = self._bridge.messages.render(step.message, self._ticket, step.facts)
        stage_id = step.stage.id if step.stage else ""
        return self._portal_effect(
            f"note:{step.message}", stage_id, step.revision, {"text": text},
            lambda effect: {"note_id": self._bridge.portal.note(effect.key, self._ticket.id, effect.request["text"])},
        )  # fmt: skip

    def _set_ticket(self, step: lifecycle.SetTicket) -> Effect:
        # Set the ticket's state, unless the customer has withdrawn it.
        expected = [state.value for state in TicketState if state is not TicketState.WITHDRAWN]

        def send(effect: Effect) -> dict[str, Any]:
            asked = [TicketState(state) for state in effect.request["expected"]]
            self._bridge.portal.set_ticket_state(effect.key, self._ticket.id, TicketState(effect.request["state"]), asked)
            return {"state": effect.request["state"]}

        request = {"state": step.state.value, "expected": expected}
        return self._portal_effect(step.kind, step.stage.id, step.revision, request, send)

    def _set_stage(self, step: lifecycle.SetStage) -> Effect:
        # Set a stage's state; with READY its evidence and the frozen lines of its write-off.
        request = {
            "state": step.state.value, "expected": [state.value for state in lifecycle.STAGE_BEFORE[step.state]],
            "evidence": dict(step.evidence), "charges": lifecycle.charges_request(step.charges), "stage_revision": step.stage.revision,
        }  # fmt: skip

        def send(effect: Effect) -> dict[str, Any]:
            asked = effect.request
            expected = [StageState(state) for state in asked["expected"]]
            self._bridge.portal.set_stage_state(
                effect.key, self._ticket.id, step.stage.id, StageState(asked["state"]), expected, asked["evidence"]
            )
            return {"state": asked["state"]}

        return self._portal_effect(step.kind, step.stage.id, step.revision, request, send)

    def _hold(self, step: lifecycle.Hold) -> Effect:
        # Hold a stage's hours; a hold that does not fit is settled as refused and may be asked for again after a top-up.
        request = {"account_id": self._ticket.account_id, "amount": text(step.amount)}

        def send(effect: Effect) -> dict[str, Any]:
            entry = self._bridge.portal.hold(
                effect.key, effect.request["account_id"], self._ticket.id, step.stage.id, Decimal(effect.request["amount"])
            )
            return _entry(entry)

        def book(unit: Unit, effect: Effect, outcome: Mapping[str, Any]) -> None:
            unit.append_ledger(self._row(effect, outcome, "hold", None), self._bridge.clock())

        self._accounts.pop(self._ticket.account_id, None)
        return self._portal_effect(Kind.HOLD, step.stage.id, step.revision, request, send, book)

    def _capture(self, step: lifecycle.Capture) -> Effect:
        # Write an accepted stage off.
        request = {
            "hold_id": step.hold_id, "amount": text(step.amount), "charges": lifecycle.charges_request(step.charges),
            "evidence": dict(step.evidence),
        }  # fmt: skip

        def send(effect: Effect) -> dict[str, Any]:
            asked = effect.request
            entry = self._bridge.portal.capture(
                effect.key, asked["hold_id"], lifecycle.charges_from(asked["charges"]), Decimal(asked["amount"]), asked["evidence"]
            )
            return {**_entry(entry), "charges": asked["charges"]}

        def book(unit: Unit, effect: Effect, outcome: Mapping[str, Any]) -> None:
            charges = lifecycle.charges_from(effect.request["charges"])
            unit.append_ledger(
                self._row(effect, outcome, "capture", self._hold_key(step.stage.id, step.revision), charges), self._bridge.clock()
            )

        self._accounts.pop(self._ticket.account_id, None)
        return self._portal_effect(Kind.CAPTURE, step.stage.id, step.revision, request, send, book)

    def _void(self, step: lifecycle.Void) -> Effect:
        # Return a stage's hold to the balance.

        def send(effect: Effect) -> dict[str, Any]:
            return _entry(self._bridge.portal.void(effect.key, effect.request["hold_id"]))

        def book(unit: Unit, effect: Effect, outcome: Mapping[str, Any]) -> None:
            unit.append_ledger(self._row(effect, outcome, "void", self._hold_key(step.stage.id, step.revision)), self._bridge.clock())

        self._accounts.pop(self._ticket.account_id, None)
        return self._portal_effect(Kind.VOID, step.stage.id, step.revision, {"hold_id": step.hold_id}, send, book)

    def _examine(self, step: lifecycle.Examine) -> Effect:
        # Let the action plan the order; what it plans, or why it cannot be carried out, is kept.
        request = {"action": step.action, "order": lifecycle.order_request(step.order)}
        effect = self._sending(self._intent(Kind.PLAN, step.stage.id, step.revision, request))
        # The order as it was first intended: a changed one gets a plan of its own, under a new revision.
        name, params = effect.request["action"], effect.request["order"]["params"]
        action = ACTIONS[name]
        try:
            site = self._bridge.site(self._ticket)
            with _believed(name, NotMoodle):
                plan = action.plan(validate(action.params, params), site)
        except ActionError as error:
            return self._settle(effect, EffectState.REFUSED, error.outcome())
        except MoodleError as error:
            raise self._unsettled(effect, Status.QUEUED, error) from error
        else:
            return self._settle(effect, EffectState.DONE, {"summary": list(plan.summary), "call": dict(plan.call)})

    def _operate(self, step: lifecycle.Operate) -> Effect:
        # Let the action work under the operation's key, or learn what became of it.
        effect = self._sending(self._intent(Kind.OPERATION, step.stage.id, step.revision, {"action": step.action, "call": dict(step.call)}))
        try:
            site = self._bridge.site(self._ticket)
            with _believed(effect.request["action"], OutcomeUnknown):
                evidence = ACTIONS[effect.request["action"]].apply(effect.request["call"], effect.key, site)
        except StillRunning as error:
            raise self._unsettled(effect, Status.RUNNING, error, code="still-running") from error
        except ActionError as error:
            return self._settle(effect, EffectState.REFUSED, error.outcome())
        except OutcomeUnknown as error:
            raise self._unsettled(effect, Status.RUNNING, error, code="unknown-outcome") from error
        except MoodleError as error:
            raise self._unsettled(effect, Status.RUNNING, error) from error
        else:
            return self._settle(effect, EffectState.DONE, evidence)

    def _portal_effect(
        self,
        kind: str,
        stage_id: str,
        revision: int,
        request: Mapping[str, Any],
        send: Callable[[Effect], dict[str, Any]],
        book: Callable[[Unit, Effect, Mapping[str, Any]], None] | None = None,
    ) -> Effect:
        effect = self._sending(self._intent(kind, stage_id, revision, request))
        try:
            outcome = send(effect)
        except (KeyInProgress, PortalUnauthorized, PortalForbidden) as error:
            raise self._unsettled(effect, Status.QUEUED, error) from error
        except PortalRefused as error:
            return self._settle(effect, EffectState.REFUSED, _refusal(error))
        except PortalError as error:
            raise self._unsettled(effect, Status.QUEUED, error) from error
        else:
            return self._settle(effect, EffectState.DONE, outcome, book)

    def _intent(self, kind: str, stage_id: str, revision: int, request: Mapping[str, Any]) -> Effect:
        return Effect.intent(self._bridge.portal.name, self._ticket.id, kind, request, stage_id=stage_id, revision=revision)

    def _sending(self, effect: Effect) -> Effect:
        """Put the intent on disk and count the attempt, before anything is sent; returns the intent as it was first written."""
        with self._bridge.journal.transaction() as unit:
            return unit.sending(effect, self._bridge.clock())

    def _settle(
        self,
        effect: Effect,
        state: EffectState,
        outcome: Mapping[str, Any],
        book: Callable[[Unit, Effect, Mapping[str, Any]], None] | None = None,
    ) -> Effect:
        with self._bridge.journal.transaction() as unit:
            settled = unit.settle(effect.key, state, outcome, self._bridge.clock())
            if book is not None:
                book(unit, effect, outcome)
        return settled

    def _unsettled(self, effect: Effect, status: Status, error: BridgeError, *, code: str = "") -> Postpone:
        with self._bridge.journal.transaction() as unit:
            unit.unsettled(effect.key, str(error))
        code = code or ("moodle" if isinstance(error, MoodleError) else "portal")
        return Postpone(status, Reason(code, {"detail": str(error), "what": effect.kind}), error)

    def _hold_key(self, stage_id: str, revision: int) -> str:
        return self._intent(Kind.HOLD, stage_id, revision, {}).key

    def _row(
        self, effect: Effect, outcome: Mapping[str, Any], kind: Any, hold_key: str | None, charges: tuple[Charge, ...] = ()
    ) -> NewLedgerRow:
        coefficients = {charge.coefficient for charge in charges}
        price = outcome.get("price")
        return NewLedgerRow(
            portal=self._bridge.portal.name, account_id=self._ticket.account_id, ticket_id=self._ticket.id, stage_id=effect.stage_id,
            revision=effect.revision, kind=kind, key=effect.key, hold_key=hold_key,
            spent_minutes=sum(charge.spent_minutes for charge in charges), charged_minutes=sum(charge.charged_minutes for charge in charges),
            coefficient_milli=to_milli(coefficients.pop()) if len(coefficients) == 1 else None,
            amount_mh=to_milli(Decimal(outcome["amount"])), price_kopecks=to_kopecks(Decimal(price)) if price else None,
            at=datetime.fromisoformat(outcome["at"]),
        )  # fmt: skip


@contextmanager
def _believed(action: str, otherwise: type[MoodleError]) -> Iterator[None]:
    """An answer of Moodle that lacks what an action looks for is no answer."""
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise otherwise(action, f"an answer of Moodle is not what the plugin promises: {error!r}") from error


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "entry_id": entry.id, "hold_id": entry.hold_id, "amount": text(entry.amount), "at": entry.at.isoformat(),
        "price": None if entry.price is None else str(entry.price),
    }  # fmt: skip


def _refusal(error: PortalRefused) -> dict[str, Any]:
    outcome: dict[str, Any] = {"code": error.code, "detail": str(error)}
    if isinstance(error, InsufficientBalance):
        outcome |= {"available": text(error.available), "needed": text(error.needed)}
    if isinstance(error, StateConflict):
        outcome |= {"actual": error.actual}
    return outcome
