"""configure-grading: formulas as people write them, names within an order, and the steps."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import OrderInvalid, Plan, validate
from bridge.actions.configure_grading import ACTION
from bridge.actions.configure_grading.formulas import formula
from bridge.actions.configure_grading.params import ConfigureGradingParams
from bridge.actions.program import ref
from tests.unit.actions.fake_moodle import URL, FakeMoodle, make_context

COURSES = "core_course_get_courses_by_field"


def order(**params: Any) -> ConfigureGradingParams:
    found = validate(ConfigureGradingParams, {"course": "intro", **params})
    assert isinstance(found, ConfigureGradingParams)
    return found


def plan(**params: Any) -> Plan:
    moodle = FakeMoodle(**{COURSES: {"courses": [{"id": 7, "fullname": "Введение"}]}})
    found = ACTION.plan(order(**params), make_context(moodle))
    assert moodle.written == [], "a plan only reads"
    return found


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("=[[a]]*0.4", "=[[a]]*0.4"),
        ("[[a]]*0,4", "=[[a]]*0.4"),
        ("= 0,3*[[лекции]] + 0,7*[[экз]]", "=0.3*[[лекции]] + 0.7*[[экз]]"),
        ("=sum([[a]]; [[b]]; 1,5)", "=sum([[a]], [[b]], 1.5)"),
        ("=max([[a]],[[b]])", "=max([[a]],[[b]])"),
        ("=max([[a]], 1.5)", "=max([[a]], 1.5)"),
        ("=ЕСЛИ(И([[a]]>=80; [[b]]>=1); СРЗНАЧ([[a]]; [[b]]); 0)",
         "=if(and([[a]]>=80, [[b]]>=1), average([[a]], [[b]]), 0)"),
        ("=Округл([[a]] × 2 − 1; 0)", "=round([[a]] * 2 - 1, 0)"),
        ("=[[1,5]]+1", "=[[1,5]]+1"),
        ("=([[a]]+1,5)*2;".rstrip(";"), None),
    ],
)  # fmt: skip
def test_a_formula_is_made_moodles(written: str, meant: str | None) -> None:
    if meant is None:
        with pytest.raises(ValueError, match="непонятно, дробь это или два значения"):
            formula(written)
    else:
        assert formula(written) == meant


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("", "формула пуста"),
        ("=max(1,5)", r"«1,5»: непонятно, дробь это или два значения; .* max\(1; 5\), а дробь .* 1.5"),
        ("=max(1,5,7)", "непонятно"),
        ("=СУММЕСЛИ([[a]]; 1)", "«СУММЕСЛИ»: такой функции нет"),
        ("=лекции*2", "«лекции»: такой функции нет .* пишите в .*двойных скобках"),
        ("=(1+2", "скобки не закрыты"),
        ("=1.2.3", "«1.2.3» – не число"),
    ],
)
def test_a_formula_that_has_two_meanings_or_none_is_refused(written: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        formula(written)


def test_the_grading_of_a_certificate() -> None:
    found = plan(
        scale=[{"name": "Посещение", "items": "Нет\nДа"}],
        category=[{"name": "Лекции", "idnumber": "lec", "only_graded": "нет", "grade_to_pass": "80"}],
        entered=[
            {"name": "Лекция 1", "category": "Лекции", "scale": "Посещение"},
            {"name": "Практика", "idnumber": "prac"},
        ],
        element=[{"element": "Экзамен", "idnumber": "exam", "grade_to_pass": "6,5"}],
        formula="ЕСЛИ([[lec]]>=80; 10*[[exam]]; 0)",
        grade="100",
        grade_to_pass="60",
        show_grades="да",
        complete_elements="Экзамен\nidnumber:prac",
        complete_grade="60,5",
    )
    kinds = [one.kind.partition(".")[2] for one in found.part.steps]
    assert kinds == [
        "update", "create_scale", "create_category", "create_item", "create_item", "set", "set",
        "set_criteria",
    ]  # fmt: skip
    by_label = {one.label: dict(one.params) for one in found.part.steps}
    assert by_label["course"] == {"course": 7, "completion": True, "showgrades": True}
    assert by_label["category1"]["onlygraded"] is False
    assert (by_label["entered1"]["category"], by_label["entered1"]["scale"]) == (
        ref("category1", "id"),
        ref("scale1", "id"),
    )
    assert by_label["element1"] == {
        "course": 7,
        "element": {"name": "Экзамен"},
        "idnumber": "exam",
        "gradepass": "6.5",
    }
    assert by_label["total"] == {
        "course": 7,
        "total": True,
        "formula": "=if([[lec]]>=80, 10*[[exam]], 0)",
        "grademax": "100",
        "gradepass": "60",
        "hidden": False,
    }
    assert by_label["criteria"]["elements"] == [{"name": "Экзамен"}, {"idnumber": "prac"}]
    assert by_label["criteria"]["gradepass"] == "60.5"
    assert found.counts == {"courses": 1}


def test_the_aggregation_is_set_before_weights_and_formulas_after_what_they_need() -> None:
    found = plan(
        aggregation="weighted",
        category=[
            {"name": "А", "weight": "0,4"},
            {"name": "Б", "inside": "А", "formula": "=[[устно]]/2"},
        ],
        entered=[{"name": "Устно", "idnumber": "устно"}],
    )
    assert [one.label for one in found.part.steps] == [
        "total",
        "category1",
        "category2",
        "entered1",
        "formula1",
    ]
    assert found.part.steps[2].params["parent"] == ref("category1", "id")
    assert found.part.steps[-1].params["item"] == ref("category2", "item")


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, "укажите, что настроить"),
        ({"formula": "=max(1,5)"}, "formula: .*непонятно"),
        ({"formula": "=[[a]]", "aggregation": "mean"}, "formula .формулу. или aggregation"),
        ({"grade_to_pass": "100,5", "grade": "100"}, "проходной балл 100,5 больше наивысшей оценки 100"),
        ({"scale": [{"name": "Ш", "items": "Да"}]}, "scale №1, items: не должно быть пустым"),
        ({"scale": [{"name": "Ш", "items": "Да\nНет, не был"}]}, "запятая; Moodle делит ею значения"),
        ({"entered": [{"name": "О", "scale": "Ш"}]}, "«О»: шкалы «Ш» в заказе нет"),
        ({"entered": [{"name": "О", "category": "К"}]}, "«О»: категории «К» в заказе нет"),
        ({"category": [{"name": "Б", "inside": "А"}, {"name": "А"}]}, "«А» должна стоять в заказе выше"),
        ({"element": [{"element": "Тест"}]}, "«Тест»: укажите, что настроить"),
        ({"category": [{"name": "К", "idnumber": "a]"}]}, "содержит недопустимые символы"),
        (
            {"category": [{"name": "К", "idnumber": "x"}], "entered": [{"name": "О", "idnumber": "X"}]},
            "idnumber указан дважды",
        ),
    ],
)
def test_faults_of_an_order_are_told(params: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        order(**params)


def test_the_evidence_says_where_learners_see_it() -> None:
    results: dict[str, dict[str, Any]] = {
        "scale1": {"course": 7, "name": "Посещение"},
        "category1": {"course": 7, "name": "Лекции"},
        "element1": {"course": 7},
        "total": {"course": 7, "formula": "=[[a]]", "gradepass": "60.5"},
        "criteria": {"course": 7},
    }
    found = ACTION.evidence(results, FakeMoodle())
    assert found["url"] == f"{URL}/grade/report/user/index.php?id=7"
    assert (found["categories"], found["scales"], found["elements"]) == (["Лекции"], ["Посещение"], 1)
    assert found["completion"] is True
    assert found["url"] in ACTION.words.evidence(found)
    assert ACTION.taken_back(found) == {"kind": "grading-deleted", "categories": ["Лекции"]}
