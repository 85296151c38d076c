"""One step: question.import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.import_questions.params import ImportQuestionsParams
from bridge.actions.places import find_course
from bridge.actions.program import Part, ref
from bridge.actions.question_files import question_import


def plan(params: ImportQuestionsParams, context: Context) -> Plan:
    """Find the course, and read the questions."""
    course, course_name = find_course(params, context)
    found = question_import(
        file=params.file,
        text=params.questions,
        format_=params.format,
        category=params.category,
        course=course,
        context=context,
    )
    into = f", category {params.category}" if params.category else ""
    source = f"{params.file} ({found.format})" if params.file else f"the order ({found.format})"
    summary = (
        f"import {found.count} questions of {source} into the bank of {course_name}{into}",
        *found.remarks,
    )
    return Plan(
        summary,
        Part((found.step,), found.files),
        {"questions": found.count},
        {"questions": ref("import", "ids")},
        found.remarks,
    )


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """How many questions there are now, and where."""
    made = results["import"]
    return {"kind": "questions", "questions": made["count"], "category_id": made["category"]}


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "questions-deleted", "questions": found["questions"]}
