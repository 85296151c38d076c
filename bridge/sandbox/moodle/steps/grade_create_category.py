"""grade.create_category: a category of grades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import grading
from bridge.sandbox.moodle.schema import Fault, Field, Shape, choice, flag, line, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, Planned, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class GradeCreateCategory(StepKind):
    """See the module."""

    name: ClassVar[str] = "grade.create_category"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "name": line(255),
            "idnumber": line(100, ""),
            "parent": Field("gradecategory", None),
            "aggregation": choice(*grading.AGGREGATIONS, default="mean"),
            "onlygraded": flag(default=True),
            "grademax": line(20, ""),
            "gradepass": line(20, ""),
            "weight": line(20, ""),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"id": "gradecategory", "item": "gradeitem", "name": "text"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/grade:manage",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        name = params["name"]
        if known(params["course"]) and site.store.row(
            "SELECT 1 FROM gradecategory WHERE course = ? AND name = ?", params["course"], name
        ):
            yield Fault("name", "gradecategorytaken", f"There is a grade category {name}", {"name": name})
        yield from grading.pass_faults(params["gradepass"], params["grademax"] or "100")

    def check_within(self, site: Site, params: Mapping[str, Any], planned: Planned) -> Iterator[Fault]:
        """See `StepKind.check_within`."""
        course = params["course"]
        yield from grading.number_faults(site, course, params["idnumber"], planned)
        yield from grading.weight_faults(site, course, params["parent"], params["weight"], planned)

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        yield "name", "gradecategorytaken", ("gradecategory", params["course"], params["name"])

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        site, planned = work.site, Planned()
        for fault in (*self.check(site, params), *self.check_within(site, params, planned)):
            raise Failure(fault.code, fault.message)
        course, name = params["course"], params["name"]
        made = site.store.insert(
            "gradecategory", course=course, name=name, item=0, aggregation=params["aggregation"]
        )
        item = grading.item(site, course, "category", made, name, params["idnumber"])
        site.store.execute("UPDATE gradecategory SET item = ? WHERE id = ?", item, made)
        return {"id": made, "item": item, "name": name}, {"name": name}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        row = site.store.row("SELECT name FROM gradecategory WHERE id = ?", result["id"])
        if row is not None and row["name"] != kept["name"]:
            raise Changed(f"grade category {kept['name']}")
        site.store.execute("DELETE FROM gradecategory WHERE id = ?", result["id"])
        site.store.execute("DELETE FROM gradeitem WHERE id = ?", result["item"])


KIND = GradeCreateCategory()
