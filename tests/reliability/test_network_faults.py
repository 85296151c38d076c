"""Every outside call is lost, refused or late, one at a time: everything ends as if nothing had happened."""

from __future__ import annotations

import pytest

from tests.reliability.chaos import MODES
from tests.reliability.conftest import THOROUGH
from tests.reliability.scenarios import MAIN, OTHERS, Scenario
from tests.reliability.suite import QUICK_MODES, lose_writes
from tests.reliability.trials import Trials


@pytest.mark.parametrize("scenario", MAIN, ids=lambda one: one.name)
def test_a_call_that_fails_in_any_way_changes_nothing(trials: Trials, scenario: Scenario) -> None:
    modes = MODES if THOROUGH else ("lost after", "unreachable", "late 2")
    for part in trials.segments(scenario):
        assert trials.fail_everywhere(part, modes) >= 4 * len(modes)


@pytest.mark.parametrize("scenario", OTHERS, ids=lambda one: one.name)
def test_a_life_with_turns_ends_as_it_must_whichever_write_is_lost(trials: Trials, scenario: Scenario) -> None:
    assert lose_writes(trials, scenario, QUICK_MODES if THOROUGH else ("lost after",)) > 0
