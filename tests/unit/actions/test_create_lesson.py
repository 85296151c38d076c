"""create-lesson: pages with buttons and questions, what Moodle would lose of them, and the steps."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import OrderInvalid, Plan, validate
from bridge.actions.create_lesson import ACTION
from bridge.actions.create_lesson.params import CreateLessonParams
from bridge.actions.program import ref
from tests.unit.actions.fake_moodle import FakeMoodle, make_context
from tests.unit.actions.test_places import make_moodle

TEXT = {"name": "Введение", "text": "Читайте"}
RIGHT, WRONG = {"text": "Да", "correct": "да"}, {"text": "Нет"}
QUESTION = {"name": "Вопрос", "text": "1 < 2?", "type": "choice", "answer": [RIGHT, WRONG]}


def order(*pages: dict[str, Any], **params: Any) -> CreateLessonParams:
    given = {"course": "intro", "name": "Лекция", "page": list(pages), **params}
    found = validate(CreateLessonParams, given)
    assert isinstance(found, CreateLessonParams)
    return found


def plan(*pages: dict[str, Any], **params: Any) -> Plan:
    moodle = make_moodle()
    found = ACTION.plan(order(*pages, **params), make_context(moodle))
    assert moodle.written == [], "a plan only reads"
    return found


def test_pages_follow_the_lesson_in_their_order() -> None:
    found = plan(
        TEXT, QUESTION, TEXT | {"name": "Итог"}, section="Знакомство", grade_to_pass="50,5", minutes="30"
    )
    lesson, *pages = found.part.steps
    assert (lesson.params["type"], lesson.params["section"]) == ("lesson", 1)
    settings = lesson.params["settings"]
    assert (settings["grade"], settings["gradepass"], settings["timelimit"]) == (100, "50.5", 1800)
    assert [one.params["title"] for one in pages] == ["Введение", "Вопрос", "Итог"]
    assert {one.kind for one in pages} == {"lesson.add_page"}
    assert pages[0].params["lesson"] == ref("lesson1", "cmid")
    assert found.counts == {"lessons": 1, "pages": 3, "lesson_pages": 3, "characters": len("Читайте")}
    assert found.summary == (
        "create lesson Лекция in section 1 (Знакомство) of course Введение (7), grade 100",
        "3 pages (1 questions): Введение, Вопрос, Итог",
    )


def test_a_page_without_buttons_leads_on_and_the_last_one_ends() -> None:
    first, last = plan(TEXT, TEXT | {"name": "Итог"}).part.steps[1:]
    assert first.params["answers"] == [{"texthtml": "Далее", "jump": "next"}]
    assert last.params["answers"] == [{"texthtml": "Завершить", "jump": "end"}]


def test_a_question_has_answers_with_their_scores_and_jumps() -> None:
    wrong = {"text": "a<b", "response": "Нет", "score": "2", "jump": "previous"}
    (_, page) = plan(QUESTION | {"answer": [RIGHT, wrong]}).part.steps
    assert page.params["type"] == "multichoice"
    assert page.params["contenthtml"] == "<p>1 &lt; 2?</p>"
    assert page.params["answers"] == [
        {"texthtml": "<p>Да</p>", "responsehtml": "", "correct": True},
        {
            "texthtml": "<p>a&lt;b</p>",
            "responsehtml": "<p>Нет</p>",
            "correct": False,
            "score": 2,
            "jump": "previous",
        },
    ]


def test_a_button_is_one_line_of_plain_text() -> None:
    (_, page) = plan(TEXT | {"answer": [{"text": "R&D\n<дальше>", "jump": "next"}]}).part.steps
    assert page.params["answers"] == [{"texthtml": "R&amp;D &lt;дальше&gt;", "jump": "next"}]


def test_a_lesson_without_questions_is_not_graded() -> None:
    assert plan(TEXT).part.steps[0].params["settings"]["grade"] == 0


def test_the_lesson_keeps_all_the_answers() -> None:
    many = [RIGHT, *({"text": f"Ответ {n}"} for n in range(7))]
    assert plan(QUESTION).part.steps[0].params["settings"]["maxanswers"] == 5
    assert plan(QUESTION | {"answer": many}).part.steps[0].params["settings"]["maxanswers"] == 8


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ({"text": ""}, "page №2, text: не должно быть пустым"),
        ({"name": "ВВЕДЕНИЕ"}, "страница названа дважды: «Введение» и «ВВЕДЕНИЕ»"),
        ({"answer": []}, "page №2: «Вопрос»: у вопроса должно быть не меньше двух ответов"),
        ({"answer": [WRONG, {"text": "?"}]}, "«Вопрос»: отметьте верный ответ"),
        ({"answer": [RIGHT, {"text": "ДА"}]}, "«Вопрос»: ответ указан дважды: «Да» и «ДА»"),
        ({"answer": [RIGHT, {"text": ""}]}, "page №2, answer №2, text: не должно быть пустым"),
        ({"answer": [RIGHT, {"text": "x", "jump": "5"}]}, "page №2, answer №2, jump: недопустимое значение"),
        ({"answer": [RIGHT, {"text": "x", "score": "0,5"}]}, "answer №2, score: должно быть целым числом"),
        (
            {"answer": [RIGHT, *({"text": str(n)} for n in range(20))]},
            r"слишком много значений \(не более 20\)",
        ),
        ({"type": "truefalse", "answer": [RIGHT, WRONG, {"text": "?"}]}, "ровно два ответа"),
        ({"type": "truefalse", "answer": [RIGHT, WRONG | {"correct": "да"}]}, "верным должен быть один"),
        ({"type": "content"}, "у страницы с текстом нет верных ответов"),
    ],
)
def test_what_moodle_would_lose_is_told_where_it_stands(page: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        order(TEXT, QUESTION | page)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"grade": "10"}, "оценивать нечего"),
        ({"grade_to_pass": "10"}, "проходной балл 10 больше наивысшей оценки 0"),
        ({"opens": "2027-02-02", "closes": "2027-02-01"}, "closes раньше, чем opens"),
        ({"page": []}, "page: не должно быть пустым"),
    ],
)
def test_faults_of_the_whole_are_told(params: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        order(TEXT, **params)


def test_the_evidence_has_a_link_and_counts_pages() -> None:
    results: dict[str, Any] = {
        "lesson1": {"cmid": 5, "instance": 3, "url": "https://lms/5", "name": "Лекция"},
        "page1": {"id": 1},
        "page2": {"id": 2},
    }
    found = ACTION.evidence(results, FakeMoodle())
    assert found == {"kind": "lesson", "cmid": 5, "name": "Лекция", "url": "https://lms/5", "pages": 2}
    assert ACTION.words.evidence(found).endswith("https://lms/5")
    assert ACTION.taken_back(found) == {"kind": "lesson-deleted", "name": "Лекция"}
