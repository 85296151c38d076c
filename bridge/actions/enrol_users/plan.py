"""Steps: a user.enrol for each person and course, and the group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions import accounts
from bridge.actions.accounts import Courses
from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.elements import moment
from bridge.actions.enrol_users.params import EnrolUsersParams
from bridge.actions.places import find_course
from bridge.actions.program import Part, Ref, Step


def plan(params: EnrolUsersParams, context: Context) -> Plan:
    """Find the courses, their groups, and the people."""
    courses = Courses(context)
    targets: list[tuple[int | Ref, str, int | Ref | None]] = []
    if params.course_id or params.course or not params.courses:
        id_, name = find_course(params, context)
        targets.append((id_, name, _group(params, context, courses, params.course, id_)))
    for shortname in params.courses:
        id_, name = courses.course(shortname)
        targets.append((id_, name, _group(params, context, courses, shortname, id_)))
    people = accounts.find_people(params.users, params.by, context)
    own = {
        "role": accounts.role(params.role, context),
        "timestart": moment(params.start, context.zone),
        "timeend": moment(params.end, context.zone),
    }
    steps = []
    for number, (course, _, group) in enumerate(targets, 1):
        for place, one in enumerate(people.values(), 1):
            label = f"course{number}_user{place}"
            steps.append(Step("user.enrol", label, {"course": course, "user": one.id, **own}))
            if group is not None:
                member = {"group": group, "user": one.id}
                steps.append(Step("group.add_member", f"{label}_group", member))
    summary = (
        f"enrol {len(people)} people as {params.role}: {', '.join(one.name for one in people.values())}",
        f"in {', '.join(name for _, name, _ in targets)}"
        + (f", group {params.group}" if params.group else ""),
        *(
            (f"from {params.start or 'now'} to {params.end or 'no end'}",)
            if params.start or params.end
            else ()
        ),
    )
    return Plan(summary, Part(tuple(steps)))


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """How many were enrolled, and how many had been before."""
    enrolled = [one for label, one in results.items() if not label.endswith("_group")]
    new = sum(1 for one in enrolled if one["isnew"])
    return {
        "kind": "enrolments",
        "enrolled": new,
        "before": len(enrolled) - new,
        "courses": len({one["course"] for one in enrolled}),
        "groups": len(results) - len(enrolled),
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "enrolments-deleted", "enrolled": found["enrolled"]}


def _group(
    params: EnrolUsersParams, context: Context, courses: Courses, shortname: str, course: int | Ref
) -> int | Ref | None:
    if not params.group:
        return None
    if params.course_id and not shortname:
        return accounts.group_of(course, params.group, context)
    return courses.group(shortname, params.group)
