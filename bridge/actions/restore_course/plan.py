"""One step, course.restore: which backup, and into which category."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.base import OperationFailed, OrderRefused, StillRunning
from bridge.actions.program import Part, Step, ref
from bridge.actions.restore_course.params import RestoreCourseParams
from bridge.actions.restore_course.whole_site import freshness

FIND = "local_otbridge_find_backups"
MOST_BACKUPS = 50
LANGUAGE = "ru"
"""Of what Moodle says of losses and people: the customer reads it."""
MOST_TOLD = 10
"""Entries of a list that a message tells at most."""
NEXT_SEARCH_SECONDS = 1.0
"""After which a search that was cut short goes on; each reads for some time."""
MOST_OLDER = 10
"""Copies, beside the chosen one, that may be taken where it turns out to be damaged."""


def plan(params: RestoreCourseParams, context: Context) -> Plan:
    """Find the backup and the category; refuses a living course, no backup, and two courses of that name."""
    moodle = context.moodle
    _refuse_living(params, moodle)
    backups = _without(context.taken_back, _find(params, moodle))
    _refuse_ambiguous(params, backups, context.zone)
    backup, *older = _by_preference(params, _of_the_day(params, backups, context.zone))
    if not (backup["samesite"] or params.other_site):
        raise OrderRefused(
            "other-site",
            f"the backup {backup['filename']} was made on another site ({backup['siteurl']}); the order has "
            "to say other_site",
            course=_criteria(params),
            site=backup["siteurl"],
        )
    _refuse_alive(backup, moodle)
    _refuse_taken(params, backup, moodle)
    category = _category(params, backup, context)
    users = params.users and bool(backup["users"])  # over SOAP it is 1 or 0
    step = Step(
        "course.restore",
        "course",
        {
            "ref": backup["ref"],
            "older": [one["ref"] for one in older if one["samesite"] == backup["samesite"]][:MOST_OLDER],
            "category": category["id"],
            "users": users,
            "othersite": not backup["samesite"],
            "lang": LANGUAGE,
            **({"acceptlosses": True} if params.accept_losses else {}),
            **({"people": _people(params)} if users and params.people else {}),
            **({"shortname": params.new_shortname} if params.new_shortname else {}),
            **({"fullname": params.new_fullname} if params.new_fullname else {}),
        },
    )
    named = f"{params.new_fullname or backup['fullname']} ({params.new_shortname or backup['shortname']})"
    summary = (
        (
            f"restore {named} from {backup['source']}: "
            f"{backup['filename']}, "
            f"{_at(backup['timecreated'], context.zone)}, {backup['size']} bytes, "
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
        "compared": course.get("compared", {}),
        "warnings": course["warnings"],
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "course-deleted", "course_id": found["course_id"]}


def _people(params: RestoreCourseParams) -> list[dict[str, str]]:
    return [{"login": login, "account": account} for login, account in params.people.items()]


def _find(params: RestoreCourseParams, moodle: Reader) -> Sequence[Mapping[str, Any]]:
    """The backups of the course.

    Raises:
        StillRunning: not all files were looked into yet: a newer copy may be among them. What was read is
            kept, so that the next search goes on where this one ended.
        OrderRefused: there is none; or none was found, and a file that could be it cannot be read.
    """
    # All parameters: SOAP can leave none out in the middle.
    asked = {**params.criteria(), "limit": MOST_BACKUPS, "private": params.private_backups}
    found = moodle.read(FIND, **asked)
    if found["unread"]:
        raise StillRunning(
            "still-reading",
            f"Moodle has not looked into {found['unread']} of its backup files yet; it goes on, and is asked "
            "again later",
            again=NEXT_SEARCH_SECONDS,
        )
    if found["backups"]:
        return list(found["backups"])
    criteria = _criteria(params)
    if found["unreadable"]:
        unread = [f"{one['filename']} ({one['reason']})" for one in found["unreadable"]]
        raise OrderRefused(
            "backups-unread",
            f"no backup with {criteria} was found, but not all were looked into; these cannot be read: "
            f"{_some(unread)}",
        )
    alike = list(found["lookalikes"])[:MOST_TOLD]
    hint = f"; names that look alike: {', '.join(alike)}" if alike else ""
    raise OrderRefused(
        "no-backup",
        f"no backup holds a course with {criteria}{hint}",
        course=criteria,
        **({"lookalikes": alike} if alike else {}),
    )


def _of_the_day(
    params: RestoreCourseParams, backups: Sequence[Mapping[str, Any]], zone: tzinfo
) -> Sequence[Mapping[str, Any]]:
    """The backups that were made on the ordered day; all where none is ordered."""
    if params.backup_date is None:
        return backups
    day = params.backup_date.date()
    of_the_day = [one for one in backups if _local(one["timecreated"], zone).date() == day]
    if not of_the_day:
        moments = sorted({one["timecreated"] for one in backups}, reverse=True)
        told = [_at(one, zone) for one in moments[:MOST_TOLD]]
        raise OrderRefused(
            "no-copy-of-date",
            f"no backup with {_criteria(params)} is of {day:%d.%m.%Y}; there are those of {_some(told)}",
            course=_criteria(params),
            date=f"{day:%d.%m.%Y}",
            copies=told,
        )
    return of_the_day


def _by_preference(
    params: RestoreCourseParams, backups: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """The best first: with people's data where they are ordered, then what was stored last, then the bin."""

    def worth(one: Mapping[str, Any]) -> tuple[bool, int, bool]:
        return params.users and bool(one["users"]), freshness(one), one["source"] == "recyclebin"

    return sorted(backups, key=worth, reverse=True)


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


