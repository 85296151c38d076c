"""The life of a ticket under any moves of its customer and any mishap of the other sides.

`decide` is driven by a performer in memory that does a step, loses it, does it and loses the answer, or is
refused, while the customer agrees, tops up, edits the order, accepts, rejects and withdraws. The portal and
Moodle keep their own truth, by key, as the contracts say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bridge.domain import lifecycle
from bridge.domain.catalogue_file import read_catalogue
from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import Charge, text
from bridge.domain.lifecycle import (
    Case,
    Decisions,
    EffectStep,
    History,
    Kind,
    OrderFault,
    Status,
    Terms,
    Wait,
    charges_request,
    decide,
)
from bridge.domain.tickets import Account, Order, Stage, StageState, Ticket, TicketState, TimeEntry
from bridge.flow.orders import find_order
from tests.builders import NOW, effect_of, make_stage, make_ticket
from tests.profile import THOROUGH

CATALOGUE = read_catalogue(
    (Path(__file__).parents[2] / "config" / "catalogue.toml").read_text(encoding="utf-8"), "catalogue.toml"
)
ROLE = {
    "service": "2.9.1-access",
    "param_shortname": "methodist",
    "param_name": "Методист",
    "param_context_levels": "course",
    "param_capabilities": "moodle/course:view",
}
BY_HAND = {"service": "2.9.1-phone"}
ORDERS: tuple[Mapping[str, str], ...] = (
    ROLE,
    {**ROLE, "param_shortname": "tutor"},
    {**ROLE, "param_shortname": "dean"},
    {**ROLE, "param_context_levels": "сайт"},
    {"service": "2.9.1-restore", "param_shortname": "OT-1"},
    BY_HAND,
    {},
)
MOVES = {
    "agree": 4,
    "top up": 4,
    "report": 8,
    "accept": 16,
    "reject": 2,
    "withdraw": 1,
    "add a stage": 1,
    "wait": 1,
}
DECISIONS = ("pause", "resume", "withdraw", "undo", "correct")
SILENCE = timedelta(days=14)
MISHAPS = (*["none"] * 18, "lost", "answer lost", "lost", "answer lost", "refused", "withdrawn meanwhile")
MOST_STEPS = 200

DONE, REFUSED, INTENDED = EffectState.DONE, EffectState.REFUSED, EffectState.INTENDED
Answer = tuple[EffectState, dict[str, Any]]


@dataclass
class World:
    """The portal's and Moodle's own truth. A done write is remembered by its key, a refused one is not;
    Moodle remembers both.

    `captures` holds what was taken under each hold, and whether it was taken back.
    """

    ticket: Ticket
    granted: Decimal
    answers: dict[str, Answer] = field(default_factory=dict)
    holds: dict[str, tuple[str, Decimal, str]] = field(default_factory=dict)
    captures: dict[str, tuple[str, Decimal, bool]] = field(default_factory=dict)
    operations: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)

    @property
    def withdrawn(self) -> bool:
        return self.ticket.withdrawn_at is not None

    def account(self) -> Account:
        held = sum((amount for state, amount, _ in self.holds.values() if state == "open"), Decimal(0))
        posted = sum((amount for _, amount, back in self.captures.values() if not back), Decimal(0))
        return Account("a1", self.granted, posted, held, self.granted - posted - held, Decimal(0), 1)

    def change(self, **changes: Any) -> None:
        self.ticket = replace(self.ticket, **changes)

    def withdraw(self) -> None:
        if self.ticket.state is not TicketState.DONE:
            self.change(state=TicketState.WITHDRAWN, withdrawn_at=NOW)

    def stage(self, stage_id: str) -> Stage:
        return next(stage for stage in self.ticket.stages if stage.id == stage_id)

    def change_stage(self, stage_id: str, **changes: Any) -> None:
        self.change(
            stages=tuple(
                replace(stage, **changes) if stage.id == stage_id else stage for stage in self.ticket.stages
            )
        )

    def answer(self, step: EffectStep, effect: Effect, *, refuse: bool) -> Answer:
        """What the other side does and says to a step; a repeated key gives the first answer and does
        nothing.
        """
        if effect.key in self.answers:
            return self.answers[effect.key]
        local = isinstance(step, lifecycle.Freeze)
        answer = (
            (REFUSED, {"code": "invalid", "detail": "no"}) if refuse and not local else self._do(step, effect)
        )
        if answer[0] is DONE or isinstance(step, lifecycle.Operate):
            self.answers[effect.key] = answer
        return answer

    def _do(self, step: EffectStep, effect: Effect) -> Answer:
        outcome = {name: effect.request.get(name, value) for name, value in (effect.outcome or {}).items()}
        match step:
            case lifecycle.Hold():
                amount = Decimal(effect.request["amount"])
                if self.withdrawn and self.stage(effect.stage_id).state is not StageState.ACCEPTED:
                    return self._conflict()
                if self.account().available < amount:
                    short = {
                        "code": "insufficient_balance",
                        "available": text(self.account().available),
                        "needed": text(amount),
                    }
                    return REFUSED, short
                self.holds[outcome["hold_id"]] = ("open", amount, effect.stage_id)
            case lifecycle.SetTicket():
                if self.withdrawn:
                    return self._conflict()
                self.change(state=step.state)
            case lifecycle.SetStage():
                state = self.stage(effect.stage_id).state
                if state.value not in effect.request["expected"] and state is not step.state:
                    return self._conflict(state.value)
                self.change_stage(effect.stage_id, state=step.state)
            case lifecycle.Operate():
                self.operations.append(effect.key)
            case lifecycle.Undo():
                self.undone.append(effect.key)
            case lifecycle.WriteOff():
                standing, held, stage_id = self.holds[effect.request["hold_id"]]
                assert standing == "open", "a hold is ended once"
                assert Decimal(effect.request["amount"]) <= held, "no more is asked for than is held"
                accepted = (
                    (StageState.ACCEPTED,)
                    if effect.request["accepted_by"] == "customer"
                    else (StageState.ACCEPTED, StageState.READY)
                )
                if self.stage(stage_id).state not in accepted:
                    return self._conflict(self.stage(stage_id).state.value)
                self.holds[effect.request["hold_id"]] = ("captured", held, stage_id)
                self.captures[outcome["entry_id"]] = (stage_id, Decimal(effect.request["amount"]), False)
                self.change_stage(stage_id, state=StageState.WRITTEN_OFF)
            case lifecycle.Release():
                standing, held, stage_id = self.holds[effect.request["hold_id"]]
                assert standing == "open", "a hold is ended once"
                self.holds[effect.request["hold_id"]] = ("voided", held, stage_id)
            case lifecycle.Reverse():
                stage_id, amount, back = self.captures[effect.request["entry_id"]]
                assert not back, "a write-off is taken back once"
                self.captures[effect.request["entry_id"]] = (stage_id, amount, True)
                self.change_stage(stage_id, state=StageState.ACCEPTED)
        return DONE, outcome

    def _conflict(self, actual: str = "") -> Answer:
        return REFUSED, {"code": "state_conflict", "detail": "no", "actual": actual}


class Life(RuleBasedStateMachine):
    """One ticket, its customer, its specialist, its operator, and passes of the bridge."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(make_ticket(make_stage(), fields=ROLE), Decimal(5))
        self.known = self.world.ticket
        self.effects: dict[str, Effect] = {}
        self.revisions: dict[str, int] = {}
        self.decisions: list[tuple[str, dict[str, Any], datetime]] = []
        self.ordered: dict[tuple[str, int], dict[str, Any]] = {}
        self.now = NOW
        self.terms = Terms()
        self.last: Wait | None = None

    @initialize(
        agreed=st.sampled_from([True, True, False]),
        granted=st.sampled_from([9, 5, 3, 1]),
        stages=st.integers(1, 3),
        silent=st.booleans(),
    )
    def begins(self, *, agreed: bool, granted: int, stages: int, silent: bool) -> None:
        parts = tuple(make_stage(id=f"s{number}", estimate=Decimal(2)) for number in range(1, stages + 1))
        self.world.change(
            agreed_at=NOW if agreed else None, stages=parts, fields=ROLE if stages == 1 else BY_HAND
        )
        self.world.granted = Decimal(granted)
        self.terms = Terms(accept_after=SILENCE if silent else None)

    # --- the moves of people

    @rule(move=st.sampled_from(list(MOVES)), number=st.integers(0, 2))
    def somebody_moves(self, move: str, number: int) -> None:
        """The customer or the specialist does what the portal lets them do."""
        stages = self.world.ticket.stages
        stage = stages[min(number, len(stages) - 1)]
        match move:
            case "agree":
                self.world.change(agreed_at=NOW)
            case "top up":
                self.world.granted += 2
            case "withdraw":
                self.world.withdraw()
            case "wait":
                self.now += SILENCE
            case "add a stage" if len(stages) < 3 and not self.world.withdrawn:
                self.world.change(stages=(*stages, make_stage(id=f"s{len(stages) + 1}", estimate=Decimal(1))))
            case "report" if stage.state in (StageState.PLANNED, StageState.IN_PROGRESS, StageState.REJECTED):
                self.world.change_stage(stage.id, state=StageState.READY)
            case "accept" if stage.state is StageState.READY and not self.world.withdrawn:
                self.world.change_stage(stage.id, state=StageState.ACCEPTED)
            case "reject" if stage.state is StageState.READY and not self.world.withdrawn:
                rejections = stage.portal_revision
                self.world.change_stage(stage.id, state=StageState.REJECTED, portal_revision=rejections + 1)

    @rule(fields=st.sampled_from(ORDERS))
    def the_customer_edits_the_order(self, fields: Mapping[str, str]) -> None:
        self.world.change(fields=fields)

    @rule(minutes=st.sampled_from([10, 45, 120]), number=st.integers(0, 2))
    def a_specialist_logs_time(self, minutes: int, number: int) -> None:
        entries = self.world.ticket.time_entries
        entry = TimeEntry(
            f"e{len(entries)}", (None, "s1", "s2")[number], "Иванов", "development", minutes, NOW
        )
        self.world.change(time_entries=(*entries, entry))

    @rule(estimate=st.integers(1, 4), number=st.integers(0, 2))
    def more_or_less_is_agreed(self, estimate: int, number: int) -> None:
        stages = self.world.ticket.stages
        self.world.change_stage(stages[min(number, len(stages) - 1)].id, estimate=Decimal(estimate))
        self.world.change(agreed_at=NOW)

    @rule(kind=st.sampled_from(DECISIONS), minutes=st.sampled_from([0, 30, 60]))
    def the_operator_decides(self, kind: str, minutes: int) -> None:
        """What the commands let an operator decide, for the ticket's first stage."""
        revision = self.revisions.get("s1", 1)
        attempt = History(self.effects.values()).attempt(self.world.stage("s1"), revision)
        document: dict[str, Any] = {"reason": "так решено"}
        if kind == "undo":
            if attempt.done(Kind.OPERATE) is None or attempt.sent(Kind.WRITE_OFF):
                return
            document |= {"stage_id": "s1", "revision": revision}
        if kind == "correct":
            if attempt.done(Kind.WRITE_OFF) is None:
                return
            charges = charges_request([Charge("correction", 0, minutes, Decimal(1))] if minutes else [])
            entries = {one.id: one.minutes for one in self.world.ticket.time_entries}
            document |= {
                "stage_id": "s1",
                "charges": charges,
                "amount": text(Decimal(minutes) / 60),
                "entries": entries,
            }
        self.decisions.append((kind, document, self.now))

    # --- the bridge's

    @rule(mishaps=st.lists(st.sampled_from(MISHAPS), min_size=14, max_size=14))
    def a_pass_meets_mishaps(self, mishaps: list[str]) -> None:
        self.a_pass(mishaps)

    @rule()
    def a_pass_goes_well(self) -> None:
        self.a_pass([])

    def a_pass(self, mishaps: list[str]) -> None:
        """What `bridge.flow.sync` does for one ticket."""
        self.known = self.world.ticket
        self.last = None
        self.portal_time = None
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
            if isinstance(step, lifecycle.AskTime):
                self.portal_time = self.now
                continue
            if isinstance(step, lifecycle.NewRevision):
                self.revisions[step.stage.id] = self.revisions.get(step.stage.id, 1) + 1
                continue
            if not self.performed(step, chances.pop() if chances else "none"):
                return
            account = None
        raise AssertionError("goes in circles")

    def case(self, account: Account | None) -> Case:
        order = self.order()
        unattended = isinstance(order, Order) and order.action is not None and alone(self.known)
        return Case(
            self.known,
            True,
            order,
            unattended,
            CATALOGUE,
            History(self.effects.values()),
            Decisions.of(self.decisions),
            self.now,
            self.terms,
            account,
            dict(self.revisions),
            portal_time=self.portal_time,
        )

    def order(self) -> Order | OrderFault | None:
        asked = tuple(self.known.fields.items()), alone(self.known)
        if asked not in FOUND:
            FOUND[asked] = find_order(self.known, CATALOGUE, unattended=lambda _: alone(self.known))
        return FOUND[asked]

    def performed(self, step: EffectStep, mishap: str) -> bool:
        """Perform a step; False when the pass ends with it."""
        if mishap == "withdrawn meanwhile":
            self.world.withdraw()
        effect = self.intended(step)
        self.judge(step, effect)
        intent = replace(effect, state=INTENDED, outcome=None, error="no answer")
        if mishap == "lost" and not isinstance(step, lifecycle.Freeze):
            self.effects[effect.key] = intent
            return False
        state, outcome = self.world.answer(step, effect, refuse=mishap == "refused")
        if mishap == "answer lost" and not isinstance(step, lifecycle.Freeze):
            self.effects[effect.key] = intent
            return False
        self.effects[effect.key] = replace(effect, state=state, outcome=outcome)
        if outcome.get("code") == "state_conflict":
            self.known = self.world.ticket
        if outcome.get("code") != "insufficient_balance":
            return True
        self.last = Wait(Status.SUSPENDED, lifecycle.Reason("balance"))
        return False

    def intended(self, step: EffectStep) -> Effect:
        """The effect of a step; its request is frozen once it was sent."""
        effect = replace(effect_of(step), settled_at=self.now)
        before = self.effects.get(effect.key)
        if before is None or before.state is REFUSED:
            return effect
        return replace(effect, request=before.request, attempts=before.attempts + 1)

    def judge(self, step: EffectStep, effect: Effect) -> None:
        """What must hold of every step before it is taken."""
        before = self.effects.get(effect.key)
        if before is not None and before.state is not INTENDED:
            short = (before.outcome or {}).get("code") == "insufficient_balance"
            assert isinstance(step, lifecycle.Hold), f"{effect.kind} is settled and asked for again"
            assert before.state is REFUSED
            assert short
        match step:
            case lifecycle.Hold() if step.order is not None:
                self.ordered.setdefault((step.stage.id, step.revision), dict(step.order.params))
            case lifecycle.Operate():
                attempt = History(self.effects.values()).attempt(step.stage, step.revision)
                assert attempt.hold is not None
                assert attempt.hold.state is DONE, "work begins only after the hold"
                assert self.world.holds[(attempt.hold.outcome or {})["hold_id"]][0] == "open"
                assert dict(step.frozen["call"]) == self.ordered[step.stage.id, step.revision], (
                    "what is done is what was ordered when the hours were held"
                )
            case lifecycle.Release():
                unknown = [
                    one
                    for one in self.effects.values()
                    if one.kind == Kind.OPERATE and one.state is INTENDED and one.attempts
                ]
                assert not unknown, "hours return only when what was begun is known"
            case lifecycle.WriteOff() if step.kind == Kind.WRITE_OFF:
                sent_before = before is not None and before.attempts > 0
                accepted = step.stage.state in (StageState.ACCEPTED, StageState.WRITTEN_OFF)
                silent = step.accepted_by == "silence" and self.terms.accept_after is not None
                assert sent_before or accepted or silent, "only what was accepted is written off"
                frozen = self.effects[effect_of(lifecycle.Freeze(step.stage, step.revision, (), {}, {})).key]
                assert charges_request(step.charges) == frozen.request["charges"], "what was frozen is taken"

    # --- what always holds

    @invariant()
    def no_stage_is_taken_twice(self) -> None:
        taken = Counter(stage_id for stage_id, _, back in self.world.captures.values() if not back)
        assert all(count == 1 for count in taken.values())
        assert [state for state, _, _ in self.world.holds.values()].count("captured") == len(
            self.world.captures
        )

    @invariant()
    def no_more_than_one_stage_is_held_at_a_time(self) -> None:
        """A correction of an earlier stage may be under way beside it."""
        opened = [hold_id for hold_id, (state, _, _) in self.world.holds.items() if state == "open"]
        assert len([hold_id for hold_id in opened if not hold_id.startswith("correct")]) <= 1
        assert len(opened) <= 2

    @invariant()
    def no_balance_is_overdrawn(self) -> None:
        assert self.world.account().available >= 0

    def teardown(self) -> None:
        """With no more mishaps everything comes to rest, and a withdrawn ticket keeps no hours."""
        self.decisions.append(("resume", {"reason": ""}, self.now))
        self.a_pass([])
        self.a_pass([])
        before = dict(self.effects)
        self.a_pass([])
        assert self.last is not None
        again = {
            effect.key
            for effect in self.effects.values()
            if (effect.outcome or {}).get("code") == "insufficient_balance"
        }
        kept = {key: effect for key, effect in self.effects.items() if key not in again}
        assert kept == {key: effect for key, effect in before.items() if key not in again}, (
            "a ticket at rest stays at rest"
        )
        refused = any(
            effect.state is REFUSED and effect.kind.startswith(("void", "capture", "undo", "correct"))
            for effect in self.effects.values()
        )
        opened = [stage_id for state, _, stage_id in self.world.holds.values() if state == "open"]
        decided = any(kind == "withdraw" for kind, _, _ in self.decisions)
        if (self.world.withdrawn or decided) and not refused and self.last.status is Status.WITHDRAWN:
            assert not opened, "a withdrawn ticket keeps no hours"
        if self.last.status is Status.DONE:
            assert not opened
            accepted = {stage.id for stage in self.world.ticket.stages}
            taken = {stage_id for stage_id, _, back in self.world.captures.values() if not back}
            corrected = {
                document["stage_id"]
                for kind, document, _ in self.decisions
                if kind == "correct" and not document["charges"]
            }
            assert accepted - corrected <= taken, "nothing accepted stays untaken"


