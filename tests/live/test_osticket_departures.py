"""Tickets that leave on a real osTicket: moved, merged, closed, of a renamed topic. Hours that are held
for them are never stranded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.domain.hours import Charge
from bridge.domain.tickets import StageState, Ticket, TicketState
from bridge.portal import PortalNotFound, StateConflict, TicketPage, changed_pages
from tests.contract.engine import PAID
from tests.contract.osticket import OsTicket
from tests.contract.portal_world import HOUR, World

pytestmark = pytest.mark.live


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with OsTicket.start(tmp_path) as engine, closing(World(engine)) as one:
        yield one


def poll(world: World, cursor: str | None = None, prefix: str = PAID) -> TicketPage:
    """All that has changed since the cursor, as one page."""
    pages = list(changed_pages(world.client(world.engine.token, prefix=prefix), cursor))
    return replace(
        pages[-1],
        tickets=tuple(one for page in pages for one in page.tickets),
        gone=tuple(one for page in pages for one in page.gone),
    )


def told(page: TicketPage, ticket: str) -> Ticket:
    (one,) = [one for one in page.tickets if one.id == ticket]
    return one


# Closed by an agent


def test_a_ticket_that_an_agent_closes_is_not_worked_on_until_it_is_opened_again(world: World) -> None:
    ticket, (stage,) = world.agreed()
    page = poll(world)
    version = told(page, ticket).version
    world.engine.close(ticket)
    page = poll(world, page.cursor)
    shut = told(page, ticket)
    assert (shut.state, shut.version > version) == (TicketState.WITHDRAWN, True)
    assert shut.withdrawn_at is not None
    assert shut.withdrawn_at <= shut.updated_at
    with pytest.raises(StateConflict) as caught:
        world.bridge.hold("h", world.school, ticket, stage, HOUR)
    assert caught.value.actual == "withdrawn"
    with pytest.raises(StateConflict):
        world.bridge.set_ticket_state("s", ticket, TicketState.IN_PROGRESS, [TicketState.OPEN])
    assert 'class="otbridge-warning"' in world.engine.customer_page(ticket)

    world.engine.reopen(ticket)
    again = told(poll(world, page.cursor), ticket)
    assert (again.state, again.withdrawn_at) == (TicketState.OPEN, None)
    assert world.bridge.hold("h", world.school, ticket, stage, HOUR).amount == HOUR


def test_what_was_accepted_before_an_agent_closed_the_ticket_is_written_off(world: World) -> None:
    ticket, _, hold = world.held()
    world.engine.close(ticket)
    assert world.bridge.ticket(ticket).state is TicketState.WITHDRAWN
    world.bridge.capture("c", hold, [Charge("developer", 60, 60, Decimal(1))], HOUR, {})
    assert world.balance() == (10, 1, 0, 9)
    assert world.bridge.ticket(ticket).state is TicketState.OPEN, (
        "all of it is written off: nothing was withdrawn"
    )
    world.bridge.set_ticket_state("done", ticket, TicketState.DONE, list(TicketState))
    assert world.bridge.ticket(ticket).state is TicketState.DONE


# Merged, linked, deleted


def test_a_ticket_that_is_merged_and_deleted_at_once_is_told_as_merged(world: World) -> None:
    ticket, _, hold = world.held(state="planned")
    into = world.later_ticket()
    page = poll(world)
    world.engine.merge(ticket, into, delete=True)
    (gone,) = poll(world, page.cursor).gone
    assert (gone.id, gone.reason, gone.into) == (ticket, "merged", world.bridge.ticket(into).number)
    for write in (
        lambda: world.bridge.note("n", ticket, "?"),
        lambda: world.bridge.set_ticket_state("s", ticket, TicketState.DONE, list(TicketState)),
        lambda: world.bridge.attach("a", ticket, "a.txt", "text/plain", b"x"),
    ):
        with pytest.raises(PortalNotFound):
            write()
    world.bridge.void("v", hold)
    assert world.balance() == (10, 0, 0, 10)


def test_a_merged_ticket_has_a_page_that_says_so(world: World) -> None:
    ticket, _, _ = world.held(state="planned")
    into = world.later_ticket()
    world.engine.merge(ticket, into)
    page = world.engine.agent_page(ticket)
    assert 'class="otbridge-warning"' in page
    assert 'class="otbridge-stages"' in page
    with pytest.raises(PortalNotFound):
        world.bridge.note("n", ticket, "?")


def test_a_ticket_that_is_only_linked_stays_a_ticket_of_its_own(world: World) -> None:
    ticket, (stage,) = world.agreed()
    other = world.later_ticket()
    page = poll(world)
    world.engine.link(ticket, other)
    later = poll(world, page.cursor)
    assert (later.gone, {one.id for one in later.tickets}) == ((), {ticket, other})
    assert world.bridge.hold("h", world.school, ticket, stage, HOUR).amount == HOUR


def test_a_parent_that_is_deleted_lets_its_children_come_back(world: World) -> None:
    ticket, into = world.ticket(), world.later_ticket()
    world.engine.merge(ticket, into)
    page = poll(world)
    assert ticket in [one.id for one in page.gone]
    world.engine.delete(into)
    later = poll(world, page.cursor)
    assert ([one.id for one in later.tickets], [one.id for one in later.gone]) == ([ticket], [into])


def test_a_token_is_told_of_no_other_organizations_ticket_that_is_gone(world: World, tmp_path: Path) -> None:
    with OsTicket.start(tmp_path) as engine, closing(World(engine)) as theirs:
        ticket = theirs.ticket()
        poll(theirs)
        before = poll(world).cursor
        theirs.engine.delete(ticket)
        assert poll(world, before).gone == ()
        assert ticket in [one.id for one in poll(theirs).gone]


def test_a_user_who_is_given_to_another_organization_takes_the_ticket_along(world: World) -> None:
    academy = world.open_account("academy", "Академия")
    ticket = world.ticket()
    page = poll(world)
    assert told(page, ticket).account_id == world.school
    world.engine.give_to("academy", ticket)
    assert told(poll(world, page.cursor), ticket).account_id == academy


# Renamed topics


def test_a_topic_below_the_paid_one_that_is_renamed_loses_no_acceptance_to_the_cursor(
    world: World, unique: str
) -> None:
    prefix, other = f"{PAID} / {unique}", f"{PAID} / {unique}-иначе"
    ticket, (stage,) = world.agreed(category=prefix)
    world.bridge.set_stage_state("r", ticket, stage, StageState.READY, [StageState.PLANNED])
    page = poll(world, prefix=prefix)
    assert told(page, ticket).category == prefix
    world.engine.rename_topic(prefix, other)
    world.engine.accept(ticket, stage=1)
    gone = poll(world, page.cursor, prefix)
    assert ([one.id for one in gone.gone], gone.gone[0].reason, gone.tickets) == ([ticket], "moved", ())
    assert told(poll(world, page.cursor), ticket).category == other, (
        "who asks for all that is paid is told the new name"
    )
    world.engine.rename_topic(other, prefix)
    back = told(poll(world, gone.cursor, prefix), ticket)
    assert back.stages[0].state is StageState.ACCEPTED


def test_the_paid_topic_may_be_renamed_and_the_bridge_goes_on(world: World, unique: str) -> None:
    world.engine.drop_namesakes(PAID)  # leavings of other tests
    ticket, (stage,) = world.agreed()
    world.bridge.set_stage_state("r", ticket, stage, StageState.READY, [StageState.PLANNED])
    page = poll(world)
    other = f"Платные работы {unique}"
    world.engine.rename_topic(PAID, other)
    try:
        world.engine.accept(ticket, stage=1)
        later = poll(world, page.cursor)
        assert (later.gone, told(later, ticket).stages[0].state) == ((), StageState.ACCEPTED)
        assert told(later, ticket).category.startswith(f"{PAID} / ")
        assert world.bridge.ticket(ticket).category == told(later, ticket).category
        assert other in world.engine.access_page(), "an administrator is told"
        assert 'class="otbridge-stages"' in world.engine.customer_page(ticket)
    finally:
        world.engine.rename_topic(other, PAID)
    assert other not in world.engine.access_page()
