"""Rows of the ledger on Redmine: nothing is written blind, and looking for a row changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest import mock

import pytest

from bridge.domain.tickets import StageState
from bridge.journal import LedgerConflict
from bridge.portal import PortalForbidden, PortalUnreachable
from bridge.portal.redmine.adapter import RedminePortal
from tests.reliability.fake_redmine import BRIDGE, CONVENTION, CUSTOMER
from tests.reliability.test_redmine_kills import ACCOUNT, CHARGES, HOUR, World
from tests.reliability.world import Disk


def accepted(world: World, portal: RedminePortal) -> str:
    """The hold for a stage that was accepted."""
    world.redmine.top_up("10")
    ticket, (stage,) = world.redmine.open_ticket(("2", "1"))
    hold = str(portal.hold("held", ACCOUNT, ticket, stage, 2 * HOUR).hold_id)
    world.redmine.moves(BRIDGE, stage, StageState.READY)
    world.redmine.moves(CUSTOMER, stage, StageState.ACCEPTED)
    return hold


def captures(world: World) -> list[Mapping[str, Any]]:
    return [
        one for one in world.redmine.times.values() if one["activity"]["id"] == CONVENTION.activities.capture
    ]


def again(world: World, row: Mapping[str, Any]) -> None:
    """The same request arrives once more."""
    world.redmine.add_time(
        BRIDGE, row["issue"]["id"], CONVENTION.activities.capture, 0, row["fields"], row["comments"]
    )


# Norm-hours that the bridge's role does not see


def test_nothing_is_written_off_where_the_bridge_does_not_see_norm_hours(disk: Disk) -> None:
    world = World(disk)
    portal = world.portal()
    hold = accepted(world, portal)
    world.redmine.blind = True
    for ask in (
        portal.meta,
        lambda: portal.account(ACCOUNT),
        lambda: portal.capture("c", hold, CHARGES, HOUR, {}),
    ):
        with pytest.raises(
            PortalForbidden,
            match="does not see the norm-hours of time entries: make custom field 31 visible to it",
        ):
            ask()
    assert captures(world) == []
    world.redmine.blind = False
    assert portal.capture("c", hold, CHARGES, HOUR, {}).amount == HOUR
    assert portal.account(ACCOUNT).written_off == 1


def test_a_write_off_is_not_taken_back_where_the_bridge_does_not_see_norm_hours(disk: Disk) -> None:
    world = World(disk)
    portal = world.portal()
    entry = portal.capture("c", accepted(world, portal), CHARGES, HOUR, {}).id
    world.redmine.blind = True
    with pytest.raises(PortalForbidden, match="norm-hours"):
        portal.reverse("r", entry, "ошибка")
    world.redmine.blind = False
    assert portal.account(ACCOUNT).written_off == 1
    assert portal.reverse("r", entry, "ошибка").amount == HOUR


# Several rows with one key


def test_looking_for_a_key_deletes_nothing(disk: Disk) -> None:
    world = World(disk)
    portal = world.portal()
    hold = accepted(world, portal)
    first = portal.capture("c", hold, CHARGES, HOUR, {})
    again(world, captures(world)[0])
    disk.load(disk.fresh)  # the books are lost, so that the key is looked for
    other = world.portal()
    found = other.find("c")
    assert found is not None
    assert found["body"]["id"] == first.id
    with pytest.raises(LedgerConflict):
        other.capture("c", hold, CHARGES, HOUR, {})
    assert len(captures(world)) == 2
    assert other.account(ACCOUNT).written_off == 1, "only the first counts"


@pytest.mark.parametrize("refused", [False, True])
def test_a_row_that_this_very_write_made_beside_a_late_one_is_deleted(disk: Disk, refused: bool) -> None:
    world = World(disk)
    portal = world.portal()
    hold = accepted(world, portal)
    add, seen = world.redmine.add_entry, []

    def add_beside(key: str, entry: Mapping[str, Any]) -> None:
        add(key, entry)
        again(world, captures(world)[0])
        seen.append(captures(world)[0]["id"])

    down = mock.Mock(side_effect=PortalUnreachable("DELETE", "down"))
    with (
        mock.patch.object(world.redmine, "add_entry", add_beside),
        mock.patch.object(world.redmine, "delete_entry", down if refused else world.redmine.delete_entry),
    ):
        told = portal.capture("c", hold, CHARGES, HOUR, {})
    assert told.id == str(seen[0])
    assert len(captures(world)) == (2 if refused else 1)
    assert portal.account(ACCOUNT).written_off == 1
