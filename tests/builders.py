"""Values of the core with everything filled in, so that a test names only what it is about."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from bridge.domain import lifecycle
from bridge.domain.catalogue import Billing, BillingKind, Catalogue, Category, Handling, Service
from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import text
from bridge.domain.lifecycle import Case, Decisions, History, OrderFault, Step, Terms, Wait, answer, judge
from bridge.domain.tickets import Account, Order, Stage, StageState, Ticket, TicketState, TimeEntry
from bridge.flow.messages import Messages

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PAID = "Выделенный специалист (н.часы)/Настройка"
ORDER = Order("2.9.1-access", {"shortname": "methodist"}, "поля заявки", action="create-role")
DEVELOPMENT = Category("development", "Разработка и сопровождение", Decimal(1), ())
CONTENT = Category("content", "Ассистент редактора", Decimal("0.6"), ())
ROLE = {"kind": "role", "role_id": 9, "shortname": "methodist"}


SHOWN: dict[tuple[str, str], str] = {}
"""The first test that saw each gate give each answer: docs/lifecycle.md names it."""


def make_stage(**changes: Any) -> Stage:
    """A stage of 2 norm-hours at K = 1 that nobody has begun."""
    return replace(Stage("s1", "Новая роль", Decimal(2), Decimal(1), StageState.PLANNED), **changes)


def make_ticket(*stages: Stage, **changes: Any) -> Ticket:
    """A paid ticket, agreed, with one stage if no other is given."""
    ticket = Ticket(
        id="t1",
        number="101",
        version=1,
        category=PAID,
        subject="Роль методиста",
        customer_id="c1",
        customer_name="Вуз",
        account_id="a1",
        installation=None,
        state=TicketState.OPEN,
        created_at=NOW,
        updated_at=NOW,
        agreed_at=NOW,
        stages=stages or (make_stage(),),
    )
    return replace(ticket, **changes)


def make_account(available: int | str = 10, overdraft: int | str = 0) -> Account:
    """A balance with nothing posted and nothing held."""
    return Account(
        "a1", Decimal(available), Decimal(0), Decimal(0), Decimal(available), Decimal(overdraft), 1
    )


def make_service(**changes: Any) -> Service:
    """A service that is billed by time really spent; an unattended run counts as half an hour."""
    service = Service(
        id="2.9.1-access",
        name="Новая роль",
        item="13",
        section="2.9.1",
        category=DEVELOPMENT,
        billing=Billing(BillingKind.ACTUAL),
        handling=Handling.AUTO,
        actions=("create-role",),
        limits={},
        unattended_hours=Decimal("0.5"),
        variants=(),
    )
    return replace(service, **changes)


def make_catalogue(*services: Service) -> Catalogue:
    """A catalogue of these services, or of `make_service()` alone."""
    return Catalogue(
        {one.id: one for one in services or (make_service(),)},
        {one.id: one for one in (DEVELOPMENT, CONTENT)},
    )


def make_entry(minutes: int = 60, **changes: Any) -> TimeEntry:
    """An hour that a developer logged for the first stage."""
    return replace(TimeEntry("e1", "s1", "Иванов", "development", minutes, NOW), **changes)


def effect_of(
    step: Step,
    state: EffectState = EffectState.DONE,
    outcome: Mapping[str, Any] | None = None,
    *,
    attempts: int = 1,
) -> Effect:
    """The effect that a step leaves in the journal, as `bridge.flow.perform` writes it; `outcome` is added
    to what a step of its kind comes to.
    """
    assert not isinstance(step, (Wait, lifecycle.AskBalance, lifecycle.AskTime, lifecycle.NewRevision)), (
        f"{step} leaves no effect"
    )
    request = {"text": step.message} if isinstance(step, lifecycle.Note) else step.request
    stage_id = step.stage.id if step.stage else ""
    usual: dict[str, Any] = {}
    match step:
        case lifecycle.Examine():
            usual = {"summary": ["create a role"], "call": dict(step.order.params)}
        case lifecycle.Hold():
            usual = {"hold_id": f"{step.kind}-{stage_id}-{step.revision}", "amount": text(step.amount)}
        case lifecycle.Operate():
            usual = dict(ROLE)
        case lifecycle.WriteOff():
            entry = f"{step.kind}-{stage_id}-{step.revision}"
            usual = {
                "entry_id": entry,
                "amount": text(step.amount),
                "charges": request["charges"],
                "price": None,
            }
    intent = Effect.intent("p", "t1", step.kind, request, stage_id=stage_id, revision=step.revision)
    if state is EffectState.INTENDED:
        return replace(intent, attempts=attempts, error="no answer" if attempts else "")
    settled = {**(usual if state is EffectState.DONE else {}), **(outcome or {})}
    return replace(intent, state=state, attempts=attempts, outcome=settled, settled_at=NOW)


@dataclass
class Play:
    """A ticket's life, step by step: `next` asks `decide`, `does` lets the step happen, `until` goes on to
    a kind of step.
    """

    ticket: Ticket = field(default_factory=make_ticket)
    order: Order | OrderFault | None = ORDER
    catalogue: Catalogue = field(default_factory=make_catalogue)
    balance: Account = field(default_factory=make_account)
    paid: bool = True
    unattended: bool = True
    effects: dict[str, Effect] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    decisions: list[tuple[str, dict[str, Any], datetime]] = field(default_factory=list)
    terms: Terms = field(default_factory=Terms)
    now: datetime = NOW
    drift: tuple[str, ...] = ()
    account: Account | None = None
    portal_ahead: timedelta = timedelta(0)
    portal_time: datetime | None = None
    seen: list[str] = field(default_factory=list)

    def case(self) -> Case:
        """What `decide` looks at now."""
        return Case(
            self.ticket,
            self.paid,
            self.order,
            self.unattended,
            self.catalogue,
            History(self.effects.values()),
            Decisions.of(self.decisions),
            self.now,
            self.terms,
            self.account,
            dict(self.revisions),
            self.drift,
            self.portal_time,
        )

    def next(self) -> Step:
        """What `decide` says now; a gate says nothing that it does not declare."""
        gate, step = judge(self.case())
        assert answer(step) in gate.answers, f"{gate.name} does not declare {answer(step)}"
        SHOWN.setdefault(
            (gate.name, answer(step)),
            os.environ.get("PYTEST_CURRENT_TEST", "").partition("::")[2].partition(" ")[0],
        )
        return step

    def decides(self, kind: str, **document: Any) -> None:
        """An operator decides something about the ticket."""
        self.decisions.append((kind, document, self.now))

    def does(
        self,
        state: EffectState = EffectState.DONE,
        outcome: Mapping[str, Any] | None = None,
        *,
        attempts: int = 1,
    ) -> Step:
        """Let the next step happen, be refused, or lose its answer (`INTENDED`); returns it."""
        step = self.next()
        if isinstance(step, lifecycle.AskBalance):
            self.account = self.balance
            return step
        if isinstance(step, lifecycle.AskTime):
            self.portal_time = self.now + self.portal_ahead
            return step
        if isinstance(step, lifecycle.NewRevision):
            self.revisions[step.stage.id] = self.revisions.get(step.stage.id, 1) + 1
            return step
        effect = effect_of(step, state, outcome, attempts=attempts)
        self.effects[effect.key] = effect
        self.seen.append(effect.kind)
        self.account = self.portal_time = None
        return step

    def until(self, wanted: type[Any]) -> Any:
        """Let steps happen until `decide` says a step of the kind `wanted`, or waits; returns that step,
        which has not happened yet.
        """
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


@cache
def messages() -> Messages:
    """The bridge's own templates, read and compiled once."""
    return Messages()
