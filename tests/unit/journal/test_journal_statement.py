"""The ledger for people: every row with its names, sums that fit the balance, read a few rows at a time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.tickets import Ticket
from bridge.journal import Journal, NewLedgerRow, Span
from tests.unit.journal.conftest import NOON, Clock, Database

DAY = timedelta(days=1)


@pytest.fixture
def filled(
    journal: Journal,
    make_row: Callable[..., NewLedgerRow],
    make_ticket: Callable[..., Ticket],
    full_ticket: Ticket,
    clock: Clock,
) -> Any:
    """A stage held, written off in part and taken back the day after; another hold, voided; a third, open,
    of an unknown ticket.
    """
    with journal.transaction() as unit:
        unit.polling.merge(
            "p", [replace(full_ticket, id="t1", number="101", customer_name="Школа\x00")], "c", None
        )
        for row in (
            make_row("h1"),
            make_row(
                "c1",
                "capture",
                amount=1500,
                hold="h1",
                spent_minutes=90,
                charged_minutes=90,
                price_kopecks=300_000,
            ),
            make_row("h2", amount=500, at=NOON + DAY),
            make_row("r1", "reversal", amount=1500, hold="h1", at=NOON + DAY),
            make_row("v2", "void", amount=500, hold="h2", at=NOON + 2 * DAY),
            make_row("h3", account_id="a2", ticket_id="t9", stage_id="s9", amount=70, at=NOON + 2 * DAY),
        ):
            unit.ledger.append(row, clock())
    return journal


def told(journal: Any, **span: Any) -> Any:
    with journal.transaction(read_only=True) as unit:
        return list(unit.statement.lines(Span(**span))), unit.statement.held(Span(**span))


def test_every_row_is_told_with_its_names_and_what_it_does(filled: Any) -> None:
    lines, held = told(filled)
    assert [
        (line.row.key, line.held_mh, line.written_off_mh, line.returned_mh, line.price_kopecks)
        for line in lines
    ] == [
        ("h1", 2000, 0, 0, None),
        ("c1", -2000, 1500, 0, 300_000),
        ("h2", 500, 0, 0, None),
        ("r1", 0, 0, 1500, -300_000),
        ("v2", -500, 0, 0, None),
        ("h3", 70, 0, 0, None),
    ]
    assert {(line.number, line.customer, line.stage) for line in lines[:5]} == {
        ("101", "Школа\x00", "Этап 1")
    }
    assert (lines[5].number, lines[5].customer, lines[5].stage) == ("t9", "", "s9")
    assert held == sum(line.held_mh for line in lines) == 70


def test_a_period_has_its_rows_and_what_was_held_when_it_ended(filled: Any) -> None:
    first, held = told(filled, until=NOON + DAY)
    assert ([line.row.key for line in first], held) == (["h1", "c1"], 0)
    second, held = told(filled, since=NOON + DAY, until=NOON + 2 * DAY)
    assert ([line.row.key for line in second], held) == (["h2", "r1"], 500)
    assert [line.row.key for line in told(filled, account_id="a2")[0]] == ["h3"]
    assert told(filled, portal="p", ticket_id="t1")[1] == 0
    assert told(filled, portal="q") == ([], 0)


def test_the_accounts_are_those_of_rows_and_of_tickets(
    filled: Any, make_ticket: Callable[..., Ticket]
) -> None:
    with filled.transaction() as unit:
        unit.polling.merge("p", [make_ticket("t2", account_id="a0")], "c", None)
        assert unit.ledger.accounts("p") == ["a0", "a1", "a2"]
        assert unit.ledger.accounts("q") == []
        assert unit.tickets.numbers("p", {"t1", "t9"}) == {"t1": "101"}
        assert (unit.ledger.length(), unit.ledger.length("p", "a1"), unit.ledger.length("p", "a9")) == (
            6,
            5,
            0,
        )


def test_a_long_ledger_is_never_in_memory_as_a_whole(
    journal: Journal, database: Database, make_row: Callable[..., NewLedgerRow], clock: Clock
) -> None:
    rows = 20_000
    with journal.transaction() as unit:
        unit.ledger.append(make_row("h"), clock())
    columns = (
        "account_id, ticket_id, stage_id, revision, kind, spent_minutes, charged_minutes, "
        "amount_mh, at, recorded_at, previous, hash"
    )
    numbers = {
        "sqlite": (
            f"(WITH RECURSIVE c(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM c WHERE n < {rows}) "
            "SELECT n FROM c)"
        ),
        "postgresql": f"generate_series(2, {rows}) AS n",
    }[database.kind]
    database.sql(
        f"INSERT INTO ledger (portal, seq, key, {columns}) SELECT portal, n, 'h' || n, "
        f"{columns} FROM ledger, {numbers}"
    )
    with journal.transaction(read_only=True) as unit:
        read = sum(1 for _ in unit.statement.lines(Span(until=NOON)))
        tracemalloc.start()
        try:
            read = sum(1 for _ in unit.statement.lines(Span()))
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert read == rows
    assert most < 5_000_000
