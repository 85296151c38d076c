"""auto-enrol: rules of an order and of a table, cohorts, and ways into courses."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from bridge.actions import OrderInvalid, OrderRefused, Plan, TicketFile, validate
from bridge.actions.accounts import COHORTS, GROUPS
from bridge.actions.auto_enrol import ACTION
from bridge.actions.auto_enrol.params import AutoEnrolParams
from bridge.actions.program import Ref, ref
from bridge.domain.tickets import Attachment, Order
from bridge.flow.orders import find_order
from bridge.settings import default_catalogue
from tests.builders import make_ticket
from tests.unit.actions.fake_moodle import FakeMoodle, make_context

COURSES = "core_course_get_courses_by_field"
RULE = {"course": "ru-5", "when": {"country": "Россия", "grade": ["5", 6]}}


class OneFile:
    def __init__(self, path: Path, text: str) -> None:
        self.path = path / "курсы.csv"
        self.path.write_bytes(text.encode("cp1251"))

    def get(self, name: str) -> TicketFile:
        content = self.path.read_bytes()
        return TicketFile(name, hashlib.sha256(content).hexdigest(), len(content), self.path)


def plan(made: Any = None, files: Any = None, **params: Any) -> Plan:
    moodle = FakeMoodle(
        **{
            COURSES: lambda field, value: {
                "courses": [{"id": len(value), "fullname": value}] if value != "no" else []
            },
            COHORTS: lambda **_: {"cohorts": [{"id": 3, "name": "Цех", "idnumber": "c-1"}]},
            GROUPS: lambda courseid: [{"id": 50, "name": "Смена"}],
        }
    )
    context = make_context(moodle, made=made or {}, **({"files": files} if files else {}))
    found = ACTION.plan(validate(AutoEnrolParams, params), context)
    assert moodle.written == [], "a plan only reads"
    return found


def test_a_rule_asks_for_countries_by_code_and_for_fields_of_profiles() -> None:
    (step,) = plan(rule=[RULE]).part.steps
    assert step.kind == "rule.create"
    assert step.params == {
        "name": "ru-5: country = Россия; grade = 5 | 6",
        "conditions": [
            {"field": "country", "op": "is", "values": ["RU"]},
            {"field": "profile_field_grade", "op": "is", "values": ["5", "6"]},
        ],
        "onleave": "suspend",
        "course": 4,
        "role": "student",
    }


def test_a_rule_may_leave_people_out_and_ask_for_a_part_and_put_into_a_group() -> None:
    rule = {
        "name": "Почта",
        "course": "ru-5",
        "group": "смена",
        "role": "teacher",
        "contains": {"email": "@school.ru"},
        "unless": {"department": "Охрана | Склад"},
        "leave": "keep",
    }
    (step,) = plan(rule=[rule]).part.steps
    assert step.params["conditions"] == [
        {"field": "department", "op": "isnot", "values": ["Охрана", "Склад"]},
        {"field": "email", "op": "contains", "values": ["@school.ru"]},
    ]
    assert (step.params["group"], step.params["role"], step.params["onleave"]) == (50, "teacher", "keep")


def test_cohorts_of_the_order_are_made_first_and_used_by_name_or_number() -> None:
    found = plan(
        cohort=[{"name": "Приём", "idnumber": "in-1"}],
        sync=[{"cohort": "in-1", "course": "a"}, {"cohort": "цех", "course": "b", "group": "Смена"}],
        self_enrol=[{"course": "c", "cohort": "ПРИЁМ", "key": "Слово", "start": "2027-01-01", "most": 5}],
        rule=[{"cohort": "приём", "when": {"city": "Тула"}, "leave": "keep"}],
    )
    cohort, first, second, alone, rule = found.part.steps
    made = ref("cohort1", "id")
    assert (cohort.kind, cohort.params["name"]) == ("cohort.create", "Приём")
    assert (first.params["cohort"], first.params["method"]) == (made, "cohort")
    assert (second.params["cohort"], second.params["group"]) == (3, 50)
    assert (alone.params["cohort"], alone.params["timestart"], alone.params["most"]) == (made, 1798750800, 5)
    assert rule.params["cohort"] == made
    assert "course" not in rule.params
    assert found.makes["cohort:прием"] == made


def test_an_olympiad_is_one_table(tmp_path: Path) -> None:
    rows = "\n".join(f"c{n};{country};{n}" for n in range(1, 15) for country in ("Россия", "KZ"))
    files = OneFile(tmp_path, f"Курс;Страна;profile_field_year\n{rows}\n")
    found = plan(files=files, rules_file="курсы.csv", leave="keep")
    assert len(found.part.steps) == 28
    assert found.part.steps[27].params["conditions"] == [
        {"field": "country", "op": "is", "values": ["KZ"]},
        {"field": "profile_field_year", "op": "is", "values": ["14"]},
    ]
    assert {one.params["onleave"] for one in found.part.steps} == {"keep"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Курс;Страна\n;RU\n", "строка 2: курс (course) не указан"),
        ("Курс;Страна\na;\n", "строка 2: a: назовите хотя бы одно условие"),
        ("Курс;Страна\na;Лапландия\n", "строка 2: «Лапландия»: укажите код страны"),
        ("Курс;Страна\na;RU\na;RU\n", "строка 3: такое правило уже есть в строке 2"),
        ("Курс;Класс\na;5\n", "таких столбцов нет: Класс"),
        ("Курс;Страна;leave\na;RU;удалить\n", "строка 2: leave: недопустимое значение"),
        ("Курс;Страна\n", "в таблице нет правил"),
    ],
)
def test_faults_of_a_table_are_told_by_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(OrderRefused) as caught:
        plan(files=OneFile(tmp_path, text), rules_file="курсы.csv")
    assert caught.value.code == "rules-unusable"
    assert any(told in one for one in caught.value.facts["problems"]), caught.value.facts["problems"]


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, "назовите, что записывает"),
        ({"rule": [{"course": "a"}]}, "назовите хотя бы одно условие"),
        ({"rule": [{"course": "a", "unless": {"city": "Тула"}}]}, "иначе правило записало бы всех"),
        ({"rule": [{"cohort": "x", "course": "a", "when": {"city": "Т"}}]}, "либо глобальная группа"),
        ({"rule": [{"course": "a", "when": {"класс": "5"}}]}, "поле называют кратким названием"),
        ({"rule": [{"course": "a", "when": {"country": "Лапландия"}}]}, "укажите код страны"),
        ({"rule": [{**RULE, "leave": "delete"}]}, "недопустимое значение"),
        ({"self_enrol": [{"course": "a", "start": "2027-02-01", "end": "2027-01-01"}]}, "раньше"),
        ({"cohort": [{"name": "А"}, {"name": "а"}]}, "глобальная группа указана дважды"),
    ],
)
def test_faults_of_an_order_are_told(params: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        validate(AutoEnrolParams, params)


def test_the_same_rule_twice_and_an_unknown_course_are_refused() -> None:
    for params, code in (
        ({"rule": [RULE, RULE]}, "rules-twice"),
        ({"rule": [{**RULE, "course": "no"}]}, "no-such-course"),
        ({"sync": [{"cohort": "нет", "course": "a"}]}, "no-such-cohort"),
    ):
        with pytest.raises(OrderRefused) as caught:
            plan(**params)
        assert caught.value.code == code
        assert code in ACTION.words.customers


def test_what_earlier_actions_of_the_order_make_is_used_by_reference() -> None:
    field, role = Ref("field1", "input", outside=True), Ref("role", "shortname", outside=True)
    made = {"field:grade": field, "role:tutor": role, "course": Ref("course", "id", outside=True)}
    (step,) = plan(made=made, rule=[{"role": "tutor", "when": {"profile_field_grade": "5"}}]).part.steps
    assert step.params["conditions"][0]["field"] == field
    assert (step.params["role"], step.params["course"]) == (role, made["course"])


PARTS = {
    "4-ex-paths": """
