"""create-categories, sort-courses, and several courses of one order: paths of categories, and the steps."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import (
    OrderInvalid,
    OrderRefused,
    Plan,
    create_categories,
    create_course,
    sort_courses,
    validate,
)
from bridge.actions.categories import find_category, parts_of
from bridge.actions.named import made_category
from bridge.actions.program import ref
from tests.unit.actions.fake_moodle import FakeMoodle, make_context

TREE = [
    {"id": 1, "name": "Бакалавриат", "parent": 0},
    {"id": 2, "name": "1 курс", "parent": 1},
    {"id": 3, "name": "Магистратура", "parent": 0},
    {"id": 4, "name": "1 курс", "parent": 3},
]


def make_moodle() -> FakeMoodle:
    def categories(criteria: list[dict[str, str]], **_: Any) -> list[dict[str, Any]]:
        (one,) = criteria
        return [row for row in TREE if str(row[one["key"]]) == one["value"]]

    return FakeMoodle(core_course_get_categories=categories)


def plan(module: Any, made: Any = None, **params: Any) -> Plan:
    moodle = make_moodle()
    action = module.ACTION
    found: Plan = action.plan(validate(action.params, params), make_context(moodle, made=made or {}))
    assert moodle.written == [], "a plan only reads"
    return found


def test_a_path_leads_to_one_category() -> None:
    context = make_context(make_moodle())
    assert find_category("Магистратура / 1 курс", None, context) == (4, "category 1 курс (4)")
    assert find_category("", 2, context) == (2, "category 1 курс (2)")
    assert parts_of("А/Б / В") == ("А/Б", "В"), "a slash without spaces is part of a name"
    for path, code in (("1 курс", "ambiguous-category"), ("Бакалавриат / 2 курс", "no-such-category")):
        with pytest.raises(OrderRefused) as caught:
            find_category(path, None, context)
        assert caught.value.code == code


def test_what_is_missing_of_a_tree_is_made_from_above() -> None:
    found = plan(
        create_categories,
        categories="Бакалавриат / 2 курс\nАспирантура / 1 курс",
        category=[{"path": "Аспирантура", "idnumber": "asp", "description": "О ней", "visible": "нет"}],
    )
    made = [(one.label, dict(one.params)) for one in found.part.steps]
    assert made == [
        (
            "category1",
            {"name": "Аспирантура", "idnumber": "asp", "descriptionhtml": "<p>О ней</p>", "visible": False},
        ),
        (
            "category2",
            {"name": "2 курс", "parent": 1, "idnumber": "", "descriptionhtml": "", "visible": True},
        ),
        (
            "category3",
            {
                "name": "1 курс",
                "parent": ref("category1", "id"),
                "idnumber": "",
                "descriptionhtml": "",
                "visible": True,
            },
        ),
    ]
    assert found.counts == {"categories": 3}
    assert found.makes[made_category(("аспирантура", "1  курс"))] == ref("category3", "id")


def test_a_category_that_is_there_is_told() -> None:
    with pytest.raises(OrderRefused) as caught:
        plan(create_categories, categories="Бакалавриат / 1 курс")
    assert (caught.value.code, caught.value.facts) == ("category-there", {"category": "Бакалавриат / 1 курс"})
    below = plan(create_categories, below="Магистратура", categories="2 курс")
    assert below.part.steps[0].params["parent"] == 3


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, "назовите категории"),
        ({"categories": "А / Б\nа / б"}, "категория указана дважды"),
        (
            {"category": [{"path": "А", "idnumber": "1"}, {"path": "Б", "idnumber": "1"}]},
            "idnumber указан дважды",
        ),
        ({"categories": " / ".join("абвгдежзийкл")}, "вложенность категорий – не более 10"),
    ],
)
def test_faults_of_categories_are_told(params: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        validate(create_categories.ACTION.params, params)


def test_courses_are_sorted_in_a_category_or_on_the_front_page() -> None:
    found = plan(sort_courses, category="Бакалавриат", by="fullname", descending="да")
    (step,) = found.part.steps
    assert step.params == {"category": 1, "by": "fullname", "descending": True, "subcategories": True}
    front = plan(sort_courses, front_page="да")
    assert [one.kind for one in front.part.steps] == ["category.sort_courses", "frontpage.set"]
    assert "category" not in front.part.steps[0].params
    assert front.part.steps[1].params == {"by": "startdate", "descending": False}
    for params, told in (
        ({"category": "А", "category_id": "1"}, "укажите категорию один раз"),
        ({"category": "А", "front_page": "да"}, "на главной странице стоят курсы всей системы"),
        ({"subcategories": "нет"}, "имеет смысл только вместе с категорией"),
        ({"by": "имени"}, "недопустимое значение"),
    ):
        with pytest.raises(OrderInvalid, match=told):
            validate(sort_courses.ACTION.params, params)


def test_several_courses_are_one_order_in_a_category_that_it_makes() -> None:
    made = {made_category(("Новая", "1 курс")): ref("category2", "id")}
    courses = [
        {"fullname": "Химия", "shortname": "chem", "starts": "2027-02-01"},
        {
            "fullname": "Физика",
            "shortname": "phys",
            "format": "weeks",
            "category_id": "3",
            "sections": "Одна",
        },
    ]
    found = plan(create_course, made, category="Новая / 1 курс", course=courses, sections="А\nБ")
    first, second = found.part.steps
    assert (first.label, second.label) == ("course1", "course2")
    assert (first.params["category"], second.params["category"]) == (ref("category2", "id"), 3)
    assert (len(first.params["sections"]), len(second.params["sections"])) == (2, 1)
    assert (first.params["startdate"], "startdate" in second.params) == (1801429200, False)
    assert second.params["format"] == "weeks"
    assert found.counts == {"courses": 2, "empty_courses": 2, "sections": 2}
    assert found.makes == {}, "no later action could tell which is meant"


@pytest.mark.parametrize(
    ("params", "told"),
    [
        (
            {"fullname": "А", "shortname": "а", "course": [{"fullname": "Б", "shortname": "б"}]},
            "один курс .* или",
        ),
        ({"course": [{"fullname": "Б", "shortname": "б"}]}, "укажите категорию курса"),
        ({"category_id": "1", "course": [{"fullname": "Б"}]}, "course №1, shortname: параметр не указан"),
        (
            {
                "category_id": "1",
                "course": [{"fullname": "А", "shortname": "x"}, {"fullname": "Б", "shortname": "X"}],
            },
            "краткое название указано дважды",
        ),
        (
            {"fullname": "А", "shortname": "а", "category_id": "1", "format": "social", "sections": "1"},
            "секций нет",
        ),
    ],
)
def test_faults_of_several_courses_are_told(params: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        validate(create_course.ACTION.params, params)


def test_the_evidence_of_several_courses_names_each() -> None:
    one = {"id": 5, "fullname": "Химия", "shortname": "chem", "url": "https://lms/5", "sections": [1]}
    found = create_course.ACTION.evidence({"course1": one, "course2": {**one, "id": 6}}, FakeMoodle())
    assert [each["course_id"] for each in found["courses"]] == [5, 6]
    assert "Химия (https://lms/5)" in create_course.ACTION.words.evidence(found)
    assert create_course.ACTION.taken_back(found) == {"kind": "course-deleted", "course_ids": [5, 6]}
