"""course.create: an empty course with named sections."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.courses import changed, footprint
from bridge.sandbox.moodle.schema import Fault, Field, Items, Shape, flag, html, line, number, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

COLUMNS = {
    "category": "category",
    "fullname": "fullname",
    "idnumber": "idnumber",
    "summaryhtml": "summary",
    "visible": "visible",
}
"""What of a course that is there already is brought to what a program says."""
LARGEST_SECTION = 10_000
FORMATS = ("topics", "weeks", "social", "singleactivity")


class CourseCreate(StepKind):
    """See the module."""

    name: ClassVar[str] = "course.create"
    shape: ClassVar[Shape] = Shape(
        {
            "category": record("category"),
            "fullname": line(254),
            "shortname": line(100),
            "idnumber": line(100, ""),
            "format": line(21, "topics"),
            "summaryhtml": html(),
            "visible": flag(default=True),
            "startdate": number(least=0, default=0),
            "sections": Items(Shape({"name": line(255), "summaryhtml": html()}), most=250),
            "picture": Field("file", None),
        }
    )
    results: ClassVar[Mapping[str, str]] = {
        "id": "course",
        "url": "text",
        "shortname": "text",
        "fullname": "text",
        "sections": "int[]",
        "general": "int",
    }
    repeats: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = (
        "moodle/course:create",
        "moodle/course:delete",
        "moodle/course:update",
    )

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        for column, code in (("shortname", "shortnametaken"), ("idnumber", "idnumbertaken")):
            value = params[column]
            taken = f"SELECT 1 FROM course WHERE {column} = ? COLLATE NOCASE"
            if known(value) and value.strip() and site.store.row(taken, value.strip()):
                what = "short name" if column == "shortname" else "ID number"
                message = f"The {what} “{value.strip()}” is already used"
                yield Fault(column, code, message, {column: value.strip()})
        if known(params["format"]) and params["format"] not in FORMATS:
            facts = {"format": params["format"], "choices": ", ".join(FORMATS)}
            yield Fault("format", "formatnotfound", f"There is no course format {params['format']}", facts)

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        for column, code in (("shortname", "shortnametaken"), ("idnumber", "idnumbertaken")):
            if params[column]:
                yield column, code, ("course", column, params[column])

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        site = work.site
        for fault in self.check(site, params):
            raise Failure(fault.code, fault.message)
        now = int(time.time())
        course = site.store.insert(
            "course",
            category=params["category"],
            fullname=params["fullname"].strip(),
            shortname=params["shortname"].strip(),
            idnumber=params["idnumber"].strip(),
            summary=params["summaryhtml"],
            visible=int(params["visible"]),
            startdate=params["startdate"] or now - now % 86400,
            enddate=0,
            questions=0,
            files=int(params["picture"] is not None),
            users=0,
            contextid=site.store.new_context(),
            timecreated=now,
            timemodified=now,
        )
        named = [("General", ""), *((one["name"], one["summaryhtml"]) for one in params["sections"])]
        for place, (title, summary) in enumerate(named):
            site.store.insert("section", course=course, number=place, name=title, summary=summary)
        return _told(site, course, len(params["sections"])), footprint(site, course)

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        if site.store.row("SELECT 1 FROM course WHERE id = ?", result["id"]) is None:
            return
        what = changed(site, result["id"], kept)
        if what:
            raise Changed(what)
        site.delete_course(result["id"])

    def find(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StepKind.find`."""
        if not known(params["shortname"]):
            return None
        row = site.store.row("SELECT id FROM course WHERE shortname = ?", params["shortname"].strip())
        return None if row is None else _told(site, row["id"], len(params["sections"]))

    def differences(self, site: Site, params: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
        """See `StepKind.differences`."""
        course = site.course(found["id"])
        there = {name: course[column] for name, column in COLUMNS.items()}
        there["visible"] = bool(course["visible"])
        differing = {
            name: value
            for name, value in there.items()
            if known(params.get(name, "")) and params.get(name, "") not in ("", value)
        }
        if "sections" in params:
            named = _sections(site, found["id"], len(params["sections"]))
            if [one["name"] for one in named] != [one["name"] for one in params["sections"]]:
                differing["sections"] = [
                    {"name": one["name"], "summaryhtml": one["summary"]} for one in named
                ]
        return differing

    def change(self, site: Site, result: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """See `StepKind.change`."""
        for name in COLUMNS.keys() & values.keys():
            site.store.execute(
                f"UPDATE course SET {COLUMNS[name]} = ? WHERE id = ?", values[name], result["id"]
            )
        if "sections" not in values:
            return
        wanted = values["sections"]
        there = _sections(site, result["id"], LARGEST_SECTION)
        for section, one in zip(there, wanted, strict=False):
            site.store.execute("UPDATE section SET name = ? WHERE id = ?", one["name"], section["id"])
        for place, one in enumerate(wanted[len(there) :], len(there) + 1):
            site.store.insert(
                "section", course=result["id"], number=place, name=one["name"], summary=one["summaryhtml"]
            )


def _sections(site: Site, course: int, count: int) -> list[dict[str, Any]]:
    """The first topic sections."""
    return site.store.rows(
        "SELECT * FROM section WHERE course = ? AND number BETWEEN 1 AND ? ORDER BY number", course, count
    )


def _told(site: Site, course: int, count: int) -> dict[str, Any]:
    row = site.course(course)
    general = site.store.row("SELECT id FROM section WHERE course = ? AND number = 0", course)
    return {
        "id": course,
        "url": f"{site.url}/course/view.php?id={course}",
        "shortname": row["shortname"],
        "fullname": row["fullname"],
        "sections": [one["id"] for one in _sections(site, course, count)],
        "general": general["id"] if general else 0,
    }


KIND = CourseCreate()
