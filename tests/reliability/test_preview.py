"""`otbridge sync --dry-run` in every life of a ticket: it touches nothing and foresees what the pass does."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from bridge.domain.lifecycle import Kind, Status
from bridge.errors import UserError
from bridge.flow.preview import Forecast, preview
from bridge.flow.report import PassReport, TicketReport
from bridge.flow.scope import Exit
from bridge.journal.tables import metadata
from bridge.portal import LedgerEntry
from tests.reliability.scenarios import MAIN, OTHERS, Scenario, T
from tests.reliability.world import PAID, ROLE, Disk, World


class Foreseen(World):
    """A world in which every pass is foreseen first, and the foresight held against the pass.

    Attributes:
        compared: tickets whose foresight was held against their pass to the end.
    """

    compared = 0

    def run_pass(self, owner: str = "", *, minutes: float = 1) -> PassReport | None:
        before, looked_at, now = self.trace(), self._lasting(), self.clock.now
        forecasts, _, code = preview(self.bridge(owner))
        assert (self.trace(), self._lasting()) == (before, looked_at), "a preview touches nothing"
        self.clock.now = now
        entries = len(self.portal.entries)
        report = super().run_pass(owner, minutes=minutes)
        assert report is not None
        made = self.portal.entries[entries:]
        assert [one.ticket.id for one in forecasts] == [one.id for one in report.tickets]
        worked = {one.id for one in report.tickets if _worked(one)}
        for forecast, one in zip(forecasts, report.tickets, strict=True):
            if one.id not in worked:
                assert (forecast.status, forecast.reason.code) == (one.status, one.reason.code)
                mine = [row for row in made if row.ticket_id == one.id]
                assert _booked(forecast) == (_sum(mine, "hold"), _sum(mine, "capture"))
                self.compared += 1
        if not worked:
            assert code == report.exit
        return report

    def _lasting(self) -> tuple[Any, ...]:
        """All rows of the journal, and how often the others were written to."""
        with self.journal.transaction(read_only=True) as unit:
            rows = {
                table.name: unit._connection.execute(select(table)).all() for table in metadata.sorted_tables
            }
        return rows, self._written()


def _worked(one: TicketReport) -> bool:
    """Whether something was made in Moodle, or was to be; what comes of that is not foreseen."""
    what = one.reason.facts.get("what")
    return Kind.OPERATE in one.done or what == Kind.OPERATE or one.status is Status.RUNNING


def _sum(entries: list[LedgerEntry], kind: str) -> Decimal:
    return sum((entry.amount for entry in entries if entry.kind == kind), Decimal(0))


def _booked(forecast: Forecast) -> tuple[Decimal, Decimal]:
    return forecast.held, forecast.write_off


@pytest.mark.parametrize("scenario", [*MAIN, *OTHERS], ids=lambda one: one.name)
def test_every_pass_of_a_life_is_foreseen_and_the_foresight_touches_nothing(
    disk: Disk, scenario: Scenario
) -> None:
    world = Foreseen(disk)
    scenario.begin(world)
    scenario.play(world)
    assert world.compared > 0


def test_two_tickets_for_which_the_balance_suffices_once_are_not_both_foreseen(disk: Disk) -> None:
    world = World(disk)
    for short in ("one", "two"):
        world.order({**ROLE, "param_shortname": short}, stages=(("Работа", 6, 1),))
    forecasts, problems, code = preview(world.bridge())
    assert [(one.status.value, one.held) for one in forecasts] == [
        ("awaiting-acceptance", Decimal(6)),
        ("suspended", Decimal(0)),
    ]
    assert (problems, code) == ([], Exit.WELL)


def test_a_ticket_that_waited_and_has_changed_is_foreseen_with_its_history(disk: Disk) -> None:
    world = World(disk)
    world.order(ROLE)
    world.rest()
    world.portal.accept(T)
    (forecast,), _, _ = preview(world.bridge())
    assert (forecast.status.value, forecast.held, forecast.write_off) == ("done", Decimal(0), Decimal("0.5"))


def test_one_ticket_alone_is_foreseen_and_one_that_is_unknown_is_named(disk: Disk) -> None:
    world = World(disk)
    for short in ("one", "two"):
        world.order({**ROLE, "param_shortname": short})
    number = world.portal.tickets["t2"].number
    assert [one.ticket.id for one in preview(world.bridge(), number)[0]] == ["t2"]
    with pytest.raises(UserError, match="nobody"):
        preview(world.bridge(), "nobody")


def test_a_ticket_that_waits_for_an_operator_since_an_earlier_pass_gives_the_exit_code(disk: Disk) -> None:
    world = World(disk)
    world.portal.open_ticket(account="school", category=PAID, subject="Заявка", fields={})
    world.rest()
    assert preview(world.bridge()) == ([], [], Exit.OPERATOR)


def test_a_ticket_that_cannot_be_read_is_named_and_not_parked(disk: Disk) -> None:
    world = World(disk)
    bad = world.portal.open_ticket(account="school", category=PAID, subject="Заявка", fields={})
    world.portal.tickets[bad] = replace(world.portal.tickets[bad], version=10**30)
    _, problems, code = preview(world.bridge())
    assert (problems[0].partition(":")[0], code) == (bad, Exit.OPERATOR)
    with world.journal.transaction(read_only=True) as unit:
        assert unit.polling.faults() == []
