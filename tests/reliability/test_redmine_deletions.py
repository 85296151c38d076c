"""What people delete on Redmine: the ledger outlives its stage, and the holds of what is gone are told and
given back.
"""

from __future__ import annotations

from typing import Any
from unittest import mock

from bridge.domain.tickets import StageState
from bridge.portal.redmine.adapter import RedminePortal
from tests.reliability.fake_redmine import BRIDGE, CUSTOMER
from tests.reliability.test_redmine_kills import ACCOUNT, CHARGES, HOUR, SETTLE, World
from tests.reliability.world import Disk


def held(world: World, portal: RedminePortal) -> tuple[str, str, str]:
    """Ids of an agreed ticket, its stage and the hold for it."""
    world.redmine.top_up("10")
    ticket, (stage,) = world.redmine.open_ticket(("2", "1"))
    return ticket, stage, str(portal.hold("held", ACCOUNT, ticket, stage, 2 * HOUR).hold_id)


def captured(world: World, portal: RedminePortal) -> tuple[str, str, str]:
    """Ids of a ticket, its stage and the write-off of it."""
    ticket, stage, hold = held(world, portal)
    world.redmine.moves(BRIDGE, stage, StageState.READY)
    world.redmine.moves(CUSTOMER, stage, StageState.ACCEPTED)
    return ticket, stage, portal.capture("captured", hold, CHARGES, HOUR, {}).id


def test_what_is_held_for_a_deleted_ticket_is_told_until_it_is_given_back(disk: Disk) -> None:
    world = World(disk)
    portal = world.portal()
    ticket, stage, hold = held(world, portal)
    world.clock.now += 10 * SETTLE
    page = portal.changed_tickets(None)
    assert page is not None
    world.redmine.delete(stage, ticket)
    page = portal.changed_tickets(page.cursor, page.etag)
    assert page is not None
    assert [(one.id, one.reason) for one in page.gone] == [(ticket, "deleted")]
    portal.void("void", hold)
    assert portal.account(ACCOUNT).available == 10
    page = portal.changed_tickets(page.cursor)
    assert page is not None
    assert page.gone == ()


def test_a_write_off_whose_stage_was_deleted_can_be_taken_back(disk: Disk) -> None:
    world = World(disk)
    portal = world.portal()
    ticket, stage, entry = captured(world, portal)
    world.redmine.delete(stage, ticket)
    assert portal.account(ACCOUNT).written_off == 1
    (told,) = [one for one in portal.ledger(ACCOUNT).entries if one.kind == "capture"]
    assert (told.ticket_id, told.stage_id) == (ticket, stage), "it still says what it was for"
    back = portal.reverse("back", entry, "ошибка")
    assert (back.reverses, back.stage_id) == (entry, stage)
    assert portal.reverse("back", entry, "ошибка") == back
    assert portal.account(ACCOUNT).written_off == 0


def test_a_stage_that_is_deleted_right_behind_its_write_off_leaves_nothing_unknown(disk: Disk) -> None:
    world = World(disk)
    portal = world.portal()
    _, stage, hold = held(world, portal)
    world.redmine.moves(BRIDGE, stage, StageState.READY)
    world.redmine.moves(CUSTOMER, stage, StageState.ACCEPTED)
    add = world.redmine.add_entry

    def add_and_lose(*args: Any) -> None:
        add(*args)
        world.redmine.delete(stage)

    with mock.patch.object(world.redmine, "add_entry", add_and_lose):
        assert portal.capture("captured", hold, CHARGES, HOUR, {}).amount == HOUR
    account = portal.account(ACCOUNT)
    assert (account.written_off, account.held) == (1, 0)
