"""grade.create_item: a grade that teachers enter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import grading
from bridge.sandbox.moodle.schema import Fault, Field, Shape, line, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, Planned, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class GradeCreateItem(StepKind):
    """See the module."""

    name: ClassVar[str] = "grade.create_item"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "name": line(255),
            "idnumber": line(100, ""),
            "category": Field("gradecategory", None),
            "scale": Field("scale", None),
            "grademax": line(20, "100"),
            "gradepass": line(20, ""),
            "weight": line(20, ""),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"id": "gradeitem", "name": "text"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/grade:manage",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        most = params["grademax"]
        if params["scale"] is not None:
            row = known(params["scale"]) and site.store.row(
                "SELECT items FROM scale WHERE id = ?", params["scale"]
            )
            most = str(len(json.loads(row["items"]))) if row else ""
        yield from grading.pass_faults(params["gradepass"], most)

    def check_within(self, site: Site, params: Mapping[str, Any], planned: Planned) -> Iterator[Fault]:
        """See `StepKind.check_within`."""
        course = params["course"]
        yield from grading.number_faults(site, course, params["idnumber"], planned)
        yield from grading.weight_faults(site, course, params["category"], params["weight"], planned)

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        site, planned = work.site, Planned()
        for fault in (*self.check(site, params), *self.check_within(site, params, planned)):
            raise Failure(fault.code, fault.message)
        name = params["name"]
        made = grading.item(site, params["course"], "manual", 0, name, params["idnumber"])
        return {"id": made, "name": name}, {"name": name}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        row = site.store.row("SELECT name FROM gradeitem WHERE id = ?", result["id"])
        if row is not None and row["name"] != kept["name"]:
            raise Changed(f"grade {kept['name']}")
        site.store.execute("DELETE FROM gradeitem WHERE id = ?", result["id"])


KIND = GradeCreateItem()
