"""All that can happen in a world with several tickets on two accounts: a machine that hypothesis, or a
seed, drives.
"""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from bridge.domain.lifecycle import Reason
from bridge.domain.tickets import StageState
from bridge.flow.sync import LEASE
from bridge.operators.decisions import DecisionRefused, Desk, by_hours, by_minutes
from bridge.portal import PortalRefused
from bridge.settings import PolicyTable
from tests.reliability import laws
from tests.reliability.chaos import MODES, WRONG
from tests.reliability.scenarios import BY_HAND, CONTENT
from tests.reliability.world import PAID, RESTORE, ROLE, UNATTENDED, Disk, World

Stages = tuple[tuple[str, Any, Any], ...]
ONE: Stages = (("Работа", 1, 1),)
TWO: Stages = (("Анализ", 1, 1), ("Работа", "0.5", 1))
THREE: Stages = (("Текст", 1, "0.6"), ("Картинки", "0.5", "0.6"), ("Правка", "0.5", "0.6"))
ORDERS: tuple[dict[str, str], ...] = (
    ROLE,
    RESTORE,
    {**ROLE, "param_shortname": "tutor"},
    BY_HAND,
    {**RESTORE, "param_users": "нет"},
    CONTENT,
    {**ROLE, "param_context_levels": "сайт"},
    {},
)
TICKETS: tuple[tuple[dict[str, str], Stages], ...] = (
    (BY_HAND, TWO),
    (ROLE, ONE),
    (CONTENT, THREE),
    (RESTORE, ONE),
    ({**ROLE, "param_shortname": "dean"}, ONE),
    (BY_HAND, ONE),
    ({"service": "3.3-code"}, (("Разработка", 3, 1), ("Приёмка", 1, 1))),
    ({"service": "2.8"}, TWO),
    ({}, ONE),
    ({**ROLE, "param_context_levels": "сайт"}, ONE),
)
POLICIES = tuple(
    PolicyTable(unattended=UNATTENDED.unattended, **terms)
    for terms in (
        {},
        {"accept_after_days": 14},
        {"accept_unasked": ("2.9.1-restore", "2.9.1-content"), "undo_rejected": ("2.9.1-access",)},
    )
)
WORKERS = ("", "one.example.ru:1:1", "other.example.ru:1:1")
"""The first one dies visibly; of the others nobody can see whether they are alive."""
HOUR, DAY = 3600.0, 86400.0
JUMPS = (-DAY, -3 * HOUR, -60.0, 60.0, 3 * HOUR, DAY)
"""How far a machine's clock is off, seconds: a wrong date, a wrong zone, nobody who sets it."""
MOST_TICKETS = 5
LIVED: Counter[str] = Counter()
"""Kinds of effects, statuses with their reasons, and decisions that courses have come to, by how many
courses.
"""
EVERY = frozenset(
    {
        "done: done",
        "withdrawn: withdrawn",
        "withdrawn: withdrawn-with-work",
        "failed: rejected",
        "failed: refused",
        "failed: late-time",
        "awaiting-acceptance: not-accepted",
        "awaiting-agreement: not-agreed",
        "needs-order: free-text",
        "needs-order: order-faults",
        "awaiting-acceptance: clocks-differ",
        "running: by-hand",
        "hold",
        "hold:2",
        "void",
        "capture",
        "operation",
        "undo",
        "correct:1:reversal",
        "correct:1:capture",
        "accepted by silence",
        "accepted by policy",
        "decided assign",
        "decided pause",
        "decided resume",
        "decided withdraw",
        "decided undo",
        "decided correct",
    }
)
"""What the thorough courses must have come to, or they prove nothing of it."""


