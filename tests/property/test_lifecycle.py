"""The life of a ticket under any moves of its customer and any mishap of the other sides.

`decide` is driven by a performer in memory that does a step, loses it, does it and loses the answer, or is refused, while the customer
agrees, tops up, edits the order, accepts, rejects and withdraws. The portal and Moodle keep their own truth, by key, as the contracts say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bridge import lifecycle
from bridge.catalogue import Catalogue
from bridge.effects import Effect, EffectState
from bridge.hours import text
from bridge.lifecycle import Case, History, Kind, Status, Step, Wait, decide
from bridge.orders import find_order
from bridge.tickets import Account, Order, StageState, Ticket, TicketState, TimeEntry
from tests.builders import NOW, effect_of, make_stage, make_ticket

CATALOGUE = Catalogue.parse((Path(__file__).parents[2] / "config" / "catalogue.toml").read_text(encoding="utf-8"), "catalogue.toml")
ROLE = {
    "service": "2.9.1-access", "param_shortname": "methodist", "param_name": "Методист", "param_context_levels": "course",
    "param_capabilities": "moodle/course:view",
}  # fmt: skip
ORDERS: tuple[Mapping[str, str], ...] = (
    ROLE, {**ROLE, "param_shortname": "tutor"}, {**ROLE, "param_shortname": "dean"}, {**ROLE, "param_context_levels": "сайт"},
    {"service": "2.9.1-restore", "param_shortname": "OT-1"}, {},
)  # fmt: skip
MISHAPS = (*["none"] * 9, "lost", "answer lost", "refused", "withdrawn meanwhile")
MOST_STEPS = 200

DONE, REFUSED, INTENDED = EffectState.DONE, EffectState.REFUSED, EffectState.INTENDED
Answer = tuple[EffectState, dict[str, Any]]


@dataclass
class World:
    """The portal's and Moodle's own truth. A done write is remembered by its key, a refused one is not; Moodle remembers both."""

    ticket: Ticket
    granted: Decimal
    answers: dict[str, Answer] = field(default_factory=dict)
    holds: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    taken: list[Decimal] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)

    @property
    def withdrawn(self) -> bool:
        return self.ticket.withdrawn_at is not None

    def account(self) -> Account:
        held = sum((amount for state, amount in self.holds.values() if state == "open"), Decimal(0))
        posted = sum(self.taken, Decimal(0))
        return Account("a1", self.granted, posted, held, self.granted - posted - held, Decimal(0), 1)

    def change(self, **changes: Any) -> None:
        self.ticket = replace(self.ticket, **changes)

    def withdraw(self) -> None:
        if self.ticket.state is not TicketState.DONE:
            self.change(state=TicketState.WITHDRAWN, withdrawn_at=NOW)

    def stage_is(self, state: StageState) -> None:
        self.change(stages=(replace(self.ticket.stages[0], state=state),))

    def answer(self, step: Step, effect: Effect, *, refuse: bool) -> Answer:
        """What the other side does and says to a step; a repeated key gives the first answer and does nothing."""
        if effect.key in self.answers:
            return self.answers[effect.key]
        answer = (REFUSED, {"code": "invalid", "detail": "no"}) if refuse else self._do(step, effect)
        if answer[0] is DONE or isinstance(step, lifecycle.Operate):
            self.answers[effect.key] = answer
        return answer

    def _do(self, step: Step, effect: Effect) -> Answer:
        outcome = {name: effect.request.get(name, value) for name, value in (effect.outcome or {}).items()}
        match step:
            case lifecycle.Hold():
                amount = Decimal(effect.request["amount"])
                if self.withdrawn:
                    return self._conflict()
                if self.account().available < amount:
                    short = {"code": "insufficient_balance", "available": text(self.account().available), "needed": text(amount)}
                    return REFUSED, short
                self.holds[outcome["hold_id"]] = ("open", amount)
            case lifecycle.SetTicket():
                if self.withdrawn:
                    return self._conflict()
                self.change(state=step.state)
            case lifecycle.SetStage():
                if self.ticket.stages[0].state not in lifecycle.STAGE_BEFORE[step.state]:
                    return self._conflict()
                self.stage_is(step.state)
            case lifecycle.Operate():
                self.operations.append(effect.key)
            case lifecycle.Capture():
                state, held = self.holds[effect.request["hold_id"]]
                assert state == "open", "a hold is ended once"
                assert Decimal(effect.request["amount"]) <= held, "no more is asked for than is held"
                if self.ticket.stages[0].state is not StageState.ACCEPTED:
                    return self._conflict()
                self.holds[effect.request["hold_id"]] = ("captured", held)
                self.taken.append(Decimal(effect.request["amount"]))
                self.stage_is(StageState.WRITTEN_OFF)
            case lifecycle.Void():
                state, held = self.holds[effect.request["hold_id"]]
                assert state == "open", "a hold is ended once"
                self.holds[effect.request["hold_id"]] = ("voided", held)
        return DONE, outcome

    def _conflict(self) -> Answer:
        return REFUSED, {"code": "state_conflict", "detail": "no", "actual": ""}


class Life(RuleBasedStateMachine):
    """One ticket, its customer, and passes of the bridge."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(make_ticket(make_stage(), fields=ROLE), Decimal(5))
        self.known = self.world.ticket
        self.effects: dict[str, Effect] = {}
        self.revisions: dict[str, int] = {}
        self.ordered: dict[int, dict[str, Any]] = {}
        self.last: Wait | None = None

    @initialize(agreed=st.sampled_from([True, True, False]), granted=st.sampled_from([5, 4, 3, 1]))
    def begins(self, *, agreed: bool, granted: int) -> None:
        self.world.change(agreed_at=NOW if agreed else None)
        self.world.granted = Decimal(granted)

    # --- the customer's moves

    @rule(move=st.sampled_from(["agree", "top up", "accept", "reject", "withdraw"]))
    def the_customer_moves(self, move: str) -> None:
        stage, ready = self.world.ticket.stages[0], self.world.ticket.stages[0].state is StageState.READY
        if move == "agree":
            self.world.change(agreed_at=NOW)
        elif move == "top up":
            self.world.granted += 2
        elif move == "withdraw":
            self.world.withdraw()
        elif ready:
            judged = {"state": StageState.ACCEPTED} if move == "accept" else {"state": StageState.REJECTED, "revision": stage.revision + 1}
            self.world.change(stages=(replace(stage, **judged),))

    @rule(fields=st.sampled_from(ORDERS))
    def the_customer_edits_the_order(self, fields: Mapping[str, str]) -> None:
        self.world.change(fields=fields)

    @rule(minutes=st.sampled_from([10, 45, 120]), estimate=st.integers(1, 4))
    def a_specialist_logs_time_and_agrees_anew(self, minutes: int, estimate: int) -> None:
        stage, entry = self.world.ticket.stages[0], TimeEntry("e", "s1", "Иванов", "developer", minutes, NOW)
        self.world.change(
            time_entries=(*self.world.ticket.time_entries, entry), stages=(replace(stage, estimate=Decimal(estimate)),), agreed_at=NOW
        )

    # --- the bridge's

    @rule(mishaps=st.lists(st.sampled_from(MISHAPS), min_size=14, max_size=14))
    def a_pass_meets_mishaps(self, mishaps: list[str]) -> None:
        self.a_pass(mishaps)

    @rule()
    def a_pass_goes_well(self) -> None:
        self.a_pass([])

    def a_pass(self, mishaps: list[str]) -> None:
        """What `bridge.sync` does for one ticket."""
        self.known = self.world.ticket
        self.last = None
        account = None
        chances = list(reversed(mishaps))
        for _ in range(MOST_STEPS):
            step = decide(self.case(account))
            if isinstance(step, Wait):
                self.last = step
                return
            if isinstance(step, lifecycle.AskBalance):
                account = self.world.account()
                continue
            if isinstance(step, lifecycle.NewRevision):
                self.revisions[step.stage.id] = self.revisions.get(step.stage.id, 1) + 1
                continue
            if not self.performed(step, chances.pop() if chances else "none"):
                return
            account = None
        raise AssertionError("goes in circles")

    def case(self, account: Account | None) -> Case:
        order = find_order(self.known, CATALOGUE)
        service = CATALOGUE.get(order.service) if isinstance(order, Order) else None
        history = History(self.effects.values())
        return Case(self.known, True, order, service, True, history, account, dict(self.revisions))

    def performed(self, step: Step, mishap: str) -> bool:
        """Perform a step; False when the pass ends with it."""
        if mishap == "withdrawn meanwhile":
            self.world.withdraw()
        effect = self.intended(step)
        self.judge(step, effect)
        intent = replace(effect, state=INTENDED, outcome=None, error="no answer")
        if mishap == "lost":
            self.effects[effect.key] = intent
            return False
        state, outcome = self.world.answer(step, effect, refuse=mishap == "refused")
        if mishap == "answer lost":
            self.effects[effect.key] = intent
            return False
        self.effects[effect.key] = replace(effect, state=state, outcome=outcome)
        if outcome.get("code") == "state_conflict":
            self.known = self.world.ticket
        if outcome.get("code") != "insufficient_balance":
            return True
        self.last = Wait(Status.HELD, lifecycle.Reason("balance"))
        return False

    def intended(self, step: Step) -> Effect:
        """The effect of a step; its request is frozen once it was sent."""
        effect = effect_of(step)
        before = self.effects.get(effect.key)
        if before is None or before.state is REFUSED:
            return effect
        return replace(effect, request=before.request, attempts=before.attempts + 1)

    def judge(self, step: Step, effect: Effect) -> None:
        """What must hold of every step before it is taken."""
        before = self.effects.get(effect.key)
        if before is not None and before.state is not INTENDED:
            short = (before.outcome or {}).get("code") == "insufficient_balance"
            assert isinstance(step, lifecycle.Hold), f"{effect.kind} is settled and asked for again"
            assert before.state is REFUSED
            assert short
        if isinstance(step, lifecycle.Hold) and step.revision not in self.ordered:
            order = find_order(self.known, CATALOGUE)
            assert isinstance(order, Order)
            self.ordered[step.revision] = dict(order.params)
        if isinstance(step, lifecycle.Operate):
            hold = self.effects[effect_of(lifecycle.Hold(step.stage, step.revision, Decimal(0))).key]
            assert hold.state is DONE, "work begins only after the hold"
            assert self.world.holds[(hold.outcome or {})["hold_id"]][0] == "open"
            assert dict(step.call) == self.ordered[step.revision], "what is done is what was ordered when the hours were held"
        if isinstance(step, lifecycle.Void):
            unknown = [one for one in self.effects.values() if one.kind == Kind.OPERATION and one.state is INTENDED and one.attempts]
            assert not unknown, "hours return only when what was begun is known"
        if isinstance(step, lifecycle.Capture):
            sent_before = before is not None and before.attempts > 0
            assert sent_before or step.stage.state in (StageState.ACCEPTED, StageState.WRITTEN_OFF), "only what was accepted is written off"

    # --- what always holds

    @invariant()
    def nothing_is_written_off_twice(self) -> None:
        assert len(self.world.taken) <= 1
        assert [state for state, _ in self.world.holds.values()].count("captured") == len(self.world.taken)

    @invariant()
    def no_more_than_one_stage_is_held_at_a_time(self) -> None:
        assert [state for state, _ in self.world.holds.values()].count("open") <= 1

    @invariant()
    def no_balance_is_overdrawn(self) -> None:
        assert self.world.account().available >= 0

    def teardown(self) -> None:
        """With no more mishaps everything comes to rest, and a withdrawn ticket keeps no hours."""
        self.a_pass([])
        before = dict(self.effects)
        self.a_pass([])
        assert self.last is not None
        assert self.effects == before, "a ticket at rest stays at rest"
        refused = any(effect.state is REFUSED and effect.kind in (Kind.VOID, Kind.CAPTURE) for effect in self.effects.values())
        if any(effect.state is REFUSED and effect.kind == Kind.OPERATION for effect in self.effects.values()) and not self.world.operations:
            assert refused or all(state != "open" for state, _ in self.world.holds.values()) or self.last.status is not Status.FAILED
        if self.world.withdrawn:
            assert self.last.status is (Status.FAILED if refused else Status.WITHDRAWN)
            assert refused or all(state != "open" for state, _ in self.world.holds.values())
        elif self.last.status is Status.DONE:
            assert len(self.world.taken) == len(self.world.operations) == 1


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=150, stateful_step_count=15, deadline=None)


