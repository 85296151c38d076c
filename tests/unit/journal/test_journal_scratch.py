"""A scratch journal knows what the real one knows, keeps what is written to it apart, and is thrown away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bridge.domain.effects import Effect, EffectState
from bridge.domain.tickets import Ticket
from bridge.journal import Journal, NewLedgerRow
from bridge.journal.records import Claim
from bridge.journal.tables import metadata
from tests.unit.journal.conftest import Clock

MakeTicket = Callable[..., Ticket]
MakeRow = Callable[..., NewLedgerRow]
HOLD = Effect.intent("p", "t1", "hold", {"amount": "1"}, stage_id="s1", revision=1)


def everything(journal: Journal) -> dict[str, Any]:
    with journal.transaction(read_only=True) as unit:
        return {table.name: unit._connection.execute(select(table)).all() for table in metadata.sorted_tables}


def claim(journal: Journal, clock: Clock, **more: Any) -> Claim | None:
    with journal.transaction() as unit:
        return unit.queue.claim(
            "p", "w", now=clock(), ttl=timedelta(minutes=1), is_stale=lambda _: False, **more
        )


@pytest.fixture
def known(journal: Journal, clock: Clock, make_ticket: MakeTicket, make_row: MakeRow) -> Journal:
    """Three tickets at rest, one of them with a hold; a fault; a difference of ledgers."""
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket(f"t{number}", queued=number) for number in (1, 2, 3)], "c", "e")
        unit.effects.sending(HOLD, clock())
        unit.effects.settle(HOLD.key, EffectState.DONE, {"hold_id": "h"}, clock())
        unit.ledger.append(make_row("h1", kind="hold"), clock())
        unit.ledger.append(make_row("h2", kind="hold"), clock())
        unit.tickets.bump_revision("p", "t1", "s1", expected=1)
        unit.decisions.add("p", "t1", "pause", {"reason": "x"}, "anna@desk", clock())
        unit.polling.park("p", "r", "{}", ["no id"])
        unit.drifts.set("p", "a1", ["missing"], clock())
    for _ in range(3):
        one = claim(journal, clock)
        assert one is not None
        with journal.transaction() as unit:
            unit.queue.release(one, state="waiting", reason="", due_at=None, now=clock())
    return journal


def test_what_is_at_rest_is_not_claimed_and_what_is_due_is(known: Journal, clock: Clock) -> None:
    assert claim(known.scratch("p"), clock) is None
    with known.transaction() as unit:
        unit.tickets.wake("p", "t2")
    found = claim(known.scratch("p"), clock)
    assert found is not None
    assert found.record.ticket.id == "t2"


def test_a_ticket_that_another_worker_has_is_claimed_all_the_same(known: Journal, clock: Clock) -> None:
    with known.transaction() as unit:
        unit.tickets.wake("p", "t2")
    assert claim(known, clock) is not None
    assert claim(known, clock) is None
    assert claim(known.scratch("p"), clock) is not None


def test_a_changed_ticket_brings_its_history_and_nothing_is_written_to_the_real_journal(
    known: Journal, clock: Clock, make_ticket: MakeTicket, make_row: MakeRow
) -> None:
    before = everything(known)
    with known.scratch("p") as scratch:
        with scratch.transaction() as unit:
            assert unit.polling.cursor("p").cursor == "c"
            unit.polling.merge("p", [make_ticket(version=2), make_ticket("t9")], "d", None)
            assert unit.polling.depart("p", "t3", "deleted")
            assert [one.state for one in unit.effects.of("p", "t1")] == [EffectState.DONE]
            assert unit.tickets.revision("p", "t1", "s1") == 2
            assert [one.kind for one in unit.decisions.of("p", "t1")] == ["pause"]
            assert unit.drifts.of("p", "a1") == ("missing",)
            assert [one.ref for one in unit.polling.faults("p")] == ["r"]
            unit.ledger.append(make_row("v1", kind="void", hold_key="h1"), clock())
            assert unit.ledger.held("p", "a1") == make_row("h2", kind="hold").amount
        assert {one.ticket.id for one in everything_claimed(scratch, clock)} == {"t1", "t3", "t9"}
    assert everything(known) == before


def everything_claimed(journal: Journal, clock: Clock) -> list[Any]:
    found: list[Any] = []
    while (one := claim(journal, clock, not_again={record.ticket.id for record in found})) is not None:
        found.append(one.record)
    return found


def test_tickets_that_were_not_brought_over_are_found_by_number_and_by_state(known: Journal) -> None:
    with known.scratch("p").transaction(read_only=True) as unit:
        assert [one.ticket.id for one in unit.tickets.by_number("№ t3", "p")] == ["t3"]
        assert [one.ticket.id for one in unit.tickets.all("p", "waiting")] == ["t1", "t2", "t3"]
        assert unit.tickets.get("p", "t7") is None


def test_with_another_category_every_ticket_is_looked_at_again(
    known: Journal, clock: Clock, make_ticket: MakeTicket
) -> None:
    with known.transaction() as unit:
        unit.polling.merge("p", (), "c", None, category="A")
    scratch = known.scratch("p")
    with scratch.transaction() as unit:
        unit.polling.merge("p", [replace(make_ticket(), category="B")], "d", None, category="B")
    assert {one.ticket.id for one in everything_claimed(scratch, clock)} == {"t1", "t2", "t3"}
