"""build-site: a document comes to the steps of other actions, counted by the limits of 2.4 and 2.5, and
applied again it changes nothing.
"""

from __future__ import annotations

import json
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bridge.actions import ACTIONS, Context, OrderInvalid, OrderRefused, Plan, Policy, Site, validate
from bridge.actions.build_site import ACTION
from bridge.actions.build_site.params import BuildSiteParams
from bridge.actions.build_site.parts import REPEATABLE
from bridge.actions.planning import Wanted, carry_out, plan_order, take_back
from bridge.actions.program import ref
from bridge.actions.registry import examples
from bridge.moodle_ws import connect
from bridge.sandbox.moodle import SandboxMoodle
from bridge.sandbox.moodle.steps import kinds
from tests.unit.actions.fake_moodle import FakeMoodle, make_context
from tests.unit.actions.test_examples import ExampleFiles

ROLE = {
    "shortname": "mentor",
    "name": "Наставник",
    "context_levels": "course",
    "capabilities": "mod/forum:viewdiscussion",
}
COURSE = {"fullname": "Вводный курс", "shortname": "intro", "category_id": "1", "sections": "Начало\nИтоги"}
QUIZ = {"name": "Тест", "format": "gift", "questions": "::1:: Дважды два? {=4 ~5}"}
PAGE = {"name": "О курсе", "text": "Читайте", "section": "Итоги"}
ENTRY = {"name": "Словарь", "term": [{"concept": "Модуль", "definition": "Часть курса"}]}
LESSON = {"name": "Лекция", "page": [{"name": "Первая", "text": "Читайте"}]}
FULL = {
    **COURSE,
    "groups": "А\nБ",
    "page": [PAGE],
    "assignment": [{"name": "Эссе", "section": "1"}],
    "lesson": [LESSON],
    "glossary": [ENTRY],
    "quiz": [QUIZ],
}


def make_moodle() -> FakeMoodle:
    return FakeMoodle(core_course_get_categories=[[{"id": 1, "name": "Категория"}]])


def plan(**params: Any) -> Plan:
    found = ACTION.plan(validate(BuildSiteParams, params), make_context(make_moodle()))
    assert isinstance(found, Plan)
    return found


def test_elements_stand_in_the_course_that_the_document_makes() -> None:
    steps = {step.label: step for step in plan(role=[ROLE], course=[FULL]).part.steps}
    assert [step.kind for step in steps.values()] == [
        "role.create",
        "course.create",
        "group.create",
        "group.create",
        "module.add",
        "module.add",
        "module.add",
        "lesson.add_page",
        "module.add",
        "glossary.add_entry",
        "question.import",
        "module.add",
        "quiz.add_questions",
    ]
    inside = [step.params["course"] for step in steps.values() if "course" in step.params]
    assert set(inside) == {ref("course", "id")}
    assert len(inside) == 8
    assert steps["page1"].params["section"] == 2, "a section goes by its name in the document"
    assert steps["added"].params["questions"] == ref("import", "ids")


def test_each_course_has_its_own_elements() -> None:
    steps = plan(course=[FULL, {**FULL, "shortname": "other"}]).part.steps
    courses = [step.params["course"] for step in steps if "course" in step.params]
    assert courses == [ref("course", "id")] * 8 + [ref("course_2", "id")] * 8


def test_every_step_takes_up_what_is_there_already() -> None:
    steps = plan(role=[ROLE], course=[FULL]).part.steps
    assert {step.params["existing"] for step in steps} == {"bring"}
    assert (
        {name for name, kind in kinds().items() if kind.repeats}
        >= REPEATABLE
        >= {step.kind for step in steps}
    )


def test_questions_are_known_again_by_a_category_of_their_quiz() -> None:
    named = {**QUIZ, "name": "Тест 1/2"}
    own = {**QUIZ, "name": "Другой", "category": "Банк"}
    steps = plan(course=[{**COURSE, "quiz": [named, own]}]).part.steps
    assert [step.params["category"] for step in steps if step.kind == "question.import"] == [
        "Тест 1 2",
        "Банк",
    ]


def test_questions_of_a_file_go_as_a_text(tmp_path: Path) -> None:
    class Files:
        def get(self, name: str) -> Any:
            found = ExampleFiles(tmp_path).get(name)
            found.path.write_text("::1:: Дважды два? {=4 ~5}\n", encoding="utf-8")
            return found

    quiz = {"name": "Тест", "file": "a.gift"}
    params = validate(BuildSiteParams, {"course": [{**COURSE, "quiz": [quiz]}]})
    found = ACTION.plan(params, make_context(make_moodle(), files=Files()))
    (step,) = [one for one in found.part.steps if one.kind == "question.import"]
    assert "Дважды два" in step.params["text"]
    assert "file" not in step.params
    assert found.part.files == ()


