"""Hours go to the ticket that was agreed first (R6), also where it is not known whether it has got them."""

from __future__ import annotations

import pytest

from tests.reliability.scenarios import BY_HAND, CONTENT
from tests.reliability.world import Disk, World


@pytest.mark.parametrize("mode", ["lost before", "lost after", "in progress", "late 2"])
def test_a_later_ticket_waits_while_it_is_unknown_whether_an_earlier_one_has_its_hours(
    disk: Disk, mode: str
) -> None:
    world = World(disk)
    world.portal.open_account("poor", "Академия", granted=1)
    earlier = world.order(BY_HAND, account="poor")
    later = world.order(CONTENT, account="poor")
    elsewhere = world.order(BY_HAND)
    chaos = world.chaos

    def lose_the_first_hold(number: int) -> None:
        if [name for name, _ in chaos.calls].count("portal.hold") == 1 and chaos.calls[-1][
            0
        ] == "portal.hold":
            chaos.faults[number] = mode

    chaos.at_call = lose_the_first_hold
    world.run_pass()
    assert (world.statuses()[earlier], world.statuses()[elsewhere]) == ("queued", "running")
    assert world.statuses()[later] in ("queued", "suspended")

    world.rest()
    world.check()
    assert (world.statuses()[earlier], world.statuses()[later]) == ("running", "suspended")