def alone(ticket: Ticket) -> bool:
    return len(ticket.stages) == 1


FOUND: dict[Any, Order | OrderFault | None] = {}
"""The orders of the few forms that all lives share, each found once."""

TestLife = Life.TestCase
TestLife.settings = settings(max_examples=150 if THOROUGH else 75, stateful_step_count=15, deadline=None)


def live(seed: int) -> Life:
    """One life in which likely moves are likely; the same seed gives the same life."""
    chance = Random(seed)
    life = Life()
    life.begins(
        agreed=chance.random() < 0.8,
        granted=chance.choice([9, 5, 4, 2, 1]),
        stages=chance.choice([1, 1, 2, 3]),
        silent=chance.random() < 0.2,
    )
    for _ in range(chance.randint(2, 24)):
        life.a_pass(chance.choices(MISHAPS, k=20) if chance.random() < 0.5 else [])
        move = chance.random()
        if move < 0.66:
            life.somebody_moves(chance.choices(list(MOVES), list(MOVES.values()))[0], chance.randint(0, 2))
        elif move < 0.75:
            life.the_customer_edits_the_order(chance.choice(ORDERS))
        elif move < 0.8:
            life.a_specialist_logs_time(chance.choice([10, 45, 120]), chance.randint(0, 2))
        elif move < 0.85:
            life.more_or_less_is_agreed(chance.randint(1, 4), chance.randint(0, 2))
        elif move < 0.9:
            life.the_operator_decides(
                chance.choices(DECISIONS, [2, 6, 1, 8, 8])[0], chance.choice([0, 30, 60])
            )
        life.no_stage_is_taken_twice()
        life.no_more_than_one_stage_is_held_at_a_time()
        life.no_balance_is_overdrawn()
    life.teardown()
    return life


LIVES = 2_000 if THOROUGH else 900
"""How many there are by seed: enough to come to each end that is asked for."""


def test_many_lives_come_to_their_end() -> None:
    ends: Counter[tuple[Status, str]] = Counter()
    for seed in range(LIVES):
        try:
            last = live(seed).last
        except AssertionError as error:
            error.add_note(f"replay: live({seed})")
            raise
        assert last is not None
        ends[last.status, last.reason.code] += 1
    assert {code for _, code in ends} >= {
        "done",
        "withdrawn",
        "withdrawn-with-work",
        "rejected",
        "refused",
        "beyond-agreed",
        "balance",
        "not-accepted",
        "not-agreed",
        "order-faults",
        "free-text",
        "by-hand",
        "late-time",
    }, "every end is lived to"
