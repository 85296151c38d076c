"""Values of the core with everything filled in, so that a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bridge import lifecycle
from bridge.catalogue import Billing, BillingKind, Handling, Service
from bridge.effects import Effect, EffectState
from bridge.hours import text
from bridge.lifecycle import Case, History, Kind, OrderFault, Step, Wait, decide
from bridge.tickets import Account, Order, Stage, StageState, Ticket, TicketState

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PAID = "Выделенный специалист (н.часы)/Настройка"
ORDER = Order("2.9.1-access", {"shortname": "methodist"}, "поля заявки")
ROLE = {"kind": "role", "role_id": 9, "shortname": "methodist"}


def make_stage(**changes: Any) -> Stage:
    """A stage of 2 norm-hours at K = 1 that nobody has begun."""
    return replace(Stage("s1", "Новая роль", Decimal(2), Decimal(1), StageState.PLANNED), **changes)


def make_ticket(*stages: Stage, **changes: Any) -> Ticket:
    """A paid ticket, agreed, with one stage if no other is given."""
    ticket = Ticket(
        id="t1", number="101", version=1, category=PAID, subject="Роль методиста", customer_id="c1", customer_name="Вуз",
        account_id="a1", installation=None, state=TicketState.OPEN, created_at=NOW, updated_at=NOW, agreed_at=NOW,
        stages=stages or (make_stage(),),
    )  # fmt: skip
    return replace(ticket, **changes)


def make_account(available: int | str = 10, overdraft: int | str = 0) -> Account:
    """A balance with nothing posted and nothing held."""
    return Account("a1", Decimal(available), Decimal(0), Decimal(0), Decimal(available), Decimal(overdraft), 1)


def make_service(**changes: Any) -> Service:
    """A service that is billed by time really spent; an unattended run counts as half an hour."""
    service = Service(
        "2.9.1-access", "Новая роль", "13", Billing(BillingKind.ACTUAL), Decimal(1), Handling.AUTO, "create-role", Decimal("0.5")
    )
    return replace(service, **changes)


def effect_of(step: Step, state: EffectState = EffectState.DONE, outcome: Mapping[str, Any] | None = None, *, attempts: int = 1) -> Effect:
    """The effect that a step leaves in the journal, as `bridge.perform` writes it; `outcome` is added to what a step of its kind comes to."""
    request: dict[str, Any] = {}
    usual: dict[str, Any] = {}
    match step:
        case lifecycle.Tell():
            kind, usual = f"note:{step.message}", {"note_id": "n1"}
        case lifecycle.SetTicket():
            kind, request = step.kind.value, {"state": step.state.value}
        case lifecycle.SetStage():
            kind = step.kind.value
            request = {"state": step.state.value, "evidence": dict(step.evidence), "charges": lifecycle.charges_request(step.charges)}
            request["stage_revision"] = step.stage.revision
        case lifecycle.Examine():
            kind, request = Kind.PLAN.value, {"action": step.action, "order": lifecycle.order_request(step.order)}
            usual = {"summary": ["create a role"], "call": dict(step.order.params)}
        case lifecycle.Hold():
            kind, request = Kind.HOLD.value, {"account_id": "a1", "amount": text(step.amount)}
            usual = {"hold_id": f"h-{step.stage.id}-{step.revision}", "amount": text(step.amount)}
        case lifecycle.Operate():
            kind, request, usual = Kind.OPERATION.value, {"action": step.action, "call": dict(step.call)}, dict(ROLE)
        case lifecycle.Capture():
            charges = lifecycle.charges_request(step.charges)
            kind, request = Kind.CAPTURE.value, {"hold_id": step.hold_id, "amount": text(step.amount), "charges": charges}
            usual = {"amount": text(step.amount), "charges": charges, "price": None}
        case lifecycle.Void():
            kind, request = Kind.VOID.value, {"hold_id": step.hold_id}
        case _:
            raise AssertionError(f"{step} leaves no effect")
    stage = getattr(step, "stage", None)
    intent = Effect.intent("p", "t1", kind, request, stage_id=stage.id if stage else "", revision=getattr(step, "revision", 0))
    if state is EffectState.INTENDED:
        return replace(intent, attempts=attempts, error="no answer" if attempts else "")
    return replace(intent, state=state, attempts=attempts, outcome={**(usual if state is EffectState.DONE else {}), **(outcome or {})})


@dataclass
class Play:
    """A ticket's life, step by step: `next` asks `decide`, `does` lets the step happen, `until` goes on to a kind of step."""

    ticket: Ticket = field(default_factory=make_ticket)
    order: Order | OrderFault | None = ORDER
    service: Service | None = field(default_factory=make_service)
    balance: Account = field(default_factory=make_account)
    paid: bool = True
    unattended: bool = True
    effects: dict[str, Effect] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    account: Account | None = None
    seen: list[str] = field(default_factory=list)

    def next(self) -> Step:
        """What `decide` says now."""
        return decide(
            Case(
                self.ticket, self.paid, self.order, self.service, self.unattended, History(self.effects.values()), self.account,
                dict(self.revisions),
            )
        )  # fmt: skip

    def does(self, state: EffectState = EffectState.DONE, outcome: Mapping[str, Any] | None = None, *, attempts: int = 1) -> Step:
        """Let the next step happen, be refused, or lose its answer (`INTENDED`); returns it."""
        step = self.next()
        if isinstance(step, lifecycle.AskBalance):
            self.account = self.balance
            return step
        if isinstance(step, lifecycle.NewRevision):
            self.revisions[step.stage.id] = self.revisions.get(step.stage.id, 1) + 1
            return step
        effect = effect_of(step, state, outcome, attempts=attempts)
        self.effects[effect.key] = effect
        self.seen.append(effect.kind)
        self.account = None
        return step

    def until(self, wanted: type[Any]) -> Any:
        """Let steps happen until `decide` says a step of the kind `wanted`, or waits; returns that step, which has not happened yet."""
        for _ in range(100):
            step = self.next()
            if isinstance(step, (wanted, Wait)):
                assert isinstance(step, wanted), f"waits before {wanted.__name__}: {step}"
                return step
            self.does()
        raise AssertionError(f"goes in circles: {self.seen}")

    def rest(self) -> Wait:
        """Let steps happen until the ticket waits."""
        wait = self.until(Wait)
        assert isinstance(wait, Wait)
        return wait

    def portal(self, **changes: Any) -> None:
        """The customer changes the ticket on the portal; `stage` holds changes of its first stage."""
        stage = changes.pop("stage", None)
        if stage is not None:
            first, *others = self.ticket.stages
            changes["stages"] = (replace(first, **stage), *others)
        self.ticket = replace(self.ticket, **changes)
