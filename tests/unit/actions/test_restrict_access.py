"""restrict-access: chains, conditions, names of elements, and the steps."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import OrderInvalid, OrderRefused, Plan, validate
from bridge.actions.accounts import made_group
from bridge.actions.named import made_element, makes, named
from bridge.actions.program import Step, ref
from bridge.actions.restrict_access import ACTION
from bridge.actions.restrict_access.params import RestrictAccessParams
from bridge.flow.messages import Messages
from tests.builders import make_ticket
from tests.unit.actions.fake_moodle import FakeMoodle, make_context

MODULES = [
    {"id": 11, "name": "Лекция 1", "modname": "page", "completion": 0},
    {"id": 12, "name": "Заметка", "modname": "label", "completion": 0},
    {"id": 13, "name": "Тест 1", "modname": "quiz", "completion": 2},
    {"id": 14, "name": "Лекция 2", "modname": "page", "completion": 0},
]


def make_moodle() -> FakeMoodle:
    sections = [
        {"section": 0, "name": "Общее", "modules": []},
        {"section": 1, "name": "Тема", "modules": MODULES},
        {"section": 2, "name": "Экзамен", "modules": []},
    ]
    return FakeMoodle(
        core_course_get_courses_by_field={"courses": [{"id": 7, "fullname": "Введение"}]},
        core_course_get_contents=[sections],
    )


def plan(made: Any = None, **params: Any) -> Plan:
    moodle = make_moodle()
    order = params if made is not None else {"course": "intro", **params}
    found = ACTION.plan(validate(RestrictAccessParams, order), make_context(moodle, made=made or {}))
    assert moodle.written == [], "a plan only reads"
    return found


def steps(found: Plan, kind: str) -> list[dict[str, Any]]:
    return [dict(one.params) for one in found.part.steps if one.kind == kind]


def test_a_chain_opens_each_element_after_the_one_before() -> None:
    found = plan(chain="Лекция 1\nТест 1\nидёт", shown="нет")
    assert [one.kind for one in found.part.steps] == [
        "course.update",
        "completion.set",
        "access.restrict",
        "access.restrict",
    ]
    (completed,) = steps(found, "completion.set")
    assert completed["element"] == {"name": "Лекция 1"}, "the quiz is tracked already, and stays as it is"
    assert (completed["tracking"], completed["view"], completed["grade"]) == ("automatic", True, False)
    first, second = steps(found, "access.restrict")
    condition = {"type": "completion", "element": {"name": "Лекция 1"}, "state": "complete"}
    assert (first["element"], first["conditions"]) == ({"name": "Тест 1"}, [condition])
    assert (first["shown"], first["earlier"], first["match"]) == (False, "refuse", "all")
    assert second["conditions"][0]["element"] == {"name": "Тест 1"}
    assert found.counts == {"elements": 3, "restricted_elements": 3}
    assert found.summary[0] == "conditions of 3 elements in course Введение (7)"


def test_a_section_is_a_chain_of_its_elements() -> None:
    found = plan(chain_section="Тема", complete="view")
    assert [one["element"]["cm"] for one in steps(found, "access.restrict")] == [13, 14], "labels are none"
    assert [one["element"]["cm"] for one in steps(found, "completion.set")] == [11, 13]
    with pytest.raises(OrderRefused) as caught:
        plan(chain_section="2")
    assert caught.value.code == "chain-too-short"


def test_every_condition_is_one_of_the_steps() -> None:
    element = {
        "element": "idnumber:t2",
        "complete": "grade; pass",
        "after": "cmid:11",
        "passed": "да",
        "not_for": "Экстернат",
        "opens": "2027-02-01",
        "closes": "2027-02-10",
        "grade_of": "Тест 1",
        "grade_from": "60,5",
        "profile": [{"field": "country", "value": "RU"}, {"field": "class", "operator": "isnotempty"}],
        "earlier": "keep",
    }
    found = plan(element=[element])
    (completed,) = steps(found, "completion.set")
    assert (completed["grade"], completed["passgrade"], completed["view"]) == (True, True, False)
    (restricted,) = steps(found, "access.restrict")
    assert restricted["element"] == {"idnumber": "t2"}
    assert restricted["earlier"] == "keep"
    assert restricted["conditions"] == [
        {"type": "completion", "element": {"cm": 11}, "state": "pass"},
        {"type": "group", "not": True, "name": "Экстернат"},
        {"type": "date", "from": 1801429200, "until": 1802293200},
        {"type": "grade", "element": {"name": "Тест 1"}, "min": "60.5"},
        {"type": "profile", "field": "country", "operator": "isequalto", "value": "RU"},
        {"type": "profile", "field": "class", "operator": "isnotempty", "value": ""},
    ]


def test_several_groups_are_alternatives_and_a_section_has_no_completion() -> None:
    groups = {"section": "Экзамен", "groups": "А\nБ"}
    final = {"section": "1", "grade_of": "total", "grade_from": "80"}
    found = plan(element=[groups, final])
    assert [one.kind for one in found.part.steps] == ["access.restrict", "access.restrict"]
    first, second = steps(found, "access.restrict")
    assert (first["section"], first["match"], len(first["conditions"])) == (2, "any", 2)
    assert second["conditions"] == [{"type": "grade", "total": True, "min": "80"}]


def test_an_element_is_opened_for_all() -> None:
    (opened,) = steps(plan(element=[{"element": "Тест 1", "open": "да"}]), "access.restrict")
    assert (opened["conditions"], opened["earlier"]) == ([], "replace")


def test_an_order_may_name_what_it_makes_before() -> None:
    quiz = Step("module.add", "quiz", {"name": "Тест А"})
    twins = [Step("module.add", f"page{n}", {"name": "Страница"}) for n in (1, 2)]
    assert makes([quiz, *twins]) == {made_element("тест  а"): ref("quiz", "cmid")}
    made = {
        "course": ref("course", "id"),
        **makes([quiz]),
        made_group(ref("course", "id"), "Г"): ref("group1", "id"),
    }
    found = plan(made, element=[{"element": "Тест А", "groups": ["г"], "complete": "submit"}])
    (restricted,) = steps(found, "access.restrict")
    assert restricted["course"] == ref("course", "id")
    assert restricted["element"] == {"cm": ref("quiz", "cmid")}
    assert restricted["conditions"] == [{"type": "group", "group": ref("group1", "id")}]
    assert named("Другой", make_context(make_moodle(), made=made)) == {"name": "Другой"}


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, "назовите элементы: chain, chain_section или"),
        ({"chain": "Один"}, "в цепочке должно быть хотя бы два элемента"),
        ({"chain": "А\nа"}, "элемент стоит в цепочке дважды: «А» и «а»"),
        ({"chain": "А\nБ", "chain_section": "1"}, "chain .элементы. или chain_section"),
        ({"chain": "А\nБ", "complete": "none"}, "none ей не подходит"),
        ({"chain": "А\nБ", "complete": "viewed"}, "complete: «viewed» нет; допустимо: view"),
        ({"chain": "А\nБ", "complete": "manual view"}, "manual и none указывают без других"),
        ({"chain": "cmid:x\nБ"}, "после cmid: должен стоять номер"),
        ({"element": [{"open": "да"}]}, "element №1: укажите element .элемент. или section"),
        ({"element": [{"element": "А"}]}, "«А»: укажите условия доступа"),
        ({"element": [{"element": "А", "open": "да", "after": "Б"}]}, "«А»: укажите условия доступа"),
        ({"element": [{"section": "1", "complete": "view"}]}, "complete бывает у элементов"),
        ({"element": [{"element": "А", "after": "А"}]}, "«А» ждал бы сам себя"),
        ({"element": [{"element": "А", "grade_of": "Б"}]}, "к grade_of укажите grade_from"),
        ({"element": [{"element": "А", "opens": "2027-02-02", "closes": "2027-02-01"}]}, "closes раньше"),
        ({"element": [{"element": "А", "complete": "view", "passed": "да"}]}, "passed относится к элементам"),
        (
            {"element": [{"element": "А", "groups": "1\n2", "after": "Б"}]},
            "несколько групп вместе с другими условиями не указать",
        ),
        (
            {"element": [{"element": "А", "grade_of": "Б", "grade_from": "60", "grade_below": "60"}]},
            "grade_below должно быть больше",
        ),
        ({"element": [{"element": "А", "profile": [{"field": "city"}]}]}, "«city»: укажите value"),
    ],
)
def test_faults_of_an_order_are_told(params: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        validate(RestrictAccessParams, {"course": "intro", **params})


@pytest.mark.parametrize(
    ("code", "facts", "said"),
    [
        (
            "elementnotfound",
            {"element": "Тест", "alike": "тест"},
            "Элемента «Тест» в курсе нет. Есть похожие: тест.",
        ),
        ("elementambiguous", {"element": "Тест", "ids": "5, 7"}, "укажите номер: cmid:5, cmid:7"),
        ("restrictionloop", {"element": "Тест"}, "«Тест» ждал бы сам себя"),
        ("completionnone", {"element": "Тест"}, "Выполнение элемента «Тест» не отслеживается"),
        ("alreadyrestricted", {"element": "Тест"}, 'earlier = "replace"'),
        ("nosuchgroup", {"name": "Г"}, "Группы «Г» в курсе нет"),
        ("completionstarted", {"element": "Тест", "people": 3}, "уже выполнили слушатели (3)"),
    ],
)
def test_a_refusal_is_told_to_the_customer(code: str, facts: dict[str, Any], said: str) -> None:
    assert code in ACTION.words.customers
    refused = OrderRefused(code, "…", said="", step={}, faults=[{"code": code, "facts": facts}])
    told = {"stage": "Работа", "action": "restrict-access", **refused.outcome()}
    assert said in Messages().render("cannot", make_ticket(), told)
    bare = {
        "stage": "Работа",
        "action": "restrict-access",
        "code": code,
        "detail": "…",
        "said": "",
        "step": {},
    }
    assert Messages().render("cannot", make_ticket(), bare), "also where Moodle told no facts"


def test_the_evidence_has_links() -> None:
    results: dict[str, dict[str, Any]] = {
        "tracking": {"changed": True},
        "complete1": {"changed": True, "cmid": 5},
        "access1": {"name": "Тест", "url": "https://lms/5", "conditions": []},
    }
    found = ACTION.evidence(results, FakeMoodle())
    assert found == {
        "kind": "access",
        "elements": [{"name": "Тест", "url": "https://lms/5", "open": True}],
        "completed": 1,
    }
    assert ACTION.words.evidence(found).endswith("Тест")
    assert ACTION.taken_back(found) == {"kind": "access-deleted", "elements": ["Тест"]}
