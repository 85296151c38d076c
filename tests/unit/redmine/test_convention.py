"""The table [portal.redmine]: whole, or a fault that names what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from bridge.domain.tickets import StageState, TicketState
from bridge.portal.redmine.convention import RedmineConvention
from tests.unit.redmine.redmine_fakes import CONVENTION

TABLE: dict[str, dict[str, Any]] = {
    "trackers": {"ticket": 1, "stage": 2},
    "ticket_states": {
        "open": 1,
        "in_progress": 2,
        "suspended": 3,
        "awaiting_acceptance": 4,
        "done": 5,
        "withdrawn": 6,
    },
    "stage_states": {
        "planned": 1,
        "in_progress": 2,
        "ready": 4,
        "accepted": 7,
        "rejected": 8,
        "written_off": 9,
    },
    "activities": {"top_up": 21, "capture": 22, "reversal": 23},
    "issue_fields": {"key": 31, "agreed": 32, "coefficient": 33},
    "entry_fields": {"hours": 41, "key": 42, "details": 43},
    "project_fields": {"hour_price": 51, "overdraft": 52},
}
MEMBERS = [(table, member) for table, members in TABLE.items() for member in members]
PAIRS = [
    (table, first, second)
    for table, members in TABLE.items()
    for first, second in zip(members, [*members][1:], strict=False)
]


def read(table: Mapping[str, Any]) -> RedmineConvention:
    return TypeAdapter(RedmineConvention).validate_python(table)


def faults(table: Mapping[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        read(table)
    return [
        f"{'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}"
        for one in caught.value.errors()
    ]


def changed(table: str, member: str, value: Any) -> dict[str, dict[str, Any]]:
    """The table with one member changed, or taken away where the value is `...`."""
    copied = deepcopy(TABLE)
    copied[table][member] = value
    if value is ...:
        del copied[table][member]
    return copied


def test_the_table_is_read() -> None:
    convention = read(TABLE)
    assert convention == CONVENTION
    assert (convention.ticket_states[TicketState.OPEN], convention.stage_states[StageState.WRITTEN_OFF]) == (
        1,
        9,
    )


def test_a_table_that_was_printed_before_stages_showed_their_hours_is_read() -> None:
    assert (read(TABLE).issue_fields.held, read(TABLE).issue_fields.taken) == (None, None)
    shown = read(changed("issue_fields", "held", 34)).issue_fields
    assert (shown.held, shown.taken) == (34, None)
    assert faults(changed("issue_fields", "taken", 33)) == [
        ": issue_fields: the same id for coefficient, taken"
    ]


def test_a_ticket_and_a_stage_may_have_the_same_status() -> None:
    convention = read(changed("stage_states", "accepted", 5))
    assert convention.stage_states[StageState.ACCEPTED] == convention.ticket_states[TicketState.DONE]


@pytest.mark.parametrize("table", TABLE)
def test_a_table_that_is_missing_is_named(table: str) -> None:
    (fault,) = faults({name: one for name, one in TABLE.items() if name != table})
    assert fault.startswith(f"{table}: ")


@pytest.mark.parametrize(("table", "member"), MEMBERS)
def test_a_member_that_is_missing_is_named(table: str, member: str) -> None:
    (fault,) = faults(changed(table, member, ...))
    assert fault.startswith(f"{table}.{member}: ") or fault == f": {table}: no status for {member}"


def test_all_states_that_are_missing_are_named() -> None:
    table = {**TABLE, "ticket_states": {"open": 1}, "stage_states": TABLE["stage_states"]}
    assert faults(table) == [
        ": ticket_states: no status for in_progress, suspended, awaiting_acceptance, done, withdrawn"
    ]


@pytest.mark.parametrize(
    ("table", "member"),
    [
        ("trackers", "bug"),
        ("activities", "hold"),
        ("issue_fields", "hours"),
        ("ticket_states", "planned"),
        ("stage_states", "open"),
    ],
)
def test_an_unknown_member_is_named(table: str, member: str) -> None:
    (fault,) = faults(changed(table, member, 77))
    assert fault.startswith(f"{table}.{member}")


def test_an_unknown_table_is_named() -> None:
    (fault,) = faults({**TABLE, "roles": {"bridge": 1}})
    assert fault.startswith("roles: ")


@pytest.mark.parametrize(("table", "member"), MEMBERS)
def test_a_member_that_is_no_id_is_named(table: str, member: str) -> None:
    (fault,) = faults(changed(table, member, 0))
    assert fault.startswith(f"{table}.{member}: ")


@pytest.mark.parametrize("value", [-1, 1.5, "one", None, [1], ""])
@pytest.mark.parametrize(("table", "member"), [("trackers", "stage"), ("ticket_states", "done")])
def test_what_is_no_id_is_named(table: str, member: str, value: Any) -> None:
    (fault,) = faults(changed(table, member, value))
    assert fault.startswith(f"{table}.{member}: ")


@pytest.mark.parametrize(("table", "first", "second"), PAIRS)
def test_two_that_share_an_id_are_a_fault_of_their_table(table: str, first: str, second: str) -> None:
    (fault,) = faults(changed(table, second, TABLE[table][first]))
    assert fault == f": {table}: the same id for {first}, {second}"


def test_faults_of_several_members_are_told_at_once() -> None:
    table = deepcopy(TABLE)
    table["trackers"]["ticket"] = 0
    table["activities"]["capture"] = -1
    assert [fault.partition(": ")[0] for fault in faults(table)] == ["trackers.ticket", "activities.capture"]