class Events(RuleBasedStateMachine):
    """The world and all that can happen in it."""

    disk: Disk
    rested = 0
    """How many courses came to rest so far."""
    tickets = Bundle("tickets")

    @initialize(
        target=tickets,
        poor=st.sampled_from(["0.25", "1", "3"]),
        policy=st.sampled_from(POLICIES),
        first=st.sampled_from(TICKETS),
        second=st.sampled_from(TICKETS),
        rounds=st.integers(0, 3),
    )
    def begins(
        self,
        poor: str,
        policy: PolicyTable,
        first: tuple[dict[str, str], Stages],
        second: tuple[dict[str, str], Stages],
        rounds: int,
    ) -> Any:
        """With three tickets, and some rounds in which everybody did their part: hypothesis leaves rules out
        of a course, and without those that bring tickets and make them go on little would happen in it. The
        second ticket is agreed before the first."""
        self.found: set[str] = set()
        self.world = World(self.disk)
        self.world.policy = policy
        portal = self.world.portal
        portal.open_account("poor", "Академия", granted=poor)
        opened = portal.open_ticket(account="poor", category=PAID, subject="Заявка", fields=first[0])
        earlier = self.world.order(second[0], account="poor", stages=second[1])
        portal.agree(opened, first[1])
        third = self.world.order(ROLE, stages=ONE)
        for _ in range(rounds):
            self.three_passes()
            self.do_parts(True, 15, "content")
        return multiple(opened, earlier, third)

    # --- customers and specialists

    @rule(
        target=tickets,
        ticket=st.sampled_from(TICKETS),
        account=st.sampled_from(["school", "poor"]),
        agreed=st.sampled_from([True, True, False]),
    )
    def a_ticket_comes(self, ticket: tuple[dict[str, str], Stages], account: str, agreed: bool) -> Any:
        if len(self.world.portal.tickets) == MOST_TICKETS:
            return multiple()
        opened = self.world.portal.open_ticket(
            account=account, category=PAID, subject="Заявка", fields=ticket[0]
        )
        if agreed:
            self.world.portal.agree(opened, ticket[1])
        return opened

    @rule(
        accept=st.booleans(),
        minutes=st.sampled_from([15, 30]),
        category=st.sampled_from(["development", "content"]),
    )
    def everybody_does_their_part(self, accept: bool, minutes: int, category: str) -> None:
        """Specialists log and report the stage that is in progress, customers accept what is ready; then a
        pass.
        """
        self.do_parts(accept, minutes, category)
        self.a_pass("")

    @rule(
        ticket=tickets,
        minutes=st.sampled_from([15, 45, 75]),
        category=st.sampled_from(["development", "content"]),
        stage=st.integers(0, 2),
    )
    def a_specialist_logs_time(self, ticket: str, minutes: int, category: str, stage: int) -> None:
        with suppress(IndexError):
            self.world.portal.log_time(ticket, minutes, category, stage or None)

    @rule(
        ticket=tickets,
        stage=st.sampled_from([1, 1, 2, 3]),
        move=st.sampled_from(
            ["accept", "accept", "reject", "reject", "report_ready", "report_ready", "withdraw"]
        ),
    )
    def somebody_moves(self, ticket: str, stage: int, move: str) -> None:
        with suppress(PortalRefused, IndexError):
            if move == "withdraw":
                self.world.portal.withdraw(ticket)
            else:
                getattr(self.world.portal, move)(ticket, stage)

    @rule()
    def customers_reject_what_is_ready(self) -> None:
        """And a pass sees it before anybody else does something about it."""
        for ticket in self.world.portal.tickets.values():
            for number, stage in enumerate(ticket.stages, 1):
                if stage.state is StageState.READY:
                    self.world.portal.reject(ticket.id, number)
        self.a_pass("")

    @rule()
    def a_customer_withdraws_what_is_ready(self) -> None:
        ready = [
            one.id
            for one in self.world.portal.tickets.values()
            if any(stage.state is StageState.READY for stage in one.stages)
        ]
        if ready:
            with suppress(PortalRefused):
                self.world.portal.withdraw(ready[0])

    @rule(ticket=tickets, times=st.sampled_from([1, 2, 4]))
    def more_is_agreed(self, ticket: str, times: int) -> None:
        """Stages as they are, their estimates so many times; on a ticket without stages the first
        agreement.
        """
        known = self.world.portal.tickets[ticket].stages
        with suppress(PortalRefused):
            self.world.portal.agree(
                ticket, [(one.title, one.estimate * times, one.coefficient) for one in known] or ONE
            )

    @rule(ticket=tickets, fields=st.sampled_from(ORDERS))
    def the_customer_edits_the_order(self, ticket: str, fields: dict[str, str]) -> None:
        self.world.portal.edit_fields(ticket, fields)

    @rule(account=st.sampled_from(["school", "poor"]))
    def the_customer_tops_up(self, account: str) -> None:
        self.world.portal.top_up(account, 1)

    @rule(days=st.sampled_from([13.5, 15]))
    def two_weeks_go_by(self, days: float) -> None:
        """Or almost, between two passes and before anybody says a word."""
        self.a_pass("")
        self.world.clock.now += timedelta(days=days)
        self.a_pass("")

    @precondition(lambda self: not self.world.moodle.failures)
    @rule()
    def a_restore_will_fail(self) -> None:
        self.world.moodle.failures.append("restorefailed")

    # --- the machine

    @rule(seconds=st.sampled_from(JUMPS))
    def the_machines_clock_jumps(self, seconds: float) -> None:
        """It is that far ahead of the portal's from now on."""
        self.world.clock.ahead = timedelta(seconds=seconds)

    @rule()
    def the_machines_clock_is_right_again(self) -> None:
        self.world.clock.ahead = timedelta(0)

    @rule(worker=st.sampled_from(WORKERS), turn=st.integers(1, 120), comes_back=st.booleans())
    def the_journal_is_away(self, worker: str, turn: int, comes_back: bool) -> None:
        """From some moment of a pass, to its end or for that moment alone."""
        self.world.chaos.plan(away=(turn, turn if comes_back else sys.maxsize))
        self.world.run_pass(worker)
        self.world.chaos.plan()

    # --- operators

    @rule(ticket=tickets)
    def an_operator_lets_a_ticket_go_on(self, ticket: str) -> None:
        if ticket in self.world.statuses():
            self.world.retry(ticket)

    @rule(ticket=tickets, what=st.sampled_from(["assign", "pause", "resume", "resume", "withdraw"]))
    def an_operator_decides(self, ticket: str, what: str) -> None:
        if ticket not in self.world.statuses():
            return
        desk = self.world.desk(ticket)
        with suppress(DecisionRefused):
            if what == "assign":
                order = {"service": "2.6", "variant": "", "quantity": 1, "action": None, "params": {}}
                desk.assign(order, self.world.settings().catalogue, lambda _: False)
            else:
                getattr(desk, what)("так надо")

    @rule(reject=st.booleans())
    def operators_take_back_what_was_made(self, reject: bool) -> None:
        """Wherever they can; `reject`: of what was rejected then."""
        for ticket in self.world.statuses():
            with suppress(DecisionRefused, PortalRefused, IndexError):
                if reject:
                    self.world.portal.reject(ticket)
                self.world.desk(ticket).undo("1", "переделать")

    @rule(
        how=st.sampled_from(["nothing", "hours", "minutes", "recount", "recount"]),
        stage=st.sampled_from(["1", "1", "2"]),
    )
    def operators_correct(self, how: str, stage: str) -> None:
        """Every write-off that they can."""
        for ticket in self.world.statuses():
            with suppress(DecisionRefused):
                self.correct(self.world.desk(ticket), ticket, how, stage)

    def correct(self, desk: Desk, ticket: str, how: str, wanted: str) -> None:
        stage = desk.stage(wanted)
        captured = desk.standing().captured(stage)
        before = desk.standing().charges(captured) if captured is not None else ()
        match how:
            case "recount":
                self.world.recount(ticket, wanted)
            case "nothing":
                desk.correct(stage, (), "ошибка")
            case "hours":
                desk.correct(stage, by_hours(stage, Decimal("0.25"), before), "ошибка")
            case _:
                desk.correct(
                    stage,
                    by_minutes(self.world.settings().catalogue, {"development": 10, "content": 10}),
                    "ошибка",
                )

    @rule(account=st.sampled_from(["school", "poor"]))
    def the_ledgers_are_found_to_differ(self, account: str) -> None:
        self.world.drift(account)

    @rule()
    def the_ledgers_are_compared(self) -> None:
        self.world.reconcile()

    # --- the bridge

    @rule(worker=st.sampled_from(WORKERS))
    def a_pass(self, worker: str) -> None:
        self.world.chaos.plan()
        self.world.run_pass(worker)

    @rule()
    def three_passes(self) -> None:
        for _ in range(3):
            self.a_pass("")

    @rule(worker=st.sampled_from(WORKERS), boundary=st.integers(1, 120))
    def a_pass_that_is_killed(self, worker: str, boundary: int) -> None:
        self.world.chaos.plan(kills=(boundary,))
        self.world.run_pass(worker)

    @rule(
        worker=st.sampled_from(WORKERS),
        faults=st.dictionaries(st.integers(1, 20), st.sampled_from([*MODES, WRONG]), min_size=1, max_size=4),
    )
    def a_pass_whose_calls_fail(self, worker: str, faults: dict[int, str]) -> None:
        self.world.chaos.plan(faults=faults)
        self.world.run_pass(worker)

    @rule(call=st.integers(1, 20), long=st.booleans(), jump=st.sampled_from([0.0, *JUMPS]))
    def a_worker_sleeps_before_a_call_while_the_other_makes_a_pass(
        self, call: int, long: bool, jump: float
    ) -> None:
        self.world.chaos.plan()
        wanted = len(self.world.chaos.calls) + call

        def sleep(number: int) -> None:
            if number == wanted:
                self.world.chaos.at_call = lambda _: None
                self.world.clock.ahead = timedelta(seconds=jump)
                self.world.run_pass(WORKERS[2], minutes=6 if long else 1)

        self.world.chaos.at_call = sleep
        self.world.run_pass(WORKERS[1])
        self.world.chaos.at_call = lambda _: None

    @rule()
    def what_was_under_way_arrives(self) -> None:
        self.world.chaos.deliver()

    # --- what holds

    @invariant()
    def what_must_hold_at_every_moment_holds(self) -> None:
        if hasattr(self, "world"):
            self.world.check(at_rest=False)
            self.keep_where_tickets_stand()

    def teardown(self) -> None:
        """When nothing goes wrong any more and everybody does their part, everything comes to its end, and
        rests as it must.
        """
        if not hasattr(self, "world"):
            return
        self.world.chaos.plan()
        self.world.chaos.deliver()
        self.the_machines_clock_is_right_again()
        self.world.clock.now += 2 * LEASE
        self.world.rest()
        self.world.check()
        self.keep_in_mind()
        self.settle()
        laws.settled(self.world)
        for _ in range(2):
            self.do_parts(True, 15, "development")
            self.settle()
        laws.settled(self.world)
        self.keep_in_mind()
        LIVED.update(self.found)
        Events.rested += 1

    def settle(self) -> None:
        """Enough on every account, nothing stopped, more agreed on wherever that is waited for."""
        world = self.world
        for ticket in world.statuses():
            with suppress(DecisionRefused):
                world.desk(ticket).resume("всё выяснено")
        for account in world.portal.accounts:
            world.portal.top_up(account, 100)
        world.reconcile()
        world.rest()
        for ticket, reason in world.reasons().items():
            if reason == "beyond-agreed":
                self.more_is_agreed(ticket, 16)
        world.rest()

    def do_parts(self, accept: bool, minutes: int, category: str) -> None:
        portal = self.world.portal
        for ticket in portal.tickets.values():
            for number, stage in enumerate(ticket.stages, 1):
                if (
                    stage.state is StageState.IN_PROGRESS
                    and ticket.fields.get("service") not in UNATTENDED.unattended
                ):
                    portal.log_time(ticket.id, minutes, category, number)
                    portal.report_ready(ticket.id, number)
                elif stage.state is StageState.READY and accept:
                    portal.accept(ticket.id, number)

    def keep_where_tickets_stand(self) -> None:
        """Where a ticket waits between two steps counts as much as where it waits in the end, when
        everybody has done their part.
        """
        self.found |= {
            f"{record.state}: {Reason.from_json(record.reason).code}"
            for record in self.world.records()
            if record.reason
        }

    def keep_in_mind(self) -> None:
        """What this course has come to."""
        self.keep_where_tickets_stand()
        statuses = self.world.statuses()
        with self.world.journal.transaction(read_only=True) as unit:
            for ticket in statuses:
                done = [effect for effect in unit.effects.of("test", ticket) if effect.state == "done"]
                self.found |= {effect.kind for effect in done}
                self.found |= {
                    f"accepted by {effect.request['accepted_by']}"
                    for effect in done
                    if effect.kind == "capture"
                }
                self.found |= {f"decided {decision.kind}" for decision in unit.decisions.of("test", ticket)}
