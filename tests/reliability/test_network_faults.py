"""Every outside call is lost, refused or late, one at a time: everything ends as if nothing had happened."""

from __future__ import annotations

import pytest

from tests.profile import LONG, THOROUGH
from tests.reliability.chaos import MODES, Chaos
from tests.reliability.scenarios import MAIN, OTHERS, Scenario
from tests.reliability.suite import lose_writes
from tests.reliability.trials import Trials


@pytest.mark.parametrize("scenario", MAIN, ids=lambda one: one.name)
def test_a_call_that_fails_in_any_way_changes_nothing(trials: Trials, scenario: Scenario) -> None:
    modes = MODES if THOROUGH else ("lost after", "late 2")
    for part in trials.segments(scenario):
        assert trials.fail_everywhere(part, modes, every=1 if THOROUGH else 4) >= 2


@pytest.mark.parametrize("scenario", OTHERS, ids=lambda one: one.name)
def test_a_life_with_turns_ends_as_it_must_whichever_writes_are_lost(
    trials: Trials, scenario: Scenario
) -> None:
    chaos = Chaos()
    chaos.lose_every(4)
    assert trials.trial(scenario, trials.begun(scenario), chaos).happened
    if THOROUGH:
        assert lose_writes(trials, scenario, ("lost after",), every=1 if LONG else 3) > 1
        assert lose_writes(trials, scenario, ("lost before",), every=1 if LONG else 5) > 0
