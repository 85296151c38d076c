"""What operators decide is kept for good and wakes the ticket; order files are fetched once; drifts stand
until they are cleared.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from bridge.domain.tickets import Ticket
from bridge.journal import Decision, Drift, Journal, JournalError
from tests.unit.journal.conftest import Clock, Database


@pytest.fixture
def known(journal: Journal, make_ticket: Callable[..., Ticket]) -> Any:
    """A journal with the tickets t1 and t2."""
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket("t1"), make_ticket("t2")], "c", None)
    return journal


def test_a_decision_comes_back_as_it_was_made(known: Any, clock: Clock) -> None:
    with known.transaction() as unit:
        first = unit.decisions.add(
            "p", "t1", "assign", {"service": "4-files", "params": {"курс": 7}}, "anna@desk", clock()
        )
        second = unit.decisions.add(
            "p", "t1", "pause", {"reason": "спросим"}, "anna@desk", clock.forward(hours=1)
        )
        unit.decisions.add("p", "t2", "withdraw", {"reason": "x"}, "boris@desk", clock())
    with known.transaction(read_only=True) as unit:
        assert unit.decisions.of("p", "t1") == [first, second]
        assert unit.decisions.of("q", "t1") == []
    assert first.seq < second.seq
    assert second == Decision(second.seq, "p", "t1", "pause", {"reason": "спросим"}, "anna@desk", clock())


def test_a_decision_wakes_the_ticket_that_a_worker_holds(known: Any, clock: Clock) -> None:
    with known.transaction() as unit:
        claim = unit.queue.claim(
            "p", "w", now=clock(), ttl=timedelta(minutes=1), is_stale=lambda _: False, only="t1"
        )
        unit.decisions.add("p", "t1", "release", {"reason": "ok"}, "anna@desk", clock())
        unit.queue.release(claim, state="done", reason="", due_at=None, now=clock())
        assert unit.tickets.get("p", "t1").dirty


def test_nothing_is_decided_about_a_ticket_that_the_journal_does_not_know(known: Any, clock: Clock) -> None:
    with pytest.raises(JournalError, match="knows no ticket t9"), known.transaction() as unit:
        unit.decisions.add("p", "t9", "pause", {"reason": "x"}, "anna@desk", clock())


@pytest.mark.parametrize(
    "statement", ["UPDATE decisions SET kind = 'hold'", "DELETE FROM decisions", "TRUNCATE decisions"]
)
def test_the_database_itself_lets_decisions_only_grow(
    known: Any, database: Database, clock: Clock, statement: str
) -> None:
    if statement.startswith("TRUNCATE") and database.kind == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with known.transaction() as unit:
        unit.decisions.add("p", "t1", "pause", {"reason": "x"}, "anna@desk", clock())
    with pytest.raises(IntegrityError, match="decisions are append-only"):
        database.sql(statement)


def test_an_order_file_is_kept_by_its_attachment(known: Any, clock: Clock) -> None:
    with known.transaction() as unit:
        assert unit.order_files.of("p", "t1") == {}
        unit.order_files.keep("p", "t1", "f1", "aa", "service = 1", clock())
        unit.order_files.keep("p", "t1", "f2", "bb", "\ud800", clock())
        unit.order_files.keep("p", "t2", "f1", "cc", "other", clock())
        unit.order_files.keep("p", "t1", "f1", "dd", "service = 2", clock())
    with known.transaction(read_only=True) as unit:
        assert unit.order_files.of("p", "t1") == {"f1": "service = 2", "f2": "?"}


def test_a_drift_stands_until_it_is_cleared(journal: Journal, clock: Clock) -> None:
    found = clock()
    with journal.transaction() as unit:
        unit.drifts.set("p", "a1", ["one"], found)
        unit.drifts.set("p", "a1", ["one", "two"], clock.forward(days=1))
        unit.drifts.set("q", "a1", ["other"], clock())
    with journal.transaction() as unit:
        assert unit.drifts.of("p", "a1") == ("one", "two")
        assert unit.drifts.of("p", "a2") == ()
        assert unit.drifts.all("p") == [Drift("p", "a1", ("one", "two"), found)]
        assert [drift.portal for drift in unit.drifts.all()] == ["p", "q"]
        assert unit.drifts.clear("p", "a1")
        assert not unit.drifts.clear("p", "a1")
        assert unit.drifts.of("p", "a1") == ()
        with pytest.raises(ValueError, match="names its differences"):
            unit.drifts.set("p", "a1", [], clock())
