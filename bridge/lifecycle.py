"""The whole game of the seed's item 1 as one pure function: `decide(case)` says what comes next for a ticket.

It is called again after every step until it answers `Wait`. The rules stand in the seed's order:

- R1  only tickets of the paid category are worked on;
- R2  what is written off is time really spent, or fixed by the service's terms (bridge.billing);
- R3  work starts after the final agreement, where one is required, and with enough norm-hours on the balance;
- R4  stages are worked on, accepted and written off one after another;
- R5  a stage that the balance does not cover suspends the ticket until a top-up;
- R6  tickets are taken in the order of final agreement (the queue itself: bridge.journal);
- R7  the customer may withdraw a ticket: what was accepted is written off, nothing else is;
- R8  price = hours × K × price of a norm-hour (bridge.hours).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Any

from bridge import billing
from bridge.catalogue import Service
from bridge.effects import Effect, EffectState
from bridge.hours import Charge, hours_taken, text
from bridge.tickets import Account, Order, Stage, StageState, Ticket, TicketState


class Status(StrEnum):
    """Where a ticket stands for the bridge; the portal's own states are `bridge.tickets.TicketState`."""

    NOT_PAID = "not-paid"
    NEEDS_ORDER = "needs-order"
    AWAITING_AGREEMENT = "awaiting-agreement"
    QUEUED = "queued"
    HELD = "held"
    RUNNING = "running"
    AWAITING_ACCEPTANCE = "awaiting-acceptance"
    WRITING_OFF = "writing-off"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class Kind(StrEnum):
    """Kinds of effects that the history of a ticket is made of; notes are `note:` plus the message's name."""

    PLAN = "plan"
    HOLD = "hold"
    OPERATION = "operation"
    CAPTURE = "capture"
    VOID = "void"
    STAGE_IN_PROGRESS = "stage:in_progress"
    STAGE_READY = "stage:ready"
    TICKET_SUSPENDED = "ticket:suspended"
    TICKET_IN_PROGRESS = "ticket:in_progress"
    TICKET_AWAITING = "ticket:awaiting_acceptance"
    TICKET_DONE = "ticket:done"


STAGE_BEFORE: Mapping[StageState, tuple[StageState, ...]] = {
    StageState.IN_PROGRESS: (StageState.PLANNED, StageState.REJECTED, StageState.IN_PROGRESS),
    StageState.READY: (StageState.IN_PROGRESS, StageState.READY),
}
"""From which states of a stage the bridge sets which."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a ticket waits: a code of docs/troubleshooting.md and the facts that its sentence needs."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """As the journal keeps it."""
        return json.dumps({"code": self.code, "facts": dict(self.facts)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Reason:
        """As the journal kept it."""
        kept = json.loads(text)
        return cls(kept["code"], kept["facts"])


@dataclass(frozen=True, slots=True)
class OrderFault:
    """An order that cannot be understood: the order's source, and the faults in the customer's words."""

    source: str
    problems: tuple[str, ...]


class History:
    """The effects of one ticket, to be asked by kind, stage and revision."""

    def __init__(self, effects: Iterable[Effect] = ()) -> None:
        self._effects = {(effect.kind, effect.stage_id, effect.revision): effect for effect in effects}

    def get(self, kind: str, stage_id: str = "", revision: int = 0) -> Effect | None:
        """The effect of this kind, None when it was never intended."""
        return self._effects.get((kind, stage_id, revision))

    def settled(self, kind: str, stage_id: str = "", revision: int = 0) -> bool:
        """Whether the effect happened or was refused for good."""
        effect = self.get(kind, stage_id, revision)
        return effect is not None and effect.state is not EffectState.INTENDED

    def done(self, kind: str, stage_id: str = "", revision: int = 0) -> Effect | None:
        """The effect if it happened, else None."""
        effect = self.get(kind, stage_id, revision)
        return effect if effect is not None and effect.state is EffectState.DONE else None

    def sent(self, kind: str, stage_id: str = "", revision: int = 0) -> bool:
        """Whether the effect happened, or may have."""
        effect = self.get(kind, stage_id, revision)
        return effect is not None and (effect.state is EffectState.DONE or (effect.state is EffectState.INTENDED and effect.attempts > 0))


@dataclass(frozen=True, slots=True)
class Case:
    """All that `decide` looks at.

    Attributes:
        paid: whether the ticket's category is a paid one (R1).
        order: the order inside the ticket, what is wrong with it, or None when there is free text only.
        service: the catalogue's service of the order.
        unattended: whether the site lets this service run with nobody's hands.
        account: the balance as it was just read; None as long as nobody has asked.
        revisions: which attempt each stage is at, 1 where nothing is said.
    """

    ticket: Ticket
    paid: bool
    order: Order | OrderFault | None
    service: Service | None
    unattended: bool
    history: History
    account: Account | None = None
    revisions: Mapping[str, int] = field(default_factory=dict)

    def revision(self, stage: Stage) -> int:
        """Which attempt at the stage this is."""
        return self.revisions.get(stage.id, 1)


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until somebody moves: the customer, an operator, or time."""

    status: Status
    reason: Reason


