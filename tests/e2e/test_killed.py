"""Killed by SIGKILL right after the other side did its part, and started again: one course, one role, one write-off."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import RESTORE, ROLE, World


def finish(world: World, ticket: str) -> None:
    """The next pass, the customer's acceptance, and a pass more; nothing may have been done twice."""
    world.sync()
    assert world.portal.ticket(ticket).stages[0].state == "ready"
    world.portal.accept(ticket, stage=1)
    world.sync()
    world.sync()
    assert world.portal.ticket(ticket).state == "done"
    assert len(world.captures()) == 1
    assert world.open_holds() == 0
    texts = [note.text for note in world.portal.notes(ticket)]
    assert len(texts) == len(set(texts)), "a message was sent twice"


def test_killed_after_the_restore_was_accepted(world: World) -> None:
    world.course_deleted()
    ticket = world.ticket(RESTORE)
    world.moodle.faults.add("local_otbridge_restore_course", "hang_after", seconds=20)

    world.sync_killed_when(lambda: len(world.moodle.operations()) == 1)

    finish(world, ticket)
    assert len(world.courses()) == 1
    assert len(world.moodle.operations()) == 1


def test_killed_while_the_restore_runs(world: World) -> None:
    world.moodle.restore_seconds = 2.0
    world.course_deleted()
    ticket = world.ticket(RESTORE)

    world.sync_killed_when(lambda: any(one.status == "running" and one.progress > 0 for one in world.moodle.operations()))

    finish(world, ticket)
    assert len(world.courses()) == 1
    assert len(world.moodle.operations()) == 1


def test_killed_after_the_restore_finished(world: World) -> None:
    world.course_deleted()
    ticket = world.ticket(RESTORE)
    world.moodle.faults.add("core_course_get_courses_by_field", "delay", times=1, seconds=0)
    world.moodle.faults.add("local_otbridge_get_operation", "delay", times=50, seconds=1.0)

    world.sync_killed_when(lambda: any(one.status == "done" for one in world.moodle.operations()))

    world.moodle.faults.clear()
    finish(world, ticket)
    assert len(world.courses()) == 1


def test_killed_after_the_role_was_made(world: World) -> None:
    ticket = world.ticket(ROLE)
    world.moodle.faults.add("local_otbridge_create_role", "hang_after", seconds=20)

    world.sync_killed_when(lambda: len(world.roles()) == 1)

    finish(world, ticket)
    assert len(world.roles()) == 1


def test_killed_after_the_portal_stored_the_capture(world: World) -> None:
    ticket = world.ticket(ROLE)
    world.sync()
    world.portal.accept(ticket, stage=1)
    world.portal.faults.add("POST /api/otbridge/v1/holds", "hang_after", seconds=20)

    world.sync_killed_when(lambda: len(world.captures()) == 1)

    world.sync()
    world.sync()
    assert len(world.captures()) == 1
    assert world.portal.ticket(ticket).state == "done"


def test_killed_after_the_portal_stored_a_hold(world: World) -> None:
    ticket = world.ticket(ROLE)
    world.portal.faults.add("POST /api/otbridge/v1/accounts", "hang_after", seconds=20)

    world.sync_killed_when(lambda: world.open_holds() == 1)

    finish(world, ticket)
    assert len(world.roles()) == 1


def test_killed_after_the_portal_stored_a_state(world: World) -> None:
    ticket = world.ticket(ROLE)
    world.portal.faults.add("POST /api/otbridge/v1/tickets", "hang_after", seconds=20)

    world.sync_killed_when(lambda: world.portal.ticket(ticket).state == "in_progress")

    finish(world, ticket)
    assert len(world.roles()) == 1


@pytest.mark.parametrize("mode", ["drop_after", "empty", "truncate", "error_500", "drop_before", "html"])
def test_an_answer_that_is_lost_is_asked_for_with_the_same_key(world: World, mode: str) -> None:
    world.course_deleted()
    ticket = world.ticket(RESTORE)
    world.moodle.faults.add("local_otbridge_restore_course", mode)

    lost = world.sync()

    assert lost["exit"] == 3
    assert [one["status"] for one in lost["tickets"]] == ["running"]
    finish(world, ticket)
    assert len(world.courses()) == 1


@pytest.mark.parametrize("mode", ["drop_after", "empty", "truncate", "error_500", "drop_before", "html"])
def test_a_capture_whose_answer_is_lost_is_sent_again_and_taken_once(world: World, mode: str) -> None:
    ticket = world.ticket(ROLE)
    world.sync()
    world.portal.accept(ticket, stage=1)
    world.portal.faults.add("POST /api/otbridge/v1/holds", mode)

    assert world.sync()["exit"] == 3
    assert world.sync()["exit"] == 0

    assert len(world.captures()) == 1
    assert world.portal.ticket(ticket).state == "done"
