"""The main job: a paid ticket restores a course, another creates a role, and their norm-hours are written
off once.
"""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.conftest import RESTORE, ROLE, World


@pytest.mark.parametrize("transport", ["rest", "soap"])
def test_a_deleted_course_comes_back_and_its_hours_are_written_off_after_acceptance(
    world: World, transport: str
) -> None:
    world.configure(transport=transport)
    world.course_deleted()
    ticket = world.ticket(RESTORE)

    first = world.sync()

    assert first["exit"] == 0
    assert [(one["status"], one["reason"]) for one in first["tickets"]] == [
        ("awaiting-acceptance", "not-accepted")
    ]
    (course,) = world.courses()
    assert course.activities == {"quiz": 1, "page": 2}
    assert world.captures() == []
    assert world.portal.account("school").held == Decimal(1)
    assert "восстановлен" in world.customer_notes(ticket)

    world.portal.accept(ticket, stage=1)
    second = world.sync()

    assert second["exit"] == 0
    assert [one["status"] for one in second["tickets"]] == ["done"]
    assert [entry.amount for entry in world.captures()] == [Decimal(1)]
    account = world.portal.account("school")
    assert (account.written_off, account.held, account.available) == (Decimal(1), Decimal(0), Decimal(9))
    assert world.portal.ticket(ticket).state == "done"


def test_a_role_is_created_with_exactly_what_was_ordered(world: World) -> None:
    ticket = world.ticket(ROLE)

    world.sync()
    world.portal.accept(ticket, stage=1)
    world.sync()

    (role,) = world.roles()
    assert set(role.contextlevels) == {"course"}
    assert dict(role.capabilities) == {
        "moodle/course:view": "allow",
        "moodle/course:viewhiddencourses": "allow",
    }
    assert [entry.amount for entry in world.captures()] == [Decimal("0.5")]


def test_a_journal_that_was_lost_learns_anew_what_was_done_and_tells_the_customer_nothing_new(
    world: World, empty_journal: Path
) -> None:
    ticket = world.ticket(ROLE)
    world.sync()
    world.portal.accept(ticket, stage=1)
    world.sync()
    notes = len(world.portal.notes(ticket))

    shutil.copy(empty_journal, world.directory / "journal.sqlite3")
    for row in world.portal.store.rows("SELECT instance FROM bridge"):
        world.portal.release_bridge(row["instance"])
    good = world.ticket({**ROLE, "param_shortname": "second"})
    world.sync()
    world.portal.accept(good, stage=1)

    assert world.sync()["exit"] == 0
    assert len(world.portal.notes(ticket)) == notes
    assert (len(world.roles()), len(world.roles("second"))) == (1, 1)
    assert sorted(str(entry.ticket_id) for entry in world.captures()) == sorted([ticket, good])
    assert world.otbridge("reconcile")[0] == 0


def test_a_restored_course_of_a_lost_journal_is_an_operators_turn_and_no_word_to_the_customer(
    world: World, empty_journal: Path
) -> None:
    world.course_deleted()
    ticket = world.ticket(RESTORE)
    world.sync()
    notes = len(world.portal.notes(ticket))

    shutil.copy(empty_journal, world.directory / "journal.sqlite3")
    for row in world.portal.store.rows("SELECT instance FROM bridge"):
        world.portal.release_bridge(row["instance"])
    good = world.ticket(ROLE)
    again = world.sync()

    assert again["exit"] == 1
    assert {one["id"]: one["status"] for one in again["tickets"]} == {
        ticket: "failed",
        good: "awaiting-acceptance",
    }
    assert len(world.portal.notes(ticket)) == notes
    assert len(world.courses()) == 1
    assert "journal" in world.otbridge("show", world.portal.ticket(ticket).number)[1]


def test_a_pass_after_everything_is_done_does_nothing(world: World) -> None:
    ticket = world.ticket(ROLE)
    world.sync()
    world.portal.accept(ticket, stage=1)
    world.sync()
    world.sync()
    writes = len(world.portal.ledger()), len(world.portal.notes(ticket)), len(world.moodle.calls())

    again = world.sync()

    assert again == {"exit": 0, "tickets": [], "faults": [], "operator": [], "problems": []}
    assert (len(world.portal.ledger()), len(world.portal.notes(ticket)), len(world.moodle.calls())) == writes


def test_a_ticket_that_is_not_paid_is_none_of_the_bridge_s_business(world: World) -> None:
    world.ticket(ROLE, category="Техническая поддержка / Консультация")

    assert world.sync()["tickets"] == []
    assert world.roles() == []


def test_a_dry_run_says_what_would_happen_and_touches_nothing(world: World) -> None:
    world.course_deleted()
    ticket = world.ticket(RESTORE)

    forecast = world.sync("--dry-run")

    (one,) = forecast["tickets"]
    assert (one["status"], one["hold_mh"]) == ("awaiting-acceptance", 1000)
    assert any("Охрана труда" in line for line in one["would"])
    assert world.courses() == []
    assert [entry.kind for entry in world.portal.ledger()] == ["top_up"]
    assert world.portal.notes(ticket) == []
    assert world.otbridge("status")[1].count("Охрана") == 0


def test_one_ticket_alone_can_be_worked_on(world: World) -> None:
    world.ticket(ROLE, number="7")
    world.ticket({**ROLE, "param_shortname": "other"}, number="8")

    assert [one["number"] for one in world.sync("--ticket", "8")["tickets"]] == ["8"]
    assert (len(world.roles()), len(world.roles("other"))) == (0, 1)