@dataclass(frozen=True, slots=True)
class AskBalance:
    """Read the account, then decide again."""


@dataclass(frozen=True, slots=True)
class NewRevision:
    """The order of a failed attempt was changed: begin a new attempt at the stage."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Tell:
    """Send the customer a message, once: the name of its template and the facts that it needs."""

    message: str
    stage: Stage | None
    revision: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SetTicket:
    """Set the ticket's state on the portal."""

    kind: Kind
    state: TicketState
    stage: Stage
    revision: int


@dataclass(frozen=True, slots=True)
class SetStage:
    """Set a stage's state on the portal; with `READY` go evidence and the frozen lines of its write-off."""

    kind: Kind
    state: StageState
    stage: Stage
    revision: int
    evidence: Mapping[str, Any] = field(default_factory=dict)
    charges: tuple[Charge, ...] = ()


@dataclass(frozen=True, slots=True)
class Examine:
    """Let the action plan the order: reads only."""

    stage: Stage
    revision: int
    action: str
    order: Order


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold a stage's hours on the portal."""

    stage: Stage
    revision: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Operate:
    """Let the action do its work under the operation's key, or learn what became of it."""

    stage: Stage
    revision: int
    action: str
    call: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Capture:
    """Write an accepted stage off."""

    stage: Stage
    revision: int
    hold_id: str
    charges: tuple[Charge, ...]
    amount: Decimal
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Void:
    """Return a stage's hold to the balance."""

    stage: Stage
    revision: int
    hold_id: str


Step = Wait | AskBalance | NewRevision | Tell | SetTicket | SetStage | Examine | Hold | Operate | Capture | Void


def decide(case: Case) -> Step:
    """Say what comes next for a ticket.

    Never asks for an effect that the history shows as settled, so that the same case always gives the same step.
    """
    for stage in case.ticket.stages:
        left_open = _left_open(case, stage)
        if left_open is not None:
            return left_open
    if not case.paid and not _started(case):
        return Wait(Status.NOT_PAID, Reason("not-paid", {"category": case.ticket.category}))
    if case.ticket.withdrawn_at is not None or case.ticket.state is TicketState.WITHDRAWN:
        return _withdrawn(case)
    if not _started(case) and (step := _unusable_order(case)) is not None:
        return step
    return _agreement(case) or _stages(case)


def _unusable_order(case: Case) -> Step | None:
    """What there is to do as long as the order is none that an action carries out; None when it is one."""
    if case.order is None:
        return Wait(Status.NEEDS_ORDER, Reason("free-text"))
    if isinstance(case.order, OrderFault):
        facts = {"source": case.order.source, "problems": list(case.order.problems)}
        message = f"order:{_digest(case.order.problems)}"
        if not case.history.settled(f"note:{message}"):
            return Tell(message, None, 0, facts)
        return Wait(Status.NEEDS_ORDER, Reason("order-faults", facts))
    if case.service is None or case.service.action is None or not case.unattended or len(case.ticket.stages) > 1:
        return Wait(Status.NEEDS_ORDER, Reason("by-hand", {"service": case.order.service}))
    return None


def _agreement(case: Case) -> Step | None:
    ticket = case.ticket
    if ticket.agreement_required and ticket.agreed_at is None:
        return Wait(Status.AWAITING_AGREEMENT, Reason("not-agreed"))
    if not ticket.stages:
        return Wait(Status.AWAITING_AGREEMENT, Reason("no-stages"))
    return None


