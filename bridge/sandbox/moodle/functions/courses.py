"""core_course_get_courses_by_field, _create_courses and _delete_courses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle import mbz
from bridge.sandbox.moodle.descriptions import Many, Need, Struct, Value, clean_int, default, optional
from bridge.sandbox.moodle.names import formatted
from bridge.sandbox.moodle.problems import (
    MoodleProblem,
    database_read,
    database_write,
    invalid_parameter,
    php_error,
)
from bridge.sandbox.moodle.registry import external
from bridge.sandbox.moodle.site import SITE_COURSE_ID

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

WARNINGS = Many(
    Struct(
        {
            "item": optional("text"),
            "itemid": optional("int"),
            "warningcode": Value("alphanum"),
            "message": Value("raw"),
        }
    ),
    "list of warnings",
    Need.OPTIONAL,
)
LONGEST: Mapping[str, int] = {"fullname": 254, "shortname": 255, "idnumber": 100}
"""Characters of the database's columns; what is longer is an error of the database."""
FILTERS = ("displayh5p", "activitynames", "mathjaxloader", "emoticon", "urltolink", "mediaplugin")
_FILES = Many(Struct({"filename": optional("file"), "fileurl": optional("url"), "filesize": optional("int")}))
_PUBLIC: Mapping[str, str] = {
    "id": "int",
    "fullname": "raw",
    "displayname": "raw",
    "shortname": "raw",
    "courseimage": "url",
    "categoryid": "int",
    "categoryname": "raw",
    "sortorder": "int",
    "summary": "raw",
    "summaryformat": "int",
}
_PRIVATE: Mapping[str, str] = {
    "idnumber": "raw",
    "format": "plugin",
    "showgrades": "int",
    "newsitems": "int",
    "startdate": "int",
    "enddate": "int",
    "maxbytes": "int",
    "showreports": "int",
    "visible": "int",
    "groupmode": "int",
    "groupmodeforce": "int",
    "defaultgroupingid": "int",
    "enablecompletion": "int",
    "completionnotify": "int",
    "lang": "safedir",
    "theme": "plugin",
    "marker": "int",
    "legacyfiles": "int",
    "calendartype": "plugin",
    "timecreated": "int",
    "timemodified": "int",
    "requested": "int",
    "cacherev": "int",
}
COURSE = Struct(
    {
        **{name: Value(type_) for name, type_ in _PUBLIC.items()},
        "summaryfiles": _FILES,
        "overviewfiles": _FILES,
        "showactivitydates": Value("bool"),
        "showcompletionconditions": Value("bool"),
        "contacts": Many(Struct({"id": Value("int"), "fullname": Value("notags")})),
        "enrollmentmethods": Many(Value("plugin")),
        "customfields": Many(
            Struct({"name": Value("raw"), "shortname": Value("raw"), "value": Value("raw")}),
            "",
            Need.OPTIONAL,
        ),
        **{name: optional(type_) for name, type_ in _PRIVATE.items()},
        "filters": Many(
            Struct({"filter": Value("plugin"), "localstate": Value("int"), "inheritedstate": Value("int")}),
            "",
            Need.OPTIONAL,
        ),
        "courseformatoptions": Many(Struct({"name": Value("raw"), "value": Value("raw")}), "", Need.OPTIONAL),
        "communicationroomname": optional("text"),
        "communicationroomurl": optional("raw"),
    }
)


@external(
    "core_course_get_courses_by_field",
    "Get courses matching a specific field (id/s, shortname, idnumber, category)",
    {
        "field": default("alpha", "", "id, ids, shortname, idnumber, category, sectionid; empty for all"),
        "value": default("raw", ""),
    },
    Struct({"courses": Many(COURSE), "warnings": WARNINGS}),
)
def get_courses_by_field(site: Site, params: Mapping[str, Any]) -> Any:
    """Courses by one field."""
    field, value = params["field"] or "", str(params["value"] or "")
    if field == "ids":
        ids = re.sub("[^0-9,]", "", value).split(",")
        if "" in ids:
            raise database_read()
        records = [site.store.row("SELECT * FROM course WHERE id = ?", int(part)) for part in ids]
        if None in records:
            raise php_error('Attempt to assign property "contextvalidated" on null')
        found = [record for record in records if record is not None]
    elif field == "":
        found = site.store.rows("SELECT * FROM course ORDER BY id")
    elif field == "sectionid":
        found = site.store.rows(
            "SELECT c.* FROM course c JOIN section s ON s.course = c.id WHERE s.id = ?", clean_int(value)
        )
    elif field in {"id", "category"}:
        found = site.store.rows(f"SELECT * FROM course WHERE {field} = ? ORDER BY id", clean_int(value))
    elif field in {"shortname", "idnumber"}:
        found = site.store.rows(f"SELECT * FROM course WHERE {field} = ? ORDER BY id", value)
    else:
        raise invalid_parameter("Invalid field name")
    hidden = site.has_capability("moodle/course:viewhiddencourses")
    return {
        "courses": [_course(site, record) for record in found if record["visible"] or hidden],
        "warnings": [],
    }


