"""How long a lost write may still be under way is counted by Redmine's clock: this machine's may jump."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest

from bridge.portal import PortalOutcomeUnknown
from tests.reliability.test_redmine_kills import SETTLE, World
from tests.reliability.world import Clock, Disk

SECOND = timedelta(seconds=1)
LOST = PortalOutcomeUnknown("PUT", "no answer came")


@pytest.mark.parametrize(
    "wrong", [timedelta(0), timedelta(days=-1), timedelta(days=1)], ids=["right", "behind", "ahead"]
)
@pytest.mark.parametrize(
    "jump", [timedelta(0), timedelta(days=1), timedelta(days=-1)], ids=["stays", "forward", "back"]
)
def test_a_clock_that_jumps_neither_frees_a_key_too_early_nor_keeps_it(
    disk: Disk, wrong: timedelta, jump: timedelta
) -> None:
    world, theirs = World(disk), Clock()
    world.redmine.told_by = theirs
    ticket, _ = world.redmine.open_ticket(("2", "1"))
    theirs.now += SECOND
    world.clock.now = theirs.now + wrong
    with (
        mock.patch.object(world.redmine, "update_issue", side_effect=LOST),
        pytest.raises(PortalOutcomeUnknown),
    ):
        world.portal().note("n", ticket, "?")

    def passes(by: timedelta) -> None:
        theirs.now += by
        world.clock.now += by

    world.clock.now += jump
    passes(SETTLE - SECOND)
    with pytest.raises(PortalOutcomeUnknown, match="it will not be sent again"):
        world.portal().note("n", ticket, "?")
    passes(3 * SECOND)
    assert world.portal().note("n", ticket, "?")
