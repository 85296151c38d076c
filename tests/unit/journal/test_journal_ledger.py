"""The ledger: only ever added to, each row once, each hold closed once; what was changed behind its back
shows.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from bridge.journal import BrokenChain, Journal, LedgerConflict, NewLedgerRow
from tests.unit.journal.conftest import Clock, Database


@pytest.fixture
def append(journal: Journal, make_row: Callable[..., NewLedgerRow], clock: Clock) -> Any:
    """Appends one row in a transaction of its own."""

    def do(*arguments: Any, **changes: Any) -> Any:
        with journal.transaction() as unit:
            return unit.ledger.append(make_row(*arguments, **changes), clock())

    return do


@pytest.fixture
def filled(append: Any) -> None:
    """An account with a hold captured in part, one voided, one open, a capture taken back; another account
    with one hold.
    """
    append("h1")
    append("h2", amount=500)
    append(
        "c1", "capture", amount=1500, hold="h1", spent_minutes=90, charged_minutes=90, price_kopecks=300_000
    )
    append("v2", "void", amount=500, hold="h2")
    append("h3", amount=70)
    append("r1", "reversal", amount=1500, hold="h1")
    append("x1", account_id="a2", amount=10)


def tamper(database: Any, *statements: str) -> None:
    """Change the ledger as somebody with a SQL shell would."""
    if database.kind == "sqlite":
        database.sql("DROP TRIGGER ledger_update", "DROP TRIGGER ledger_delete", *statements)
    else:
        database.sql("ALTER TABLE ledger DISABLE TRIGGER USER", *statements)


def found(journal: Any) -> list[str]:
    with journal.transaction(read_only=True) as unit:
        return list(unit.ledger.verify())


def test_rows_come_back_as_they_were_written(
    journal: Journal, append: Any, make_row: Callable[..., NewLedgerRow], clock: Clock
) -> None:
    hold = append("h1")
    capture = append(
        "c1", "capture", amount=1234, hold="h1", spent_minutes=74, charged_minutes=75, price_kopecks=246_800
    )
    assert (hold.seq, hold.previous, hold.amount) == (1, "0" * 64, Decimal("2.000"))
    assert (capture.seq, capture.previous, capture.recorded_at, capture.price_kopecks) == (
        2,
        hold.hash,
        clock(),
        246_800,
    )
    with journal.transaction() as unit:
        assert unit.ledger.rows() == unit.ledger.rows("p", "a1", "t1") == [hold, capture]
        assert unit.ledger.rows("p", "a2") == unit.ledger.rows(ticket_id="t2") == []


def test_what_is_held_is_what_is_open(journal: Journal, filled: Any) -> None:
    with journal.transaction() as unit:
        assert unit.ledger.held("p", "a1") == Decimal("0.07")
        assert unit.ledger.held("p", "a2") == Decimal("0.01")
        assert unit.ledger.held("p", "nobody") == 0
    assert found(journal) == []


def test_a_repeated_key_returns_the_stored_row(journal: Journal, append: Any, clock: Clock) -> None:
    stored = append("h1")
    clock.forward(minutes=1)
    assert append("h1", at=clock()) == stored
    with journal.transaction() as unit:
        assert len(unit.ledger.rows()) == 1


@pytest.mark.parametrize(
    ("row", "changes", "told"),
    [
        (("h1",), {"amount": 3}, "stands for another row: amount_mh differ"),
        (("c2", "capture"), {"hold": "h1", "amount": 1}, "hold h1 is closed already: capture"),
        (("c2", "void"), {"hold": "h1"}, "hold h1 is closed already: capture"),
        (("c2", "capture"), {"hold": "h9"}, "account a1 has no hold h9"),
        (("c2", "capture"), {"hold": "c1"}, "account a1 has no hold c1"),
        (("c2", "capture"), {"hold": "x1", "amount": 1}, "account a1 has no hold x1"),
        (("c2", "capture"), {}, "account a1 has no hold None"),
        (("c2", "capture"), {"hold": "h2", "amount": 501}, "501 milli-hours of a hold of 500"),
        (("h4",), {"hold": "h1"}, "names no other hold"),
        (("h4",), {"amount": -1}, "below zero"),
        (("r1", "reversal"), {"hold": "h2", "amount": 500}, "no open capture"),
        (("r1", "reversal"), {"hold": "h1", "amount": 1999}, "no open capture of 1999"),
    ],
)
def test_a_row_that_contradicts_the_ledger_is_refused(
    journal: Journal, append: Any, row: Any, changes: Any, told: str
) -> None:
    append("h1")
    append("h2", amount=500)
    append("x1", account_id="a2")
    append("c1", "capture", hold="h1")
    with pytest.raises(LedgerConflict, match=told):
        append(*row, **changes)
    assert found(journal) == []


def test_a_capture_is_reversed_once(journal: Journal, filled: Any, append: Any) -> None:
    with pytest.raises(LedgerConflict, match="no open capture"):
        append("r2", "reversal", amount=1500, hold="h1")


def test_a_correction_is_a_reversal_and_a_new_hold_and_capture(journal: Journal, append: Any) -> None:
    append("h1")
    append("c1", "capture", hold="h1")
    append("r1", "reversal", hold="h1")
    append("h1:correct", amount=1500)
    append("c1:correct", "capture", amount=1200, hold="h1:correct")
    append("r1:correct", "reversal", amount=1200, hold="h1:correct")
    append("h1:correct:2", amount=300)
    with journal.transaction() as unit:
        assert unit.ledger.held("p", "a1") == Decimal("0.3")
    assert found(journal) == []


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger SET amount_mh = 1", "DELETE FROM ledger", "TRUNCATE ledger CASCADE"]
)
def test_the_database_itself_lets_the_ledger_only_grow(
    journal: Journal, database: Database, filled: Any, statement: str
) -> None:
    if statement.startswith("TRUNCATE") and database.kind == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(IntegrityError, match="the ledger is append-only"):
        database.sql(statement)


def test_the_database_itself_closes_a_hold_once(database: Database, filled: Any) -> None:
    columns = (
        "portal, account_id, ticket_id, stage_id, revision, kind, hold_key, spent_minutes, "
        "charged_minutes, coefficient_milli, "
        "amount_mh, price_kopecks, at, recorded_at, previous, hash"
    )
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        database.sql(
            f"INSERT INTO ledger (seq, key, {columns}) SELECT 8, 'c9', {columns} FROM ledger WHERE key = 'c1'"
        )


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "UPDATE ledger SET amount_mh = 1400 WHERE key = 'c1'",
            ["row 3 (capture c1): was changed after it was written", "row 6 (reversal r1): reverses"],
        ),
        (
            "UPDATE ledger SET price_kopecks = 1 WHERE key = 'c1'",
            ["row 3 (capture c1): was changed after it was written"],
        ),
        (
            "UPDATE ledger SET at = recorded_at, spent_minutes = 91 WHERE key = 'c1'",
            ["row 3 (capture c1): was changed after it was written"],
        ),
        (
            "UPDATE ledger SET hash = previous WHERE key = 'v2'",
            ["row 4 (void v2): was changed", "row 5 (hold h3): the chain is broken"],
        ),
        (
            "DELETE FROM ledger WHERE key = 'h3'",
            ["row 5 is missing", "70 milli-hours are noted as held, the open holds make 0"],
        ),
        (
            "DELETE FROM ledger WHERE key IN ('r1', 'h3')",
            ["rows 5 to 6 are missing", "70 milli-hours are noted"],
        ),
        (
            "DELETE FROM ledger WHERE key = 'x1'",
            ["account a2: row 1 is missing", "account a2: 10 milli-hours are noted"],
        ),
        (
            "UPDATE ledger_accounts SET held_mh = 0 WHERE account_id = 'a1'",
            ["0 milli-hours are noted as held, the open holds make 70"],
        ),
        (
            "UPDATE ledger_accounts SET head = 'x' WHERE account_id = 'a1'",
            ["the last row is not the one that the bridge wrote"],
        ),
        (
            "UPDATE ledger_accounts SET length = 5 WHERE account_id = 'a1'",
            ["rows after 5 were not written by the bridge"],
        ),
        (
            "UPDATE ledger SET amount_mh = 2001 WHERE key = 'c1'",
            ["was changed", "takes 2001 milli-hours of a hold of 2000", "reverses 1500"],
        ),
        (
            "UPDATE ledger SET kind = 'void' WHERE key = 'c1'",
            ["was changed", "reverses a capture of hold h1, which has none"],
        ),
        (
            "DROP INDEX uq_ledger_closed_once; UPDATE ledger SET hold_key = 'h1' WHERE key = 'v2'",
            [
                "was changed",
                "hold h1 was closed twice, first by row 3",
                "70 milli-hours are noted as held, the open holds make 570",
            ],
        ),
        (
            "UPDATE ledger SET hold_key = 'h3' WHERE key = 'v2'",
            ["was changed", "hold h3 is unknown", "the open holds make 570"],
        ),
    ],
)
def test_what_was_changed_behind_the_ledgers_back_is_found(
    journal: Journal, database: Database, filled: Any, statement: str, told: Any
) -> None:
    tamper(database, *statement.split("; "))
    problems = found(journal)
    assert len(problems) == len(told)
    for problem, expected in zip(problems, told, strict=True):
        assert problem.startswith("p, account ")
        assert expected in problem


def test_nothing_is_added_to_a_chain_whose_end_was_changed(
    database: Database, filled: Any, append: Any
) -> None:
    tamper(database, "UPDATE ledger SET amount_mh = 1 WHERE key = 'r1'")
    with pytest.raises(BrokenChain, match="run otbridge ledger verify"):
        append("h4")
    append("y1", account_id="a2")


def test_threads_that_append_to_one_account_keep_its_chain(
    journal: Journal, make_row: Callable[..., NewLedgerRow], clock: Clock
) -> None:
    def work(name: str) -> None:
        for number in range(8):
            with journal.transaction() as unit:
                before = unit.ledger.held("p", "a1")
                row = unit.ledger.append(make_row(f"{name}{number}", amount=10), clock())
                assert unit.ledger.held("p", "a1") == before + row.amount

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, "abcd"))
    with journal.transaction() as unit:
        assert [row.seq for row in unit.ledger.rows()] == list(range(1, 33))
        assert unit.ledger.held("p", "a1") == Decimal("0.32")
    assert found(journal) == []


def test_a_rows_hash_depends_on_everything_in_it(make_row: Callable[..., NewLedgerRow], clock: Clock) -> None:
    from bridge.journal.chain import GENESIS, link

    row = make_row("k", coefficient_milli=None)
    changes: dict[str, Any] = {
        "portal": "q",
        "account_id": "x",
        "ticket_id": "x",
        "stage_id": "x",
        "revision": 2,
        "kind": "void",
        "key": "x",
        "hold_key": "x",
        "spent_minutes": 1,
        "charged_minutes": 1,
        "coefficient_milli": 1,
        "amount_mh": 1,
        "price_kopecks": 1,
        "at": clock.forward(seconds=1),
    }
    assert set(changes) == {name for cls in type(row).__mro__ for name in getattr(cls, "__slots__", ())}
    hashes = {link(GENESIS, 1, replace(row, **{name: value}), "now") for name, value in changes.items()}
    hashes |= {
        link(GENESIS, 1, row, "now"),
        link("1", 1, row, "now"),
        link(GENESIS, 2, row, "now"),
        link(GENESIS, 1, row, "then"),
    }
    assert len(hashes) == len(changes) + 4


def test_the_form_of_the_hash_never_changes(make_row: Callable[..., NewLedgerRow]) -> None:
    from bridge.journal.chain import GENESIS, link

    assert (
        link(GENESIS, 1, make_row("k"), "2026-03-02T12:00:00.000000Z")
        == "90d161c739e04594978c13f83146fcd886a467027cb600e28d2800de80cf72be"
    )
