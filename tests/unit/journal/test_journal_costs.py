"""What a pass costs: index look-ups only, whatever the journal has ever seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from bridge.domain.effects import Effect, EffectState
from bridge.domain.tickets import Ticket
from bridge.journal import Journal, NewLedgerRow
from tests.unit.journal.conftest import Clock, Database

DONE_TICKETS = """
INSERT INTO tickets (portal, id, number, version, queued_at, document, state, reason, due_at, dirty, changes,
fence, first_seen, updated_at)
SELECT portal, id || '-' || n, number, version, queued_at, document, 'done', reason, due_at, dirty, changes,
fence, first_seen, updated_at
FROM tickets, {numbers}
"""
NUMBERS = {
    "sqlite": (
        "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000) SELECT n FROM c)"
    ),
    "postgresql": "generate_series(1, 100000) AS n",
}


@contextmanager
def plans(journal: Journal) -> Iterator[list[str]]:
    """How the database finds the rows for each statement within the block."""
    asked: list[tuple[str, Any]] = []
    told: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: Any, parameters: Any, *_rest: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            asked.append((statement, parameters))

    event.listen(journal._engine, "before_cursor_execute", note)
    yield told
    event.remove(journal._engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN" if journal._engine.dialect.name == "sqlite" else "EXPLAIN"
    with journal._engine.connect() as connection:
        for statement, parameters in asked:
            plan = "\n".join(
                str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)
            )
            told.append(f"{statement}\n→ {plan}")


def test_claiming_among_100_000_done_tickets_looks_into_indexes_only(
    journal: Journal, database: Database, make_ticket: Callable[..., Ticket], clock: Clock
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket()], "c", None)
        claim = unit.queue.claim("p", "w", now=clock(), ttl=timedelta(minutes=1), is_stale=lambda _: False)
        assert claim is not None
        unit.queue.release(claim, state="done", reason="", due_at=None, now=clock())
    database.sql(DONE_TICKETS.format(numbers=NUMBERS[database.kind]), "ANALYZE")
    with plans(journal) as told, journal.transaction() as unit:
        assert (
            unit.queue.claim("p", "w", now=clock(), ttl=timedelta(minutes=1), is_stale=lambda _: False)
            is None
        )
        unit.tickets.wake("p", "t1-77777")
        claim = unit.queue.claim("p", "w", now=clock(), ttl=timedelta(minutes=1), is_stale=lambda _: False)
        assert claim is not None
        assert claim.record.ticket.id == "t1"
    assert any("ix_tickets_due" in plan for plan in told)
    assert any("ix_tickets_dirty" in plan for plan in told)
    assert [plan for plan in told if "SCAN" in plan or "Seq Scan on tickets" in plan] == []


def test_nothing_that_a_pass_asks_reads_a_whole_table(
    journal: Journal,
    database: Database,
    make_ticket: Callable[..., Ticket],
    make_row: Callable[..., NewLedgerRow],
    clock: Clock,
) -> None:
    if database.kind == "postgresql":
        pytest.skip("on empty tables PostgreSQL rightly prefers to read them whole")
    hold, note = (Effect.intent("p", "t1", kind, {}, stage_id="s1", revision=1) for kind in ("hold", "note"))
    with plans(journal) as told, journal.transaction() as unit:
        unit.polling.cursor("p")
        unit.polling.merge("p", [make_ticket()], "c", None)
        unit.polling.merge("p", [make_ticket(version=2)], "c", None)
        claim = unit.queue.claim("p", "w", now=clock(), ttl=timedelta(minutes=1), is_stale=lambda _: False)
        assert claim is not None
        assert len(unit.queue.movable("p", clock())) == 1
        unit.queue.renew(claim, clock(), timedelta(minutes=1))
        unit.tickets.get("p", "t1")
        unit.polling.refresh("p", make_ticket(version=3))
        unit.tickets.bump_revision("p", "t1", "s1", expected=1)
        unit.effects.sending(hold, clock())
        unit.effects.unsettled(hold.key, "no answer")
        unit.effects.settle(hold.key, EffectState.DONE, {}, clock())
        unit.effects.sending(note, clock())
        unit.effects.of("p", "t1")
        unit.effects.open()
        unit.ledger.held("p", "a1")
        unit.ledger.append(make_row("h"), clock())
        unit.ledger.append(make_row("c", "capture", hold="h"), clock())
        unit.ledger.append(make_row("r", "reversal", hold="h"), clock())
        unit.events.log("p", "t1", "step", "done", clock())
        unit.events.latest("p", "t1")
        unit.tickets.by_number("№ t1")
        unit.tickets.all(state="failed")
        assert claim is not None
        unit.queue.release(claim, state="done", reason="", due_at=None, now=clock())
    assert len(told) > 40
    assert [plan for plan in told if "SCAN" in plan and "ix_effects_open" not in plan] == []
