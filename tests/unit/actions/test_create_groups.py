"""create-groups: orders as a form gives them, the course, groupings and members, and the steps."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bridge.actions import OrderInvalid, OrderRefused, Plan, validate
from bridge.actions.create_groups import ACTION
from bridge.actions.create_groups.params import CreateGroupsParams
from bridge.actions.program import Ref, ref
from bridge.moodle_ws import ParameterError
from tests.unit.actions.fake_moodle import FakeMoodle, make_context

COURSES, USERS = "core_course_get_courses_by_field", "core_user_get_users_by_field"
ORDER = {"course": "intro", "groups": "Группа 1\nГруппа 2"}
PEOPLE = {"ivanov": 11, "petrov": 12}


def people(field: str, values: list[str]) -> list[dict[str, Any]]:
    """As Moodle does: one login that is none refuses the whole call."""
    assert field == "username"
    if any(one != re.sub(r"[^-.@_a-z0-9]", "", one) for one in values):
        raise ParameterError(USERS, "Invalid parameter value detected", errorcode="invalidparameter")
    return [{"username": one, "id": PEOPLE[one]} for one in values if one in PEOPLE]


def plan(**params: Any) -> Plan:
    moodle = FakeMoodle(
        **{
            COURSES: lambda **_: {"courses": [{"id": 7, "fullname": "Введение"}]},
            USERS: people,
        }
    )
    found = ACTION.plan(validate(CreateGroupsParams, {**ORDER, **params}), make_context(moodle))
    assert moodle.written == [], "a plan only reads"
    return found


def refusal(**params: Any) -> OrderRefused:
    with pytest.raises(OrderRefused) as caught:
        plan(**params)
    assert caught.value.code in ACTION.words.customers
    return caught.value


def test_each_group_is_a_step() -> None:
    found = plan(description="Для <всех>")
    assert [(one.kind, one.label) for one in found.part.steps] == [
        ("group.create", "group1"),
        ("group.create", "group2"),
    ]
    assert found.part.steps[0].params == {
        "course": 7,
        "name": "Группа 1",
        "descriptionhtml": "<p>Для &lt;всех&gt;</p>",
    }
    assert found.counts == {"groups": 2}


def test_groupings_hold_groups_of_the_order_by_reference() -> None:
    steps = plan(groupings="Поток А: Группа 2, Группа 1\nПусто:").part.steps[2:]
    assert [(one.kind, one.label) for one in steps] == [
        ("grouping.create", "grouping1"),
        ("grouping.add", "grouping1_group2"),
        ("grouping.add", "grouping1_group1"),
        ("grouping.create", "grouping2"),
    ]
    assert steps[1].params == {"grouping": ref("grouping1", "id"), "group": ref("group2", "id")}


def test_members_are_found_by_their_logins() -> None:
    steps = plan(members="Группа 2: Ivanov, petrov").part.steps[2:]
    assert [one.params for one in steps] == [
        {"group": ref("group2", "id"), "user": 11},
        {"group": ref("group2", "id"), "user": 12},
    ]
    assert refusal(members="Группа 1: ivanov, sidorov").facts["people"] == ["sidorov"]


def test_a_login_that_is_none_is_one_that_nobody_has() -> None:
    told = refusal(members="Группа 1: ivanov, Иванов Иван, петров").facts["people"]
    assert told == ["Иванов Иван", "петров"], "and ivanov is found although the others are none"


def test_the_course_may_be_one_that_the_same_order_makes() -> None:
    course = Ref("course", "id", outside=True)
    order = validate(CreateGroupsParams, {"groups": "А"})
    found = ACTION.plan(order, make_context(FakeMoodle(), made={"course": course}))
    assert found.part.steps[0].params["course"] == course
    with pytest.raises(OrderRefused) as caught:
        ACTION.plan(order, make_context(FakeMoodle()))
    assert caught.value.code == "no-course"


def test_a_course_that_is_not_there_is_told() -> None:
    moodle = FakeMoodle(**{COURSES: {"courses": []}})
    with pytest.raises(OrderRefused) as caught:
        ACTION.plan(validate(CreateGroupsParams, ORDER), make_context(moodle))
    assert (caught.value.code, caught.value.facts["course"]) == ("no-such-course", "intro")


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"groups": ""}, "groups"),
        ({"groups": "А\nА"}, "группы указаны дважды: А"),
        ({"groupings": "Поток: Группа 9"}, "таких групп в заказе нет: Группа 9"),
        ({"groupings": "Поток Группа 1"}, "двоеточие"),
        ({"groupings": "П: Группа 1\nП: Группа 2"}, "указано дважды"),
        ({"members": "Группа 9: ivanov"}, "таких групп в заказе нет: Группа 9"),
        ({"course_id": "7"}, "укажите курс один раз"),
    ],
)
def test_faults_of_an_order_are_told(params: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        validate(CreateGroupsParams, {**ORDER, **params})


def test_the_evidence_counts_what_was_made() -> None:
    results: dict[str, Any] = {
        "group1": {"id": 1, "name": "А"},
        "group2": {"id": 2, "name": "Б"},
        "grouping1": {"id": 5},
        "grouping1_group1": {},
        "group1_user11": {},
    }
    found = ACTION.evidence(results, FakeMoodle())
    assert found == {
        "kind": "groups",
        "groups": [{"group_id": 1, "name": "А"}, {"group_id": 2, "name": "Б"}],
        "groupings": 1,
        "members": 1,
    }
    assert ACTION.taken_back(found) == {"kind": "groups-deleted", "groups": ["А", "Б"]}
