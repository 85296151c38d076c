"""What a stage shows of its hours is written with what is written anyway, and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.hours import Charge
from bridge.domain.kept import KeptHold, Written
from bridge.domain.tickets import StageState
from bridge.portal import PortalUnreachable
from bridge.portal.redmine.adapter import RedminePortal
from bridge.portal.redmine.convention import IssueFields
from bridge.portal.redmine.figures import held_for, shown
from tests.reliability import fake_redmine
from tests.reliability.fake_redmine import CONVENTION, CUSTOMER, STAGE, FakeRedmine

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR = Decimal(1)
SHOWING = replace(CONVENTION, issue_fields=IssueFields(key=21, agreed=22, coefficient=23, held=24, taken=25))


def hold(number: int, stage: str, amount: str, ended: str | None = None) -> KeptHold:
    return KeptHold(f"hold-{number}", str(number), "3", "100", stage, Decimal(amount), NOW, ended)


def test_what_is_held_for_a_stage_are_its_own_holds_that_have_not_ended() -> None:
    holds = [hold(1, "7", "1"), hold(2, "7", "0.5"), hold(3, "7", "2", "voided"), hold(4, "8", "4")]
    assert held_for("7", holds) == Decimal("1.5")
    assert held_for("9", holds) == 0


def test_what_the_convention_has_no_field_for_is_not_shown() -> None:
    assert shown(CONVENTION, HOUR, HOUR) == []
    assert shown(SHOWING, Decimal("1.50"), Decimal(0)) == [
        {"id": 24, "value": "1.5"},
        {"id": 25, "value": "0"},
    ]
    assert shown(SHOWING, HOUR) == [{"id": 24, "value": "1"}]


class Books:
    """What the bridge keeps for a Redmine, in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, KeptHold] = {}

    def writer(self) -> AbstractContextManager[None]:
        return nullcontext()

    def written(self, key: str) -> Written | None:
        return None

    def sending(self, key: str, fingerprint: str, at: datetime) -> None: ...
    def forget(self, key: str) -> None: ...
    def answered(self, key: str, fingerprint: str, answer: Mapping[str, Any]) -> None: ...

    def add_hold(self, hold: KeptHold, fingerprint: str, answer: Mapping[str, Any]) -> None:
        self.rows[hold.id] = hold

    def end_hold(
        self, hold_id: str, ended: str, key: str, at: datetime, fingerprint: str, answer: Mapping[str, Any]
    ) -> None:
        self.rows[hold_id] = replace(self.rows[hold_id], ended=ended)

    def hold(self, hold_id: str) -> KeptHold | None:
        return self.rows.get(hold_id)

    def holds(self, account_id: str) -> list[KeptHold]:
        return list(self.rows.values())

    def open_holds(self) -> list[KeptHold]:
        return [one for one in self.rows.values() if one.ended is None]


class World:
    """A ticket with a stage, whose hour is held, and which shows that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(fake_redmine.FIELDS_OF, STAGE, (21, 23, 24, 25))
        monkeypatch.setattr(
            fake_redmine, "FIELDS", {**fake_redmine.FIELDS, 24: "Резерв, н.ч", 25: "Списано, н.ч"}
        )
        self.redmine = FakeRedmine(lambda: NOW)
        self.redmine.top_up("10")
        self.ticket, (self.stage,) = self.redmine.open_ticket(("1", "1"))
        client: Any = self.redmine
        books: Any = Books()
        self.portal = RedminePortal(
            "red", client, SHOWING, books, prefix="", settle=timedelta(minutes=2), clock=lambda: NOW
        )
        self.hold = str(self.portal.hold("h", "3", self.ticket, self.stage, HOUR).hold_id)
        self.portal.set_stage_state(
            "s", self.ticket, self.stage, StageState.IN_PROGRESS, [StageState.PLANNED]
        )

    def shows(self) -> tuple[str, str]:
        fields = self.redmine.tree[int(self.stage)].fields
        return fields.get(24, ""), fields.get(25, "")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_a_stage_shows_what_is_held_and_then_what_was_written_off(world: World) -> None:
    assert world.shows() == ("1", "")
    world.portal.set_stage_state("r", world.ticket, world.stage, StageState.READY, [StageState.IN_PROGRESS])
    world.redmine.moves(CUSTOMER, world.stage, StageState.ACCEPTED)
    entry = world.portal.capture("c", world.hold, [Charge("development", 30, 30, HOUR)], Decimal("0.5"), {})
    assert world.shows() == ("0", "0.5")
    world.portal.reverse("v", entry.id, "ошибка")
    assert world.shows() == ("0", "0")


def test_a_stage_whose_hold_goes_back_shows_none(world: World) -> None:
    world.portal.void("v", world.hold)
    assert world.shows() == ("0", "")


def test_a_hold_goes_back_whether_or_not_its_stage_can_show_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise PortalUnreachable("PUT /issues", "no route")

    monkeypatch.setattr(world.redmine, "update_issue", away)
    assert world.portal.void("v", world.hold).kind == "void"
    assert world.portal.account("3").held == 0
    assert world.shows() == ("1", "")
