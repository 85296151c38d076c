"""Writing once to an engine that cannot refuse a repeated key: `Once`, over the books that a journal
keeps.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.kept import KeptHold, Written
from bridge.journal import Journal, LedgerConflict
from bridge.journal.owner import own_name
from bridge.journal.portal_books import JournalBooks
from bridge.portal import (
    KeyInProgress,
    KeyReused,
    PortalOutcomeUnknown,
    PortalRefused,
    PortalUnreachable,
    StillUnderWay,
)
from bridge.portal.books import Attempt, Contended, Once, fingerprint_of
from bridge.portal.errors import PortalError, PortalNotContract, PortalNotFound

SETTLE = timedelta(minutes=2)
TTL = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
LOST = PortalOutcomeUnknown("PUT /things", "no answer came", portal="red")
FAILURES = (
    PortalUnreachable("GET /things", "no answer came", portal="red"),
    PortalNotContract("GET /things", "HTML", portal="red"),
    PortalNotFound("GET /things", "it may not be seen", code="not_found", portal="red"),
)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = datetime(2026, 3, 2, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Engine:
    """An engine that appends on every write, and what its next calls come to.

    Attributes:
        records: what was written, each with its key.
        unanswered: raised after the next write was carried out.
        refusal: raised instead of the next write.
        blind: raised by each look.
        forgetful: it answers as if it had written, and does nothing.
        wrong: the refusal that preparing finds.
        looks: how often it was looked at.
    """

    records: list[str] = field(default_factory=list)
    unanswered: PortalError | None = None
    refusal: PortalError | None = None
    blind: PortalError | None = None
    forgetful: bool = False
    wrong: PortalRefused | None = None
    looks: int = 0
    writes: int = 0

    def look(self, key: str) -> dict[str, Any] | None:
        self.looks += 1
        if self.blind:
            raise self.blind
        return {"id": self.records.index(key), "key": key} if key in self.records else None

    def prepare(self) -> None:
        if self.wrong:
            raise self.wrong

    def write(self, key: str) -> None:
        self.writes += 1
        if self.refusal:
            raise self.refusal
        if not self.forgetful:
            self.records.append(key)
        if self.unanswered:
            raise self.unanswered

    def attempt(self, key: str = "k", text: str = "Готово", **changes: Any) -> Attempt:
        parts = {
            "look": lambda: self.look(key),
            "prepare": self.prepare,
            "write": lambda _prepared: self.write(key),
            **changes,
        }
        return Attempt("things", key, "thing", {"text": text}, **parts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, sqlite_template: Path, clock: Clock) -> Iterator[Journal]:
    shutil.copyfile(sqlite_template, tmp_path / "journal.db")
    with Journal.open(f"sqlite:///{tmp_path}/journal.db", clock=clock) as opened:
        yield opened


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def books(journal: Journal, clock: Clock) -> JournalBooks:
    return books_of(journal, clock)


@pytest.fixture
def once(books: JournalBooks, clock: Clock) -> Once:
    return Once("red", books, SETTLE, clock)


def books_of(
    journal: Journal, clock: Clock, owner: str = "one.example.ru:1:1", *, wait: float = 0
) -> JournalBooks:
    return JournalBooks(journal, "red", owner, TTL, clock, wait=timedelta(seconds=wait))


def lost(once: Once, engine: Engine, attempt: Attempt, *, carried_out: bool) -> None:
    """Send it; no answer comes, and nothing is to be seen of it now."""
    engine.unanswered = LOST
    engine.forgetful = True
    with pytest.raises(PortalOutcomeUnknown, match="no answer came; it is not to be seen yet"):
        once.run(attempt)
    engine.unanswered = None
    engine.forgetful = False
    if carried_out:
        engine.records.append(attempt.key)


# --- one writer at a time


def test_a_writer_that_lost_the_journal_writes_again_when_it_is_back(journal: Journal, clock: Clock) -> None:
    with journal.transaction() as unit:  # nobody could give this lease back
        unit.writer.lease("red", "one.example.ru:1:1", clock(), TTL, lambda _: False)

    with books_of(journal, clock).writer():
        pass

    with journal.transaction() as unit:
        unit.writer.lease("red", "one.example.ru:1:1", clock(), TTL, lambda _: False)
    with pytest.raises(PortalUnreachable), books_of(journal, clock, "two.example.ru:1:1").writer():
        pass


def test_threads_of_one_process_wait_for_each_other(books: JournalBooks, once: Once, engine: Engine) -> None:
    inside: list[str] = []

    def write(key: str) -> None:
        assert inside == []
        inside.append(key)
        time.sleep(0.01)
        engine.write(key)
        inside.remove(key)

    keys = [f"k{number}" for number in range(8)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(
            threads.map(lambda key: once.run(engine.attempt(key, write=lambda _: write(key))), keys)
        )

    assert sorted(engine.records) == keys
    assert [answer["key"] for answer in answers] == keys


def test_one_key_that_threads_write_at_once_is_written_once(once: Once, engine: Engine) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: once.run(engine.attempt()), range(8)))

    assert engine.records == ["k"]
    assert all(answer == answers[0] for answer in answers)


def test_two_processes_wait_for_each_other(journal: Journal, clock: Clock, engine: Engine) -> None:
    def ask(owner: str) -> list[Mapping[str, Any]]:
        once = Once("red", books_of(journal, clock, f"{owner}.example.ru:1:1", wait=30), SETTLE, clock)
        return [once.run(engine.attempt(f"k{number}")) for number in range(5)]

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(ask, ["one", "other"])

    assert sorted(engine.records) == [f"k{number}" for number in range(5)]
    assert first == second


def test_another_process_is_waited_for_until_it_has_written(journal: Journal, clock: Clock) -> None:
    one, other = books_of(journal, clock), books_of(journal, clock, "other.example.ru:1:1", wait=30)
    began, order = threading.Event(), []

    def wait() -> None:
        began.set()
        with other.writer():
            order.append("other")

    with ThreadPoolExecutor() as threads:
        with one.writer():
            waiting = threads.submit(wait)
            began.wait()
            time.sleep(0.1)
            order.append("one")
        waiting.result(timeout=30)

    assert order == ["one", "other"]


def test_a_process_that_does_not_end_its_write_is_not_waited_for_for_ever(
    journal: Journal, clock: Clock, engine: Engine
) -> None:
    other = Once("red", books_of(journal, clock, "other.example.ru:1:1", wait=0.1), SETTLE, clock)

    with (
        books_of(journal, clock).writer(),
        pytest.raises(
            PortalUnreachable,
            match="portal red: writer: another process has been writing to it; nothing was sent",
        ),
    ):
        other.run(engine.attempt())

    assert (engine.looks, engine.records) == (0, [])
    assert other.run(engine.attempt())["key"] == "k"


def test_a_lease_that_has_ended_is_taken_over(journal: Journal, clock: Clock, engine: Engine) -> None:
    with books_of(journal, clock).writer():
        clock.forward(TTL)
        Once("red", books_of(journal, clock, "other.example.ru:1:1"), SETTLE, clock).run(engine.attempt())

    assert engine.records == ["k"]


def test_the_lease_of_a_process_of_this_machine_that_is_gone_is_taken_over_at_once(
    journal: Journal, clock: Clock
) -> None:
    gone = books_of(journal, clock, f"{socket.gethostname()}:{os.getpid()}:1")
    alive = books_of(journal, clock, own_name())

    with gone.writer(), alive.writer(), pytest.raises(PortalUnreachable), books_of(journal, clock).writer():
        pass


def test_a_writer_that_has_failed_lets_the_next_one_in(journal: Journal, clock: Clock) -> None:
    with pytest.raises(ZeroDivisionError), books_of(journal, clock).writer():
        raise ZeroDivisionError
    with books_of(journal, clock, "other.example.ru:1:1").writer():
        pass


def test_whoever_lost_the_lease_writes_down_nothing(
    journal: Journal, clock: Clock, books: JournalBooks
) -> None:
    other = books_of(journal, clock, "other.example.ru:1:1")
    hold = KeptHold("h1", "k", "a1", "t1", "s1", Decimal(1), clock())

    with books.writer():
        clock.forward(TTL)
        with other.writer():
            for write in (
                lambda: books.sending("k", "f", clock()),
                lambda: books.forget("k"),
                lambda: books.answered("k", "f", {}),
                lambda: books.add_hold(hold, "f", {}),
                lambda: books.end_hold("h1", "voided", "k", clock(), "f", {}),
            ):
                with pytest.raises(PortalOutcomeUnknown, match="the lease of writing to portal"):
                    write()
            other.sending("k", "g", clock())
    with pytest.raises(PortalOutcomeUnknown, match="the lease of writing to portal"):
        other.answered("k", "g", {})

    assert books.written("k") == Written("g", clock(), None, None)
    assert books.holds("a1") == []


def test_a_writer_that_lost_its_lease_before_it_sends_does_not_send(
    journal: Journal, clock: Clock, once: Once, engine: Engine
) -> None:
    other = Once("red", books_of(journal, clock, "other.example.ru:1:1"), SETTLE, clock)

    def sleep() -> None:
        clock.forward(TTL)
        other.run(engine.attempt())

    with pytest.raises(PortalOutcomeUnknown, match="the lease of writing to portal"):
        once.run(engine.attempt(prepare=sleep))

    assert engine.records == ["k"]


def test_a_writer_that_lost_its_lease_after_it_sent_writes_down_no_answer(
    journal: Journal, clock: Clock, books: JournalBooks, once: Once, engine: Engine
) -> None:
    other = Once("red", books_of(journal, clock, "other.example.ru:1:1"), SETTLE, clock)
    found: list[Mapping[str, Any]] = []

    def write(_prepared: None) -> None:
        engine.write("k")
        clock.forward(TTL)
        found.append(other.run(engine.attempt()))

    with pytest.raises(PortalOutcomeUnknown, match="the lease of writing to portal"):
        once.run(engine.attempt(write=write))

    assert engine.records == ["k"]
    assert once.run(engine.attempt()) == found[0]


def test_another_process_does_not_send_what_one_that_lost_its_lease_is_still_sending(
    journal: Journal, clock: Clock, once: Once, engine: Engine
) -> None:
    other = Once("red", books_of(journal, clock, "other.example.ru:1:1"), SETTLE, clock)

    def write(_prepared: None) -> None:
        clock.forward(TTL)
        with pytest.raises(PortalOutcomeUnknown, match="will not be sent again for 61 s"):
            other.run(engine.attempt())
        engine.write("k")

    with pytest.raises(PortalOutcomeUnknown, match="the lease of writing to portal"):
        once.run(engine.attempt(write=write))

    assert other.run(engine.attempt())["key"] == "k"
    assert engine.records == ["k"]


# --- an answer


def test_an_answer_is_kept_and_told_again_without_a_look(
    journal: Journal, clock: Clock, once: Once, engine: Engine
) -> None:
    first = once.run(engine.attempt())
    engine.records.clear()
    looks = engine.looks
    again = Once("red", books_of(journal, clock, "other.example.ru:1:1"), SETTLE, clock).run(engine.attempt())

    assert first == again == {"id": 0, "key": "k"}
    assert engine.looks == looks
    assert engine.writes == 1


def test_what_is_there_before_it_is_sent_is_not_sent(
    books: JournalBooks, once: Once, engine: Engine, clock: Clock
) -> None:
    engine.records.append("k")
    engine.wrong = PortalRefused("things", "too late", code="invalid")

    assert once.run(engine.attempt()) == {"id": 0, "key": "k"}
    assert engine.writes == 0
    assert books.written("k") == Written(
        fingerprint_of("thing", {"text": "Готово"}), None, {"id": 0, "key": "k"}, clock()
    )


def test_what_is_done_with_an_answer_is_the_attempts_to_say(
    books: JournalBooks, once: Once, engine: Engine
) -> None:
    kept: list[tuple[str, Mapping[str, Any]]] = []

    attempt = engine.attempt(keep=lambda fingerprint, answer: kept.append((fingerprint, answer)))
    once.run(attempt)
    once.run(attempt)

    assert kept == [(attempt.fingerprint, {"id": 0, "key": "k"})] * 2
    assert engine.records == ["k"]


def test_a_key_stands_for_one_request_only(once: Once, engine: Engine) -> None:
    once.run(engine.attempt())
    for otherwise in (engine.attempt(text="Нет"), replace(engine.attempt(), kind="other")):
        with pytest.raises(KeyReused, match="the key k was used for another write") as caught:
            once.run(otherwise)
        assert (caught.value.code, caught.value.portal) == ("key_reused", "red")

    assert engine.records == ["k"]


def test_a_key_whose_outcome_is_not_known_stands_for_one_request_too(
    once: Once, engine: Engine, clock: Clock
) -> None:
    lost(once, engine, engine.attempt(), carried_out=False)
    clock.forward(SETTLE)
    with pytest.raises(KeyReused):
        once.run(engine.attempt(text="Нет"))


def test_a_request_has_one_fingerprint_however_its_members_are_ordered() -> None:
    assert fingerprint_of("a", {"x": 1, "y": "ж"}) == fingerprint_of("a", {"y": "ж", "x": 1})
    assert (
        len({fingerprint_of("a", {"x": 1}), fingerprint_of("b", {"x": 1}), fingerprint_of("a", {"x": "1"})})
        == 3
    )


# --- refusals


@pytest.mark.parametrize(
    "error",
    [PortalRefused("things", "no", code="invalid"), PortalUnreachable("things", "refused")],
    ids=["refused", "never sent"],
)
def test_what_was_not_written_leaves_its_key_free_at_once(
    books: JournalBooks, once: Once, engine: Engine, error: PortalError
) -> None:
    engine.refusal = error
    with pytest.raises(type(error)) as caught:
        once.run(engine.attempt())
    assert caught.value is error
    assert books.written("k") is None
    engine.refusal = None

    assert once.run(engine.attempt(text="Иначе"))["key"] == "k"
    assert engine.records == ["k"]


def test_what_must_not_be_is_not_sent_and_leaves_its_key_free(
    books: JournalBooks, once: Once, engine: Engine
) -> None:
    engine.wrong = PortalRefused("things", "too late", code="invalid")
    with pytest.raises(PortalRefused, match="too late"):
        once.run(engine.attempt())

    assert engine.writes == 0
    assert books.written("k") is None


def test_a_key_that_the_engine_is_still_working_on_is_not_free(
    books: JournalBooks, once: Once, engine: Engine
) -> None:
    engine.refusal = KeyInProgress("things", "busy", code="key_in_progress")
    with pytest.raises(KeyInProgress):
        once.run(engine.attempt())
    engine.refusal = None

    with pytest.raises(PortalOutcomeUnknown):
        once.run(engine.attempt())
    assert engine.writes == 1


def test_what_was_answered_as_written_and_is_not_to_be_seen_is_told_and_not_sent_again_by_itself(
    once: Once, engine: Engine
) -> None:
    engine.forgetful = True
    with pytest.raises(
        PortalRefused, match="it was answered as written, but its key is not to be seen"
    ) as caught:
        once.run(engine.attempt())

    assert (caught.value.code, caught.value.portal, engine.writes) == ("key_not_kept", "red", 1)


# --- lost answers


def test_a_lost_answer_to_what_is_to_be_seen_is_no_loss(once: Once, engine: Engine) -> None:
    engine.unanswered = LOST

    assert once.run(engine.attempt()) == {"id": 0, "key": "k"}
    assert once.run(engine.attempt()) == {"id": 0, "key": "k"}
    assert engine.writes == 1


def test_what_may_be_under_way_is_only_looked_for_until_it_has_surely_ended(
    once: Once, engine: Engine, clock: Clock
) -> None:
    attempt = engine.attempt()
    lost(once, engine, attempt, carried_out=False)
    for _ in range(4):
        clock.forward(SETTLE / 4 - SECOND)
        with pytest.raises(
            StillUnderWay, match=r"it was sent and is not to be seen yet; it will not be sent again for \d+ s"
        ):
            once.run(attempt)
    assert engine.writes == 1
    clock.forward(4 * SECOND)

    assert once.run(attempt) == {"id": 0, "key": "k"}
    assert engine.records == ["k"]


def test_what_arrived_late_is_found_and_not_sent_again(once: Once, engine: Engine, clock: Clock) -> None:
    attempt = engine.attempt()
    lost(once, engine, attempt, carried_out=True)
    engine.wrong = PortalRefused("things", "too late", code="invalid")

    assert once.run(attempt) == {"id": 0, "key": "k"}
    assert engine.writes == 1


class Slow(JournalBooks):
    """Books whose process sleeps just before it writes down that it sends, so many times."""

    sleeps = 0
    moved: Clock

    def sending(self, key: str, fingerprint: str, at: datetime) -> None:
        if self.sleeps:
            self.sleeps -= 1
            self.moved.forward(SETTLE)
        super().sending(key, fingerprint, at)


def test_a_process_that_slept_before_it_wrote_down_what_it_sends_is_waited_for_from_then_on(
    journal: Journal, engine: Engine, clock: Clock
) -> None:
    books = Slow(journal, "red", "one.example.ru:1:1", TTL, clock, wait=timedelta(0))
    books.sleeps, books.moved = 1, clock
    once = Once("red", books, SETTLE, clock)
    lost(once, engine, engine.attempt(), carried_out=False)
    clock.forward(SETTLE - SECOND)
    with pytest.raises(PortalOutcomeUnknown, match="will not be sent again"):
        once.run(engine.attempt())
    assert engine.writes == 1


def test_a_journal_that_is_slow_every_time_lets_nothing_be_sent(
    journal: Journal, engine: Engine, clock: Clock
) -> None:
    books = Slow(journal, "red", "one.example.ru:1:1", timedelta(days=1), clock, wait=timedelta(0))
    books.sleeps, books.moved = 3, clock
    once = Once("red", books, SETTLE, clock)
    with pytest.raises(PortalUnreachable, match="nothing was sent"):
        once.run(engine.attempt())
    assert (engine.writes, books.written("k")) == (0, None)
    assert once.run(engine.attempt()) == {"id": 0, "key": "k"}


def test_what_was_sent_again_is_waited_for_again(once: Once, engine: Engine, clock: Clock) -> None:
    attempt = engine.attempt()
    for _ in range(3):
        lost(once, engine, attempt, carried_out=False)
        clock.forward(SETTLE - SECOND)
        with pytest.raises(PortalOutcomeUnknown, match="for 2 s"):
            once.run(attempt)
        clock.forward(SECOND)

    assert engine.writes == 3


def test_another_process_waits_for_what_one_that_died_had_sent(
    journal: Journal, clock: Clock, once: Once, engine: Engine
) -> None:
    class Killed(BaseException):
        pass

    def die(_prepared: None) -> None:
        raise Killed

    with pytest.raises(Killed):
        once.run(engine.attempt(write=die))
    other = Once("red", books_of(journal, clock, "other.example.ru:1:1"), SETTLE, clock)
    with pytest.raises(PortalOutcomeUnknown):
        other.run(engine.attempt())
    clock.forward(SETTLE)

    assert other.run(engine.attempt())["key"] == "k"
    assert engine.records == ["k"]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("unanswered", [None, LOST], ids=["answered", "lost"])
def test_a_look_that_fails_after_the_write_is_an_unknown_outcome(
    once: Once, engine: Engine, clock: Clock, failure: PortalError, unanswered: PortalError | None
) -> None:
    engine.unanswered = unanswered

    def write(_prepared: None) -> None:
        engine.blind = failure
        engine.write("k")

    with pytest.raises(PortalOutcomeUnknown, match="it was sent, and cannot be looked for"):
        once.run(engine.attempt(write=write))
    engine.blind = None

    assert once.run(engine.attempt()) == {"id": 0, "key": "k"}
    assert engine.writes == 1


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: type(error).__name__)
def test_a_look_that_fails_before_the_write_sends_nothing(
    books: JournalBooks, once: Once, engine: Engine, failure: PortalError
) -> None:
    engine.blind = failure
    with pytest.raises(type(failure)):
        once.run(engine.attempt())

    assert engine.writes == 0
    assert books.written("k") is None


def test_what_arrives_while_it_is_looked_for_is_not_sent_again(
    once: Once, engine: Engine, clock: Clock
) -> None:
    # A look takes its time: what it did not see may have arrived behind it, as long as the request had not
    # surely ended when it began.
    attempt = engine.attempt()
    lost(once, engine, attempt, carried_out=False)
    clock.forward(SETTLE - SECOND)

    def look() -> dict[str, Any] | None:
        found = engine.look("k")
        if not engine.records:
            engine.records.append("k")
            clock.forward(2 * SECOND)
        return found

    with pytest.raises(PortalOutcomeUnknown):
        once.run(engine.attempt(look=look))
    assert once.run(attempt) == {"id": 0, "key": "k"}
    assert engine.writes == 1


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: type(error).__name__)
def test_a_look_that_fails_while_the_outcome_is_not_known_is_no_refusal(
    once: Once, engine: Engine, clock: Clock, failure: PortalError
) -> None:
    lost(once, engine, engine.attempt(), carried_out=True)
    engine.blind = failure
    with pytest.raises(PortalError) as caught:
        once.run(engine.attempt())

    assert not isinstance(caught.value, PortalRefused)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: type(error).__name__)
def test_what_was_written_is_not_told_as_refused_because_what_follows_from_it_failed(
    once: Once, engine: Engine, failure: PortalError
) -> None:
    def keep(fingerprint: str, answer: Mapping[str, Any]) -> None:
        raise failure

    with pytest.raises(PortalError) as caught:
        once.run(engine.attempt(keep=keep))

    assert engine.records == ["k"]
    assert not isinstance(caught.value, PortalRefused)


def test_what_never_arrived_and_must_not_be_any_more_leaves_its_key_free(
    once: Once, engine: Engine, clock: Clock
) -> None:
    # The journal intends a refused effect anew, with another request under the same key.
    lost(once, engine, engine.attempt(), carried_out=False)
    clock.forward(SETTLE)
    engine.wrong = PortalRefused("things", "too late", code="invalid")
    with pytest.raises(PortalRefused, match="too late"):
        once.run(engine.attempt())
    engine.wrong = None

    assert once.run(engine.attempt(text="Иначе"))["key"] == "k"


def test_what_is_prepared_for_a_write_does_not_shorten_the_wait(
    once: Once, engine: Engine, clock: Clock
) -> None:
    def prepare() -> None:
        clock.forward(SETTLE / 2)  # a file is uploaded, an issue is read

    engine.forgetful = True
    engine.unanswered = LOST
    with pytest.raises(PortalOutcomeUnknown):
        once.run(engine.attempt(prepare=prepare))
    engine.forgetful = False
    engine.unanswered = None
    clock.forward(SETTLE / 2 + SECOND)
    with pytest.raises(PortalOutcomeUnknown):  # the request itself is not that old
        once.run(engine.attempt())


def test_a_change_that_another_one_got_before_is_prepared_and_sent_anew(
    once: Once, engine: Engine, books: JournalBooks, clock: Clock
) -> None:
    prepared: list[datetime] = []
    engine.refusal = Contended("things", "it was changed at the same moment")

    def prepare() -> None:
        clock.forward(SECOND)
        prepared.append(clock())
        if len(prepared) == 3:
            engine.refusal = None
            engine.forgetful = True
            engine.unanswered = LOST

    with pytest.raises(PortalOutcomeUnknown):
        once.run(engine.attempt(prepare=prepare))

    assert engine.writes == len(prepared) == 3
    assert books.written("k") == Written(engine.attempt().fingerprint, prepared[-1], None, None)


def test_a_change_that_others_get_before_each_time_is_given_up_and_leaves_its_key_free(
    once: Once, engine: Engine, books: JournalBooks
) -> None:
    engine.refusal = Contended("things", "it was changed at the same moment")
    with pytest.raises(PortalUnreachable, match="changed at the same moment"):
        once.run(engine.attempt())

    assert engine.writes == 3
    assert books.written("k") is None


# --- holds


def test_a_hold_and_the_answer_to_its_key_are_kept_together(books: JournalBooks, clock: Clock) -> None:
    hold = KeptHold("h1", "k", "a1", "t1", "s1", Decimal("1.25"), clock())
    with books.writer():
        books.add_hold(hold, "f", {"id": "h1"})
        books.add_hold(hold, "f", {"id": "other"})

    assert books.hold("h1") == hold
    assert books.holds("a1") == [hold]
    assert books.written("k") == Written("f", None, {"id": "h1"}, clock())
    assert books.hold("h2") is None
    assert books.holds("a2") == []


def test_a_hold_ends_together_with_the_answer_to_the_key_that_ends_it(
    books: JournalBooks, clock: Clock
) -> None:
    hold = KeptHold("h1", "k", "a1", "t1", "s1", Decimal("1.25"), clock())
    with books.writer():
        books.add_hold(hold, "f", {})
        books.end_hold("h1", "captured", "k2", clock() + SECOND, "g", {"id": "e1"})
        books.end_hold("h1", "captured", "k2", clock() + TTL, "g", {"id": "e2"})
        with pytest.raises(LedgerConflict):
            books.end_hold("h1", "voided", "k3", clock(), "h", {"id": "e3"})
        with pytest.raises(LedgerConflict):
            books.end_hold("h2", "voided", "k3", clock(), "h", {"id": "e3"})

    ended = books.hold("h1")
    assert ended is not None
    assert (ended.ended, ended.ended_key, ended.ended_at, ended.amount) == (
        "captured",
        "k2",
        clock() + SECOND,
        Decimal("1.25"),
    )
    assert books.written("k2") == Written("g", None, {"id": "e1"}, clock())
    assert books.written("k3") is None
