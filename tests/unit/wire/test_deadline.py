"""The limit of a whole call."""

from __future__ import annotations

import socket
import time

from bridge.wire.deadline import SLOWEST, Deadline


def test_a_call_that_ends_in_time_is_not_cut() -> None:
    with Deadline(0.05) as deadline:
        pass
    time.sleep(0.1)
    assert deadline.over is False


def test_a_large_body_gives_its_call_more_time() -> None:
    with Deadline(0.05) as deadline:
        deadline.extend(SLOWEST * 60)
        time.sleep(0.1)
        assert deadline.over is False
    with Deadline(0.05) as deadline:
        deadline.extend(10)
        time.sleep(0.1)
        assert deadline.over is True


def test_a_limit_that_comes_as_the_call_ends_does_not_cut_the_next_call() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with Deadline(60) as deadline:
            deadline.watch(ours)
        # The timer's own function: that it fires in the very moment in which a call ends cannot be arranged.
        deadline._cut()
        assert deadline.over is False
        ours.sendall(b"the next call's")
