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
    needs: ClassVar[tuple[str, ...]] = (
        "moodle/course:create",
        "moodle/course:delete",
        "moodle/course:update",
    )

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        for column, code in (("shortname", "shortnametaken"), ("idnumber", "idnumbertaken")):
            value = params[column]
            if known(value) and value.strip():
                bearer = site.store.row(
                    f"SELECT id, fullname FROM course WHERE {column} = ? COLLATE NOCASE", value.strip()
                )
                if bearer:
                    message = (
                        f"The {column} {value.strip()} is already used for the course {bearer['fullname']}"
                    )
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
        sections = [
            site.store.insert("section", course=course, number=place, name=title, summary=summary)
            for place, (title, summary) in enumerate(named)
        ]
        result = {
            "id": course,
            "url": f"{site.url}/course/view.php?id={course}",
            "shortname": params["shortname"].strip(),
            "fullname": params["fullname"].strip(),
            "sections": sections[1:],
            "general": sections[0],
        }
        return result, footprint(site, course)

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        if site.store.row("SELECT 1 FROM course WHERE id = ?", result["id"]) is None:
            return
        what = changed(site, result["id"], kept)
        if what:
            raise Changed(what)
        site.delete_course(result["id"])


KIND = CourseCreate()
