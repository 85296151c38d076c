"""Several tickets on two accounts, people who do what they like, two workers that die, sleep and lose
answers: what must hold, holds.

A failure of the machine prints the steps that lead to it as a program; one of a course by seed names the
seed.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis.stateful import run_state_machine_as_test

from tests.profile import LONG, THOROUGH
from tests.reliability.chaos import MODES, WRONG
from tests.reliability.conftest import PROFILE
from tests.reliability.events import EVERY, JUMPS, LIVED, ORDERS, POLICIES, TICKETS, WORKERS, Events
from tests.reliability.world import Disk

COURSES = 10_000 if LONG else 50 if THOROUGH else 2
"""How many there are by seed."""
EVENTS = 40 if THOROUGH else 30
"""How many happen in each of them."""
LEAST = 2
"""So many courses must come to each thing in `EVERY`: what one alone comes to, the next change of the
suite or of the bridge loses by chance.
"""


def course(seed: int) -> Events:
    """One course in which likely things are likely; the same seed gives the same course."""
    chance = Random(seed)
    one = Events()

    def some(*values: Any) -> Any:
        return chance.choice(values)

    def ticket() -> str:
        return str(some(*one.world.portal.tickets))

    one.begins(
        poor=some("0.25", "1", "3"),
        policy=some(*POLICIES, POLICIES[1], POLICIES[1]),
        first=some(*TICKETS),
        second=some(*TICKETS),
        rounds=some(0, 0, 1, 3),
    )
    account, worker = ("school", "poor"), WORKERS
    rules: dict[Callable[[], object], int] = {
        lambda: one.a_ticket_comes(
            ticket=some(*TICKETS), account=some(*account), agreed=chance.random() < 0.7
        ): 3,
        lambda: one.everybody_does_their_part(
            accept=some(True, False, False), minutes=some(15, 30), category=some("development", "content")
        ): 5,
        lambda: one.a_specialist_logs_time(
            ticket=ticket(),
            minutes=some(15, 45, 75),
            category=some("development", "content"),
            stage=chance.randint(0, 2),
        ): 3,
        lambda: one.somebody_moves(
            ticket=ticket(),
            stage=some(1, 1, 2, 3),
            move=some("accept", "accept", "reject", "reject", "report_ready"),
        ): 5,
        lambda: one.somebody_moves(ticket=ticket(), stage=1, move="withdraw"): 1,
        lambda: one.more_is_agreed(ticket=ticket(), times=some(1, 2, 4)): 2,
        lambda: one.the_customer_edits_the_order(ticket=ticket(), fields=some(*ORDERS)): 3,
        lambda: one.the_customer_tops_up(account=some(*account)): 2,
        lambda: one.two_weeks_go_by(days=some(13.5, 15, 15, 15)): 5,
        lambda: one.the_machines_clock_jumps(seconds=some(*JUMPS)): 2,
        one.the_machines_clock_is_right_again: 4,
        lambda: one.the_journal_is_away(
            worker=some(*worker), turn=chance.randint(1, 150), comes_back=some(True, False)
        ): 2,
        one.customers_reject_what_is_ready: 3,
        one.a_customer_withdraws_what_is_ready: 2,
        lambda: one.a_restore_will_fail() if not one.world.moodle.failures else None: 1,
        lambda: one.an_operator_lets_a_ticket_go_on(ticket=ticket()): 2,
        lambda: one.an_operator_decides(
            ticket=ticket(), what=some("assign", "pause", "resume", "withdraw")
        ): 3,
        lambda: one.operators_take_back_what_was_made(reject=some(True, False)): 3,
        lambda: one.operators_correct(
            how=some("nothing", "hours", "minutes", "recount"), stage=some("1", "1", "2")
        ): 2,
        lambda: one.the_ledgers_are_found_to_differ(account=some(*account)): 1,
        one.the_ledgers_are_compared: 1,
        lambda: one.a_pass(worker=some(*worker)): 3,
        lambda: one.a_pass_that_is_killed(worker=some(*worker), boundary=chance.randint(1, 120)): 4,
        lambda: one.a_pass_whose_calls_fail(
            worker=some(*worker),
            faults={chance.randint(1, 20): some(*MODES, WRONG) for _ in range(chance.randint(1, 4))},
        ): 4,
        lambda: one.a_worker_sleeps_before_a_call_while_the_other_makes_a_pass(
            call=chance.randint(1, 20), long=some(True, False), jump=some(0.0, 0.0, *JUMPS)
        ): 2,
        one.what_was_under_way_arrives: 2,
    }
    for happens in chance.choices([*rules], [*rules.values()], k=EVENTS):
        happens()
        one.what_must_hold_at_every_moment_holds()
    one.teardown()
    return one


def test_courses_in_which_likely_things_are_likely_come_to_their_end_and_to_everything(disk: Disk) -> None:
    Events.disk = disk
    LIVED.clear()
    for seed in range(COURSES):
        try:
            course(seed)
        except Exception as error:
            error.add_note(f"replay: course({seed})")
            raise

    assert not THOROUGH or {one: LIVED[one] for one in EVERY if LIVED[one] < LEAST} == {}, (
        "too few courses come to these"
    )


def test_whatever_happens_nothing_is_done_twice_and_everything_comes_to_its_end(disk: Disk) -> None:
    Events.disk = disk

    run_state_machine_as_test(Events, settings=PROFILE)

    assert Events.rested >= PROFILE.max_examples
