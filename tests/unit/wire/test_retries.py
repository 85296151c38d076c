"""Repeats of reads, and the pause that a server asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bridge.errors import BridgeError
from bridge.wire.http import retry_after
from bridge.wire.retries import Retries


class Failed(BridgeError):
    """A failure that may pass after `wait` seconds; None for one that does not pass."""

    def __init__(self, wait: float | None) -> None:
        super().__init__("failed")
        self.wait = wait

    @property
    def repeat_after(self) -> float | None:
        return self.wait


class Reading:
    """A read that fails in these ways, one after the other, and goes well then."""

    def __init__(self, *waits: float | None) -> None:
        self.failures = [Failed(wait) for wait in waits]
        self.attempts = 0

    def __call__(self) -> str:
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        return "read"


def pauses_of(reading: Reading, expected: type[BridgeError] | None = None) -> list[float]:
    """The pauses of a read, seconds."""
    pauses: list[float] = []
    retries = Retries(sleep=pauses.append)
    if expected:
        with pytest.raises(expected):
            retries.run(reading)
    else:
        assert retries.run(reading) == "read"
    return pauses


def test_a_read_is_repeated_with_growing_pauses_until_it_succeeds() -> None:
    first, second, third = pauses_of(Reading(0, 0, 0))
    assert 0.25 <= first <= 0.5 <= second <= 1 <= third <= 2


def test_a_read_gives_up_after_four_attempts() -> None:
    reading = Reading(0, 0, 0, 0, 0)
    assert len(pauses_of(reading, Failed)) == 3
    assert reading.attempts == 4


def test_what_does_not_pass_is_not_repeated() -> None:
    reading = Reading(None)
    assert pauses_of(reading, Failed) == []
    assert reading.attempts == 1


def test_a_server_that_asks_for_a_pause_gets_it() -> None:
    assert pauses_of(Reading(3)) == [3]


def test_a_server_that_asks_for_a_longer_pause_than_a_pass_can_spare_is_not_waited_for() -> None:
    assert pauses_of(Reading(3600), Failed) == []


def test_the_pauses_of_one_read_together_are_bounded() -> None:
    assert pauses_of(Reading(6, 6), Failed) == [6]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2", 2.0),
        (" 300 ", 300.0),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0),
        ("Mon, 01 Jan 2001 00:00:00", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2026 00:00:00 +9999999999999", None),
    ],
)
def test_a_pause_is_read_where_it_can_be(text: str, seconds: float | None) -> None:
    assert retry_after(text) == seconds


def test_a_pause_until_a_moment_is_the_time_until_then() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    told = retry_after(format_datetime(moment, usegmt=True))
    assert told is not None
    assert 85 < told <= 90
