"""Hours of an attempt that was given up go back, whatever the customer makes of the order meanwhile."""

from __future__ import annotations

import pytest

from tests.reliability.scenarios import T
from tests.reliability.world import ROLE, Disk, World


@pytest.mark.parametrize(
    "order", [{}, {**ROLE, "param_context_levels": "сайт"}], ids=["free text", "an order with faults"]
)
def test_rejected_work_is_begun_anew_while_the_order_can_t_be_carried_out(
    disk: Disk, order: dict[str, str]
) -> None:
    world = World(disk)
    world.order(ROLE)
    world.rest()
    world.portal.reject(T)
    world.rest()
    world.retry(T)
    world.portal.edit_fields(T, order)
    world.rest()

    world.check()
    assert world.portal.account("school").held == 0
