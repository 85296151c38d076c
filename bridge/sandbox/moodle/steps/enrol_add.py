"""enrol.add: a way into a course, by a cohort or by oneself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import people
from bridge.sandbox.moodle.schema import Fault, Shape, choice, line, number, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class EnrolAdd(StepKind):
    """See the module."""

    name: ClassVar[str] = "enrol.add"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "method": choice("cohort", "self"),
            "role": line(100),
            "cohort": record("cohort", default=None),
            "group": record("group", default=None),
            "name": line(255, ""),
            "key": line(50, ""),
            "timestart": number(default=0),
            "timeend": number(default=0),
            "most": number(default=0),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"id": "int", "enrolled": "int", "url": "text"}
    needs: ClassVar[tuple[str, ...]] = (
        "moodle/course:enrolconfig",
        "enrol/cohort:config",
        "enrol/self:config",
        "moodle/role:assign",
    )

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        course, method, cohort, group = (params[one] for one in ("course", "method", "cohort", "group"))
        yield from people.role_faults(site.store, params["role"], "course")
        if method == "cohort" and cohort is None:
            yield Fault("cohort", "parammissing", "The parameter cohort is missing", {"name": "cohort"})
            return
        if group is not None and method == "self":
            yield Fault("group", "notforself", "A group is for cohorts only")
        elif isinstance(group, int) and known(course):
            row = site.store.row('SELECT course FROM "group" WHERE id = ?', group)
            if row is not None and row["course"] != course:
                yield Fault("group", "othercourse", "The group belongs to another course", {"id": group})
        if method == "self" and params["timeend"] and params["timeend"] <= params["timestart"]:
            facts = {"first": str(params["timestart"]), "second": str(params["timeend"])}
            yield Fault("timeend", "timesorder", "The end lies before the start", facts)
        if method == "cohort" and any(params[one] for one in ("key", "timestart", "timeend", "most")):
            yield Fault("method", "notforcohort", "A key, times and a number are for enrolling oneself only")
        if isinstance(cohort, int) and known(course):
            yield from self._elsewhere(site, course, cohort)
        if known(course) and known(cohort) and known(params["role"]):
            same = (course, method, params["role"], cohort or 0)
            sql = "SELECT 1 FROM enrol_method WHERE course = ? AND method = ? AND role = ? AND cohort = ?"
            if site.store.row(sql, *same):
                yield Fault("method", "enroltwice", "The course has such a method", {"method": method})

    def _elsewhere(self, site: Site, course: int, cohort: int) -> Iterator[Fault]:
        row = site.store.row("SELECT category FROM cohort WHERE id = ?", cohort)
        assert row is not None
        above = site.category(site.course(course)["category"])["path"].split("/")
        if row["category"] and str(row["category"]) not in above:
            yield Fault("cohort", "cohortelsewhere", "The cohort is another category's", {"id": cohort})

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        same = tuple(params[one] for one in ("course", "method", "role", "cohort"))
        yield "method", "enroltwice", ("enrol", *same)

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        own = {one: params[one] for one in ("course", "method", "role")}
        details = {one: params[one] for one in ("group", "name", "key", "timestart", "timeend", "most")}
        store = work.site.store
        way = store.insert("enrol_method", **own, cohort=params["cohort"] or 0, details=json.dumps(details))
        enrolled = people.sync(store, way) if params["method"] == "cohort" else 0
        url = f"{work.site.url}/enrol/instances.php?id={params['course']}"
        return {"id": way, "enrolled": enrolled, "url": url}, {}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:  # noqa: ARG002 (its result says all)
        """See `StepKind.undo`."""
        people_of = site.store.rows("SELECT * FROM enrolment_detail WHERE method = ?", result["id"])
        if any(one["lastaccess"] for one in people_of):
            raise Changed(f"enrolments by the method {result['id']}")
        for one in people_of:
            people.unenrol(site.store, one["course"], one["user"], result["id"])
        site.store.execute("DELETE FROM enrol_method WHERE id = ?", result["id"])


KIND = EnrolAdd()
