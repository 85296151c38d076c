"""One step, course.restore: which backup, and into which category."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.base import OperationFailed, OrderRefused
from bridge.actions.program import Part, Step, ref
from bridge.actions.restore_course.params import RestoreCourseParams

FIND = "local_otbridge_find_backups"
MOST_BACKUPS = 50
MOST_LOOKS = 10
"""A search that was cut short goes on where it ended, for what was read is cached."""


def plan(params: RestoreCourseParams, context: Context) -> Plan:
    """Find the backup and the category; refuses a living course, no backup, and two courses of that name."""
    moodle = context.moodle
    _refuse_living(params, moodle)
    backups = _without(context.taken_back, _find(params, moodle))
    _refuse_ambiguous(params, backups)
    backup = min(backups, key=lambda one: (one["source"] != "recyclebin", -one["stored"]))
    if not (backup["samesite"] or params.other_site):
        raise OrderRefused(
            "other-site",
            f"the backup {backup['filename']} was made on another site ({backup['siteurl']}); the order has "
            "to say other_site",
            course=_criteria(params),
            site=backup["siteurl"],
        )
    _refuse_taken(backup, moodle)
    category = _category(params, backup, context)
    users = params.users and bool(backup["users"])  # over SOAP it is 1 or 0
    step = Step(
        "course.restore",
        "course",
        {
            "ref": backup["ref"],
            "category": category["id"],
            "users": users,
            "othersite": not backup["samesite"],
        },
    )
    summary = (
        (
            f"restore {backup['fullname']} ({backup['shortname']}) from {backup['source']}: "
            f"{backup['filename']}, "
            f"{_day(backup['timecreated'])}, {backup['size']} bytes, "
            f"{'with' if users else 'without'} users' data"
        ),
        f"into category {category['name']} ({category['id']})",
    )
    return Plan(summary, Part((step,)), {"courses": 1}, {"course": ref("course", "id")})


def evidence(results: Results, moodle: Reader) -> dict[str, Any]:
    """The restored course, once Moodle has it."""
    course = results["course"]
    if not _courses(moodle, "id", course["id"]):
        raise OperationFailed(
            "vanished", f"Moodle reported course {course['id']} as restored, but does not have it"
        )
    return {
        "kind": "course",
        "course_id": course["id"],
        "fullname": course["fullname"],
        "shortname": course["shortname"],
        "url": course["url"],
        "category_id": course["category"],
        "backup_at": datetime.fromtimestamp(course["backuptime"], UTC).isoformat(),
        "backup_source": course["source"],
        "backup_file": course["filename"],
        "activities": course["activities"],
        "questions": course["questions"],
        "files": course["files"],
        "users": course["users"],
        "warnings": course["warnings"],
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "course-deleted", "course_id": found["course_id"]}


def _find(params: RestoreCourseParams, moodle: Reader) -> Sequence[Mapping[str, Any]]:
    """The backups of the course.

    Raises:
        OrderRefused: there is none; or none was found and not everything could be looked into, which says
            nothing of the order.
    """
    # All parameters: SOAP can leave none out in the middle.
    asked = {**params.criteria(), "limit": MOST_BACKUPS, "private": params.private_backups}
    found = moodle.read(FIND, **asked)
    for _ in range(MOST_LOOKS):
        if found["backups"] or not found["truncated"]:
            break
        found = moodle.read(FIND, **asked)
    if found["backups"]:
        return list(found["backups"])
    criteria = _criteria(params)
    if found["truncated"] or found["unreadable"]:
        unread = ", ".join(f"{one['filename']} ({one['reason']})" for one in found["unreadable"])
        why = f"these cannot be read: {unread}" if unread else "the search takes longer than Moodle lets it"
        raise OrderRefused(
            "backups-unread", f"no backup with {criteria} was found, but not all were looked into; {why}"
        )
    alike = list(found["lookalikes"])
    hint = f"; names that look alike: {', '.join(alike)}" if alike else ""
    raise OrderRefused(
        "no-backup",
        f"no backup holds a course with {criteria}{hint}",
        course=criteria,
        **({"lookalikes": alike} if alike else {}),
    )


def _refuse_living(params: RestoreCourseParams, moodle: Reader) -> None:
    """A course that still lives needs no restoring, even if backups hold it under names that it bears no
    more.
    """
    for field, value in (
        ("id", params.course_id),
        ("idnumber", params.idnumber),
        ("shortname", params.shortname),
    ):
        if value:
            living = _courses(moodle, field, value)
            if living:
                raise _living(living[0])


def _refuse_ambiguous(params: RestoreCourseParams, backups: Sequence[Mapping[str, Any]]) -> None:
    newest: dict[int, Mapping[str, Any]] = {}
    for backup in sorted(backups, key=lambda one: one["stored"]):
        newest[backup["courseid"]] = backup
    if len(newest) > 1:
        candidates = [
            {
                "course_id": one["courseid"],
                "fullname": one["fullname"],
                "shortname": one["shortname"],
                "backup_at": _day(one["timecreated"]),
            }
            for one in sorted(newest.values(), key=lambda one: -one["stored"])
        ]
        names = ", ".join(f"{one['course_id']} ({one['shortname']})" for one in candidates)
        raise OrderRefused(
            "ambiguous",
            f"backups hold several courses with {_criteria(params)}: {names}",
            course=_criteria(params),
            candidates=candidates,
        )


def _refuse_taken(backup: Mapping[str, Any], moodle: Reader) -> None:
    living = _courses(moodle, "shortname", backup["shortname"])
    if living:
        raise _living(living[0])


def _category(params: RestoreCourseParams, backup: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
    own, policy = backup["categoryid"], context.policy.restore_category
    wanted = [params.category_id] if params.category_id else [own, policy]
    for category_id in wanted:
        if category_id:
            found = context.moodle.read(
                "core_course_get_categories",
                criteria=[{"key": "id", "value": str(category_id)}],
                addsubcategories=False,
            )
            if found:
                return dict(found[0])
    raise OrderRefused(
        "no-category",
        f"the category {wanted[0] or ''} of the course is not known or gone",
        category_id=wanted[0] or 0,
    )


def _without(
    taken_back: Sequence[Mapping[str, Any]], backups: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """The backups of the lost course itself: an earlier restore that was taken back left copies too. They
    count only where they are all there is.
    """
    gone = [part for one in taken_back for part in one.get("parts", [one])]
    copies = {one["course_id"] for one in gone if "course_id" in one}
    return [one for one in backups if one["courseid"] not in copies] or backups


def _courses(moodle: Reader, field: str, value: object) -> list[Mapping[str, Any]]:
    found = moodle.read("core_course_get_courses_by_field", field=field, value=str(value))
    return list(found["courses"])


def _living(course: Mapping[str, Any]) -> OrderRefused:
    described = f"{course['fullname']} ({course['shortname']}), id {course['id']}"
    return OrderRefused(
        "course-exists",
        f"the course is not deleted, or its short name is taken: {described}",
        course=described,
    )


def _criteria(params: RestoreCourseParams) -> str:
    return ", ".join(f"{name} «{value}»" for name, value in params.criteria().items() if value)


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
