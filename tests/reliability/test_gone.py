"""A ticket that leaves the paid category, is merged or is deleted gives its hours back, and nobody works
on it; what was accepted stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bridge.flow.scope import Exit
from bridge.journal.polling import Polling
from bridge.portal import Gone, PortalNotFound, PortalUnreachable, TicketPage
from tests.reliability.world import PAID, RESTORE, Disk, World

OTHER = "Общие вопросы"
LEAVE: dict[str, Callable[[World, str], None]] = {
    "moved": lambda world, ticket: world.portal.move(ticket, OTHER),
    "merged": lambda world, ticket: world.portal.merge(ticket, "t2"),
    "deleted": lambda world, ticket: world.portal.delete(ticket),
}
leaves = pytest.mark.parametrize("how", list(LEAVE))


def two_begun(disk: Disk) -> World:
    world = World(disk)
    world.order({"service": "2.6"})
    world.order({"service": "2.6"})
    world.rest()
    return world


def held(world: World, ticket: str = "t1") -> Decimal:
    return sum((entry.amount for entry in world.portal.open_holds(ticket)), Decimal(0))


def finish(world: World, ticket: str) -> None:
    world.portal.log_time(ticket, 30)
    world.portal.report_ready(ticket)
    world.rest()
    world.portal.accept(ticket)
    world.rest()


@leaves
def test_hours_that_are_held_go_back_and_the_next_ticket_comes_to_its_end(disk: Disk, how: str) -> None:
    world = two_begun(disk)
    assert held(world) > 0
    LEAVE[how](world, "t1")
    report = world.run_pass()
    assert report is not None
    finish(world, "t2")
    assert (world.statuses(), world.reasons()["t1"]) == ({"t1": "withdrawn", "t2": "done"}, "gone")
    assert (held(world), world.taken("t1"), report.exit) == (0, 0, Exit.WELL)
    assert world.facts("t1")["how"] == how
    assert world.reconcile() == []
    world.check()


@leaves
def test_what_was_accepted_before_is_written_off(disk: Disk, how: str) -> None:
    world = two_begun(disk)
    world.portal.log_time("t1", 30)
    world.portal.report_ready("t1")
    world.rest()
    world.portal.accept("t1")
    world.run_pass()
    assert world.taken("t1") == Decimal("0.5")
    LEAVE[how](world, "t1")
    world.rest()
    assert (world.statuses()["t1"], world.taken("t1"), held(world)) == ("done", Decimal("0.5"), 0)


def test_what_was_accepted_in_the_moment_of_a_move_is_written_off(disk: Disk) -> None:
    world = two_begun(disk)
    world.portal.log_time("t1", 30)
    world.portal.report_ready("t1")
    world.rest()
    world.portal.accept("t1")
    world.portal.move("t1", OTHER)
    world.rest()
    assert (world.taken("t1"), held(world)) == (Decimal("0.5"), 0)


@leaves
def test_work_that_runs_is_waited_for_and_is_left_to_an_operator(disk: Disk, how: str) -> None:
    world = World(disk)
    world.order(RESTORE)
    world.order({"service": "2.6"})
    world.run_pass()
    assert world.statuses()["t1"] == "running"
    LEAVE[how](world, "t1")
    world.rest()
    assert (world.statuses()["t1"], world.reasons()["t1"]) == ("withdrawn", "gone-with-work")
    assert (held(world), world.taken("t1"), world.moodle.bearing("OT-1")) == (0, 0, 1)


def test_a_ticket_that_comes_back_goes_on_where_it_stood(disk: Disk) -> None:
    world = two_begun(disk)
    world.portal.move("t1", OTHER)
    world.rest()
    world.portal.move("t1", PAID)
    world.rest()
    assert (world.statuses()["t1"], held(world) > 0) == ("running", True)
    finish(world, "t1")
    assert (world.statuses()["t1"], world.taken("t1"), held(world)) == ("done", Decimal("0.5"), 0)
    world.check()


def test_a_ticket_that_is_not_found_when_it_is_looked_at_once_more_is_gone(disk: Disk) -> None:
    world = World(disk)
    world.order({"service": "2.6"})
    missing = PortalNotFound("GET /tickets/t1", "no ticket", status=404, code="not_found")

    def ticket(_id: str) -> None:
        raise missing

    world.portal.ticket = ticket
    world.run_pass()
    assert (world.statuses()["t1"], world.reasons()["t1"]) == ("withdrawn", "gone")

    del world.portal.ticket
    world.retry("t1")
    world.rest()
    assert world.statuses()["t1"] == "running"


def test_a_ticket_that_was_never_begun_is_not_paid_or_gone_and_nothing_is_held(disk: Disk) -> None:
    world = World(disk)
    for _ in LEAVE:
        world.portal.open_ticket(account="school", category=PAID, subject="Заявка", fields={})
    world.order({"service": "2.6"})
    world.run_pass()
    world.portal.move("t1", OTHER)
    world.portal.merge("t2", "t4")
    world.portal.delete("t3")
    world.rest()
    assert world.statuses() == {"t1": "not-paid", "t2": "withdrawn", "t3": "withdrawn", "t4": "running"}


def test_hours_of_a_stage_that_is_gone_go_back_and_the_other_stage_goes_on(disk: Disk) -> None:
    world = World(disk)
    ticket = world.order({"service": "2.6"}, stages=(("Первый", 1, 1), ("Второй", 2, 1)))
    world.rest()
    before = held(world)
    world.portal.drop_stage(ticket)
    world.rest()
    assert before == 1
    assert (world.statuses()[ticket], held(world)) == ("running", 2), "the second stage has its own hours now"
    assert world.reconcile() == []


def test_a_portal_that_answers_an_error_for_a_ticket_has_not_lost_it(disk: Disk) -> None:
    world = two_begun(disk)
    healthy = world.portal.ticket

    def ticket(id_: str) -> object:
        if id_ == "t1":
            raise PortalUnreachable("GET /tickets/t1", "HTTP 500", status=500)
        return healthy(id_)

    world.portal.move("t1", OTHER)
    world.portal.ticket = ticket
    world.run_pass()
    assert world.statuses()["t1"] == "queued"
    del world.portal.ticket
    world.rest()
    assert (world.reasons()["t1"], held(world)) == ("gone", 0)


def test_a_ticket_that_the_portal_tells_as_paid_and_that_is_not_is_told_to_an_operator(disk: Disk) -> None:
    world = World(disk)
    world.order({"service": "2.6"})
    world.order({"service": "2.6"})
    healthy = world.portal.changed_tickets

    def unfiltered(cursor: str | None, etag: str | None = None) -> TicketPage | None:
        page = healthy(cursor, etag)
        if page is None:
            return None
        odd = (
            replace(one, category="ВЫДЕЛЕННЫЙ СПЕЦИАЛИСТ (Н.ЧАСЫ)") if one.id == "t1" else one
            for one in page.tickets
        )
        let_through: TicketPage = replace(page, tickets=tuple(odd))
        return let_through

    world.portal.changed_tickets = unfiltered
    for _ in range(2):
        report = world.run_pass()
        assert report is not None
        (fault,) = report.faults
        assert (fault[0], "ВЫДЕЛЕННЫЙ" in fault[1][0], report.exit) == ("t1", True, Exit.OPERATOR)
    finish(world, "t2")
    assert world.statuses() == {"t1": "not-paid", "t2": "done"}

    del world.portal.changed_tickets
    world.portal.edit_fields("t1", {"service": "2.6"})
    report = world.rest()
    assert (world.statuses()["t1"], report.faults, report.exit) == ("running", [], Exit.WELL)


def test_tickets_that_a_mistyped_category_let_through_no_longer_are_all_told_once_it_is_mended(
    disk: Disk,
) -> None:
    world = two_begun(disk)
    world.portal.paid = "Выделенный спецыалист"
    world.category = "Выделенный спецыалист"
    world.rest()
    world.portal.paid = world.category = PAID
    world.rest()
    assert world.statuses() == {"t1": "running", "t2": "running"}
    for ticket in ("t1", "t2"):
        finish(world, ticket)
    assert (world.statuses(), world.reconcile()) == ({"t1": "done", "t2": "done"}, [])


@pytest.mark.parametrize("told", ["by-the-portal", "by-reconcile-only"])
def test_hours_that_are_held_for_a_ticket_that_is_gone_come_back_though_the_portal_says_nothing(
    disk: Disk, told: str
) -> None:
    world = two_begun(disk)
    if told == "by-reconcile-only":
        world.portal.gone["t1"] = Gone("t1", "deleted", world.clock())  # and no page tells it
        world.rest()
        assert held(world) > 0
    else:
        world.portal.delete("t1")
    assert world.reconcile() == []
    world.rest()
    assert (world.statuses()["t1"], world.reasons()["t1"], held(world)) == ("withdrawn", "gone", 0)
    finish(world, "t2")
    world.check()


def test_an_entry_of_gone_that_the_journal_cannot_take_is_told_and_stops_no_other_ticket(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = two_begun(disk)
    depart = Polling.depart

    def failing(polling: Polling, portal: str, ticket_id: str, *more: Any) -> bool:
        if ticket_id == "t1":
            raise ValueError("poisoned")
        return depart(polling, portal, ticket_id, *more)

    monkeypatch.setattr(Polling, "depart", failing)
    world.portal.delete("t1")
    world.portal.move("t2", OTHER)
    world.order({"service": "2.6"})
    report = world.rest()
    assert (report.faults, report.exit) == ([("t1", ("ValueError: poisoned",))], Exit.OPERATOR)
    assert (world.reasons()["t2"], world.statuses()["t3"]) == ("gone", "running")


@pytest.mark.parametrize("stage", ["held", "ready"])
def test_a_ticket_that_a_help_desk_closes_and_opens_again_is_worked_on_to_its_end(
    disk: Disk, stage: str
) -> None:
    world = two_begun(disk)
    if stage == "ready":
        world.portal.log_time("t1", 30)
        world.portal.report_ready("t1")
        world.rest()
    world.portal.withdraw("t1")
    world.rest()
    assert (world.statuses()["t1"], held(world)) == ("withdrawn", 0)
    finish(world, "t2")
    world.portal.reopen("t1")
    world.rest()
    if stage == "held":
        world.portal.log_time("t1", 30)
        world.portal.report_ready("t1")
        world.rest()
    world.portal.accept("t1")
    world.rest()
    assert world.statuses() == {"t1": "done", "t2": "done"}
    assert (world.taken("t1"), world.taken("t2"), held(world)) == (Decimal("0.5"), Decimal("0.5"), 0)
    assert world.reconcile() == []
    world.check()
