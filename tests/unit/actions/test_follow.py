"""Following an operation: to its end, to the end of patience, or until the service stops; never longer and
never too often.
"""

from __future__ import annotations

import pytest

from bridge.actions import OperationFailed, StillRunning
from bridge.actions.engine import follow
from bridge.moodle_ws import Unreachable
from tests.unit.actions.fake_moodle import OPKEY, FakeMoodle, Time, make_site, operation

GET = "local_otbridge_get_operation"


def test_an_operation_that_is_done_needs_no_asking() -> None:
    moodle = FakeMoodle()
    assert follow(operation("done", {"roleid": 9}), make_site(moodle))["result"] == {"roleid": 9}
    assert moodle.asked == []


def test_a_queued_operation_is_asked_for_by_its_key_until_it_is_done() -> None:
    moodle = FakeMoodle(**{GET: [operation("running", progress=0.5), operation("done", {"courseid": 7})]})
    assert follow(operation("queued"), make_site(moodle))["result"] == {"courseid": 7}
    assert moodle.asked == [("read", GET, {"opkey": OPKEY})] * 2


def test_progress_is_told_between_two_looks() -> None:
    told: list[tuple[float, str]] = []
    moodle = FakeMoodle(
        **{GET: [operation("running", progress=0.5, step="restoring"), operation("done", {})]}
    )
    follow(operation("queued"), make_site(moodle, progress=lambda share, step: told.append((share, step))))
    assert told == [(0.0, "queued"), (0.5, "restoring"), (1.0, "done")]


def test_pauses_are_a_part_of_the_time_that_has_gone_by() -> None:
    time = Time()
    moodle = FakeMoodle(**{GET: [*[operation("running")] * 60, operation("done", {})]})
    follow(operation("queued"), make_site(moodle, time=time, patience=1000))
    assert time.pauses[:3] == pytest.approx([0.1, 0.1, 0.1])
    assert time.pauses == sorted(time.pauses)
    gone = 0.0
    for pause in time.pauses:
        assert pause <= max(0.1, 0.1 * gone) + 1e-9
        gone += pause
    assert time.pauses[-1] == 5.0


def test_its_age_tells_when_to_look_again() -> None:
    running = operation("running", progress=0.5, timestarted=1_000)
    for now, again in ((1_100.0, 10.0), (900.0, 0.0)):
        with pytest.raises(StillRunning) as caught:
            follow(running, make_site(FakeMoodle(), patience=0, now=lambda now=now: now))
        assert caught.value.facts["again"] == pytest.approx(again), "a clock that is wrong does no harm"


def test_of_one_that_waits_for_cron_nothing_tells_when_to_look_again() -> None:
    with pytest.raises(StillRunning) as caught:
        follow(operation("queued"), make_site(FakeMoodle(), patience=0))
    assert caught.value.facts["again"] is None


def test_patience_ends_and_the_operation_goes_on_in_moodle() -> None:
    time = Time()
    moodle = FakeMoodle(**{GET: operation("running")})
    with pytest.raises(StillRunning, match=f"operation {OPKEY} is running in Moodle") as caught:
        follow(operation("running"), make_site(moodle, time=time, patience=60))
    assert caught.value.code == "still-running"
    assert 60 <= sum(time.pauses) < 66


def test_without_patience_it_is_looked_at_once() -> None:
    moodle = FakeMoodle()
    with pytest.raises(StillRunning):
        follow(operation("queued"), make_site(moodle, patience=0))
    assert moodle.asked == []


def test_a_service_that_stops_waits_no_longer() -> None:
    stops = iter([False, True])
    moodle = FakeMoodle(**{GET: operation("running")})
    with pytest.raises(StillRunning):
        follow(operation("running"), make_site(moodle, stopping=lambda: next(stops)))
    assert len(moodle.asked) == 1


def test_a_failed_operation_tells_its_code_and_keeps_its_words_for_the_operator() -> None:
    with pytest.raises(OperationFailed) as caught:
        follow(operation("failed", errorcode="restorefailed", error="disk full"), make_site(FakeMoodle()))
    assert caught.value.outcome() == {
        "code": "restorefailed",
        "detail": f"Moodle ended the operation {OPKEY}: disk full",
    }


def test_a_failure_without_a_code_is_a_failure() -> None:
    with pytest.raises(OperationFailed) as caught:
        follow(operation("failed"), make_site(FakeMoodle()))
    assert caught.value.code == "failed"


def test_a_failure_names_what_could_not_be_taken_back() -> None:
    left = {"left": ["steps[0] course.create"]}
    with pytest.raises(OperationFailed, match=r"not taken back: steps\[0\] course.create") as caught:
        follow(operation("failed", left, errorcode="stepfailed"), make_site(FakeMoodle()))
    assert caught.value.facts == left


def test_a_program_that_is_taken_back_is_still_running() -> None:
    moodle = FakeMoodle(**{GET: [operation("undoing"), operation("failed", errorcode="nametaken")]})
    with pytest.raises(OperationFailed):
        follow(operation("running"), make_site(moodle))


@pytest.mark.parametrize("status", ["none", "paused"])
def test_a_state_that_the_bridge_does_not_know_is_asked_for_again_later(status: str) -> None:
    with pytest.raises(StillRunning, match=status) as caught:
        follow(operation(status), make_site(FakeMoodle()))
    assert caught.value.code == "unknown-status"


def test_a_moodle_that_cannot_be_asked_is_told_as_it_is() -> None:
    with pytest.raises(Unreachable):
        follow(operation("running"), make_site(FakeMoodle(**{GET: Unreachable(GET, "no route")})))