def _refuse_ambiguous(
    params: RestoreCourseParams, backups: Sequence[Mapping[str, Any]], zone: tzinfo
) -> None:
    newest: dict[object, Mapping[str, Any]] = {}
    for backup in sorted(backups, key=lambda one: one["stored"]):
        newest[backup["origin"] or (backup["siteurl"], backup["courseid"])] = backup
    if len(newest) > 1:
        candidates = [
            {
                "course_id": one["courseid"],
                "fullname": one["fullname"],
                "shortname": one["shortname"],
                "backup_at": _at(one["timecreated"], zone),
            }
            for one in sorted(newest.values(), key=lambda one: -one["stored"])
        ]
        names = _some([f"{one['course_id']} ({one['shortname']})" for one in candidates])
        raise OrderRefused(
            "ambiguous",
            f"backups hold several courses with {_criteria(params)}: {names}",
            course=_criteria(params),
            candidates=candidates[:MOST_TOLD],
            more=max(0, len(candidates) - MOST_TOLD),
        )


def _refuse_alive(backup: Mapping[str, Any], moodle: Reader) -> None:
    """A course that was restored already lives under another id."""
    if backup["alive"]:
        living = _courses(moodle, "id", backup["alive"])
        raise _living(living[0] if living else {**backup, "id": backup["alive"]})


def _refuse_taken(params: RestoreCourseParams, backup: Mapping[str, Any], moodle: Reader) -> None:
    shortname = params.new_shortname or backup["shortname"]
    living = _courses(moodle, "shortname", shortname)
    if living:
        described = f"{living[0]['fullname']} ({living[0]['shortname']}), id {living[0]['id']}"
        raise OrderRefused(
            "shortnametaken",
            f"the short name {shortname} is that of another course: {described}; the order may give another "
            "one by new_shortname",
            course=described,
        )


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


def _local(seconds: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone)


def _at(seconds: int, zone: tzinfo) -> str:
    return f"{_local(seconds, zone):%d.%m.%Y %H:%M}"


def _some(told: Sequence[str]) -> str:
    more = f" and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return ", ".join(told[:MOST_TOLD]) + more
