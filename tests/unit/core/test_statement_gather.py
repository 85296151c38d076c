"""What a statement says, gathered from both ledgers: the portal's word counts, the journal tells the work,
and where they differ there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from bridge.domain.hours import from_milli
from bridge.domain.statement import Period
from bridge.domain.tickets import Account
from bridge.journal import Journal, migrate
from bridge.operators.statement.accounts import standings
from bridge.operators.statement.gather import Gathered, LedgersDiffer, NoStatement, gather
from bridge.portal import Portal, PortalNotFound, PortalRefused, PortalUnreachable
from bridge.settings import CustomerTable, Settings, StatementTable
from tests.builders import NOW, make_catalogue, make_ticket
from tests.unit.core.test_reconcile import PORTAL, Ledgers, World

MARCH = Period.month(2026, 3, ZoneInfo("Europe/Moscow"))
CHARGES = [
    {"category": "development", "spent_minutes": 75, "charged_minutes": 60, "coefficient": "1"},
    {"category": "unattended", "spent_minutes": 30, "charged_minutes": 30, "coefficient": "1"},
]
ORDER = {"service": "2.9.1-access", "variant": "", "quantity": 1, "action": None, "params": {}}


@dataclass
class Priced(Ledgers):
    """A portal with a price of a norm-hour; `granted` without a row where `undated` says so."""

    undated: int = 0

    def account(self, account_id: str) -> Account:
        told = super().account(account_id)
        granted = told.granted or Decimal(self.undated)
        return replace(
            told,
            granted=granted,
            available=granted - told.written_off - told.held,
            hour_price=Decimal(2500),
        )


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def world(tmp_path: Path, empty: Path) -> Iterator[World]:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(empty.read_bytes())
    with Journal.open(f"sqlite:///{path}", clock=lambda: NOW) as journal:
        with journal.transaction() as unit:
            unit.polling.merge(PORTAL, [make_ticket()], "c", None)
        yield World(journal, Priced())


def told(world: World, period: Period = MARCH, now: datetime = NOW + timedelta(days=60)) -> Gathered:
    portal = cast(Portal, world.portal)
    return gather(world.journal, portal, make_catalogue(), "a1", period, lambda: now)


def written_off(world: World, charges: list[dict[str, Any]] = CHARGES, amount: int = 1500) -> None:
    """A pass holds two norm-hours, and writes some of them off."""
    hold = world.effect("hold", {"order": ORDER})
    world.both(hold)
    capture = world.effect("capture", {"hold_kind": "hold", "charges": charges})
    world.book(capture, "capture", amount, hold, price_kopecks=amount * 250)
    world.portal.add(capture, "capture", amount, hold, price=from_milli(amount * 2500))


def test_a_write_off_is_told_with_the_work_behind_it(world: World) -> None:
    world.portal.add("t", "top_up", 10_000, ticket_id=None, stage_id=None, hold_id=None)
    written_off(world)
    gathered = told(world)
    (one,) = gathered.statement.write_offs
    work = one.row.work
    assert (work.number, work.subject, work.service, work.stage) == (
        "101",
        "Роль методиста",
        "Новая роль",
        "Новая роль",
    )
    assert [(line.category, line.spent_minutes, line.charged_minutes) for line in work.lines] == [
        ("Разработка и сопровождение", 75, 60),
        ("Автоматическое выполнение", 30, 30),
    ]
    assert (one.row.amount, one.hour_price, one.roubles) == (Decimal("1.5"), 2500, 3750)
    assert (gathered.customer, gathered.statement.closing) == ("Вуз", Decimal("8.5"))


def test_an_entry_made_by_hand_for_a_ticket_that_nobody_told_the_bridge_of_is_in_the_sums(
    world: World,
) -> None:
    world.portal.tickets["t9"] = make_ticket(id="t9", number="909", subject="Очно")
    world.portal.add("x", "hold", 1000, ticket_id="t9")
    world.portal.add("y", "capture", 1000, "x", ticket_id="t9")
    world.portal.add("z", "hold", 500, ticket_id="gone")
    statement = told(world).statement
    (one,) = statement.write_offs
    assert (one.row.work.number, one.row.work.subject, one.row.work.lines) == ("909", "Очно", ())
    assert [row.work.number for row in statement.holds] == ["gone"]


def test_a_write_off_without_its_effect_is_told_as_the_journal_s_row_has_it(world: World) -> None:
    world.both("h")
    world.book("c", "capture", 1500, "h", spent_minutes=90, charged_minutes=90, coefficient_milli=1000)
    world.portal.add("c", "capture", 1500, "h")
    (one,) = told(world).statement.write_offs
    assert [(line.category, line.charged_minutes) for line in one.row.work.lines] == [("Специалист", 90)]


def test_a_reversal_names_the_write_off_that_it_takes_back(world: World) -> None:
    written_off(world)
    capture = world.portal.entries[-1]
    hold = world.portal.entries[0].key
    world.book("r", "reversal", 1500, hold)
    world.portal.add("r", "reversal", 1500, hold)
    (one,) = told(world).statement.reversals
    assert (one.of.key, one.of.work.number, one.roubles) == (capture.key, "101", 3750)


def test_a_correction_is_for_the_service_that_the_stage_was_begun_with(world: World) -> None:
    written_off(world)
    hold = world.portal.entries[0].key
    world.book("r", "reversal", 1500, hold)
    world.portal.add("r", "reversal", 1500, hold)
    again = world.effect("hold:2")
    world.both(again)
    capture = world.effect("capture:2", {"hold_kind": "hold:2", "charges": CHARGES})
    world.book(capture, "capture", 1500, again, price_kopecks=375_000)
    world.portal.add(capture, "capture", 1500, again, price=Decimal(3750))
    statement = told(world).statement
    assert [one.row.work.service for one in statement.write_offs] == ["Новая роль", "Новая роль"]
    assert statement.services == (("Новая роль", Decimal("1.5")),)


def test_hours_that_a_portal_grants_without_a_row_are_there_from_the_beginning(world: World) -> None:
    cast(Priced, world.portal).undated = 10
    written_off(world)
    statement = told(world).statement
    assert (statement.undated, statement.opening, statement.closing) == (10, 10, Decimal("8.5"))


def test_a_portal_whose_clock_is_ahead_loses_no_row(world: World) -> None:
    written_off(world)
    statement = told(world, now=NOW - timedelta(days=1)).statement
    assert statement.written_off == Decimal("1.5")


# --- where there is none


def refused(world: World, **more: Any) -> LedgersDiffer:
    with pytest.raises(LedgersDiffer) as caught:
        told(world, **more)
    return caught.value


def test_a_kopeck_is_a_difference(world: World) -> None:
    written_off(world)
    world.portal.entries[-1] = replace(world.portal.entries[-1], price=Decimal("3750.01"))
    (one,) = refused(world).differences
    assert (one.kind, one.members) == ("different", ("price_kopecks",))


def test_a_row_that_one_side_lacks_is_named(world: World) -> None:
    written_off(world)
    capture = world.portal.entries[-1].key
    world.portal.lose(capture)
    assert capture in {one.key for one in refused(world).differences}


def test_a_balance_that_the_portal_s_own_ledger_does_not_make_is_named(world: World) -> None:
    written_off(world)
    world.portal.posted = Decimal(1)
    assert [one.key for one in refused(world).differences] == ["posted"]


def test_what_differs_after_the_period_leaves_it_alone(world: World) -> None:
    written_off(world)
    world.both("later")
    world.portal.lose("later")
    january = Period(date(2025, 12, 1), date(2026, 1, 31), MARCH.zone)
    assert told(world, period=january).statement.closing == 0
    with pytest.raises(LedgersDiffer):
        told(world)


def test_minutes_that_do_not_make_the_hours_are_named(world: World) -> None:
    written_off(world, charges=CHARGES[:1])
    (problem,) = refused(world).problems
    assert "101" in problem
    assert "1.5" in problem


def test_rows_of_the_portal_that_contradict_each_other_are_named(world: World) -> None:
    world.portal.add("h", "hold", 1000, ticket_id="x")
    world.portal.add("c", "capture", 1000, "h", ticket_id="x")
    world.portal.add("v", "void", 1000, "h", ticket_id="x")
    (problem,) = refused(world).problems
    assert "key v" in problem


def test_an_account_that_never_stands_still_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = iter(range(1000))
    account = world.portal.account
    monkeypatch.setattr(world.portal, "account", lambda one: replace(account(one), version=next(versions)))
    with pytest.raises(NoStatement, match="changes while it is read"):
        told(world)


def test_an_account_that_the_portal_does_not_have(world: World) -> None:
    world.portal.faults["a1"] = PortalNotFound("GET /accounts", "no account", status=404)
    with pytest.raises(PortalNotFound):
        told(world)


# --- otbridge accounts


def settings(**changes: Any) -> Settings:
    table = StatementTable(**changes)

    class Bridge:
        zone = MARCH.zone

    class Some:
        statement = table
        bridge = Bridge()

    return cast(Settings, Some())


def test_accounts_say_what_is_left_for_how_long_and_which_are_low(world: World) -> None:
    world.portal.add("t", "top_up", 10_000, ticket_id=None, stage_id=None, hold_id=None)
    written_off(world)
    now = lambda: datetime(2026, 3, 2, tzinfo=UTC)  # noqa: E731
    portal = cast(Portal, world.portal)
    (one,) = standings(world.journal, portal, settings(), now)
    assert one.account is not None
    assert one.forecast is not None
    assert (one.account_id, one.customer, one.account.available) == ("a1", "Вуз", Decimal("8.5"))
    assert (one.forecast.days, one.forecast.days_left, one.is_low) == (7, 39, False)
    for limits in ({"low_hours": 9}, {"low_hours": 0, "low_days": 40}):
        (one,) = standings(world.journal, portal, settings(**limits), now)
        assert one.is_low
    named = settings(customer={"a1": CustomerTable(name="ООО «Ромашка»")})
    assert [one.customer for one in standings(world.journal, portal, named, now)] == ["ООО «Ромашка»"]


def test_a_fault_of_one_account_stops_no_other_and_a_portal_that_is_away_does(world: World) -> None:
    with world.journal.transaction() as unit:
        unit.polling.merge(PORTAL, [make_ticket(id="t2", number="102", account_id="a2")], "c2", None)
    portal, now = cast(Portal, world.portal), lambda: NOW
    world.portal.faults["a1"] = PortalRefused("GET /accounts", "no")
    found = list(standings(world.journal, portal, settings(), now))
    assert [(one.account_id, one.error is None) for one in found] == [("a1", False), ("a2", True)]
    world.portal.faults["a1"] = PortalUnreachable("GET /accounts", "away")
    found = list(standings(world.journal, portal, settings(), now))
    assert [one.account_id for one in found] == ["a1"]
