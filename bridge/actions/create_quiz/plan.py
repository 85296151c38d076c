"""Steps: question.import where there are questions to import, module.add, quiz.add_questions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.create_quiz.params import CreateQuizParams
from bridge.actions.elements import decimal, moment
from bridge.actions.named import makes
from bridge.actions.places import find_place
from bridge.actions.program import File, Part, Ref, Step, ref
from bridge.actions.question_files import question_import
from bridge.actions.texts import paragraphs


def plan(params: CreateQuizParams, context: Context) -> Plan:
    """Find the course, and read the questions."""
    place = find_place(params, [params.section], context)
    course, section = place.course, place.section(params.section)
    steps: list[Step] = []
    files: tuple[File, ...] = ()
    remarks: tuple[str, ...] = ()
    questions: Ref | list[int] | None = list(params.question_ids) or context.made.get("questions")
    counted = len(params.question_ids)
    source = f"{counted} questions of the bank" if counted else "no questions"
    if params.file or params.questions:
        found = question_import(
            file=params.file,
            text=params.questions,
            format_=params.format,
            category=params.category,
            course=course,
            context=context,
        )
        steps.append(found.step)
        files, counted, remarks = found.files, found.count, found.remarks
        questions = ref("import", "ids")
        source = f"{counted} questions of {params.file or 'the order'} ({found.format}), also in the bank"
    elif isinstance(questions, Ref):
        source = "the questions that the order imports before it"
    steps.append(
        Step(
            "module.add",
            "quiz",
            {
                "course": course,
                "section": section,
                "type": "quiz",
                "name": params.name,
                "introhtml": paragraphs(params.description),
                "idnumber": params.idnumber,
                "visible": params.visible,
                "settings": _settings(params, context.zone),
            },
        )
    )
    if questions:
        steps.append(
            Step("quiz.add_questions", "added", {"quiz": ref("quiz", "cmid"), "questions": questions})
        )
    summary = (
        f"create quiz {params.name} in {place.section_name(section)} of {place.course_name}",
        source,
        *_wishes(params),
        *remarks,
    )
    return Plan(
        summary, Part(tuple(steps), files), {"quizzes": 1, "questions": counted}, makes(steps), remarks
    )


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The quiz, and how many questions are in it."""
    quiz = results["quiz"]
    return {
        "kind": "new-quiz",
        "cmid": quiz["cmid"],
        "url": quiz["url"],
        "questions": results["added"]["count"] if "added" in results else 0,
        "imported": results["import"]["count"] if "import" in results else 0,
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "quiz-deleted", "cmid": found["cmid"]}


def _settings(params: CreateQuizParams, zone: tzinfo) -> dict[str, Any]:
    """What the order says; the rest is as the site has it."""
    wanted = {
        "attempts": params.attempts,
        "grademethod": params.method,
        "grade": decimal(params.grade) or None,
        "gradepass": decimal(params.grade_to_pass) or None,
        "timeopen": moment(params.time_open, zone) or None,
        "timeclose": moment(params.time_close, zone) or None,
        "timelimit": None if params.time_limit is None else params.time_limit * 60,
        "shuffleanswers": params.shuffle,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _wishes(params: CreateQuizParams) -> tuple[str, ...]:
    """The order's own settings, for people."""
    words = {
        "attempts": None if params.attempts is None else str(params.attempts or "any number of"),
        "counted attempt": params.method,
        "grade": decimal(params.grade),
        "to pass": decimal(params.grade_to_pass),
        "opens": params.time_open and params.time_open.isoformat(),
        "closes": params.time_close and params.time_close.isoformat(),
        "minutes": params.time_limit and str(params.time_limit),
        "answers shuffled": None if params.shuffle is None else ("no", "yes")[params.shuffle],
    }
    settings = ", ".join(f"{name} {value}" for name, value in words.items() if value)
    return (settings,) if settings else ()
