"""Steps: the lesson, then a lesson.add_page for each page, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.create_lesson.params import Answer, CreateLessonParams, Page
from bridge.actions.elements import Element, add, decimal, longest, made, moment
from bridge.actions.named import makes
from bridge.actions.places import find_place
from bridge.actions.program import Part, Step, ref
from bridge.actions.texts import paragraphs

_FEWEST_ANSWERS = 5
"""What Moodle's own form offers; a lesson keeps no more answers than it says."""
_TYPES = {"content": "content", "choice": "multichoice", "truefalse": "truefalse"}


def plan(params: CreateLessonParams, context: Context) -> Plan:
    """Find the course and the section."""
    place = find_place(params, [params.section], context)
    element = Element(
        name=params.name, description=params.description, idnumber=params.idnumber, visible=params.visible
    )
    settings = {
        "available": moment(params.opens, context.zone),
        "deadline": moment(params.closes, context.zone),
        "timelimit": (params.minutes or 0) * 60,
        "grade": params.highest,
        "gradepass": decimal(params.grade_to_pass),
        "maxanswers": max(_FEWEST_ANSWERS, *(len(one.answer) for one in params.page)),
        "practice": params.practice,
        "retake": params.retake,
    }
    lesson = add("lesson1", "lesson", element, (place, params.section), settings)
    last = len(params.page)
    pages = (_page(one, number, is_last=number == last) for number, one in enumerate(params.page, 1))
    questions = sum(one.type != "content" for one in params.page)
    where = f"{place.section_name(lesson.params['section'])} of {place.course_name}"
    summary = (
        f"create lesson {params.name} in {where}, grade {params.highest}",
        f"{last} pages ({questions} questions): {', '.join(one.name for one in params.page[:10])}"
        + (", …" if last > 10 else ""),
    )
    counts = {
        "lessons": 1,
        "pages": last,
        "lesson_pages": last,
        "characters": longest([one.text for one in params.page]),
    }
    return Plan(summary, Part((lesson, *pages)), counts, makes((lesson,)))


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The lesson, and how many pages it got."""
    (lesson,) = made(results, "lesson")
    return {"kind": "lesson", **lesson, "pages": sum(1 for label in results if label.startswith("page"))}


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "lesson-deleted", "name": found["name"]}


def _page(page: Page, number: int, *, is_last: bool) -> Step:
    answers = page.answer or (
        Answer(text="Завершить" if is_last else "Далее", jump="end" if is_last else "next"),
    )
    return Step(
        "lesson.add_page",
        f"page{number}",
        {
            "lesson": ref("lesson1", "cmid"),
            "title": page.name,
            "contenthtml": paragraphs(page.text),
            "type": _TYPES[page.type],
            "answers": [_answer(one, asks=page.type != "content") for one in answers],
        },
    )


def _answer(answer: Answer, *, asks: bool) -> dict[str, Any]:
    """An answer as the step takes it; a button is one line of text."""
    written: dict[str, Any] = {
        "texthtml": paragraphs(answer.text) if asks else escape(" ".join(answer.text.split()), quote=False)
    }
    if asks:
        written |= {"responsehtml": paragraphs(answer.response), "correct": answer.correct}
    if answer.score is not None:
        written["score"] = answer.score
    if answer.jump is not None:
        written["jump"] = answer.jump
    return written