def live(seed: int) -> Life:
    """One life in which likely moves are likely; the same seed gives the same life."""
    chance = Random(seed)
    life = Life()
    life.begins(agreed=chance.random() < 0.8, granted=chance.choice([5, 4, 2, 1]))
    for _ in range(chance.randint(2, 16)):
        life.a_pass(chance.choices(MISHAPS, k=20) if chance.random() < 0.7 else [])
        move = chance.random()
        if move < 0.6:
            life.the_customer_moves(chance.choices(["agree", "top up", "accept", "reject", "withdraw"], [2, 2, 8, 1, 1])[0])
        elif move < 0.7:
            life.the_customer_edits_the_order(chance.choice(ORDERS))
        elif move < 0.75:
            life.a_specialist_logs_time_and_agrees_anew(chance.choice([10, 45, 120]), chance.randint(1, 4))
        life.nothing_is_written_off_twice()
        life.no_more_than_one_stage_is_held_at_a_time()
        life.no_balance_is_overdrawn()
    life.teardown()
    return life


def test_two_thousand_lives_come_to_their_end() -> None:
    ends: Counter[tuple[Status, str]] = Counter()
    for seed in range(2000):
        try:
            last = live(seed).last
        except AssertionError as error:
            error.add_note(f"replay: live({seed})")
            raise
        assert last is not None
        ends[last.status, last.reason.code] += 1
    assert {code for _, code in ends} >= {
        "done", "withdrawn", "withdrawn-with-work", "rejected", "refused", "beyond-agreed", "balance", "not-accepted", "not-agreed",
        "order-faults", "free-text",
    }, "every end is lived to"  # fmt: skip
