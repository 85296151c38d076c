"""Steps: a course.create for each course."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.categories import find_category
from bridge.actions.create_course.params import Course, CreateCourseParams
from bridge.actions.elements import moment
from bridge.actions.pictures import refuse_no_picture
from bridge.actions.program import File, Part, Step, Use, ref
from bridge.actions.texts import paragraphs


def plan(params: CreateCourseParams, context: Context) -> Plan:
    """Find the categories and the pictures."""
    files: dict[str, File] = {}
    found = [_course(one, context, files) for one in params.all]
    alone = len(found) == 1
    steps = tuple(
        Step("course.create", "course" if alone else f"course{number}", wanted)
        for number, (wanted, _) in enumerate(found, 1)
    )
    summary = tuple(line for _, lines in found for line in lines)
    sections = max(len(one.sections) for one in params.all)
    counts = {"courses": len(steps), "empty_courses": len(steps), "sections": sections}
    makes = {"course": ref("course", "id")} if alone else {}
    return Plan(summary, Part(steps, tuple(files.values())), counts, makes)


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The course, or each of several."""
    found = [
        {
            "course_id": course["id"],
            "fullname": course["fullname"],
            "shortname": course["shortname"],
            "url": course["url"],
            "sections": len(course["sections"]),
        }
        for label, course in results.items()
        if re.fullmatch(r"course\d*", label)
    ]
    return {"kind": "new-course", **(found[0] if len(found) == 1 else {"courses": found})}


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    if "courses" in found:
        return {"kind": "course-deleted", "course_ids": [one["course_id"] for one in found["courses"]]}
    return {"kind": "course-deleted", "course_id": found["course_id"]}


def _course(one: Course, context: Context, files: dict[str, File]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Parameters of the step, and lines for people."""
    category, where = find_category(one.category, one.category_id, context)
    wanted: dict[str, Any] = {
        "category": category,
        "fullname": one.fullname,
        "shortname": one.shortname,
        "idnumber": one.idnumber,
        "format": one.format,
        "summaryhtml": paragraphs(one.description),
        "visible": one.visible,
        "sections": [
            {"name": name, "summaryhtml": paragraphs(one.first_section) if number == 0 else ""}
            for number, name in enumerate(one.sections)
        ],
    }
    if one.starts:
        wanted["startdate"] = moment(one.starts, context.zone)
    if one.picture:
        picture = context.files.get(one.picture)
        refuse_no_picture(picture, "PNG", "JPEG", "GIF", "WebP")
        files.setdefault(picture.sha256, File(picture.sha256, picture.name, picture.size))
        wanted["picture"] = Use(picture.sha256)
    lines = (
        f"create course {one.fullname} ({one.shortname}) in {where}",
        f"{len(one.sections)} sections{', a picture' if one.picture else ''}",
    )
    return wanted, lines
