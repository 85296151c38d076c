"""One step: course.create."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.base import OrderRefused
from bridge.actions.create_course.params import CreateCourseParams
from bridge.actions.create_course.policy import refuse_no_picture
from bridge.actions.program import File, Part, Step, Use, ref
from bridge.actions.texts import paragraphs


def plan(params: CreateCourseParams, context: Context) -> Plan:
    """Find the category and the picture."""
    category = _category(params, context.moodle)
    files: tuple[File, ...] = ()
    wanted: dict[str, Any] = {
        "category": category["id"],
        "fullname": params.fullname,
        "shortname": params.shortname,
        "idnumber": params.idnumber,
        "format": params.format,
        "summaryhtml": paragraphs(params.description),
        "visible": params.visible,
        "sections": [
            {"name": name, "summaryhtml": paragraphs(params.first_section) if number == 0 else ""}
            for number, name in enumerate(params.sections)
        ],
    }
    if params.picture:
        picture = context.files.get(params.picture)
        refuse_no_picture(picture)
        files = (File(picture.sha256, picture.name, picture.size),)
        wanted["picture"] = Use(picture.sha256)
    where = f"category {category['name']} ({category['id']})"
    summary = (
        f"create course {params.fullname} ({params.shortname}) in {where}",
        f"{len(params.sections)} sections{', a picture' if files else ''}",
    )
    counts = {"courses": 1, "empty_courses": 1, "sections": len(params.sections)}
    part = Part((Step("course.create", "course", wanted),), files)
    return Plan(summary, part, counts, {"course": ref("course", "id")})


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The course."""
    course = results["course"]
    return {
        "kind": "new-course",
        "course_id": course["id"],
        "fullname": course["fullname"],
        "shortname": course["shortname"],
        "url": course["url"],
        "sections": len(course["sections"]),
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "course-deleted", "course_id": found["course_id"]}


def _category(params: CreateCourseParams, moodle: Reader) -> Mapping[str, Any]:
    key, value = ("id", str(params.category_id)) if params.category_id else ("name", params.category)
    found = moodle.read(
        "core_course_get_categories", criteria=[{"key": key, "value": value}], addsubcategories=False
    )
    if len(found) == 1:
        return dict(found[0])
    if not found:
        raise OrderRefused("no-such-category", f"there is no category {value}", category=value)
    candidates = [{"id": one["id"], "name": one["name"]} for one in found]
    raise OrderRefused(
        "ambiguous-category",
        f"several categories are called {value}: {', '.join(str(one['id']) for one in candidates)}",
        category=value,
        candidates=candidates,
    )
