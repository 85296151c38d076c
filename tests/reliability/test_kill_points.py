"""The process is killed at every point at which it can be, and started again: everything ends as if
nothing had happened.
"""

from __future__ import annotations

import pytest

from tests.profile import LONG, THOROUGH
from tests.reliability.scenarios import (
    BEYOND,
    CORRECTED,
    MAIN,
    RESTORE_DONE,
    ROLE_DONE,
    TAKEN_BACK,
    UNDONE,
    Scenario,
)
from tests.reliability.trials import Trials

LIVES = (ROLE_DONE, CORRECTED, RESTORE_DONE, BEYOND, UNDONE, TAKEN_BACK)


@pytest.mark.parametrize("scenario", LIVES if THOROUGH else LIVES[:2], ids=lambda one: one.name)
def test_one_kill_before_or_after_any_commit_and_any_call_changes_nothing(
    trials: Trials, scenario: Scenario
) -> None:
    lasting = not (LONG or (THOROUGH and scenario is ROLE_DONE))
    every = 1 if LONG or (THOROUGH and scenario in MAIN) else 3 if THOROUGH else 6
    points = [
        trials.kill_everywhere(part, lasting=lasting, every=every) for part in trials.segments(scenario)
    ]

    assert sum(points) >= (20 if THOROUGH else 6), points


@pytest.mark.skipif(not THOROUGH, reason="takes a minute: HYPOTHESIS_PROFILE=thorough")
@pytest.mark.parametrize("scenario", MAIN if LONG else (RESTORE_DONE,), ids=lambda one: one.name)
def test_any_number_of_kills_on_the_way_to_acceptance_changes_nothing(
    trials: Trials, scenario: Scenario
) -> None:
    assert trials.kill_ever_again(trials.segments(scenario)[0]) > 100


@pytest.mark.skipif(not THOROUGH, reason="takes its time: HYPOTHESIS_PROFILE=thorough")
def test_any_number_of_kills_between_acceptance_and_done_changes_nothing(trials: Trials) -> None:
    assert trials.kill_ever_again(trials.segments(ROLE_DONE)[1]) > 50
