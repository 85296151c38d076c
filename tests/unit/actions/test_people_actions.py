"""assign-roles, enrol-users and create-profile-fields: places, people, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import ACTIONS, OrderInvalid, OrderRefused, Plan, Policy, validate
from bridge.actions.accounts import GROUPS
from bridge.actions.assign_roles.policy import AssignRolesRules
from bridge.actions.people import USERS
from bridge.actions.program import Ref, ref
from tests.unit.actions.fake_moodle import FakeMoodle, make_context

COURSES, CATEGORIES = "core_course_get_courses_by_field", "core_course_get_categories"
PEOPLE = {"ivanov": 11, "petrov": 12}
FIELD = {"shortname": "grade", "name": "Класс", "type": "menu", "options": "5\n6"}


def plan(action: str, made: Any = None, policy: Policy | None = None, **params: Any) -> Plan:
    moodle = FakeMoodle(
        **{
            COURSES: lambda field, value: {
                "courses": [{"id": len(value), "fullname": value}] if value != "no" else []
            },
            USERS: lambda field, values: [
                {"id": PEOPLE[one], "username": one} for one in values if one in PEOPLE
            ],
            GROUPS: lambda courseid: [{"id": 100 + courseid, "name": "Смена"}],
            CATEGORIES: lambda criteria, addsubcategories: [
                {"id": 5, "name": "Филиал", "idnumber": "f"},
                {"id": 6, "name": "Филиал 2", "idnumber": ""},
            ],
        }
    )
    context = make_context(moodle, made=made or {}, **({"policy": policy} if policy else {}))
    found = ACTIONS[action].plan(validate(ACTIONS[action].params, params), context)
    assert moodle.written == [], "a plan only reads"
    return found


def refused(action: str, **params: Any) -> str:
    with pytest.raises(OrderRefused) as caught:
        plan(action, **params)
    words = ACTIONS[action].words
    assert caught.value.code in words.customers | words.operators
    return caught.value.code


def test_a_role_is_given_to_each_person_in_its_place() -> None:
    steps = plan("assign-roles", role="teacher", course="intro", users="Ivanov, petrov").part.steps
    assert [one.params for one in steps] == [
        {"role": "teacher", "user": 11, "course": 5},
        {"role": "teacher", "user": 12, "course": 5},
    ]
    for place in ({"category": "филиал"}, {"category": "f"}, {"category_id": 5}):
        (step,) = plan("assign-roles", role="tutor", users="ivanov", **place).part.steps
        assert step.params == {"role": "tutor", "user": 11, "category": 5}


def test_the_whole_system_has_to_be_said_and_allowed() -> None:
    assert refused("assign-roles", role="tutor", users="ivanov") == "no-course"
    assert refused("assign-roles", role="tutor", users="ivanov", system="да") == "system-not-allowed"
    allowed = Policy((AssignRolesRules(system=True),))
    (step,) = plan("assign-roles", policy=allowed, role="tutor", users="ivanov", system="да").part.steps
    assert step.params == {"role": "tutor", "user": 11}


def test_a_category_whose_name_only_begins_so_is_not_taken() -> None:
    assert refused("assign-roles", role="tutor", users="ivanov", category="Фил") == "no-such-category"


def test_people_and_roles_of_the_same_order_are_taken_by_reference() -> None:
    user, role = Ref("user1", "id", outside=True), Ref("role", "shortname", outside=True)
    made = {"user:new": user, "role:tutor": role}
    (step,) = plan("assign-roles", made=made, role="tutor", users="New", course="intro").part.steps
    assert step.params == {"role": role, "user": user, "course": 5}


def test_people_go_into_all_courses_with_their_group_and_times() -> None:
    found = plan(
        "enrol-users",
        course="a",
        courses="bb\nccc",
        users="ivanov petrov",
        group="смена",
        start="2027-09-01",
        end="31.12.2027",
    )
    enrolled = [one for one in found.part.steps if one.kind == "user.enrol"]
    assert [(one.params["course"], one.params["user"]) for one in enrolled] == [
        (1, 11),
        (1, 12),
        (2, 11),
        (2, 12),
        (3, 11),
        (3, 12),
    ]
    assert (enrolled[0].params["timestart"], enrolled[0].params["timeend"]) == (1819746000, 1830286740)
    groups = [one.params["group"] for one in found.part.steps if one.kind == "group.add_member"]
    assert groups == [101, 101, 102, 102, 103, 103]


def test_unknown_people_courses_and_groups_are_refused() -> None:
    assert refused("enrol-users", course="a", users="ivanov, sidorov") == "no-such-people"
    assert refused("enrol-users", course="no", users="ivanov") == "no-such-course"
    assert refused("enrol-users", course="a", users="ivanov", group="Нет") == "no-such-group"
    assert refused("enrol-users", users="ivanov") == "no-course"


def test_fields_of_profiles_are_made_and_later_actions_use_them() -> None:
    found = plan("create-profile-fields", field=[{**FIELD, "required": "да"}], category="Школа")
    (step,) = found.part.steps
    assert (step.params["datatype"], step.params["options"]) == ("menu", ["5", "6"])
    assert (step.params["category"], step.params["required"]) == ("Школа", True)
    assert found.makes == {"field:grade": ref("field1", "input")}


@pytest.mark.parametrize(
    ("action", "params", "told"),
    [
        ("assign-roles", {"role": "a", "users": "b", "course": "c", "system": "да"}, "укажите одно место"),
        ("assign-roles", {"role": "a", "users": "", "course": "c"}, "users"),
        ("assign-roles", {"role": "a", "users": "b", "by": "name"}, "допустимо: 'login', 'idnumber'"),
        ("enrol-users", {"users": "b", "course": "a", "courses": "a"}, "курс указан дважды: a"),
        ("enrol-users", {"users": "b", "start": "2027-02-01", "end": "2027-01-01"}, "раньше"),
        ("create-profile-fields", {"field": []}, "field"),
        ("create-profile-fields", {"field": [{**FIELD, "shortname": "класс"}]}, "недопустимые символы"),
        ("create-profile-fields", {"field": [{**FIELD, "options": "5"}]}, "хотя бы два варианта"),
        ("create-profile-fields", {"field": [{**FIELD, "options": "5\n5"}]}, "указаны дважды: 5"),
        ("create-profile-fields", {"field": [{**FIELD, "default": "9"}]}, "значения «9» нет"),
        ("create-profile-fields", {"field": [{**FIELD, "type": "text"}]}, "бывают только у списка"),
        ("create-profile-fields", {"field": [FIELD, {**FIELD, "shortname": "GRADE"}]}, "дважды"),
        ("create-profile-fields", {"field": [{**FIELD, "required": 1, "locked": 1}]}, "закрыто"),
    ],
)
def test_faults_of_orders_are_told(action: str, params: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        validate(ACTIONS[action].params, params)


def test_evidence_tells_what_is_new_and_what_was_so_before() -> None:
    roles: dict[str, Any] = {
        "role1": {"role": "tutor", "user": 1, "course": 7, "isnew": True},
        "role2": {"role": "tutor", "user": 2, "course": 7, "isnew": False},
    }
    given = ACTIONS["assign-roles"].evidence(roles, FakeMoodle())
    assert (given["given"], given["held"], given["where"], given["where_id"]) == (1, 1, "course", 7)
    enrolled: dict[str, Any] = {
        "course1_user1": {"course": 7, "isnew": True},
        "course1_user1_group": {},
        "course2_user1": {"course": 8, "isnew": False},
    }
    found = ACTIONS["enrol-users"].evidence(enrolled, FakeMoodle())
    assert (found["enrolled"], found["before"], found["courses"], found["groups"]) == (1, 1, 2, 1)
    assert ACTIONS["enrol-users"].taken_back(found) == {"kind": "enrolments-deleted", "enrolled": 1}