def _stages(case: Case) -> Step:
    for stage in case.ticket.stages:
        step = _stage(case, stage)
        if step is not None:
            return step
    last = case.ticket.stages[-1]
    revision = case.revision(last)
    if not case.history.settled(Kind.TICKET_DONE, last.id, revision):
        return SetTicket(Kind.TICKET_DONE, TicketState.DONE, last, revision)
    if not case.history.settled("note:done"):
        return Tell("done", None, 0, {"taken": text(_taken(case))})
    return Wait(Status.DONE, Reason("done"))


def _stage(case: Case, stage: Stage) -> Step | None:
    """The next step of one stage, None when it is written off and told."""
    history, revision = case.history, case.revision(stage)
    captured = history.done(Kind.CAPTURE, stage.id, revision)
    if captured is not None:
        return _tell(case, "written_off", stage, dict(captured.outcome or {}))
    refused = _refused(case, stage)
    if refused is not None:
        return _failed(case, stage, refused)
    if history.done(Kind.HOLD, stage.id, revision) is None:
        return _before_hold(case, stage)
    if history.done(Kind.OPERATION, stage.id, revision) is None:
        return _work(case, stage)
    return _acceptance(case, stage)


def _before_hold(case: Case, stage: Stage) -> Step:
    history, revision = case.history, case.revision(stage)
    amount = billing.amount_to_hold(stage)
    if history.sent(Kind.HOLD, stage.id, revision):
        return Hold(stage, revision, amount)
    unusable = _unusable_order(case)
    if unusable is not None:
        return unusable
    if case.account is None:
        return AskBalance()
    spendable = case.account.available + case.account.overdraft_limit
    if spendable < amount:
        facts = {"needed": text(amount), "available": text(case.account.available), "missing": text(amount - spendable)}
        told = _tell(case, "held", stage, facts)
        if told is not None:
            return told
        if not history.settled(Kind.TICKET_SUSPENDED, stage.id, revision):
            return SetTicket(Kind.TICKET_SUSPENDED, TicketState.SUSPENDED, stage, revision)
        if _did_not_fit(history.get(Kind.HOLD, stage.id, revision)):
            return Hold(stage, revision, amount)
        return Wait(Status.HELD, Reason("balance", facts))
    plan = history.done(Kind.PLAN, stage.id, revision)
    if plan is None:
        assert isinstance(case.order, Order), "_unusable_order lets nothing else through"
        assert case.service is not None
        assert case.service.action is not None
        return Examine(stage, revision, case.service.action, case.order)
    if isinstance(case.order, Order) and plan.request["order"] != order_request(case.order):
        return NewRevision(stage)
    return Hold(stage, revision, amount)


def _left_open(case: Case, stage: Stage) -> Step | None:
    """Return the hold of an earlier attempt before anything else, whatever has become of order, category and agreement meanwhile."""
    history = case.history
    for earlier in range(1, case.revision(stage)):
        hold = history.done(Kind.HOLD, stage.id, earlier)
        if hold is None or history.done(Kind.CAPTURE, stage.id, earlier) or history.done(Kind.VOID, stage.id, earlier):
            continue
        void = history.get(Kind.VOID, stage.id, earlier)
        if void is not None and void.state is EffectState.REFUSED:
            return Wait(Status.FAILED, Reason("refused", {"what": void.kind, **(void.outcome or {})}))
        assert hold.outcome is not None
        return Void(stage, earlier, hold.outcome["hold_id"])
    return None


def _work(case: Case, stage: Stage) -> Step:
    history, revision = case.history, case.revision(stage)
    if not history.settled(Kind.TICKET_IN_PROGRESS, stage.id, revision):
        return SetTicket(Kind.TICKET_IN_PROGRESS, TicketState.IN_PROGRESS, stage, revision)
    if not history.settled(Kind.STAGE_IN_PROGRESS, stage.id, revision):
        return SetStage(Kind.STAGE_IN_PROGRESS, StageState.IN_PROGRESS, stage, revision)
    told = _tell(case, "taken", stage, {"amount": text(billing.amount_to_hold(stage))})
    if told is not None:
        return told
    plan = history.done(Kind.PLAN, stage.id, revision)
    assert plan is not None
    assert plan.outcome is not None
    return Operate(stage, revision, plan.request["action"], plan.outcome["call"])


