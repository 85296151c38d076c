"""A hold that arrives after its repetition did not fit is the ticket's own: learned under its key, gone on
from, or returned.
"""

from __future__ import annotations

from decimal import Decimal

from tests.reliability.chaos import Chaos
from tests.reliability.world import ROLE, Disk, World

WHEN_DELIVERED = "late 1000"
"""The server does it when the test says so."""


def refused_meanwhile(disk: Disk) -> tuple[World, str]:
    """A ticket on an account of one norm-hour. Its hold is under way when the hour lapses, so that its
    repetition is refused.
    """
    world = World(disk)
    world.portal.open_account("poor", "Академия", granted=1)
    ticket = world.order(ROLE, account="poor")
    world.chaos.at_call = lambda number: lose_the_first_hold(world.chaos, number)
    world.run_pass()
    world.portal.top_up("poor", -1)
    world.run_pass()
    assert world.statuses() == {ticket: "suspended"}
    assert holds(world, ticket) == 0
    return world, ticket


def came_late(disk: Disk) -> tuple[World, str]:
    """The same; an hour is bought, and now the first hold arrives. Returns the world and the ticket, still
    told to wait for the balance.
    """
    world, ticket = refused_meanwhile(disk)
    world.portal.top_up("poor", 1)
    world.chaos.deliver()
    assert (world.portal.account("poor").held, holds(world, ticket)) == (1, 1)
    return world, ticket


def lose_the_first_hold(chaos: Chaos, number: int) -> None:
    if [name for name, _ in chaos.calls].count("portal.hold") == 1 and chaos.calls[-1][0] == "portal.hold":
        chaos.faults[number] = WHEN_DELIVERED


def holds(world: World, ticket: str) -> int:
    return sum(entry.kind == "hold" and entry.ticket_id == ticket for entry in world.portal.entries)


def test_a_ticket_goes_on_with_its_hold_that_came_late(disk: Disk) -> None:
    world, ticket = came_late(disk)

    world.rest()
    world.check()
    assert world.statuses()[ticket] == "awaiting-acceptance"
    world.portal.accept(ticket)
    world.rest()

    world.check()
    assert world.statuses()[ticket] == "done"
    assert world.taken(ticket) == Decimal("0.5")
    assert (holds(world, ticket), world.portal.account("poor").held) == (1, 0)


def test_a_withdrawn_ticket_returns_its_hold_that_came_late(disk: Disk) -> None:
    world, ticket = came_late(disk)

    world.portal.withdraw(ticket)
    world.rest()

    world.check()
    assert world.statuses()[ticket] == "withdrawn"
    assert world.taken(ticket) == 0
    assert (holds(world, ticket), world.portal.account("poor").held) == (1, 0)


def test_a_hold_that_comes_when_its_attempt_was_given_up_is_found_by_the_comparison_of_the_ledgers(
    disk: Disk,
) -> None:
    """Its order was changed meanwhile, and the hours were held anew for the changed one: the bridge asks
    for the first hold no more.
    """
    world, first = refused_meanwhile(disk)
    world.portal.edit_fields(first, {**ROLE, "param_shortname": "dean"})
    world.portal.top_up("poor", 2)
    world.rest()
    world.chaos.deliver()
    assert holds(world, first) == 2

    (difference,) = world.reconcile()
    assert "MISSING_HERE" in difference
    world.portal.accept(first)
    world.rest()

    assert (world.statuses()[first], world.reasons()[first]) == ("writing-off", "drift")
    assert world.taken(first) == 0
