"""import-questions: orders as a form gives them, files as they come, the step, what the customer reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.actions import Context, OrderInvalid, OrderRefused, Plan, validate
from bridge.actions.action import NoFiles
from bridge.actions.import_questions import ACTION
from bridge.actions.import_questions.params import ImportQuestionsParams
from bridge.actions.program import File, Program, Ref, Use
from bridge.actions.question_files import LARGEST_FILE
from tests.builders import make_ticket, messages
from tests.unit.actions.fake_moodle import FakeMoodle, make_context
from tests.unit.actions.question_sources import Files

COURSES = "core_course_get_courses_by_field"
GIFT = "::Столица:: Столица Франции? {=Париж ~Рим}\n\n::Небо:: Небо синее. {TRUE}\n"
ORDER = {"course": "intro", "questions": GIFT}


def context(files: Any = None, **changes: Any) -> Context:
    moodle = FakeMoodle(**{COURSES: lambda **_: {"courses": [{"id": 7, "fullname": "Введение"}]}})
    return make_context(moodle, files=files or NoFiles(), **changes)


def plan(at: Context | None = None, **params: Any) -> Plan:
    order = {name: value for name, value in {**ORDER, **params}.items() if value is not None}
    return ACTION.plan(validate(ImportQuestionsParams, order), at or context())


def refusal(at: Context | None = None, **params: Any) -> OrderRefused:
    with pytest.raises(OrderRefused) as caught:
        plan(at, **params)
    assert caught.value.code in ACTION.words.customers
    return caught.value


def read_by_customer(refused: OrderRefused) -> str:
    facts = {**refused.outcome(), "action": ACTION.name, "stage": "Импорт"}
    return messages().render("cannot", make_ticket(), facts)


def test_a_text_of_the_order_is_one_step() -> None:
    found = plan(category="Входной тест")
    (step,) = found.part.steps
    assert (step.kind, step.label) == ("question.import", "import")
    assert step.params == {
        "course": 7,
        "format": "gift",
        "category": "Входной тест",
        "text": GIFT.strip(),
    }
    assert (found.counts, found.remarks, found.part.files) == ({"questions": 2}, (), ())
    assert "2 questions" in found.summary[0]


def test_a_good_file_goes_to_moodle_as_it_is(tmp_path: Path) -> None:
    content = GIFT.encode()
    files = Files(tmp_path, "вопросы.gift", content)
    found = plan(context(files), questions=None, file="вопросы.gift")
    (step,) = found.part.steps
    assert step.params["file"] == Use(files.file.sha256)
    assert "text" not in step.params
    assert found.part.files == (File(files.file.sha256, "вопросы.gift", len(content)),)


def test_a_file_that_was_mended_goes_as_a_text_and_the_customer_is_told(tmp_path: Path) -> None:
    content = GIFT.replace("TRUE", "Верно").encode("cp1251")
    found = plan(context(Files(tmp_path, "в.gift", content)), questions=None, file="в.gift")
    (step,) = found.part.steps
    assert "{T}" in step.params["text"]
    assert (found.part.files, "file" in step.params) == ((), False)
    assert found.remarks == (
        "файл записан в кодировке windows-1251, перекодирован в UTF-8",
        "вопрос 2, строка 3: ответ «Верно» записан как T: вопрос «верно/неверно»",
    )
    assert found.summary[1:] == found.remarks


def test_declared_xml_that_was_mended_says_its_new_encoding(tmp_path: Path) -> None:
    text = (
        '<?xml version="1.0" encoding="windows-1251"?>\n<quiz><question type="essay"><questiontext>'
        "<text>Сколько&nbsp;их?</text></questiontext></question></quiz>"
    )
    found = plan(context(Files(tmp_path, "в.xml", text.encode("cp1251"))), questions=None, file="в.xml")
    assert found.part.steps[0].params["text"].startswith('<?xml version="1.0" encoding="UTF-8"?>')


def test_faults_are_told_to_the_customer_by_question_and_line(tmp_path: Path) -> None:
    content = b"::Q:: How many? {#two}\n\n::R:: Pick {~a ~b}\n"
    refused = refusal(context(Files(tmp_path, "q.gift", content)), questions=None, file="q.gift")
    assert refused.code == "questions-faulty"
    told = read_by_customer(refused)
    assert "Файл «q.gift» импортировать нельзя:\n– вопрос 1, строка 1: «two» не число" in told
    assert "– вопрос 2, строка 3: нет верного ответа" in told
    assert "Вопросы из заказа" in read_by_customer(refusal(questions="Что? {~a ~b}"))


def test_a_file_too_large_for_the_plugin_is_not_even_read(tmp_path: Path) -> None:
    files = Files(tmp_path, "q.gift", b"")
    files.file = replace(files.file, size=LARGEST_FILE + 1, path=tmp_path / "nothing")
    refused = refusal(context(files), questions=None, file="q.gift")
    assert refused.code == "questions-too-large"
    assert "разделите его" in read_by_customer(refused)


def test_a_mended_text_that_no_program_holds_is_refused(tmp_path: Path) -> None:
    content = ("::Q:: Сколько? {#1,5}\n\n" + "Д" * 3_000_000 + " {T}").encode()
    files = Files(tmp_path, "q.gift", content)
    assert refusal(context(files), questions=None, file="q.gift").code == "questions-too-large"


def test_the_course_may_be_one_that_the_same_order_makes() -> None:
    course = Ref("course", "id", outside=True)
    found = plan(context(made={"course": course}), course=None)
    assert found.part.steps[0].params["course"] == course
    assert refusal(context(), course=None).code == "no-course"


def test_a_course_that_is_not_there_is_told() -> None:
    refused = refusal(make_context(FakeMoodle(**{COURSES: {"courses": []}})))
    assert (refused.code, refused.facts["course"]) == ("no-such-course", "intro")
    assert "Курса «intro» в системе нет" in read_by_customer(refused)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"questions": None}, "укажите вопросы: file"),
        ({"file": "q.gift"}, "укажите вопросы один раз"),
        ({"format": "word"}, "недопустимое значение"),
        ({"category": "a/b"}, "недопустимые символы"),
        ({"course_id": "7"}, "укажите курс один раз"),
    ],
)
def test_faults_of_an_order_are_told(params: dict[str, Any], told: str) -> None:
    order = {name: value for name, value in {**ORDER, **params}.items() if value is not None}
    with pytest.raises(OrderInvalid, match=told):
        validate(ImportQuestionsParams, order)


@pytest.mark.parametrize("code", sorted(ACTION.words.customers - {"questions-faulty"}))
def test_each_refusal_of_moodle_is_told_in_russian(code: str) -> None:
    faults = [
        {"path": "steps[0].text", "code": code, "message": "Meant", "facts": {"number": 3, "value": "1,5"}},
        {"path": "steps[0].text", "code": code, "message": "Meant", "facts": {"line": 8}},
    ]
    facts = {"code": code, "said": "Said.", "course": "intro", "file": "q.gift"}
    told = messages().render(
        "cannot", make_ticket(), {**facts, "faults": faults, "action": ACTION.name, "stage": "Импорт"}
    )
    assert "специалист" not in told
    assert "Meant" not in told
    if code.startswith("question") and "– вопрос" in told:
        assert "– вопрос 3: " in told
        assert "(«1,5»)" in told
        assert "– строка 8: " in told
        without = {**facts, "action": ACTION.name, "stage": "Импорт"}
        assert "Said." in messages().render("cannot", make_ticket(), without)


def test_the_evidence_counts_the_questions() -> None:
    found = ACTION.evidence({"import": {"ids": [1, 2], "category": 5, "count": 2}}, FakeMoodle())
    assert found == {"kind": "questions", "questions": 2, "category_id": 5}
    assert ACTION.taken_back(found) == {"kind": "questions-deleted", "questions": 2}
    assert "2" in ACTION.words.evidence(found)


@pytest.mark.parametrize("start", [str, lambda text: f"$CATEGORY: Тема\n\n{text}"])
def test_a_text_survives_its_way_into_a_program_and_back(start: Callable[[str], str]) -> None:
    step = plan(questions=start(GIFT)).part.steps[0]
    again = Program.parse(Program((step,)).canonical())
    assert again.steps == (step,)
