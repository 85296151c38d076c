"""Books of a portal: one writer at a time, keys that keep their first answer, holds that end once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from alembic import command

from bridge.domain.kept import KeptHold, Written
from bridge.domain.tickets import Ticket
from bridge.journal import Journal, LedgerConflict, LostClaim, NewLedgerRow, migrate, schema
from bridge.journal.engine import make_engine
from bridge.journal.schema import SchemaState, schema_state
from tests.unit.journal.conftest import Clock, Database

MINUTE = timedelta(minutes=1)
BEFORE = "0002"
"""The revision before the books."""


@pytest.fixture
def lease(clock: Clock) -> Any:
    """Leases the writing to the portal "p" to writer "w" for a minute, nobody being stale, unless the test
    says otherwise.
    """

    def do(unit: Any, owner: Any = "w", *, portal: Any = "p", stale: Any = ()) -> Any:
        return unit.writer.lease(portal, owner, clock(), MINUTE, lambda name: name in stale)

    return do


@pytest.fixture
def make_hold(clock: Clock) -> Any:
    """Makes holds of 2 norm-hours that differ in what the test says."""

    def make(id_: Any = "h1", **changes: Any) -> Any:
        return replace(KeptHold(id_, f"key-{id_}", "a1", "t1", "s1", Decimal(2), clock()), **changes)

    return make


def written(journal: Any, key: Any = "k", portal: Any = "p") -> Any:
    with journal.transaction(read_only=True) as unit:
        return unit.portal_writes.get(portal, key)


# --- the writer's lease


def test_a_second_writer_gets_no_lease_until_the_first_one_ends(
    journal: Journal, lease: Any, clock: Clock
) -> None:
    with journal.transaction() as unit:
        first = lease(unit, "w1")
        clock.forward(seconds=59)
        assert lease(unit, "w2") is None
        clock.forward(seconds=1)
        second = lease(unit, "w2")
    assert (first, second) == (1, 2)


def test_nobody_gets_a_lease_twice_not_even_its_owner(journal: Journal, lease: Any) -> None:
    with journal.transaction() as unit:
        assert lease(unit) == 1
        assert lease(unit) is None


def test_a_dead_writers_lease_is_taken_over_at_once(journal: Journal, lease: Any) -> None:
    with journal.transaction() as unit:
        lease(unit, "dead")
        assert lease(unit, "w2", stale={"dead"}) == 2


def test_a_lease_that_was_given_back_is_there_for_the_next_writer_under_a_higher_number(
    journal: Journal, lease: Any
) -> None:
    with journal.transaction() as unit:
        for number in (1, 2, 3):
            assert lease(unit, f"w{number}") == number
            unit.writer.release("p", number)


def test_a_lease_that_has_passed_on_is_not_given_back_by_who_had_it(journal: Journal, lease: Any) -> None:
    with journal.transaction() as unit:
        old = lease(unit, "dead")
        new = lease(unit, "w2", stale={"dead"})
        unit.writer.release("p", old)
        assert lease(unit, "w3") is None
        unit.writer.guard("p", new)


def test_who_lost_the_lease_is_stopped_before_it_writes(journal: Journal, lease: Any, clock: Clock) -> None:
    with journal.transaction() as unit:
        old = lease(unit, "w1")
        unit.writer.guard("p", old)
    clock.forward(hours=1)
    with journal.transaction() as unit:
        new = lease(unit, "w2")
    with (
        pytest.raises(LostClaim, match="the lease of writing to portal p has ended; nothing was written"),
        journal.transaction() as unit,
    ):
        unit.portal_writes.sending("p", "k", "f", clock())
        unit.writer.guard("p", old)
    assert written(journal) is None
    with journal.transaction() as unit:
        unit.writer.guard("p", new)
        unit.writer.release("p", new)
    with pytest.raises(LostClaim), journal.transaction() as unit:
        unit.writer.guard("p", new)


def test_an_ended_lease_that_nobody_took_is_still_good(journal: Journal, lease: Any, clock: Clock) -> None:
    with journal.transaction() as unit:
        mine = lease(unit)
        clock.forward(hours=1)
        unit.writer.guard("p", mine)
        assert unit.writer.lease("p", "other", clock(), timedelta(minutes=1), lambda _: False) == mine + 1, (
            "until somebody takes it"
        )


def test_a_portal_that_nobody_wrote_to_has_no_lease_to_guard(journal: Journal) -> None:
    with pytest.raises(LostClaim), journal.transaction() as unit:
        unit.writer.guard("p", 0)


def test_leases_are_a_portals_own(journal: Journal, lease: Any) -> None:
    with journal.transaction() as unit:
        mine = lease(unit, "w1")
        assert lease(unit, "w2", portal="q") == 1
        unit.writer.release("q", 1)
        unit.writer.guard("p", mine)


def test_a_guarded_writer_is_not_taken_over_before_its_transaction_ends(
    journal: Journal, database: Database, lease: Any, clock: Clock
) -> None:
    if database.kind == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with journal.transaction() as unit:
        mine = lease(unit, "w1")
    clock.forward(hours=1)

    def take_over() -> Any:
        with journal.transaction() as unit:
            return lease(unit, "w2"), unit.portal_writes.get("p", "k")

    with ThreadPoolExecutor() as threads:
        with journal.transaction() as unit:
            unit.writer.guard("p", mine)
            other = threads.submit(take_over)
            with pytest.raises(TimeoutError):
                other.result(timeout=0.3)
            unit.portal_writes.sending("p", "k", "f", clock())
        fence, seen = other.result(timeout=30)
    assert (fence, seen.sent_at) == (mine + 1, clock())


def test_of_many_threads_one_has_the_lease(journal: Journal, lease: Any) -> None:
    inside = []

    def work(name: Any) -> Any:
        got = 0
        while got < 5:
            with journal.transaction() as unit:
                fence = lease(unit, name)
            if fence is None:
                continue
            inside.append(name)
            assert inside == [name]
            inside.remove(name)
            got += 1
            with journal.transaction() as unit:
                unit.writer.guard("p", fence)
                unit.writer.release("p", fence)
        return got

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, ["w1", "w2", "w3", "w4"])) == 20
    with journal.transaction() as unit:
        assert lease(unit) == 21


# --- keys


def test_a_key_that_is_about_to_be_sent_is_written_down_with_its_moment(
    journal: Journal, clock: Clock
) -> None:
    assert written(journal) is None
    with journal.transaction() as unit:
        unit.portal_writes.sending("p", "k", "f", clock())
    assert written(journal) == Written("f", clock(), None, None)
    assert written(journal, portal="q") is None
    assert written(journal, "other") is None


def test_a_key_that_is_sent_again_has_the_later_moment(journal: Journal, clock: Clock) -> None:
    with journal.transaction() as unit:
        unit.portal_writes.sending("p", "k", "f", clock())
        later = clock.forward(minutes=5)
        unit.portal_writes.sending("p", "k", "g", later)
    assert written(journal) == Written("g", later, None, None)


def test_a_forgotten_key_is_free(journal: Journal, clock: Clock) -> None:
    with journal.transaction() as unit:
        unit.portal_writes.sending("p", "k", "f", clock())
        unit.portal_writes.sending("p", "other", "f", clock())
        unit.portal_writes.sending("q", "k", "f", clock())
        unit.portal_writes.forget("p", "k")
        unit.portal_writes.forget("p", "nobody's")
    assert written(journal) is None
    assert None not in (written(journal, "other"), written(journal, portal="q"))


def test_an_answer_is_kept_as_it_was(journal: Journal, clock: Clock) -> None:
    answer = {
        "id": "17",
        "at": None,
        "hours": 1250,
        "text": "Готово – № 1 😀\x00",
        "more": {"of": ["it", 1, True]},
    }
    sent = clock()
    with journal.transaction() as unit:
        unit.portal_writes.sending("p", "k", "f", sent)
        unit.portal_writes.answered("p", "k", "f", answer, clock.forward(seconds=3))
    assert written(journal) == Written("f", sent, answer, clock())


def test_what_was_found_without_having_been_sent_from_here_is_kept_too(
    journal: Journal, clock: Clock
) -> None:
    with journal.transaction() as unit:
        unit.portal_writes.answered("p", "k", "f", {"id": "17"}, clock())
    assert written(journal) == Written("f", None, {"id": "17"}, clock())


def test_the_first_answer_stays(journal: Journal, clock: Clock) -> None:
    with journal.transaction() as unit:
        unit.portal_writes.answered("p", "k", "f", {"id": "17"}, clock())
        first = unit.portal_writes.get("p", "k")
        unit.portal_writes.answered("p", "k", "g", {"id": "18"}, clock.forward(minutes=1))
    assert written(journal) == first


def test_what_was_answered_is_neither_forgotten_nor_sent(journal: Journal, clock: Clock) -> None:
    with journal.transaction() as unit:
        unit.portal_writes.sending("p", "k", "f", clock())
        unit.portal_writes.answered("p", "k", "f", {}, clock())
        first = unit.portal_writes.get("p", "k")
        unit.portal_writes.forget("p", "k")
        unit.portal_writes.sending("p", "k", "g", clock.forward(minutes=1))
    assert written(journal) == first


def test_what_a_transaction_did_not_commit_was_never_there(journal: Journal, clock: Clock) -> None:
    with pytest.raises(KeyError), journal.transaction() as unit:
        unit.portal_writes.sending("p", "k", "f", clock())
        raise KeyError
    assert written(journal) is None


# --- holds


def holds(journal: Any, account: Any = "a1", portal: Any = "p") -> Any:
    with journal.transaction(read_only=True) as unit:
        return unit.portal_holds.of(portal, account)


def test_a_hold_that_is_added_twice_stays_as_it_was_first(journal: Journal, make_hold: Any) -> None:
    with journal.transaction() as unit:
        unit.portal_holds.add("p", make_hold())
        unit.portal_holds.add("p", make_hold(amount=Decimal(9), key="other"))
        assert unit.portal_holds.get("p", "h1") == make_hold()
    assert holds(journal) == [make_hold()]


def test_a_hold_ends_once(journal: Journal, make_hold: Any, clock: Clock) -> None:
    with journal.transaction() as unit:
        unit.portal_holds.add("p", make_hold())
        unit.portal_holds.add("p", make_hold("h2"))
        unit.portal_holds.add("q", make_hold())
        ended = make_hold(ended="captured", ended_key="k", ended_at=clock.forward(minutes=1))
        unit.portal_holds.end("p", "h1", "captured", "k", clock())
        assert unit.portal_holds.get("p", "h1") == replace(ended, at=make_hold().at - MINUTE)
    assert [one.ended for one in (*holds(journal), *holds(journal, portal="q"))] == ["captured", None, None]


def test_the_key_that_ended_a_hold_may_end_it_again_and_changes_nothing(
    journal: Journal, make_hold: Any, clock: Clock
) -> None:
    with journal.transaction() as unit:
        unit.portal_holds.add("p", make_hold())
        unit.portal_holds.end("p", "h1", "captured", "k", clock())
        first = unit.portal_holds.get("p", "h1")
        unit.portal_holds.end("p", "h1", "voided", "k", clock.forward(minutes=1))
        assert unit.portal_holds.get("p", "h1") == first


def test_another_key_does_not_end_a_hold_that_has_ended(
    journal: Journal, make_hold: Any, clock: Clock
) -> None:
    with journal.transaction() as unit:
        unit.portal_holds.add("p", make_hold())
        unit.portal_holds.end("p", "h1", "captured", "k", clock())
        first = unit.portal_holds.get("p", "h1")
    with (
        pytest.raises(LedgerConflict, match="hold h1 of portal p is not there to end, or has ended"),
        journal.transaction() as unit,
    ):
        unit.portal_holds.end("p", "h1", "voided", "other", clock())
    assert holds(journal) == [first]


def test_an_unknown_hold_does_not_end(journal: Journal, make_hold: Any, clock: Clock) -> None:
    with journal.transaction() as unit:
        unit.portal_holds.add("q", make_hold())
    with pytest.raises(LedgerConflict, match="hold h1 of portal p"), journal.transaction() as unit:
        unit.portal_holds.end("p", "h1", "voided", "k", clock())
    assert [one.ended for one in holds(journal, portal="q")] == [None]


def test_a_hold_that_was_added_again_after_its_end_stays_ended(
    journal: Journal, make_hold: Any, clock: Clock
) -> None:
    with journal.transaction() as unit:
        unit.portal_holds.add("p", make_hold())
        unit.portal_holds.end("p", "h1", "voided", "k", clock())
        unit.portal_holds.add("p", make_hold())
    assert [one.ended for one in holds(journal)] == ["voided"]


def test_the_holds_of_an_account_are_told_oldest_first_and_no_others(
    journal: Journal, make_hold: Any, clock: Clock
) -> None:
    early, late = clock(), clock() + MINUTE
    with journal.transaction() as unit:
        for id_, at, account in (
            ("h3", late, "a1"),
            ("h2", early, "a1"),
            ("h1", late, "a1"),
            ("h4", early, "a2"),
        ):
            unit.portal_holds.add("p", make_hold(id_, at=at, account_id=account))
        unit.portal_holds.add("q", make_hold("h5"))
    assert [one.id for one in holds(journal)] == ["h2", "h1", "h3"]
    assert [one.id for one in holds(journal, "a2")] == ["h4"]
    assert holds(journal, "a3") == []


def test_the_open_holds_of_a_portal_are_told_oldest_first_and_no_others(
    journal: Journal, make_hold: Any, clock: Clock
) -> None:
    early, late = clock(), clock() + MINUTE
    with journal.transaction() as unit:
        for id_, at, account in (("h3", late, "a1"), ("h2", early, "a1"), ("h4", early, "a2")):
            unit.portal_holds.add("p", make_hold(id_, at=at, account_id=account))
        unit.portal_holds.add("q", make_hold("h5"))
        unit.portal_holds.end("p", "h2", "voided", "k", clock())
    with journal.transaction(read_only=True) as unit:
        assert [one.id for one in unit.portal_holds.open("p")] == ["h4", "h3"]
        assert unit.portal_holds.open("r") == []


def test_a_hold_below_zero_is_a_fault_of_the_program(journal: Journal, make_hold: Any) -> None:
    with pytest.raises(Exception, match="ck_portal_holds_amount"), journal.transaction() as unit:
        unit.portal_holds.add("p", make_hold(amount=Decimal(-1)))


# --- the migration


def test_a_journal_without_books_gets_them_and_keeps_what_it_holds(
    empty: Database,
    clock: Clock,
    full_ticket: Ticket,
    make_row: Callable[..., NewLedgerRow],
    make_hold: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upgrade = command.upgrade
    monkeypatch.setattr("alembic.command.upgrade", lambda config, _head: upgrade(config, BEFORE))
    migrate(empty.url)
    monkeypatch.undo()
    assert schema_state(empty.url) == SchemaState(BEFORE, schema.HEAD)
    older = Journal(make_engine(empty.url), clock)
    with older.transaction() as unit:
        unit.polling.merge("p", [full_ticket], "c7", "e7")
        unit.decisions.add("p", full_ticket.id, "withdraw", {"reason": "x"}, "anna@desk", clock())
        unit.drifts.set("p", "a1", ["missing-here: entry x"], clock())
        unit.ledger.append(make_row("hold-1"), clock())
    kept = all_of(older, full_ticket.id)
    older.close()

    assert migrate(empty.url) == schema.REVISIONS[schema.REVISIONS.index(BEFORE) + 1 :]
    with Journal.open(empty.url, clock=clock) as journal:
        assert all_of(journal, full_ticket.id) == kept
        with journal.transaction() as unit:
            assert unit.ledger.verify() == []
            unit.writer.guard("p", unit.writer.lease("p", "w", clock(), MINUTE, lambda _: False) or 0)
            unit.portal_writes.sending("p", "k", "f", clock())
            unit.portal_holds.add("p", make_hold())


def all_of(journal: Any, ticket: Any) -> Any:
    with journal.transaction(read_only=True) as unit:
        return (
            unit.tickets.get("p", ticket),
            unit.polling.cursor("p"),
            unit.decisions.of("p", ticket),
            unit.drifts.of("p", "a1"),
            unit.ledger.rows("p"),
        )
