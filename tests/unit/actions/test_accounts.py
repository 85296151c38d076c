"""People, cohorts and groups that orders name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bridge.actions import Context, OrderRefused
from bridge.actions.accounts import (
    COHORTS,
    GROUPS,
    By,
    Courses,
    find_cohort,
    find_people,
    group_of,
    made_cohort,
    made_group,
    made_user,
)
from bridge.actions.people import USERS
from bridge.actions.program import Ref
from tests.unit.actions.fake_moodle import FakeMoodle, make_context

PEOPLE = [
    {"id": 11, "username": "ivanov", "fullname": "Иван Иванов", "email": "i@x.ru", "idnumber": "1"},
    {"id": 12, "username": "petrov", "fullname": "Пётр Петров", "email": "p@x.ru", "idnumber": "2"},
    {"id": 13, "username": "petrov2", "fullname": "Пётр Петров", "email": "p@x.ru", "idnumber": ""},
]


def users(field: str, values: list[str]) -> Any:
    return [one for one in PEOPLE if one[field] in values]


def context(made: Mapping[str, Ref] | None = None, answers: Mapping[str, Any] | None = None) -> Context:
    return make_context(FakeMoodle(**{USERS: users, **(answers or {})}), made=made or {})


@pytest.mark.parametrize(
    ("by", "wanted"), [("login", "Ivanov"), ("idnumber", "1"), ("email", "I@x.ru"), ("email", "i@x.ru")]
)
def test_people_are_found_by_each_of_their_names(by: By, wanted: str) -> None:
    (found,) = find_people([wanted], by, context()).values()
    assert (found.id, found.name) == (11, "ivanov (Иван Иванов)")


def test_all_unknown_people_are_named_and_none_is_guessed() -> None:
    with pytest.raises(OrderRefused) as caught:
        find_people(["ivanov", "сидоров", "sidorov"], "login", context())
    assert (caught.value.code, caught.value.facts["people"]) == ("no-such-people", ["сидоров", "sidorov"])
    with pytest.raises(OrderRefused) as caught:
        find_people(["p@x.ru"], "email", context())
    assert (caught.value.code, caught.value.facts["people"]) == ("ambiguous-people", ["p@x.ru"])


def test_what_may_be_no_login_is_asked_for_alone_because_moodle_would_refuse_the_whole_list() -> None:
    moodle = FakeMoodle(**{USERS: users})
    with pytest.raises(OrderRefused):
        find_people(["ivanov", "петров", "a b"], "login", make_context(moodle))
    assert [one["values"] for one in moodle.calls(USERS)] == [["ivanov"], ["a b"], ["петров"]]


def test_a_site_may_let_other_signs_into_a_login() -> None:
    def extended(field: str, values: list[str]) -> list[dict[str, object]]:
        return [{"id": 21, "username": "петров", "fullname": "Пётр Петров"}] if values == ["петров"] else []

    found = find_people(["Петров"], "login", make_context(FakeMoodle(**{USERS: extended})))
    assert found["Петров"].id == 21


def test_accounts_of_the_same_order_go_before_moodles() -> None:
    made = Ref("user1", "id", outside=True)
    found = find_people(["New", "ivanov"], "login", context({made_user("new"): made}))
    assert [one.id for one in found.values()] == [made, 11]


def test_a_cohort_is_found_by_its_number_first_and_then_by_its_name() -> None:
    rows = [
        {"id": 1, "name": "Приём", "idnumber": "a"},
        {"id": 2, "name": "A", "idnumber": ""},
        {"id": 3, "name": "Приём 2", "idnumber": "b"},
        {"id": 4, "name": "Смена", "idnumber": None},
        {"id": 5, "name": "смена", "idnumber": "c"},
    ]
    found = context(answers={COHORTS: {"cohorts": rows}})
    assert [find_cohort(one, found) for one in ("A", "приём", "b")] == [1, 1, 3]
    for wanted, code in (("Смена", "ambiguous-cohort"), ("При", "no-such-cohort")):
        with pytest.raises(OrderRefused) as caught:
            find_cohort(wanted, found)
        assert caught.value.code == code
    made = Ref("cohort1", "id", outside=True)
    assert find_cohort("Новая", context({made_cohort("новая"): made})) == made


def test_a_group_is_found_in_its_course_or_made_by_the_same_order() -> None:
    groups = {GROUPS: lambda **_: [{"id": 5, "name": "Группа  1"}, {"id": 6, "name": "Группа 2"}]}
    assert group_of(7, "группа 1", context(answers=groups)) == 5
    made = Ref("group1", "id", outside=True)
    there = context({made_group(7, "Новая"): made}, groups)
    assert group_of(7, "новая", there) == made
    with pytest.raises(OrderRefused) as caught:
        group_of(8, "Новая", there)
    assert caught.value.code == "no-such-group", "that of another course is another"


def test_a_course_is_asked_for_once() -> None:
    courses = "core_course_get_courses_by_field"
    moodle = FakeMoodle(
        **{courses: {"courses": [{"id": 7, "fullname": "К"}]}, GROUPS: lambda **_: [{"id": 5, "name": "Г"}]}
    )
    found = Courses(make_context(moodle))
    assert {found.course("k") for _ in range(3)} == {(7, "course К (7)")}
    assert {found.group("k", "г") for _ in range(3)} == {5}
    assert len(moodle.calls(courses)) == len(moodle.calls(GROUPS)) == 1