[[parts]]
action = "create-groups"
params = { course = "ot", groups = ["Тест 1", "Тест 2"] }
[[parts]]
action = "auto-enrol"
[[parts.params.rule]]
course = "ot"
group = "Тест 1"
when = { path = "Только тест 1" }
""",
    "4-ex-olympiad": """
[[parts]]
action = "create-profile-fields"
[[parts.params.field]]
shortname = "year"
name = "Год обучения"
[[parts]]
action = "auto-enrol"
params = { rules_file = "28 курсов.csv" }
""",
}


@pytest.mark.parametrize("service", PARTS)
def test_the_tickets_that_were_worked_on_are_one_order_each(service: str) -> None:
    text = f'service = "{service}"\n{PARTS[service]}'
    attachment = Attachment("a1", "order.toml", len(text.encode()), "", "text/plain")
    ticket = make_ticket(attachments=(attachment,))
    order = find_order(ticket, default_catalogue(), files={"a1": text}, unattended=lambda _: True)
    assert isinstance(order, Order), order


def test_the_evidence_tells_rules_and_how_many_match() -> None:
    results: dict[str, Any] = {
        "cohort1": {"id": 3, "name": "Приём"},
        "sync1": {"id": 4, "enrolled": 2},
        "rule1": {"id": 5, "name": "Р", "matching": 7, "enrolled": 1},
    }
    found = ACTION.evidence(results, FakeMoodle())
    assert (found["cohorts"], found["ways"], found["enrolled"]) == (["Приём"], 1, 3)
    assert found["rules"] == [{"rule_id": 5, "name": "Р", "matching": 7}]
    assert ACTION.taken_back(found)["rules"] == ["Р"]
