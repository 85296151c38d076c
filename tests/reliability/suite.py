"""The quick variant of the suite, for the planted bugs: every one of them must break it."""

from __future__ import annotations

from tests.reliability.chaos import WRONG, Chaos
from tests.reliability.scenarios import AGREED_ANEW, CORRECTED, MAIN, OTHERS, ROLE_DONE, Scenario
from tests.reliability.trials import Trials

QUICK_MODES = ("lost after", "lost before")


def quick(trials: Trials) -> None:
    """Undisturbed lives, lost writes, wrong answers, a journal that is away, kills; the cheapest first.

    Raises:
        AssertionError: something that must hold does not.
    """
    for scenario in (*MAIN, *OTHERS):
        trials.trial(scenario, trials.begun(scenario), Chaos())
    lose_writes(trials, ROLE_DONE, ("in progress",), every=3)
    lose_writes(trials, ROLE_DONE, (WRONG,))
    for part in trials.segments(ROLE_DONE):
        trials.away_everywhere(part, every=7)  # three turns make a transaction: all of them come up
    lose_writes(trials, AGREED_ANEW, QUICK_MODES)
    for part in trials.segments(ROLE_DONE):
        trials.kill_everywhere(part, lasting=True)
    for scenario in (*MAIN, CORRECTED):
        lose_writes(trials, scenario, QUICK_MODES)


def lose_writes(trials: Trials, scenario: Scenario, modes: tuple[str, ...], *, every: int = 1) -> int:
    """Let each outside write of a scenario, or every second, third … one, fail once in each mode, and judge
    each end; returns how many trials that took."""
    snapshot = trials.begun(scenario)
    calls = trials.trial(scenario, snapshot, Chaos()).calls
    writes = [call for call, (_, write) in enumerate(calls, 1) if write]
    number = 0
    for call in writes[::every]:
        for mode in modes:
            trials.trial(scenario, snapshot, Chaos(faults={call: mode}))
            number += 1
    return number
