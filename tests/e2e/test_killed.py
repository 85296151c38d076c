"""Killed by SIGKILL right after the other side did its part, or left without an answer, and started again:
everything is done once.
"""

from __future__ import annotations

import pytest

from tests.e2e.conftest import RESTORE, ROLE, World
from tests.profile import THOROUGH

UNANSWERED = ("drop_before", "drop_after", "empty", "truncate", "error_500", "html")
"""How a write can end so that nobody knows what became of it: in three of these modes it was done."""


def finish(world: World, *tickets: str) -> None:
    """The pass after the customer's acceptance, and a pass more: each ticket is written off once, and its
    customer reads nothing twice.
    """
    world.sync()
    world.sync()
    assert [world.portal.ticket(ticket).state for ticket in tickets] == ["done"] * len(tickets)
    assert len(world.captures()) == len(tickets)
    assert world.open_holds() == 0
    for ticket in tickets:
        texts = [note.text for note in world.portal.notes(ticket)]
        assert len(texts) == len(set(texts)), "a message was sent twice"


def test_killed_at_six_turns_of_a_restore(world: World) -> None:
    portal, moodle = world.portal, world.moodle
    moodle.restore_seconds = 1.0
    world.course_deleted()
    ticket = world.ticket(RESTORE)

    portal.faults.add("POST /api/otbridge/v1/accounts", "hang_after", seconds=20)
    world.sync_killed_when(lambda: world.open_holds() == 1)

    portal.faults.add("POST /api/otbridge/v1/tickets", "hang_after", seconds=20)
    world.sync_killed_when(lambda: portal.ticket(ticket).state == "in_progress")

    moodle.faults.add("local_otbridge_run", "hang_after", seconds=20)
    world.sync_killed_when(lambda: len(moodle.operations()) == 1)

    moodle.faults.add("local_otbridge_get_operation", "delay", times=50, seconds=1.0)
    world.sync_killed_when(
        lambda: any(one.status == "running" and one.progress > 0 for one in moodle.operations())
    )
    world.sync_killed_when(lambda: any(one.status == "done" for one in moodle.operations()))

    moodle.faults.clear()
    world.sync()
    portal.accept(ticket, stage=1)
    portal.faults.add("POST /api/otbridge/v1/holds", "hang_after", seconds=20)
    world.sync_killed_when(lambda: len(world.captures()) == 1)

    finish(world, ticket)
    assert len(world.courses()) == len(moodle.operations()) == 1


def test_killed_after_the_role_was_made(world: World) -> None:
    ticket = world.ticket(ROLE)
    world.moodle.faults.add("local_otbridge_run", "hang_after", seconds=20)

    world.sync_killed_when(lambda: len(world.roles()) == 1)

    world.sync()
    world.portal.accept(ticket, stage=1)
    finish(world, ticket)
    assert len(world.roles()) == len(world.moodle.operations()) == 1


@pytest.mark.skipif(
    not THOROUGH, reason="what the reliability suite shows, with processes: HYPOTHESIS_PROFILE=thorough"
)
def test_what_is_left_unanswered_is_asked_for_again_with_the_same_key_and_done_once(world: World) -> None:
    """In each mode a course and a role, whose hold, operation and write-off are all left unanswered, each
    once.

    Each ticket has an account of its own: a later one of the same account would wait until the hold of the
    earlier one is known.
    """
    portal, moodle = world.portal, world.moodle
    moodle.restore_seconds = 0.05
    tickets: list[str] = []
    for number, mode in enumerate(UNANSWERED):
        world.course_deleted(shortname=f"course{number}", fullname=f"Курс {number}")
        for fields in (
            {**RESTORE, "param_shortname": f"course{number}"},
            {**ROLE, "param_shortname": f"role{number}"},
        ):
            account = f"school-{len(tickets)}"
            portal.open_account(account, "Школа", granted="10")
            tickets.append(world.ticket(fields, account=account))
        portal.faults.add("POST /api/otbridge/v1/accounts", mode, times=2)
        moodle.faults.add("local_otbridge_run", mode)
        moodle.faults.add("local_otbridge_run", mode)

    holds_lost, operations_lost, ready = world.sync(), world.sync(), world.sync()

    assert (holds_lost["exit"], operations_lost["exit"], ready["exit"]) == (3, 3, 0)
    assert [(one["status"], one["reason"]) for one in holds_lost["tickets"]] == [("queued", "portal")] * len(
        tickets
    )
    assert [(one["status"], one["reason"]) for one in operations_lost["tickets"]] == [
        ("running", "unknown-outcome")
    ] * len(tickets)
    assert [one["status"] for one in ready["tickets"]] == ["awaiting-acceptance"] * len(tickets)

    for ticket in tickets:
        portal.accept(ticket, stage=1)
    for mode in UNANSWERED:
        portal.faults.add("POST /api/otbridge/v1/holds", mode, times=2)
    captures_lost = world.sync()

    assert captures_lost["exit"] == 3
    assert [one["status"] for one in captures_lost["tickets"]] == ["queued"] * len(tickets)
    assert portal.faults.planned() == moodle.faults.planned() == []
    finish(world, *tickets)
    assert len(moodle.operations()) == len(tickets)
    for number in range(len(UNANSWERED)):
        assert (len(world.courses(f"course{number}")), len(world.roles(f"role{number}"))) == (1, 1)