def test_what_services_limit_is_counted(tmp_path: Path) -> None:
    files = [{"file": name} for name in ("a.pdf", "b.mp4", "c.mp3")]
    empty = [{**COURSE, "shortname": f"e{number}", "sections": ""} for number in range(3)]
    course = {
        **FULL,
        "file": files,
        "folder": [{"name": "Ещё", "files": "d.doc"}],
        "course_logic": "Рассылка",
    }
    params = validate(BuildSiteParams, {"role": [ROLE], "course": [course, *empty]})
    found = ACTION.plan(params, make_context(make_moodle(), files=ExampleFiles(tmp_path)))
    assert {name: found.counts[name] for name in found.counts if name != "characters"} == {
        "roles": 1,
        "courses": 4,
        "empty_courses": 3,
        "full_courses": 1,
        "sections": 2,
        "groups": 2,
        "files": 2,
        "media_files": 2,
        "assignments": 1,
        "lessons": 1,
        "pages": 2,
        "lesson_pages": 1,
        "glossaries": 1,
        "terms": 1,
        "glossary_terms": 1,
        "quizzes": 1,
        "questions": 1,
        "course_logic": 1,
    }
    assert found.remarks == ("Курс «Вводный курс»: «Логику курса» («Рассылка») настроит специалист.",)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "хотя бы один курс"),
        ({"course": [COURSE, COURSE]}, "краткое название курса указано"),
        ({"role": [ROLE, ROLE]}, "краткое название роли указано"),
        ({"course": [{**COURSE, "quiz": [{**QUIZ, "course": "a"}]}]}, "не указывают course"),
        ({"course": [{**COURSE, "page": [PAGE, PAGE]}]}, "элемент назван"),
        ({"course": [{**COURSE, "sections": "А\nА"}]}, "секция названа"),
        ({"course": [{**COURSE, "pages": [PAGE]}]}, "pages"),
    ],
)
def test_a_faulty_document_says_what_is_wrong(params: dict[str, Any], said: str) -> None:
    with pytest.raises(OrderInvalid, match=said):
        validate(BuildSiteParams, params)


def test_a_section_that_the_course_has_not_is_refused() -> None:
    with pytest.raises(OrderRefused) as caught:
        plan(course=[{**COURSE, "page": [{**PAGE, "section": "Нет такой"}]}])
    assert caught.value.code == "section-number-needed"


SCHEMA = json.loads(Path(__file__).parents[3].joinpath("docs", "blueprint.schema.json").read_text("utf-8"))


def test_the_schema_for_editors_takes_the_example() -> None:
    example = tomllib.loads(examples("build-site")["order.toml"])
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(example)


@pytest.mark.parametrize(
    "params",
    [
        {"course": [{**COURSE, "sections": 7}]},
        {"course": [{**COURSE, "nosuch": "1"}]},
        {"course": [{**COURSE, "assignment": [{"section": "1"}]}]},
        {"course": [{**COURSE, "visible": "может быть"}]},
        {"role": [{"shortname": "mentor"}]},
    ],
)
def test_the_schema_for_editors_knows_a_fault(params: dict[str, Any]) -> None:
    assert not Draft202012Validator(SCHEMA).is_valid({"service": "2.4", "params": params})


@pytest.fixture
def moodle(tmp_path: Path) -> Iterator[SandboxMoodle]:
    with SandboxMoodle.start(tmp_path / "moodle") as started:
        yield started


def build(moodle: SandboxMoodle, opkey: str, **params: Any) -> Any:
    with connect(moodle.url, moodle.token) as client:
        site = Site(client, Policy(), patience=20.0)
        planned = plan_order([Wanted("build-site", params)], Context(client), site, ACTIONS)
        return planned, carry_out(planned.frozen(), opkey, site, lambda _: pytest.fail("no file"), ACTIONS)


def counts(evidence: dict[str, Any]) -> tuple[int, int, int]:
    return evidence["made"], evidence["changed"], evidence["kept"]


def test_a_document_that_is_applied_again_changes_nothing_and_one_that_has_grown_adds(
    moodle: SandboxMoodle,
) -> None:
    first, second, third = (str(uuid.uuid4()) for _ in range(3))
    _, evidence = build(moodle, first, role=[ROLE], course=[FULL])
    assert counts(evidence) == (13, 0, 0)
    planned, again = build(moodle, second, role=[ROLE], course=[FULL])
    assert counts(again) == (0, 0, 13)
    assert again["courses"] == evidence["courses"]
    assert sum("Is there already and stays as it is" in line for line in planned.summary) == 13
    grown = {**FULL, "fullname": "Курс", "assignment": [*FULL["assignment"], {"name": "Отчёт"}]}
    planned, more = build(moodle, third, role=[ROLE], course=[grown])
    assert counts(more) == (1, 1, 12)
    assert any("to be changed: fullname" in line for line in planned.summary)
    with connect(moodle.url, moodle.token) as client:
        site = Site(client, Policy(), patience=20.0)
        take_back(more, str(uuid.uuid4()), third, site, ACTIONS)
        take_back(again, str(uuid.uuid4()), second, site, ACTIONS)
    _, unchanged = build(moodle, str(uuid.uuid4()), role=[ROLE], course=[FULL])
    assert counts(unchanged) == (0, 0, 13)


def test_a_document_beyond_the_limits_of_its_service_is_refused_before_anything_is_done(
    moodle: SandboxMoodle,
) -> None:
    params = {"course": [{**COURSE, "assignment": [{"name": f"Задание {number}"} for number in range(7)]}]}
    with connect(moodle.url, moodle.token) as client:
        context = Context(client, service="2.4", limits={"assignments": 6})
        with pytest.raises(OrderRefused) as caught:
            plan_order([Wanted("build-site", params)], context, Site(client, Policy()), ACTIONS)
    assert caught.value.facts["excesses"] == ["7 заданий, услуга 2.4 допускает 6"]
