"""The ledger of an account: whose time entries count, what they make, and that a balance with a hole is
none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.hours import to_milli
from bridge.domain.kept import KeptHold
from bridge.domain.tickets import Account
from bridge.operators.reconcile import compare_sums
from bridge.portal import PortalForbidden, PortalNotContract, PortalRefused
from bridge.portal.redmine import records, wire
from bridge.portal.redmine.ledger import Ledger, of_hold
from bridge.portal.redmine.reader import Reader
from tests.unit.redmine import redmine_fakes as fakes
from tests.unit.redmine.redmine_fakes import AT, BRIDGE, CONVENTION, SPECIALIST, entry_json, field

TOP_UP, CAPTURE, REVERSAL, WORK = 21, 22, 23, 24
HOLD = KeptHold("hold-h", "h", "3", "100", "101", Decimal(2), AT)


class Client:
    """A Redmine of time entries; `asked` are the filters of the last list."""

    def __init__(self, *entries: Mapping[str, Any], activities: Mapping[int, str] = fakes.ACTIVITIES) -> None:
        self.found = [wire.read(wire.TimeEntry, one) for one in entries]
        self.activities = activities
        self.asked: Mapping[str, str] = {}

    def user(self) -> tuple[wire.User, datetime]:
        return wire.User(id=BRIDGE, login="otbridge"), AT

    def listed(self, what: str, path: str) -> dict[int, str]:
        return dict(self.activities)

    def entries(self, filters: Mapping[str, str]) -> list[wire.TimeEntry]:
        self.asked = filters
        return self.found


def ledger_of(*entries: Mapping[str, Any], **given_: Any) -> Ledger:
    client: Any = Client(*entries, **given_)
    return Ledger("clients", client, Reader("clients", client, CONVENTION), CONVENTION)


def top_up(id_: int, hours: str | None, **members: Any) -> dict[str, Any]:
    return entry_json(
        id_,
        on=None,
        hours=0,
        activity=TOP_UP,
        custom_fields=[field(41, hours), field(42, ""), field(43, "")],
        **members,
    )


def booked(
    id_: int, kind: int, hours: str | None, key: str | None = None, details: Any = ..., **members: Any
) -> dict[str, Any]:
    """A row of the bridge's; what was written off stands there below zero. A text as `details` is kept as
    it is, a mapping beside the usual ones.
    """
    hours = f"-{hours}" if kind == CAPTURE and hours and hours[0].isdecimal() else hours
    usual = {"at": f"2026-03-01T09:30:{id_:02}.5+00:00", "ticket_id": "100", "hold_id": "hold-h"}
    told = (
        details
        if isinstance(details, str | None)
        else json.dumps({**usual, **({} if details is ... else details)})
    )
    fields = [field(41, hours), field(42, f"k{id_}" if key is None else key), field(43, told)]
    return entry_json(id_, hours=0, activity=kind, **{"user": BRIDGE, "custom_fields": fields, **members})


def project(price: Any = "", overdraft: Any = "", **members: Any) -> wire.Project:
    told = {
        "id": 3,
        "name": "Школа № 7",
        "custom_fields": [field(51, price), field(52, overdraft)],
        **members,
    }
    return wire.read(wire.Project, told)


def account(
    *entries: Mapping[str, Any], holds: tuple[KeptHold, ...] = (), of: wire.Project | None = None
) -> Account:
    ledger = ledger_of(*entries)
    return ledger.account(of or project(), ledger.rows("3"), holds)


def refusal(*entries: Mapping[str, Any]) -> str:
    with pytest.raises(PortalRefused) as caught:
        ledger_of(*entries).rows("3")
    assert (type(caught.value), caught.value.code, caught.value.endpoint) == (
        PortalRefused,
        "account",
        "project 3",
    )
    return caught.value.detail


# Which entries count


def test_rows_are_told_oldest_first_with_all_that_they_hold() -> None:
    capture = booked(7, CAPTURE, "1.25", "c", {"price_kopecks": 312500, "evidence": {"share": 0.5}})
    reversal = booked(8, REVERSAL, "1.25", "r", {"reverses": "7"})
    first, second, third = ledger_of(reversal, capture, top_up(6, "10", at=-5)).rows("3")
    ledger = ledger_of()
    assert [one.kind for one in (first, second, third)] == ["top_up", "capture", "reversal"]
    told = ledger.entry(second)
    assert (told.id, told.key, told.kind, told.account_id, told.ticket_id, told.stage_id) == (
        "7",
        "c",
        "capture",
        "3",
        "100",
        "101",
    )
    assert (told.amount, told.price, told.hold_id, told.reverses) == (Decimal("1.25"), 3125, "hold-h", None)
    assert told.at == datetime(2026, 3, 1, 9, 30, 7, 500_000, UTC)
    assert (ledger.entry(third).reverses, ledger.entry(third).price) == ("7", None)
    granted = ledger.entry(first)
    assert (
        granted.key,
        granted.amount,
        granted.at,
        granted.ticket_id,
        granted.stage_id,
        granted.hold_id,
    ) == (
        "top-up:6",
        10,
        AT - timedelta(seconds=5),
        None,
        None,
        None,
    )
    for one in (told, granted):
        assert records.entry_from(records.document(one)) == one


def test_what_is_asked_for_is_the_projects_own_ledger() -> None:
    client: Any = Client(top_up(1, "1"), top_up(2, "5", project={"id": 4, "name": "Подпроект"}))
    rows = Ledger("clients", client, Reader("clients", client, CONVENTION), CONVENTION).rows("3")
    assert client.asked["project_id"] == "3"
    assert client.asked["activity_id"] == "21|22|23"
    assert [row.entry.id for row in rows] == [1], "hours of a project below it are another account's"


@pytest.mark.parametrize("kind", [CAPTURE, REVERSAL])
def test_write_offs_count_by_their_key(kind: int) -> None:
    assert ledger_of(booked(1, kind, "5", "", user=SPECIALIST)).rows("3") == []
    assert ledger_of(booked(1, kind, None, "", "нет", user=SPECIALIST)).rows("3") == [], (
        "what does not count has no faults either"
    )
    assert len(ledger_of(booked(1, kind, "5")).rows("3")) == 1
    assert len(ledger_of(booked(1, kind, "5", user=SPECIALIST)).rows("3")) == 1, (
        "the bridge had another user before"
    )


@pytest.mark.parametrize("user", [BRIDGE, SPECIALIST])
def test_a_top_up_of_anybody_counts(user: int) -> None:
    assert account(top_up(1, "10", user=user)).granted == 10


@pytest.mark.parametrize("user", [SPECIALIST, BRIDGE])
def test_specialists_time_is_no_row(user: int) -> None:
    assert ledger_of().row(wire.read(wire.TimeEntry, entry_json(1, activity=WORK, user=user))) is None


def test_an_activity_that_was_renamed_while_the_bridge_runs_is_known_by_its_new_name() -> None:
    client: Any = Client(top_up(1, "10"))
    ledger = Ledger("clients", client, Reader("clients", client, CONVENTION), CONVENTION)
    assert [row.kind for row in ledger.rows("3")] == ["top_up"]
    client.activities = {**client.activities, TOP_UP: "Оплата"}
    client.found = [
        wire.read(wire.TimeEntry, top_up(1, "10") | {"activity": {"id": TOP_UP, "name": "Оплата"}})
    ]
    assert [row.kind for row in ledger.rows("3")] == ["top_up"]


def test_an_activity_that_one_project_calls_otherwise_is_told_and_no_row_is_left_out() -> None:
    renamed = top_up(1, "10") | {"activity": {"id": 977, "name": "Аванс"}}
    assert (
        refusal(renamed)
        == "time entry 1: its activity 'Аванс' bears another name in this project than elsewhere"
    )


def test_a_project_may_have_the_activities_under_ids_of_its_own() -> None:
    own = top_up(1, "10") | {"activity": {"id": 977, "name": "Пополнение"}}
    assert [row.kind for row in ledger_of(own).rows("3")] == ["top_up"]


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_rows_with_one_key_the_lowest_number_counts(order: int) -> None:
    twins = [booked(4, CAPTURE, "1", "c"), booked(5, CAPTURE, "1", "c"), booked(6, CAPTURE, "1", "other")][
        ::order
    ]
    assert [row.entry.id for row in ledger_of(*twins).rows("3")] == [4, 6]
    assert account(*twins).written_off == 2
    assert [one.id for one in ledger_of(*twins[: 2 * order] if order == 1 else twins[1:]).by_key("c")] == [
        4,
        5,
    ]


def test_a_key_finds_the_entries_that_carry_just_it() -> None:
    client: Any = Client(
        booked(5, CAPTURE, "1", "c", user=SPECIALIST),
        booked(2, CAPTURE, "1", "c1"),
        booked(3, CAPTURE, "1", "c"),
    )
    found = Ledger("clients", client, Reader("clients", client, CONVENTION), CONVENTION).by_key("c")
    assert client.asked["cf_42"] == "c"
    assert [one.id for one in found] == [3, 5]


def test_a_redmine_without_the_activities_has_no_ledger() -> None:
    with pytest.raises(PortalNotContract, match=r"activities\.capture = 22, activities\.reversal = 23"):
        ledger_of(top_up(1, "1"), activities={21: "Пополнение"}).rows("3")


# Entries that cannot be read

NO_HOURS = [
    "",
    " ",
    None,
    "десять",
    "1.2.3",
    "NaN",
    "inf",
    "0.0001",
    "1e30",
    "1e999999",
    "1 000",
    "9" * 40,
    "1.00000000000000000000000000000000001",
]


@pytest.mark.parametrize("hours", NO_HOURS)
def test_what_is_no_number_of_hours_is_told_with_its_entry_and_field(hours: str | None) -> None:
    told = refusal(top_up(6, "1"), top_up(7, hours))
    assert told == "time entry 7 (Пополнение): 'Нормо-часы' must be a number of norm-hours"
    assert (
        refusal(booked(8, CAPTURE, hours))
        == "time entry 8 (Списание): 'Нормо-часы' must be a number of norm-hours"
    )


def test_norm_hours_that_the_bridge_may_not_see_are_a_fault_of_its_role_and_of_no_account() -> None:
    for hidden in (top_up(7, "1"), booked(8, CAPTURE, "1")):
        with pytest.raises(PortalForbidden) as caught:
            ledger_of(top_up(6, "1"), hidden | {"custom_fields": []}).rows("3")
        assert caught.value.detail == (
            "project Школа № 7: the bridge's role does not see the norm-hours of time entries: "
            "make custom field 41 visible to it"
        )


def test_a_field_that_the_bridge_does_not_see_is_told_by_its_number() -> None:
    told = "may not be seen by the bridge's role: let it see the field, or nothing can be written off"
    for hidden, name in ((42, "key"), (43, "details")):
        row = booked(8, CAPTURE, "1", "c")
        row["custom_fields"] = [one for one in row["custom_fields"] if one["id"] != hidden]
        assert refusal(row) == f"time entry 8 (Списание): 'field {hidden}' {told}", name


@pytest.mark.parametrize(
    ("hours", "granted"),
    [("10", "10"), ("0,5", "0.5"), (" 1.005 ", "1.005"), ("1\N{NO-BREAK SPACE}000", "1000"), ("-2", "-2")],
)
def test_hours_are_a_number_as_people_write_it(hours: str, granted: str) -> None:
    assert account(top_up(1, hours)).granted == Decimal(granted)


@pytest.mark.parametrize(
    "details",
    [
        None,
        "",
        "{",
        "null",
        "[]",
        "7",
        '"at"',
        "[" * 100_000,
        '{"at": 1e99999999999999999999}',
        {"at": None},
        {"at": "вчера"},
        {"at": 7},
        {"at": "2026-03-01"},
        {"at": "2026-03-01T09:30:00"},
        {"price_kopecks": "5"},
        {"price_kopecks": 2.5},
        {"price_kopecks": True},
        {"price_kopecks": -1},
        {"hold_id": 7},
        {"ticket_id": ["100"]},
        {"reverses": {}},
    ],
    ids=lambda details: json.dumps(details)[:30],
)
def test_damaged_details_are_told_with_their_entry_and_field(details: Any) -> None:
    assert refusal(booked(9, REVERSAL, "1", details=details)) == (
        "time entry 9 (Возврат): 'Данные списания' was changed: must be the JSON that the bridge wrote"
    )


def test_details_without_a_moment_are_damaged() -> None:
    assert "'Данные списания' was changed" in refusal(
        booked(9, CAPTURE, "1", details=json.dumps({"hold_id": "hold-h"}))
    )


def test_members_that_a_later_bridge_may_write_are_no_damage() -> None:
    (row,) = ledger_of(booked(9, CAPTURE, "1", details={"mood": [1.5, None]})).rows("3")
    assert row.details["hold_id"] == "hold-h"


@pytest.mark.parametrize(("kind", "hours"), [(CAPTURE, "+1"), (CAPTURE, "+0,001"), (REVERSAL, "-1")])
def test_hours_that_go_the_wrong_way_are_told(kind: int, hours: str) -> None:
    assert (
        refusal(booked(9, kind, hours))
        == f"time entry 9 ({fakes.ACTIVITIES[kind]}): 'Нормо-часы' must have the other sign"
    )


def test_nothing_may_be_written_off() -> None:
    told = account(booked(9, CAPTURE, "0"), booked(10, REVERSAL, "0"))
    assert (told.written_off, str(told.written_off)) == (0, "0")


def test_a_write_off_without_its_key_is_told() -> None:
    assert refusal(booked(9, CAPTURE, "1", "")) == "time entry 9 (Списание): 'Ключ списания' is empty"


# What they make


def test_a_balance_is_what_rows_and_holds_make() -> None:
    rows = [
        top_up(1, "10"),
        top_up(2, "-2"),
        booked(3, CAPTURE, "1.5"),
        booked(4, CAPTURE, "1"),
        booked(5, REVERSAL, "1"),
    ]
    ended = [
        replace(HOLD, id="a", ended="captured", ended_key="k3", ended_at=AT),
        replace(HOLD, id="b", ended="voided", ended_key="v", ended_at=AT),
    ]
    told = account(*rows, holds=(HOLD, *ended), of=project("2500", "0,5"))
    assert (told.id, told.granted, told.written_off, told.held, told.available) == (
        "3",
        8,
        Decimal("1.5"),
        2,
        Decimal("4.5"),
    )
    assert (told.overdraft_limit, told.hour_price) == (Decimal("0.5"), 2500)


def test_an_account_that_nobody_has_topped_up_is_empty() -> None:
    told = account()
    assert (
        told.granted,
        told.written_off,
        told.held,
        told.available,
        told.overdraft_limit,
        told.hour_price,
    ) == (
        0,
        0,
        0,
        0,
        0,
        None,
    )


def test_every_row_and_every_end_of_a_hold_is_a_later_version() -> None:
    over = replace(HOLD, ended="voided", ended_key="v", ended_at=AT)
    versions = [
        account().version,
        account(top_up(1, "1")).version,
        account(top_up(1, "1"), holds=(HOLD,)).version,
        account(top_up(1, "1"), holds=(over,)).version,
        account(top_up(1, "1"), booked(2, CAPTURE, "1"), holds=(over,)).version,
    ]
    assert versions == sorted(set(versions))


@given(
    st.lists(st.tuples(st.sampled_from([TOP_UP, CAPTURE, REVERSAL]), st.integers(0, 10**6)), max_size=8),
    st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from([None, "captured", "voided"])), max_size=5),
)
def test_what_an_account_says_is_what_its_ledger_makes(
    rows: list[tuple[int, int]], holds: list[tuple[int, str | None]]
) -> None:
    entries = []
    kept = [
        replace(HOLD, id=f"hold-{number}", key=f"h{number}", amount=Decimal(milli) / 1000, ended=ended)
        for number, (milli, ended) in enumerate(holds)
    ]
    for number, (kind, milli) in enumerate(rows, 1):
        hours = str(Decimal(milli) / 1000)
        entries.append(
            top_up(number, hours)
            if kind == TOP_UP
            else booked(number, kind, hours, details={"hold_id": None})
        )
    for number, hold in enumerate(kept):
        if hold.ended is not None:
            kept[number] = replace(hold, ended_key=f"e{number}", ended_at=AT)
        if hold.ended == "captured":
            entries.append(booked(50 + number, CAPTURE, str(hold.amount), f"e{number}", {"hold_id": hold.id}))
    ledger = ledger_of(*entries)
    found = ledger.rows("3")
    told = ledger.account(project(), found, kept)
    listed = [ledger.entry(row) for row in found] + [entry for hold in kept for entry in of_hold(hold)]
    assert compare_sums(told, listed) == []
    assert told.available == told.granted - told.written_off - told.held
    assert to_milli(told.granted) == sum(milli for kind, milli in rows if kind == TOP_UP)


# Price and overdraft


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2500", "2500"),
        ("2500,50", "2500.5"),
        (" 0.5 ", "0.5"),
        ("1\N{NO-BREAK SPACE}000", "1000"),
        ("0", "0"),
    ],
)
def test_price_and_overdraft_are_numbers_as_people_write_them(text: str, number: str) -> None:
    told = account(of=project(text, text))
    assert (told.hour_price, told.overdraft_limit) == (Decimal(number), Decimal(number))


@pytest.mark.parametrize("nothing", ["", " ", None, []])
def test_without_a_price_and_an_overdraft_there_is_neither(nothing: Any) -> None:
    told = account(of=project(nothing, nothing))
    assert (told.hour_price, told.overdraft_limit) == (None, 0)
    assert account(of=project(custom_fields=[])).overdraft_limit == 0


@pytest.mark.parametrize(
    "garbage", ["много", "1.2.3", "NaN", "-1", "-0.01", "1 000", "1e30", "1e999999", "0.0001", "9" * 40]
)
@pytest.mark.parametrize("field_", [51, 52])
def test_what_is_no_price_and_no_overdraft_is_told_with_its_field(garbage: str, field_: int) -> None:
    with pytest.raises(PortalRefused) as caught:
        account(of=project(garbage) if field_ == 51 else project("1", garbage))
    assert (type(caught.value), caught.value.code, caught.value.endpoint) == (
        PortalRefused,
        "account",
        "project 3",
    )
    assert fakes.FIELDS[field_] in caught.value.detail
    assert garbage in caught.value.detail


# Holds


def test_an_open_hold_is_one_entry() -> None:
    (entry,) = of_hold(HOLD)
    assert (entry.id, entry.key, entry.kind, entry.account_id, entry.ticket_id, entry.stage_id) == (
        "hold-h",
        "h",
        "hold",
        "3",
        "100",
        "101",
    )
    assert (entry.amount, entry.at, entry.hold_id, entry.reverses, entry.price) == (
        2,
        AT,
        "hold-h",
        None,
        None,
    )


def test_a_hold_that_was_voided_is_two_entries() -> None:
    ended = AT + timedelta(seconds=9)
    hold, void = of_hold(replace(HOLD, ended="voided", ended_key="v", ended_at=ended))
    assert hold == next(of_hold(HOLD))
    assert (void.id, void.key, void.kind, void.account_id, void.ticket_id, void.stage_id) == (
        "void:v",
        "v",
        "void",
        "3",
        "100",
        "101",
    )
    assert (void.amount, void.at, void.hold_id) == (2, ended, "hold-h")


def test_the_capture_of_a_hold_is_a_row_of_redmines() -> None:
    assert [one.kind for one in of_hold(replace(HOLD, ended="captured", ended_key="c", ended_at=AT))] == [
        "hold"
    ]