def _acceptance(case: Case, stage: Stage) -> Step:
    history, revision = case.history, case.revision(stage)
    operation = history.done(Kind.OPERATION, stage.id, revision)
    assert operation is not None
    evidence = dict(operation.outcome or {})
    ready = history.get(Kind.STAGE_READY, stage.id, revision)
    if ready is None:
        if case.service is None:
            detail = "the order was changed while its work ran and names no service of the catalogue any more"
            return Wait(Status.FAILED, Reason("refused", {"what": "order", "detail": detail}))
        entries = billing.stage_entries(case.ticket, stage)
        lines = billing.charges(case.service, stage, entries, unattended=True)
        hold = history.done(Kind.HOLD, stage.id, revision)
        assert hold is not None
        assert hold.outcome is not None
        agreed = min(billing.amount_to_hold(stage), Decimal(hold.outcome["amount"]))
        if hours_taken(lines) > agreed:
            facts = {"agreed": text(agreed), "spent": text(hours_taken(lines))}
            return Wait(Status.FAILED, Reason("beyond-agreed", facts))
        return SetStage(Kind.STAGE_READY, StageState.READY, stage, revision, evidence, lines)
    lines = _frozen(ready)
    if ready.state is EffectState.INTENDED:
        return SetStage(Kind.STAGE_READY, StageState.READY, stage, revision, evidence, lines)
    told = _tell(case, "ready", stage, {"evidence": evidence, "taken": text(hours_taken(lines))})
    if told is not None:
        return told
    if not history.settled(Kind.TICKET_AWAITING, stage.id, revision):
        return SetTicket(Kind.TICKET_AWAITING, TicketState.AWAITING_ACCEPTANCE, stage, revision)
    if stage.state is StageState.REJECTED and stage.revision > ready.request.get("stage_revision", 0):
        return Wait(Status.FAILED, Reason("rejected", {"stage": stage.title, "comment": stage.comment}))
    if stage.state not in (StageState.ACCEPTED, StageState.WRITTEN_OFF) and not history.sent(Kind.CAPTURE, stage.id, revision):
        return Wait(Status.AWAITING_ACCEPTANCE, Reason("not-accepted", {"stage": stage.title}))
    return _capture(case, stage, lines)


def _capture(case: Case, stage: Stage, lines: tuple[Charge, ...]) -> Step:
    history, revision = case.history, case.revision(stage)
    hold = history.done(Kind.HOLD, stage.id, revision)
    operation = history.done(Kind.OPERATION, stage.id, revision)
    assert hold is not None
    assert hold.outcome is not None
    assert operation is not None
    return Capture(stage, revision, hold.outcome["hold_id"], lines, hours_taken(lines), dict(operation.outcome or {}))


def _withdrawn(case: Case) -> Step:
    """R7: an accepted stage is written off, a running operation is waited for, every other hold goes back."""
    history = case.history
    for stage in case.ticket.stages:
        revision = case.revision(stage)
        hold = history.get(Kind.HOLD, stage.id, revision)
        if _did_not_fit(hold):
            return Hold(stage, revision, billing.amount_to_hold(stage))
        if hold is None or not history.sent(Kind.HOLD, stage.id, revision):
            continue
        if history.done(Kind.CAPTURE, stage.id, revision) or history.done(Kind.VOID, stage.id, revision):
            continue
        if (refused := _refused(case, stage)) is not None and refused.kind in (Kind.VOID, Kind.CAPTURE):
            return _failed(case, stage, refused)
        if hold.state is EffectState.INTENDED:
            return Hold(stage, revision, billing.amount_to_hold(stage))
        operation = history.get(Kind.OPERATION, stage.id, revision)
        if operation is not None and operation.state is EffectState.INTENDED and operation.attempts:
            return Operate(stage, revision, operation.request["action"], operation.request["call"])
        ready = history.get(Kind.STAGE_READY, stage.id, revision)
        accepted = stage.state in (StageState.ACCEPTED, StageState.WRITTEN_OFF) or history.sent(Kind.CAPTURE, stage.id, revision)
        if ready is not None and accepted and not history.sent(Kind.VOID, stage.id, revision):
            return _capture(case, stage, _frozen(ready))
        assert hold.outcome is not None
        return Void(stage, revision, hold.outcome["hold_id"])
    left = [stage.title for stage in case.ticket.stages if _unaccepted_work(case, stage)]
    return Wait(Status.WITHDRAWN, Reason("withdrawn-with-work" if left else "withdrawn", {"stages": left}))


