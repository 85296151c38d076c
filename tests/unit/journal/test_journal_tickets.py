"""Tickets: merged once a version, parked when unreadable, kept whatever their state."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from bridge.domain.tickets import StageState, Ticket, TicketState
from bridge.journal import CursorRecord, Journal, JournalError, Unit
from bridge.journal.codec import decode, encode
from bridge.journal.records import Claim, TicketRecord
from bridge.journal.tables import tickets as rows
from tests.builders import make_stage, make_ticket
from tests.unit.journal.conftest import Clock, Database


def news(
    unit: Unit, page: list[Ticket], cursor: str = "c", etag: str | None = None, *, portal: str = "p"
) -> int:
    """Merges a page; how many of its tickets were new or changed, so that a pass looks at them."""

    def changes() -> dict[str, int]:
        return {row.id: row.changes for row in unit._connection.execute(select(rows.c.id, rows.c.changes))}

    before = changes()
    unit.polling.merge(portal, page, cursor, etag)
    return sum(before.get(id_) != number for id_, number in changes().items())


def kept(unit: Unit) -> TicketRecord:
    """The ticket t1 as the journal keeps it."""
    found = unit.tickets.get("p", "t1")
    assert found is not None
    return found


def taken(claim: Claim | None) -> Claim:
    """A claim that there must be."""
    assert claim is not None
    return claim


def test_a_ticket_comes_back_as_it_was(journal: Journal, full_ticket: Ticket, clock: Clock) -> None:
    with journal.transaction() as unit:
        assert news(unit, [full_ticket], "c1", 'W/"e"') == 1
    with journal.transaction() as unit:
        record = kept(unit)
        assert unit.polling.cursor("p") == CursorRecord("c1", 'W/"e"')
    assert full_ticket.thread
    assert record.ticket == replace(full_ticket, thread=()), "messages are personal data that nobody reads"
    assert (record.state, record.reason, record.due_at, record.dirty, record.revisions) == (
        "new",
        "",
        None,
        True,
        {},
    )
    assert record.first_seen == record.updated_at == clock()


def test_merging_the_same_page_again_changes_nothing(
    journal: Journal, make_ticket: Callable[..., Ticket], clock: Clock
) -> None:
    page = [make_ticket("t1"), make_ticket("t2")]
    with journal.transaction() as unit:
        unit.polling.merge("p", page, "c1", None)
        before = unit.tickets.all()
    clock.forward(minutes=1)
    with journal.transaction() as unit:
        assert news(unit, page, "c1", "e") == 0
        assert unit.tickets.all() == before
        assert unit.polling.cursor("p").etag == "e"


def test_only_a_greater_version_is_taken(journal: Journal, make_ticket: Callable[..., Ticket]) -> None:
    newer, older = make_ticket(version=3, subject="newer"), make_ticket(version=2, subject="older")
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket(version=1)], "c1", None)
        assert news(unit, [older, newer, older], "c2") == 1
        assert news(unit, [older], "c1") == 0
        assert kept(unit).ticket == newer


def test_the_same_id_on_two_portals_is_two_tickets(
    journal: Journal, make_ticket: Callable[..., Ticket]
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket()], "c", None)
        unit.polling.merge("q", [make_ticket(subject="other")], "c", None)
        assert [record.portal for record in unit.tickets.by_number("№ t1")] == ["p", "q"]
        assert [record.ticket.subject for record in unit.tickets.by_number("№ t1", "q")] == ["other"]
        assert [record.portal for record in unit.tickets.all("q")] == ["q"]
        assert unit.tickets.get("r", "t1") is None


def test_a_page_larger_than_a_databases_limit_of_parameters_is_merged(
    journal: Journal, make_ticket: Callable[..., Ticket]
) -> None:
    page = [make_ticket(f"t{number}") for number in range(1200)]
    with journal.transaction() as unit:
        assert news(unit, page) == 1200
        assert news(unit, page) == 0


def test_a_naive_moment_is_refused(journal: Journal, make_ticket: Callable[..., Ticket]) -> None:
    with pytest.raises(Exception, match="naive"), journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket(agreed_at=datetime(2026, 1, 1))], "c", None)


def test_moments_are_told_in_utc(journal: Journal, make_ticket: Callable[..., Ticket]) -> None:
    moscow = datetime(2026, 3, 1, 15, 0, 0, 1, tzinfo=timezone(timedelta(hours=3)))
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket()], "c", None)
        claim = unit.queue.claim("p", "w", now=moscow, ttl=timedelta(minutes=1), is_stale=lambda _: False)
        unit.queue.release(taken(claim), state="waiting", reason="", due_at=moscow, now=moscow)
        due_at = kept(unit).due_at
        assert due_at is not None
        assert due_at.isoformat() == "2026-03-01T12:00:00.000001+00:00"


def test_hostile_text_is_kept_and_its_ticket_worked_on(
    journal: Journal, make_ticket: Callable[..., Ticket], clock: Clock
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge(
            "p\x00", [make_ticket("t\x00\ud800", number="\ud800", subject="\x00\ud800")], "c\x00", None
        )
        unit.polling.park("p", "r\x00", "{\ud800", ["\x00 is no id \ud800"])
        unit.events.log("p", "t\x00", "note", "\x00\ud800", clock())
        (record,) = unit.tickets.all()
        assert record.ticket.subject == "\x00\ud800"
        claim = unit.queue.claim(
            record.portal, "w", now=clock(), ttl=timedelta(minutes=1), is_stale=lambda _: False
        )
        unit.queue.release(taken(claim), state="done", reason="\x00", due_at=None, now=clock())
        assert news(unit, [record.ticket], portal="p\x00") == 0


def test_a_refreshed_ticket_is_newer_but_not_woken(
    journal: Journal, make_ticket: Callable[..., Ticket], clock: Clock
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket(version=2)], "c", None)
        claim = unit.queue.claim("p", "w", now=clock(), ttl=timedelta(minutes=1), is_stale=lambda _: False)
        unit.polling.refresh("p", make_ticket(version=3, state=TicketState.WITHDRAWN))
        unit.polling.refresh("p", make_ticket(version=1))
        assert kept(unit).ticket.state is TicketState.WITHDRAWN
        unit.queue.release(taken(claim), state="withdrawn", reason="", due_at=None, now=clock())
        assert not kept(unit).dirty
        with pytest.raises(JournalError, match="knows no ticket"):
            unit.polling.refresh("p", make_ticket("t9"))


def test_a_ticket_that_cannot_be_read_is_parked_until_it_can(
    journal: Journal, make_ticket: Callable[..., Ticket], clock: Clock
) -> None:
    with journal.transaction() as unit:
        assert unit.polling.park("p", "t1", "{}", ["id: missing", "version: missing"])
        first = clock()
        clock.forward(minutes=1)
        assert not unit.polling.park("p", "t1", '{"id": 1}', ["version: missing"])
        unit.polling.park("q", "t1", "{}", [])
        (fault,) = unit.polling.faults("p")
        assert (fault.ref, fault.payload, fault.problems) == ("t1", '{"id": 1}', ("version: missing",))
        assert (fault.first_seen, fault.last_seen) == (first, clock())
        assert len(unit.polling.faults()) == 2
        unit.polling.merge("p", [make_ticket()], "c", None)
        assert [fault.portal for fault in unit.polling.faults()] == ["q"]


def test_counts_and_lists_follow_the_projection(
    journal: Journal, make_ticket: Callable[..., Ticket], clock: Clock
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge(
            "p",
            [make_ticket("t2", queued=2), make_ticket("t1", queued=1), make_ticket("t3", queued=3)],
            "c",
            None,
        )
        claim = unit.queue.claim("p", "w", now=clock(), ttl=timedelta(minutes=1), is_stale=lambda _: False)
        unit.queue.release(
            taken(claim), state="a state of a newer program", reason="because", due_at=None, now=clock()
        )
        assert unit.tickets.counts() == {"a state of a newer program": 1, "new": 2}
        assert [record.ticket.id for record in unit.tickets.all()] == ["t1", "t2", "t3"]
        assert [record.reason for record in unit.tickets.all("p", "a state of a newer program")] == [
            "because"
        ]


def test_portal_states_that_the_program_does_not_know_are_kept_and_shown(
    journal: Journal, database: Database, full_ticket: Ticket
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [full_ticket], "c", None)
    replaced = (
        "replace(replace(CAST(document AS TEXT), '\"open\"', '\"frozen\"'), '\"accepted\"', "
        "'\"half_accepted\"')"
    )
    database.sql(
        f"UPDATE tickets SET document = {replaced if database.kind == 'sqlite' else f'({replaced})::json'}"
    )
    with journal.transaction() as unit:
        ticket = kept(unit).ticket
        assert (ticket.state, ticket.state.value) == ("frozen", "frozen")
        assert ticket.state not in list(TicketState)
        assert ticket.stages[0].state == "half_accepted"
        stage = replace(full_ticket.stages[0], state=ticket.stages[0].state)
        assert ticket == replace(full_ticket, state=ticket.state, stages=(stage,), thread=())
        assert news(unit, [replace(ticket, version=2)], "c") == 1
        assert kept(unit).ticket.state == "frozen"
    assert StageState("ready") is StageState.READY


def test_a_damaged_document_is_told_by_the_tickets_name(
    journal: Journal, database: Database, make_ticket: Callable[..., Ticket]
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket(), make_ticket("t2")], "c", None)
    database.sql("UPDATE tickets SET document = '{}' WHERE id = 't1'")
    with journal.transaction(read_only=True) as unit:
        damaged, sound = unit.tickets.all("p")
    assert (damaged.ticket.id, damaged.ticket.number) == ("t1", "№ t1")
    assert re.search(r"document of ticket № t1 .* is damaged", damaged.damage)
    assert (sound.ticket.id, sound.damage) == ("t2", "")


def test_a_damaged_document_is_mended_by_the_portal_s_own(
    journal: Journal, database: Database, make_ticket: Callable[..., Ticket]
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket()], "c", None)
    database.sql("UPDATE tickets SET document = '{}'")
    with journal.transaction() as unit:
        unit.polling.refresh("p", make_ticket(), anew=True)
        assert (kept(unit).ticket, kept(unit).damage) == (make_ticket(), "")


def test_a_ticket_that_is_gone_is_woken_once_and_comes_back_with_a_newer_version(
    journal: Journal, make_ticket: Callable[..., Ticket]
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket()], "c", None)
        assert unit.polling.depart("p", "t1", "merged", "77") is True
        assert unit.polling.depart("p", "t1", "merged", "77") is False
        assert unit.polling.depart("p", "never told", "deleted") is False
        gone = kept(unit)
        assert (gone.ticket.gone, gone.ticket.gone_into, gone.dirty) == ("merged", "77", True)
        unit.polling.merge("p", [make_ticket(version=gone.ticket.version + 1)], "d", None)
        assert kept(unit).ticket.gone == ""


def test_a_ticket_that_is_told_again_after_it_was_gone_is_back_whatever_its_version(
    journal: Journal, make_ticket: Callable[..., Ticket]
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket(), make_ticket("t2")], "c", None)
        unit.polling.depart("p", "t1", "moved")
        assert news(unit, [make_ticket(), make_ticket("t2")], "d") == 1
        assert kept(unit).ticket.gone == ""


def test_a_category_that_has_another_name_now_is_a_change(
    journal: Journal, make_ticket: Callable[..., Ticket]
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket(category="A / B")], "c", None)
        assert news(unit, [make_ticket(category="A/ B/")], "c") == 0
        assert news(unit, [make_ticket(category="A/C")], "c") == 1
        assert news(unit, [make_ticket(category="A/D", version=0)], "c") == 0, "an older one"


def test_what_is_gone_is_parked_no_longer(journal: Journal, make_ticket: Callable[..., Ticket]) -> None:
    with journal.transaction() as unit:
        unit.polling.park("p", "t1", "{}", ["number: missing"])
        assert unit.polling.depart("p", "t1", "deleted") is False
        assert unit.polling.faults("p") == []


def test_a_damaged_ticket_can_be_gone(
    journal: Journal, database: Database, make_ticket: Callable[..., Ticket]
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket()], "c", None)
    database.sql("UPDATE tickets SET document = '[]'")
    with journal.transaction() as unit:
        assert unit.polling.depart("p", "t1", "deleted") is True
        assert unit.ledger.accounts("p") == []
        assert kept(unit).damage


def test_a_cursor_belongs_to_its_category(journal: Journal, make_ticket: Callable[..., Ticket]) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket()], "c7", "e", category="A / B")
        assert unit.polling.cursor("p").cursor == "c7"
        assert unit.polling.cursor("p", " A/B/").cursor == "c7"
        assert unit.polling.cursor("p", "A") == CursorRecord(None, None)
        unit.polling.merge("p", [], "c1", None, category="A")
        assert unit.polling.cursor("p", "A").cursor == "c1"


def test_a_cursor_of_an_earlier_program_counts_for_the_category_that_is_asked_for(journal: Journal) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [], "c7", None)
        assert unit.polling.cursor("p", "A").cursor == "c7"


def test_a_revision_is_bumped_once(journal: Journal, make_ticket: Callable[..., Ticket]) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket()], "c", None)
        assert unit.tickets.revision("p", "t1", "s1") == 1
        assert unit.tickets.bump_revision("p", "t1", "s1", expected=1) == 2
        assert unit.tickets.bump_revision("p", "t1", "s1", expected=1) == 2
        assert unit.tickets.bump_revision("p", "t1", "s1", expected=2) == 3
        assert unit.tickets.revision("p", "t1", "s2") == 1
        assert kept(unit).revisions == {"s1": 3}
        assert [record.revisions for record in unit.tickets.all(state="new")] == [{"s1": 3}]


def test_events_are_told_oldest_first(journal: Journal, clock: Clock) -> None:
    with journal.transaction() as unit:
        for number in range(5):
            unit.events.log("p", f"t{number % 2}", "step", f"text {number}", clock.forward(seconds=1))
        unit.events.log("q", None, "poll", "nothing new", clock())
        assert [event.text for event in unit.events.latest(limit=2)] == ["text 4", "nothing new"]
        assert [event.text for event in unit.events.latest("p", "t1")] == ["text 1", "text 3"]
        (event,) = unit.events.latest("q")
        assert (event.portal, event.ticket_id, event.kind, event.at) == ("q", None, "poll", clock())


def test_the_portal_s_count_of_rejections_has_the_name_in_the_journal_that_it_always_had() -> None:
    known = make_ticket(make_stage(portal_revision=3))
    document = encode(known)
    assert [(one["revision"], "portal_revision" in one) for one in document["stages"]] == [(3, False)]
    assert decode(document) == known
