"""How many requests a ticket makes of Redmine on its plain way, from its agreement to the last message."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from bridge.domain.tickets import StageState, TicketState
from bridge.portal import InsufficientBalance, PortalOutcomeUnknown
from bridge.portal.redmine.adapter import RedminePortal
from tests.reliability.fake_redmine import CUSTOMER
from tests.reliability.test_redmine_kills import ACCOUNT, CHARGES, HOUR, Trial, World
from tests.reliability.world import Disk

AT_WORK = (TicketState.OPEN, TicketState.IN_PROGRESS, TicketState.SUSPENDED, TicketState.AWAITING_ACCEPTANCE)


class Counted:
    """The requests of one portal, by what is done."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self.made: dict[str, Counter[str]] = {}

    def to(self, what: str) -> None:
        """Count those since the last word."""
        self.made[what] = Counter(self._trial.calls)
        self._trial.calls.clear()


def plain_way(world: World, portal: RedminePortal, counted: Counted) -> None:
    """What the lifecycle asks of a portal for a ticket with one stage, in its order."""
    world.redmine.top_up("10")
    ticket, (stage,) = world.redmine.open_ticket(("2", "1"))
    world.clock.now += timedelta(minutes=10)

    page = portal.changed_tickets(None)
    assert page is not None
    counted.to("poll: agreed")
    portal.account(ACCOUNT)
    portal.ticket(ticket)
    counted.to("look before hold")
    hold = str(portal.hold("hold", ACCOUNT, ticket, stage, 2 * HOUR).hold_id)
    counted.to("hold")
    portal.set_ticket_state("begun", ticket, TicketState.IN_PROGRESS, AT_WORK)
    counted.to("ticket in progress")
    portal.set_stage_state(
        "stage-begun", ticket, stage, StageState.IN_PROGRESS, (StageState.PLANNED, StageState.IN_PROGRESS)
    )
    counted.to("stage in progress")
    portal.note("note-begun", ticket, "Взята в работу")
    counted.to("message: begun")

    portal.set_stage_state(
        "ready", ticket, stage, StageState.READY, (StageState.PLANNED, StageState.IN_PROGRESS)
    )
    counted.to("stage ready")
    portal.note("note-ready", ticket, "Готово к приёмке")
    counted.to("message: ready")
    portal.set_ticket_state("awaiting", ticket, TicketState.AWAITING_ACCEPTANCE, AT_WORK)
    counted.to("ticket awaits acceptance")

    world.clock.now += timedelta(minutes=10)
    world.redmine.moves(CUSTOMER, stage, StageState.ACCEPTED)
    world.clock.now += timedelta(minutes=10)
    assert portal.changed_tickets(page.cursor) is not None
    counted.to("poll: accepted")
    portal.capture("capture", hold, CHARGES, HOUR, {})
    counted.to("write-off")
    portal.note("note-off", ticket, "Списано")
    counted.to("message: written off")
    portal.set_ticket_state("done", ticket, TicketState.DONE, AT_WORK)
    counted.to("ticket done")
    portal.note("note-done", ticket, "Выполнена")
    counted.to("message: done")


def test_the_plain_way_of_a_ticket_makes_no_request_that_something_else_tells(disk: Disk) -> None:
    world, trial = World(disk), Trial()
    counted = Counted(trial)
    plain_way(world, world.portal(trial), counted)
    assert {what: made.total() for what, made in counted.made.items()} == {
        "poll: agreed": 6,  # who is asking, issues, time; the ticket, its stage, their time
        "look before hold": 6,  # the balance, the ticket as it is now; once names of activities
        "hold": 3,  # whether another bridge writes; ticket and stage under the lease
        "ticket in progress": 3,  # look and compare, write, look
        "stage in progress": 3,
        "message: begun": 2,  # write, look
        "stage ready": 3,
        "message: ready": 2,
        "ticket awaits acceptance": 3,
        "poll: accepted": 6,
        "write-off": 9,  # look; stage, project, norm-hours; write, look; status, write, look
        "message: written off": 2,
        "ticket done": 3,
        "message: done": 2,
    }


def test_a_balance_that_was_just_read_is_not_read_again_unless_something_was_held_or_is_missing(
    disk: Disk,
) -> None:
    world, trial = World(disk), Trial()
    portal = world.portal(trial)
    world.redmine.top_up("3")
    ticket, (stage,) = world.redmine.open_ticket(("2", "1"))
    portal.account(ACCOUNT)
    other = world.portal()
    assert other.hold("a", ACCOUNT, ticket, stage, 2 * HOUR).amount == 2
    with pytest.raises(InsufficientBalance):
        portal.hold("b", ACCOUNT, ticket, stage, 2 * HOUR)
    portal.account(ACCOUNT)
    world.redmine.top_up("1")
    assert portal.hold("b", ACCOUNT, ticket, stage, 2 * HOUR).amount == 2, (
        "who has topped up meanwhile is not refused"
    )
    assert portal.account(ACCOUNT).available == 0


def test_a_key_that_was_sent_is_looked_for_anew(disk: Disk) -> None:
    world = World(disk)
    portal = world.portal(trial := Trial(), instance="")
    ticket, _ = world.redmine.open_ticket(("2", "1"))
    portal.ticket(ticket)
    trial.calls.clear()
    trial.faults[1] = "lost after"
    assert portal.note("n", ticket, "?")
    portal.ticket(ticket)
    trial.calls.clear()
    trial.faults |= {1: "lost after", 2: "no answer"}
    with pytest.raises(PortalOutcomeUnknown):
        portal.note("m", ticket, "!")
    trial.faults.clear()
    assert portal.note("m", ticket, "!")
    assert [one["notes"] for one in world.redmine.tree[int(ticket)].journals if one["notes"]] == ["?", "!"]
