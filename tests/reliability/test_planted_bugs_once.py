"""Bugs that are planted on purpose into how a key is written once: the courses of `keyless` must catch
every one, or they prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

import bridge.journal.portal_books
from bridge.journal.books import PortalWrites, Writer
from bridge.journal.portal_books import JournalBooks
from bridge.portal import PortalError, PortalOutcomeUnknown, PortalRefused
from bridge.portal.books import Attempt, Once
from tests.profile import THOROUGH
from tests.reliability.test_look_write_look import ENOUGH, courses
from tests.reliability.world import Disk

Patch = pytest.MonkeyPatch

_step, _write, _refuse_under_way = Once.step, Once._write, Once._refuse_under_way
_sending, _portal_write_sending, _lease_writer = (
    JournalBooks.sending,
    PortalWrites.sending,
    Writer.lease,
)


def no_waiting_for_settle(patch: Patch) -> None:
    patch.setattr(Once, "_refuse_under_way", lambda self, attempt, looked_at: None)


def waiting_is_over_too_soon(patch: Patch) -> None:
    patch.setattr(
        Once,
        "_refuse_under_way",
        lambda self, attempt, looked_at: _refuse_under_way(self, attempt, looked_at + timedelta(seconds=15)),
    )


def clock_is_read_after_the_look(patch: Patch) -> None:
    """As `Once` did before test_books.py showed it."""
    patch.setattr(
        Once, "_refuse_under_way", lambda self, attempt, _: _refuse_under_way(self, attempt, self._clock())
    )


def sending_is_written_down_after_the_write(patch: Patch) -> None:
    patch.setattr(JournalBooks, "sending", lambda self, key, fingerprint, at: None)

    def write(self: Once, attempt: Attempt) -> dict[str, Any]:
        def late(prepared: Any) -> None:
            try:
                attempt.write(prepared)
            finally:
                _sending(self._books, attempt.key, attempt.fingerprint, self._clock())  # type: ignore[arg-type]

        return _write(self, replace(attempt, write=late))

    patch.setattr(Once, "_write", write)


def moment_is_that_of_the_answer(patch: Patch) -> None:
    """The row is there before the write, but its moment is written when an answer comes, or does not."""

    def timeless(self: PortalWrites, portal: str, key: str, fingerprint: str, now: datetime) -> None:
        _portal_write_sending(self, portal, key, fingerprint, None)  # type: ignore[arg-type]

    def write(self: Once, attempt: Attempt) -> dict[str, Any]:
        try:
            return _write(self, attempt)
        except PortalOutcomeUnknown:
            patch.setattr(PortalWrites, "sending", _portal_write_sending)
            _sending(self._books, attempt.key, attempt.fingerprint, self._clock())  # type: ignore[arg-type]
            patch.setattr(PortalWrites, "sending", timeless)
            raise

    patch.setattr(PortalWrites, "sending", timeless)
    patch.setattr(Once, "_write", write)


def unknown_outcome_is_forgotten(patch: Patch) -> None:
    def write(self: Once, attempt: Attempt) -> dict[str, Any]:
        try:
            return _write(self, attempt)
        except PortalOutcomeUnknown:
            self._books.forget(attempt.key)
            raise

    patch.setattr(Once, "_write", write)


def unknown_outcome_is_a_refusal(patch: Patch) -> None:
    def write(self: Once, attempt: Attempt) -> dict[str, Any]:
        try:
            return _write(self, attempt)
        except PortalOutcomeUnknown as error:
            raise PortalRefused(error.endpoint, error.detail, code="invalid") from error

    patch.setattr(Once, "_write", write)


def failed_look_is_a_refusal(patch: Patch) -> None:
    """The look after a write fails, and that is told as if nothing had been written."""

    def write(self: Once, attempt: Attempt) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            try:
                return attempt.look()
            except PortalError as error:
                raise _Told(error) from error

        try:
            return _write(self, replace(attempt, look=look))
        except _Told as told:
            self._books.forget(attempt.key)
            raise PortalRefused("look", str(told), code="invalid") from told

    patch.setattr(Once, "_write", write)


class _Told(Exception):
    pass


def no_look_before_the_write(patch: Patch) -> None:
    def step(self: Once, attempt: Attempt) -> Mapping[str, Any]:
        first = True

        def look() -> dict[str, Any] | None:
            nonlocal first
            found, first = None if first else attempt.look(), False
            return found

        return _step(self, replace(attempt, look=look))

    patch.setattr(Once, "step", step)


def no_look_after_the_write(patch: Patch) -> None:
    """Whatever is answered is believed."""

    def write(self: Once, attempt: Attempt) -> dict[str, Any]:
        answered = False

        def send(prepared: Any) -> None:
            nonlocal answered
            attempt.write(prepared)
            answered = True

        def look() -> dict[str, Any] | None:
            return attempt.look() or ({"id": -1, "text": ""} if answered else None)

        return _write(self, replace(attempt, write=send, look=look))

    patch.setattr(Once, "_write", write)


def no_lease(patch: Patch) -> None:
    """Nobody waits for anybody, and nobody is stopped."""

    def writer(self: JournalBooks) -> AbstractContextManager[None]:
        return nullcontext()

    patch.setattr(JournalBooks, "writer", writer)
    patch.setattr(Writer, "guard", lambda self, portal, fence: None)


def lease_is_not_guarded(patch: Patch) -> None:
    """Who slept past its lease goes on where it was."""
    patch.setattr(Writer, "guard", lambda self, portal, fence: None)


def lease_is_given_to_everybody(patch: Patch) -> None:
    """With the number that it has."""

    def lease(self: Writer, portal: str, *told: Any) -> int | None:
        return _lease_writer(self, portal, *told) or 1

    patch.setattr(Writer, "lease", lease)
    patch.setattr(Writer, "guard", lambda self, portal, fence: None)


def refusal_keeps_its_key(patch: Patch) -> None:
    patch.setattr(JournalBooks, "forget", lambda self, key: None)


def answer_of_the_next_look(patch: Patch) -> None:
    """What was done is looked for again each time, and told as it is found then, or as it is not."""
    patch.setattr(Once, "answer", lambda self, key, endpoint, fingerprint: None)


def key_that_is_done_takes_another_request(patch: Patch) -> None:
    """A request under a key that is done is not compared with what the key stands for."""

    def answer(self: Once, key: str, endpoint: str, fingerprint: str) -> Mapping[str, Any] | None:
        written = self._books.written(key)
        return None if written is None else written.answer

    patch.setattr(Once, "answer", answer)


def key_of_what_never_arrived_is_kept(patch: Patch) -> None:
    """As `Once` did before test_books.py showed it: refused after its answer was lost, a key is not free."""

    def without_forgetting(self: Once, attempt: Attempt, looked_at: datetime) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(self._books, "forget", lambda key: None)
            _refuse_under_way(self, attempt, looked_at)

    patch.setattr(Once, "_refuse_under_way", without_forgetting)


BUGS: tuple[Callable[[Patch], None], ...] = (
    no_waiting_for_settle,
    waiting_is_over_too_soon,
    sending_is_written_down_after_the_write,
    moment_is_that_of_the_answer,
    unknown_outcome_is_forgotten,
    unknown_outcome_is_a_refusal,
    failed_look_is_a_refusal,
    no_look_before_the_write,
    no_look_after_the_write,
    no_lease,
    lease_is_not_guarded,
    lease_is_given_to_everybody,
    refusal_keeps_its_key,
    key_of_what_never_arrived_is_kept,
    answer_of_the_next_look,
    key_that_is_done_takes_another_request,
)
SLOW = pytest.param(
    clock_is_read_after_the_look,
    marks=pytest.mark.skipif(not THOROUGH, reason="takes its time: HYPOTHESIS_PROFILE=thorough"),
)


@pytest.mark.parametrize("plant", [*BUGS, SLOW], ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_caught(disk: Disk, monkeypatch: Patch, plant: Callable[[Patch], None]) -> None:
    monkeypatch.setattr(bridge.journal.portal_books, "is_stale", bridge.journal.portal_books.is_stale)  # type: ignore[attr-defined]
    plant(monkeypatch)

    with pytest.raises(AssertionError):
        courses(ENOUGH, disk)