def _course(site: Site, record: Mapping[str, Any]) -> dict[str, Any]:
    is_site = record["id"] == SITE_COURSE_ID
    told = {
        **{name: 0 for name, type_ in _PRIVATE.items() if type_ == "int"},
        **{name: "" for name, type_ in _PRIVATE.items() if type_ != "int"},
        **record,
        "fullname": formatted(record["fullname"]),
        "shortname": formatted(record["shortname"]),
        "displayname": formatted(record["fullname"]),
        "courseimage": f"{site.url}/pluginfile.php/{record['contextid']}/course/generated/course.svg",
        "categoryid": record["category"],
        "categoryname": "" if is_site else formatted(site.category(record["category"])["name"]),
        "sortorder": 1 if is_site else 10000 * record["category"] + record["id"],
        "summaryformat": 0 if is_site else 1,
        "summaryfiles": [],
        "overviewfiles": [],
        "showactivitydates": not is_site,
        "showcompletionconditions": None if is_site else True,
        "contacts": [],
        "enrollmentmethods": [] if is_site else ["manual"],
        "format": "site" if is_site else "topics",
        "showgrades": 1,
        "newsitems": 3 if is_site else 5,
        "enablecompletion": int(not is_site),
        "cacherev": record["timemodified"],
        "filters": [{"filter": name, "localstate": 0, "inheritedstate": 1} for name in FILTERS],
        **(
            {}
            if is_site
            else {
                "courseformatoptions": [
                    {"name": "hiddensections", "value": 1},
                    {"name": "coursedisplay", "value": 0},
                    {"name": "indentation", "value": "1"},
                ]
            }
        ),
    }
    if is_site or site.has_capability("moodle/course:view"):
        return told
    return {
        name: value
        for name, value in told.items()
        if name not in {*_PRIVATE, "filters", "courseformatoptions"}
    }


_NEW_COURSE: Mapping[str, str] = {
    "idnumber": "raw",
    "summary": "raw",
    "summaryformat": "int",
    "format": "plugin",
    "showgrades": "int",
    "newsitems": "int",
    "startdate": "int",
    "enddate": "int",
    "numsections": "int",
    "maxbytes": "int",
    "showreports": "int",
    "visible": "int",
    "hiddensections": "int",
    "groupmode": "int",
    "groupmodeforce": "int",
    "defaultgroupingid": "int",
    "enablecompletion": "int",
    "completionnotify": "int",
    "lang": "safedir",
    "forcetheme": "plugin",
}


@external(
    "core_course_create_courses",
    "Create new courses",
    {
        "courses": Many(
            Struct(
                {
                    "fullname": Value("text", "full name"),
                    "shortname": Value("text", "course short name"),
                    "categoryid": Value("int", "category id"),
                    **{name: optional(type_) for name, type_ in _NEW_COURSE.items()},
                    "courseformatoptions": Many(
                        Struct({"name": Value("alphanumext"), "value": Value("raw")}), "", Need.OPTIONAL
                    ),
                    "customfields": Many(
                        Struct({"shortname": Value("alphanumext"), "value": Value("raw")}), "", Need.OPTIONAL
                    ),
                }
            ),
            "courses to create",
        )
    },
    Many(Struct({"id": Value("int"), "shortname": Value("raw")})),
)
def create_courses(site: Site, params: Mapping[str, Any]) -> Any:
    """Make empty courses, all or none."""
    made = []
    with site.store.transaction():
        for wanted in params["courses"]:
            try:
                site.category(wanted["categoryid"])
            except MoodleProblem as problem:
                message = (
                    "You cannot execute functions in the category context (category id:{}). The context "
                    "error message was: {}"
                )
                message = message.format(wanted["categoryid"], "Invalid parameter value detected")
                raise MoodleProblem("errorcatcontextnotvalid", message) from problem
            site.require("moodle/course:create")
            for name in ("fullname", "shortname"):
                if not wanted[name].strip():
                    raise MoodleProblem("errorinvalidparam", f'The param "{name}" is invalid.')
            if any(len(str(wanted.get(name, ""))) > longest for name, longest in LONGEST.items()):
                raise database_write()
            forum = ("forum", "Announcements", 0)
            names = (wanted["fullname"], wanted["shortname"], wanted.get("idnumber", ""))
            course = site.insert_course(
                mbz.Backup(0, *names, 0, users=True, modules=(forum,), questions=0, files=0),
                categoryid=wanted["categoryid"],
                summary=wanted.get("summary", ""),
                visible=wanted.get("visible", 1),
            )
            made.append({"id": course, "shortname": wanted["shortname"]})
    return made or None


NOT_ACCESSIBLE = "Course or activity not accessible."


@external(
    "core_course_delete_courses",
    "Deletes all specified courses",
    {"courseids": Many(Value("int", "course ID"))},
    Struct({"warnings": WARNINGS}),
)
def delete_courses(site: Site, params: Mapping[str, Any]) -> Any:
    """Delete courses; one that cannot be deleted is message as a warning."""
    warnings = []

    def warn(course: int, code: str, message: str) -> None:
        warnings.append({"item": "course", "itemid": course, "warningcode": code, "message": message})

    for course in params["courseids"]:
        if not site.has_capability("moodle/course:view") and site.store.row(
            "SELECT 1 FROM course WHERE id = ?", course
        ):
            raise MoodleProblem(
                "requireloginerror",
                NOT_ACCESSIBLE,
                php_class="core\\exception\\require_login_exception",
            )
        if site.store.row("SELECT id FROM course WHERE id = ?", course) is None:
            warn(course, "unknowncourseidnumber", f"Unknown course ID {course}")
        elif not site.has_capability("moodle/course:delete"):
            warn(
                course, "cannotdeletecourse", f"You do not have the permission to delete this course{course}"
            )
        elif course == SITE_COURSE_ID:
            warn(course, "cannotdeletecategorycourse", f"Course {course} failed to be deleted")
        else:
            site.delete_course(course)
    return {"warnings": warnings}
