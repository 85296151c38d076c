"""A worker falls asleep in the middle of a call, another one goes on with its ticket: nothing is done
twice, and nobody breaks down.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest

from bridge.flow.sync import LEASE
from tests.profile import THOROUGH
from tests.reliability.chaos import Chaos
from tests.reliability.scenarios import MAIN, ROLE_DONE, Scenario
from tests.reliability.trials import Segment, Trials
from tests.reliability.world import Disk, World

SLEEPER, OTHER = "one.example.ru:1:1", "other.example.ru:1:1"
"""Processes of other machines: nobody can see whether they are alive, so that their leases have to end."""


def nap(disk: Disk, part: Segment, call: int, minutes: float) -> bool:
    """The sleeper naps before its call of that number, while the other one makes a pass; False when it
    makes no so many calls.
    """
    chaos = Chaos()
    world = World(disk, part.snapshot, chaos)
    napped = False

    def sleep(number: int) -> None:
        nonlocal napped
        if number == call and not napped:
            napped = True
            world.run_pass(OTHER, minutes=minutes)

    chaos.at_call = sleep
    world.run_pass(SLEEPER)
    world.clock.now += 2 * LEASE
    world.rest()
    world.check()
    assert world.trace() == part.trace, (
        f"{part.name}: a nap of {minutes} minutes before {chaos.calls[call - 1][0]}"
    )
    return napped


@pytest.mark.parametrize(
    "minutes", [0, LEASE / timedelta(minutes=1) + 1], ids=["within its lease", "past its lease"]
)
@pytest.mark.parametrize("scenario", MAIN if THOROUGH else (ROLE_DONE,), ids=lambda one: one.name)
def test_a_worker_may_sleep_before_any_call(
    trials: Trials, disk: Disk, scenario: Scenario, minutes: float
) -> None:
    for part in trials.segments(scenario):
        naps = next(
            number
            for number, call in enumerate(count(1, 1 if THOROUGH else 6))
            if not nap(disk, part, call, minutes)
        )
        assert naps >= (4 if THOROUGH else 1)
