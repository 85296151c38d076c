"""One bridge on one Redmine: another one, with another journal, is recognised by its marks and writes
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from unittest import mock

import pytest

from bridge.domain.tickets import StageState, TicketState
from bridge.portal import AnotherBridge
from bridge.portal.redmine.adapter import RedminePortal
from bridge.portal.redmine.alone import SILENCE, Alone, instance_of, key_of
from tests.reliability.fake_redmine import CONVENTION, CUSTOMER
from tests.reliability.test_redmine_kills import ACCOUNT, CHARGES, HOUR, World
from tests.reliability.world import Disk

OTHER = "another-journal"


@pytest.fixture
def world(disk: Disk) -> World:
    world = World(disk)
    world.redmine.top_up("10")
    world.ids["ticket"], (world.ids["stage"],) = world.redmine.open_ticket(("2", "1"))
    return world


def written(world: World, portal: RedminePortal, text: str) -> None:
    portal.note(text, world.ids["ticket"], text)


@pytest.mark.parametrize(
    "write",
    [
        lambda world, portal: portal.note("k", world.ids["ticket"], "?"),
        lambda world, portal: portal.attach("k", world.ids["ticket"], "a.txt", "text/plain", b"1"),
        lambda world, portal: portal.set_ticket_state(
            "k", world.ids["ticket"], TicketState.IN_PROGRESS, [TicketState.OPEN]
        ),
        lambda world, portal: portal.set_stage_state(
            "k", world.ids["ticket"], world.ids["stage"], StageState.READY, [StageState.PLANNED]
        ),
        lambda world, portal: portal.hold("k", ACCOUNT, world.ids["ticket"], world.ids["stage"], HOUR),
        lambda world, portal: portal.capture("k", "hold-x", CHARGES, HOUR, {}),
        lambda world, portal: portal.void("k", "hold-x"),
        lambda world, portal: portal.reverse("k", "1", "?"),
    ],
)
def test_no_write_of_another_bridge_is_made(
    world: World, write: Callable[[World, RedminePortal], object]
) -> None:
    written(world, world.portal(), "first")
    before = world.trace()
    other = world.portal(instance=OTHER)
    with pytest.raises(AnotherBridge, match="the bridge the-one-bridge works on this portal") as caught:
        write(world, other)
    assert caught.value.code == "another_bridge"
    assert other.find("k") is None
    assert world.trace() == before
    assert other.ticket(world.ids["ticket"]).id == world.ids["ticket"], "reads are answered"
    written(world, world.portal(), "the first goes on")


def test_a_bridge_that_was_silent_for_a_day_counts_no_more(world: World) -> None:
    written(world, world.portal(), "first")
    world.clock.now += SILENCE - timedelta(minutes=1)
    world.redmine.change(CUSTOMER, int(world.ids["ticket"]), notes="?")
    with pytest.raises(AnotherBridge):
        written(world, world.portal(instance=OTHER), "too early")
    world.clock.now += timedelta(minutes=2)
    written(world, world.portal(instance=OTHER), "second")
    with pytest.raises(AnotherBridge, match=OTHER):
        written(world, world.portal(), "late")


def test_a_bridge_is_released_by_taking_its_marks_away(world: World) -> None:
    written(world, world.portal(), "first")
    world.redmine.tree[int(world.ids["ticket"])].fields[21] = ""
    written(world, world.portal(instance=OTHER), "second")
    notes = [one["notes"] for one in world.redmine.tree[int(world.ids["ticket"])].journals if one["notes"]]
    assert notes == ["first", "second"]


def test_marks_of_an_older_bridge_tell_nobody(world: World) -> None:
    written(world, world.portal(instance=""), "old")
    portal = world.portal()
    written(world, portal, "new")
    assert portal.note("old", world.ids["ticket"], "old"), "its keys are found all the same"
    assert [
        one["notes"] for one in world.redmine.tree[int(world.ids["ticket"])].journals if one["notes"]
    ] == ["old", "new"]


def test_a_key_is_found_behind_whatever_instance_wrote_it(world: World, disk: Disk) -> None:
    written(world, world.portal(), "first")
    disk.load(disk.fresh)  # the journal is lost, and another one begins a day later
    world.clock.now += SILENCE + timedelta(minutes=1)
    written(world, world.portal(instance=OTHER), "first")
    assert len([one for one in world.redmine.tree[int(world.ids["ticket"])].journals if one["notes"]]) == 1


def test_it_is_looked_for_once_a_minute(world: World) -> None:
    with (
        mock.patch.object(world.redmine, "issues", wraps=world.redmine.issues) as asked,
        mock.patch("bridge.portal.redmine.alone.time.monotonic") as now,
    ):
        now.return_value = 1000.0
        portal = world.portal()
        for text in ("a", "b"):
            written(world, portal, text)
        assert asked.call_count == 1
        now.return_value += 61
        written(world, portal, "c")
        assert asked.call_count == 2


@pytest.mark.parametrize("key", ["k", "k#2", "9d0c5d4e-8f1e-5c4b-a7f6-2d2e8f5b1a11", "k @x", "k@example", ""])
def test_a_mark_comes_back_as_its_key_and_its_instance(key: str) -> None:
    mark = Alone("red", mock.Mock(), CONVENTION, OTHER).mark(key)
    assert (key_of(mark), instance_of(mark)) == (key, OTHER)
    assert (key_of(key), instance_of(key)) == (key, "")