def _unaccepted_work(case: Case, stage: Stage) -> bool:
    revision = case.revision(stage)
    done = case.history.done(Kind.OPERATION, stage.id, revision)
    return done is not None and case.history.done(Kind.CAPTURE, stage.id, revision) is None


def _refused(case: Case, stage: Stage) -> Effect | None:
    """The effect that ended the attempt at the stage, if one did."""
    revision = case.revision(stage)
    for kind in (Kind.VOID, Kind.PLAN, Kind.OPERATION, Kind.STAGE_IN_PROGRESS, Kind.STAGE_READY, Kind.CAPTURE):
        effect = case.history.get(kind, stage.id, revision)
        if effect is not None and effect.state is EffectState.REFUSED:
            return effect
    hold = case.history.get(Kind.HOLD, stage.id, revision)
    if hold is not None and hold.state is EffectState.REFUSED and not _did_not_fit(hold):
        return hold
    return None


def _did_not_fit(hold: Effect | None) -> bool:
    """Whether a hold was refused for the balance. An earlier sending of it may still be under way and hold the hours late, so it is
    asked for again under its key: the balance alone would not tell that the hours are missing because this very hold has them."""
    return hold is not None and hold.state is EffectState.REFUSED and (hold.outcome or {}).get("code") == "insufficient_balance"


def _failed(case: Case, stage: Stage, refused: Effect) -> Step:
    """Return the hold, tell the customer why, and wait for an operator or for a changed order."""
    history, revision = case.history, case.revision(stage)
    hold = history.done(Kind.HOLD, stage.id, revision)
    if refused.kind in (Kind.PLAN, Kind.OPERATION):
        if hold is not None and history.done(Kind.VOID, stage.id, revision) is None:
            assert hold.outcome is not None
            return Void(stage, revision, hold.outcome["hold_id"])
        told = _tell(case, "cannot", stage, dict(refused.outcome or {}))
        if told is not None:
            return told
        plan = history.get(Kind.PLAN, stage.id, revision)
        if plan is not None and isinstance(case.order, Order) and plan.request["order"] != order_request(case.order):
            return NewRevision(stage)
    return Wait(Status.FAILED, Reason("refused", {"what": refused.kind, **(refused.outcome or {})}))


def _tell(case: Case, message: str, stage: Stage, facts: Mapping[str, Any]) -> Tell | None:
    revision = case.revision(stage)
    if case.history.settled(f"note:{message}", stage.id, revision):
        return None
    return Tell(message, stage, revision, {"stage": stage.title, **facts})


def _started(case: Case) -> bool:
    """Whether hours are held or may be: from then on a changed order no longer changes what is done."""
    return any(case.history.sent(Kind.HOLD, stage.id, case.revision(stage)) for stage in case.ticket.stages)


def _taken(case: Case) -> Decimal:
    captures = (case.history.done(Kind.CAPTURE, stage.id, case.revision(stage)) for stage in case.ticket.stages)
    return sum((Decimal(effect.outcome["amount"]) for effect in captures if effect is not None and effect.outcome), Decimal(0))


def order_request(order: Order) -> dict[str, Any]:
    """An order as the journal keeps it."""
    return {"service": order.service, "params": dict(order.params)}


def charges_request(charges: Iterable[Charge]) -> list[dict[str, Any]]:
    """The lines of a write-off as the journal keeps them; `charges_from` reads them back."""
    return [
        {
            "category": line.category,
            "spent_minutes": line.spent_minutes,
            "charged_minutes": line.charged_minutes,
            "coefficient": str(line.coefficient),
        }
        for line in charges
    ]


def charges_from(lines: Iterable[Mapping[str, Any]]) -> tuple[Charge, ...]:
    """The lines of a write-off from what the journal kept."""
    return tuple(Charge(line["category"], line["spent_minutes"], line["charged_minutes"], Decimal(line["coefficient"])) for line in lines)


def _frozen(ready: Effect) -> tuple[Charge, ...]:
    """The lines that were frozen when the stage was reported ready."""
    return charges_from(ready.request["charges"])


def _digest(problems: Iterable[str]) -> str:
    return sha256("\n".join(problems).encode()).hexdigest()[:12]
