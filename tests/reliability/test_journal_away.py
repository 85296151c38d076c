"""The journal goes away at any moment of a pass and comes back: everything ends as if nothing had
happened.
"""

from __future__ import annotations

import pytest

from tests.profile import LONG, THOROUGH
from tests.reliability.scenarios import CORRECTED, MAIN, ROLE_DONE, Scenario
from tests.reliability.trials import Trials
from tests.reliability.world import ROLE, Disk, World


@pytest.mark.parametrize(
    "scenario", (*MAIN, CORRECTED) if THOROUGH else (ROLE_DONE,), ids=lambda one: one.name
)
def test_a_journal_that_is_away_for_a_moment_or_for_the_rest_of_a_pass_changes_nothing(
    trials: Trials, scenario: Scenario
) -> None:
    every = 1 if LONG else 4 if THOROUGH else 20
    assert sum(trials.away_everywhere(part, every=every) for part in trials.segments(scenario)) >= 8


def test_the_worker_that_lost_the_journal_goes_on_with_its_ticket_in_the_next_pass(disk: Disk) -> None:
    world = World(disk)
    world.order(ROLE)
    world.chaos.plan(away=(30, 40))
    assert world.run_pass("one.example.ru:1:1") is None
    assert world.statuses() == {"t1": "new"}

    world.chaos.plan()
    world.run_pass("one.example.ru:1:1")
    assert world.statuses() == {"t1": "awaiting-acceptance"}, "its lease, which nobody ends, is its own"
    world.check()
