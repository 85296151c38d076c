"""Several tickets on two accounts, customers who do what they like, two workers that die, sleep and lose answers: the invariants hold.

A failure prints the steps that lead to it as a program, and hypothesis replays it first the next time.
"""

from __future__ import annotations

from contextlib import suppress
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
    run_state_machine_as_test,
)

from bridge.portal import PortalRefused
from bridge.retry import retry
from bridge.sync import LEASE
from bridge.tickets import StageState
from tests.reliability.chaos import MODES
from tests.reliability.conftest import PROFILE
from tests.reliability.world import PAID, RESTORE, ROLE, Disk, World

ORDERS: tuple[dict[str, str], ...] = (
    ROLE, RESTORE, {**ROLE, "param_shortname": "tutor"}, {**ROLE, "param_shortname": "dean"}, {**RESTORE, "param_users": "нет"},
    {**ROLE, "param_context_levels": "сайт"}, {},
)  # fmt: skip
WORKERS = ("", "one.example.ru:1:1", "other.example.ru:1:1")
"""The first one dies visibly; of the others nobody can see whether they are alive."""


class Events(RuleBasedStateMachine):
    """The world and all that can happen in it."""

    disk: Disk
    rested = 0
    """How many courses came to rest so far."""
    tickets = Bundle("tickets")

    @initialize(target=tickets, poor=st.sampled_from(["0.25", "1", "3"]))
    def begins(self, poor: str) -> Any:
        """With two tickets: hypothesis leaves rules out of a course, and without the one that brings tickets nothing would happen in it."""
        self.world = World(self.disk)
        self.world.portal.open_account("poor", "Академия", granted=poor)
        return multiple(self.world.order(ROLE, account="poor"), self.world.order(RESTORE))

    # --- people

    @rule(
        target=tickets, fields=st.sampled_from(ORDERS), account=st.sampled_from(["school", "poor"]), estimate=st.sampled_from([1, 2]),
        agreed=st.sampled_from([True, True, True, False]),
    )  # fmt: skip
    def a_ticket_comes(self, fields: dict[str, str], account: str, estimate: int, agreed: bool) -> Any:
        if len(self.world.portal.tickets) == 4:
            return multiple()
        ticket = self.world.portal.open_ticket(account=account, category=PAID, subject="Заявка", fields=fields)
        if agreed:
            self.world.portal.agree(ticket, [("Работа", estimate, 1)])
        return ticket

    @rule()
    def customers_accept_what_is_ready(self) -> None:
        for ticket in self.world.portal.tickets.values():
            with suppress(PortalRefused, IndexError):
                self.world.portal.accept(ticket.id)

    @rule(ticket=tickets, move=st.sampled_from(["accept", "reject", "withdraw", "log time"]))
    def the_customer_moves(self, ticket: str, move: str) -> None:
        portal = self.world.portal
        with suppress(PortalRefused, IndexError):
            if move == "log time":
                portal.log_time(ticket, 15)
            else:
                getattr(portal, move)(ticket)

    @rule(ticket=tickets, estimate=st.sampled_from([1, 2]))
    def the_customer_agrees(self, ticket: str, estimate: int) -> None:
        with suppress(PortalRefused):
            self.world.portal.agree(ticket, [("Работа", estimate, 1)])

    @rule(ticket=tickets, fields=st.sampled_from(ORDERS))
    def the_customer_edits_the_order(self, ticket: str, fields: dict[str, str]) -> None:
        self.world.portal.edit_fields(ticket, fields)

    @rule(account=st.sampled_from(["school", "poor"]))
    def the_customer_tops_up(self, account: str) -> None:
        self.world.portal.top_up(account, 1)

    @precondition(lambda self: not self.world.moodle.failures)
    @rule()
    def a_restore_will_fail(self) -> None:
        self.world.moodle.failures.append("restorefailed")

    @rule(ticket=tickets)
    def an_operator_lets_a_ticket_go_on(self, ticket: str) -> None:
        with self.world.journal.transaction(read_only=True) as unit:
            record = unit.ticket("test", ticket)
        if record is not None:
            retry(self.world.journal, record, self.world.clock())

    # --- the bridge

    @rule(worker=st.sampled_from(WORKERS))
    def a_pass(self, worker: str) -> None:
        self.world.chaos.plan()
        self.world.run_pass(worker)

    @rule(worker=st.sampled_from(WORKERS), boundary=st.integers(1, 120))
    def a_pass_that_is_killed(self, worker: str, boundary: int) -> None:
        self.world.chaos.plan(kills=(boundary,))
        self.world.run_pass(worker)

    @rule(worker=st.sampled_from(WORKERS), faults=st.dictionaries(st.integers(1, 20), st.sampled_from(MODES), min_size=1, max_size=4))
    def a_pass_whose_calls_fail(self, worker: str, faults: dict[int, str]) -> None:
        self.world.chaos.plan(faults=faults)
        self.world.run_pass(worker)

    @rule(call=st.integers(1, 20), long=st.booleans())
    def a_worker_sleeps_before_a_call_while_the_other_makes_a_pass(self, call: int, long: bool) -> None:
        self.world.chaos.plan()
        wanted = len(self.world.chaos.calls) + call

        def sleep(number: int) -> None:
            if number == wanted:
                self.world.chaos.at_call = lambda _: None
                self.world.run_pass(WORKERS[2], minutes=6 if long else 1)

        self.world.chaos.at_call = sleep
        self.world.run_pass(WORKERS[1])
        self.world.chaos.at_call = lambda _: None

    @rule()
    def what_was_under_way_arrives(self) -> None:
        self.world.chaos.deliver()

    # --- what holds

    @invariant()
    def nothing_is_done_twice_and_hours_are_conserved(self) -> None:
        self.world.check(at_rest=False)

    def teardown(self) -> None:
        """When nothing goes wrong any more, everything comes to rest, and rests as it must."""
        if not hasattr(self, "world"):
            return
        self.world.chaos.plan()
        self.world.chaos.deliver()
        self.world.clock.now += 2 * LEASE
        self.world.rest()
        self.world.check()
        statuses = self.world.statuses()
        for ticket in self.world.portal.tickets.values():
            done = [stage.state is StageState.WRITTEN_OFF for stage in ticket.stages]
            assert (statuses[ticket.id] == "done") == (bool(done) and all(done) and ticket.withdrawn_at is None), (ticket, statuses)
            accepted = [stage for stage in ticket.stages if stage.state is StageState.ACCEPTED]
            assert not accepted or statuses[ticket.id] in ("failed", "withdrawn"), f"{ticket.id}: accepted, but not written off"
        Events.rested += 1


def test_whatever_happens_nothing_is_done_twice_and_everything_comes_to_rest(disk: Disk) -> None:
    Events.disk = disk

    run_state_machine_as_test(Events, settings=PROFILE)

    assert Events.rested >= PROFILE.max_examples
