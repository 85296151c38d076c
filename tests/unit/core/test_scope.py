"""Whose a fault is, and how long a ticket with a fault of its own is left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.lifecycle import Reason, Status, Wait
from bridge.errors import BridgeError
from bridge.flow.scope import LONGEST_PAUSE, PATIENCE, SHORTEST_PAUSE, named, own_fault, pause
from bridge.moodle_ws import AccessError, ServerError
from bridge.portal import KeyInProgress, StillUnderWay

PASSING = ServerError("f", "HTTP 504", status=504)


def waiting(code: str = "moodle", status: Status = Status.QUEUED, what: str = "plan") -> Wait:
    return Wait(status, Reason(code, {"what": what}))


def test_the_same_step_may_fail_a_few_times_before_an_operator_is_asked() -> None:
    before: Reason | None = None
    seen = []
    for _ in range(PATIENCE + 1):
        wait = own_fault(PASSING, waiting(), before)
        seen.append((wait.status, wait.reason.code, wait.reason.facts["times"]))
        before = wait.reason
    patient = [(Status.QUEUED, "moodle", times) for times in range(1, PATIENCE)]
    assert seen == [
        *patient,
        (Status.FAILED, "own-moodle", PATIENCE),
        (Status.FAILED, "own-moodle", PATIENCE + 1),
    ]


@pytest.mark.parametrize(
    "before",
    [
        None,
        Reason("not-agreed"),
        Reason("moodle", {"what": "hold", "times": 9}),
        Reason("moodle", {"what": "plan"}),
    ],
)
def test_faults_of_another_step_or_of_an_outage_do_not_count(before: Reason | None) -> None:
    assert own_fault(PASSING, waiting(), before).reason.facts["times"] == 1


@pytest.mark.parametrize("cause", [KeyInProgress("PUT", "busy"), StillUnderWay("PUT", "it was sent")])
def test_a_write_that_is_still_under_way_is_no_fault_however_often_it_is_asked_for(
    cause: BridgeError,
) -> None:
    assert own_fault(cause, waiting(), Reason("moodle", {"what": "plan", "times": PATIENCE})) == waiting()


def test_a_missing_right_is_an_operators_turn_at_once() -> None:
    wait = own_fault(AccessError("f", "no capability"), waiting(status=Status.RUNNING), None)
    assert (wait.status, wait.reason.code) == (Status.FAILED, "bridge-refused")


def test_a_wait_for_an_operator_keeps_its_reason() -> None:
    wait = own_fault(BridgeError("said"), waiting("fault", Status.FAILED, "ticket"), None)
    assert (wait.status, wait.reason.code, wait.reason.facts["detail"]) == (Status.FAILED, "fault", "said")


def test_pauses_grow_and_have_a_bound() -> None:
    pauses = [
        pause(Reason("own-moodle", {"times": times}))
        for times in (1, PATIENCE, PATIENCE + 1, PATIENCE + 2, 50, 10**9)
    ]
    assert pauses[:4] == [SHORTEST_PAUSE, SHORTEST_PAUSE, SHORTEST_PAUSE * 2, SHORTEST_PAUSE * 4]
    assert pauses[4:] == [LONGEST_PAUSE, LONGEST_PAUSE]
    assert pause(Reason("fault")) == SHORTEST_PAUSE > timedelta(0)


def test_an_error_of_the_program_is_named_by_its_class() -> None:
    assert (named(KeyError("entry_id")), named(BridgeError("said"))) == ("KeyError: 'entry_id'", "said")
