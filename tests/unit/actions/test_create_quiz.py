"""create-quiz: orders as a form gives them, settings, where the questions come from, and the steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.actions import ACTIONS, Context, OrderInvalid, OrderRefused, Plan, TicketFile, validate
from bridge.actions.action import NoFiles
from bridge.actions.create_quiz import ACTION
from bridge.actions.create_quiz.params import CreateQuizParams
from bridge.actions.planning import Wanted, carry_out, plan_order
from bridge.actions.program import Ref, Use, ref
from tests.builders import make_ticket, messages
from tests.unit.actions.fake_moodle import OPKEY, FakeMoodle, make_context, make_site, operation
from tests.unit.actions.question_sources import Files

COURSES = "core_course_get_courses_by_field"
CONTENTS = "core_course_get_contents"
CHECK = "local_otbridge_check"
GIFT = "Столица Франции? {=Париж ~Рим}\n\nНебо синее. {TRUE}"
ORDER = {"course": "intro", "name": "Тест"}


def fake() -> FakeMoodle:
    return FakeMoodle(
        **{
            COURSES: lambda **_: {"courses": [{"id": 7, "fullname": "Введение"}]},
            CONTENTS: lambda **_: [{"section": 0, "name": "Общее"}, {"section": 2, "name": "Итоги"}],
            CHECK: {"ok": True, "heavy": False, "faults": [], "notes": []},
        }
    )


def context(files: Any = None, **changes: Any) -> Context:
    return make_context(fake(), files=files or NoFiles(), **changes)


def plan(at: Context | None = None, **params: Any) -> Plan:
    return ACTION.plan(validate(CreateQuizParams, {**ORDER, **params}), at or context())


def kinds(found: Plan) -> list[str]:
    return [step.kind for step in found.part.steps]


def test_a_quiz_without_questions_is_one_step() -> None:
    found = plan(description="Для <всех>", section="2", visible="нет")
    (step,) = found.part.steps
    assert (step.kind, step.label) == ("module.add", "quiz")
    assert step.params == {
        "course": 7,
        "section": 2,
        "type": "quiz",
        "name": "Тест",
        "introhtml": "<p>Для &lt;всех&gt;</p>",
        "idnumber": "",
        "visible": False,
        "settings": {},
    }
    assert found.counts == {"quizzes": 1, "questions": 0}


def test_a_section_goes_by_its_name_and_an_idnumber_along() -> None:
    (step,) = plan(section="Итоги", idnumber="t-1").part.steps
    assert (step.params["section"], step.params["idnumber"]) == (2, "t-1")


def test_what_the_order_says_of_the_quiz_becomes_its_settings() -> None:
    found = plan(
        attempts="0",
        method="last",
        grade="10",
        grade_to_pass="6,5",
        time_open="2026-12-01",
        time_close="01.12.2026 10:00",
        time_limit="45",
        shuffle="нет",
    )
    assert found.part.steps[0].params["settings"] == {
        "attempts": 0,
        "grademethod": "last",
        "grade": "10",
        "gradepass": "6.5",
        "timeopen": 1796072400,
        "timeclose": 1796108400,
        "timelimit": 2700,
        "shuffleanswers": False,
    }
    assert "closes 2026-12-01T10:00:00" in found.summary[2]


def test_questions_of_a_text_are_imported_and_added() -> None:
    found = plan(questions=GIFT, category="Тест")
    assert kinds(found) == ["question.import", "module.add", "quiz.add_questions"]
    assert found.part.steps[0].params["category"] == "Тест"
    assert found.part.steps[2].params == {"quiz": ref("quiz", "cmid"), "questions": ref("import", "ids")}
    assert found.counts == {"quizzes": 1, "questions": 2}


def test_questions_of_a_file_are_imported_and_what_was_mended_is_said(tmp_path: Path) -> None:
    good = Files(tmp_path, "q.gift", GIFT.encode())
    found = plan(context(good), file="q.gift")
    assert found.part.steps[0].params["file"] == Use(good.file.sha256)
    assert len(found.part.files) == 1
    mended = plan(context(Files(tmp_path, "q.gift", "Сколько? {#1,5}".encode())), file="q.gift")
    assert mended.remarks == ("вопрос 1, строка 1: «1,5» записано с точкой: 1.5",)


def test_questions_of_the_bank_are_named_by_their_ids() -> None:
    found = plan(question_ids="12, 13;14")
    assert kinds(found) == ["module.add", "quiz.add_questions"]
    assert found.part.steps[1].params["questions"] == [12, 13, 14]
    assert found.counts["questions"] == 3


def test_questions_may_be_those_that_the_same_order_imports() -> None:
    wanted = [
        Wanted("import-questions", {"course": "intro", "questions": GIFT}),
        Wanted("create-quiz", ORDER),
    ]
    moodle = fake()
    planned = plan_order(wanted, make_context(moodle, limits={"questions": 2}), make_site(moodle), ACTIONS)
    assert [step.kind for step in planned.program.steps] == [
        "question.import",
        "module.add",
        "quiz.add_questions",
    ]
    assert planned.program.steps[2].params["questions"] == Ref("import", "ids")


def test_what_was_mended_stands_beside_what_each_action_made() -> None:
    wanted = [
        Wanted("import-questions", {"course": "intro", "questions": "Небо синее. {Верно}"}),
        Wanted("create-quiz", ORDER),
    ]
    moodle = fake()
    frozen = plan_order(wanted, make_context(moodle), make_site(moodle), ACTIONS).frozen()
    results = {
        "import": {"ids": [1], "category": 5, "count": 1},
        "quiz": {"cmid": 5, "instance": 3, "url": "https://lms/mod/quiz/view.php?id=5"},
        "added": {"count": 1, "sumgrades": "1"},
    }
    running = FakeMoodle(local_otbridge_run=operation("done", results))
    found = carry_out(frozen, OPKEY, make_site(running), no_files, ACTIONS)
    mended = "вопрос 1, строка 1: ответ «Верно» записан как T: вопрос «верно/неверно»"
    assert [one.get("remarks") for one in found["parts"]] == [[mended], None]
    facts = {"stage": "Тест", "evidence": found, "write_off": "1", "unasked": False, "silent_until": None}
    told = messages().render("ready", make_ticket(), facts)
    assert f"Обратите внимание:\n– {mended}\n" in told
    assert told.count("Обратите внимание") == 1


def no_files(_: str) -> TicketFile:
    raise AssertionError("the order uses no files")


def test_more_questions_than_the_service_sells_are_refused() -> None:
    many = "\n\n".join(f"Сколько будет {number}+1? {{#{number + 1}}}" for number in range(21))
    moodle = fake()
    limited = make_context(moodle, limits={"quizzes": 1, "questions": 20}, service="4-quiz-file")
    with pytest.raises(OrderRefused) as caught:
        plan_order([Wanted("create-quiz", {**ORDER, "questions": many})], limited, make_site(moodle), ACTIONS)
    assert caught.value.facts["excesses"] == ["21 вопрос, услуга 4-quiz-file допускает 20"]


def test_faults_of_a_file_are_told_as_import_questions_tells_them() -> None:
    with pytest.raises(OrderRefused) as caught:
        plan(questions="Что? {~a ~b}")
    facts = {**caught.value.outcome(), "action": ACTION.name, "stage": "Тест"}
    told = messages().render("cannot", make_ticket(), facts)
    assert "– вопрос 1, строка 1: нет верного ответа" in told


@pytest.mark.parametrize("code", sorted(ACTION.words.customers - {"questions-faulty"}))
def test_each_refusal_of_moodle_is_told(code: str) -> None:
    facts = {"code": code, "said": "Said.", "course": "intro", "file": "", "step": {"section": 9}}
    facts |= {"section": "Нет", "there_are": ["0 – Общее"], "numbers": ["1", "2"]}
    told = messages().render("cannot", make_ticket(), {**facts, "action": ACTION.name, "stage": "Тест"})
    assert "специалист" not in told


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"name": ""}, "name: не должно быть пустым"),
        ({"attempts": "11"}, "attempts"),
        ({"attempts": "много"}, "целым числом"),
        ({"grade": "десять"}, "должно быть числом"),
        ({"grade_to_pass": "6"}, "назовите и наибольшую оценку"),
        ({"grade": "5", "grade_to_pass": "6"}, "больше наибольшей"),
        ({"time_open": "завтра"}, "должно быть датой"),
        ({"time_open": "2026-12-02 10:00", "time_close": "2026-12-01 10:00"}, "закрывается раньше"),
        ({"time_limit": "0"}, "time_limit"),
        ({"category": "Тест"}, "укажите file или questions"),
        ({"question_ids": "1", "questions": GIFT}, "укажите вопросы один раз"),
        ({"question_ids": "1 1"}, "указаны дважды: 1"),
        ({"file": "q.gift", "questions": GIFT}, "укажите вопросы один раз"),
        ({"course_id": "7"}, "укажите курс один раз"),
    ],
)
def test_faults_of_an_order_are_told(params: dict[str, Any], told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        validate(CreateQuizParams, {**ORDER, **params})


def test_the_evidence_names_the_quiz_and_its_questions() -> None:
    quiz: dict[str, Any] = {"cmid": 5, "instance": 3, "url": "https://lms/mod/quiz/view.php?id=5"}
    empty = ACTION.evidence({"quiz": quiz}, FakeMoodle())
    assert empty == {"kind": "new-quiz", "cmid": 5, "url": quiz["url"], "questions": 0, "imported": 0}
    results = {"import": {"count": 2}, "quiz": quiz, "added": {"count": 2, "sumgrades": "2"}}
    assert ACTION.evidence(results, FakeMoodle()) == {**empty, "questions": 2, "imported": 2}
    assert ACTION.taken_back(empty) == {"kind": "quiz-deleted", "cmid": 5}
    assert quiz["url"] in ACTION.words.evidence(empty)
