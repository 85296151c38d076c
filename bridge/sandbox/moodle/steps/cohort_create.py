"""cohort.create: a cohort of the site or of a category."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.schema import Fault, Shape, flag, html, line, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class CohortCreate(StepKind):
    """See the module."""

    name: ClassVar[str] = "cohort.create"
    shape: ClassVar[Shape] = Shape(
        {
            "name": line(254),
            "idnumber": line(100, ""),
            "category": record("category", default=None),
            "descriptionhtml": html(),
            "visible": flag(default=True),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"id": "cohort", "name": "text"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/cohort:manage",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        name, idnumber, category = params["name"], params["idnumber"], params["category"] or 0
        rows = site.store.rows("SELECT * FROM cohort")
        if known(category) and any(
            one["name"].casefold() == name.casefold() and one["category"] == category for one in rows
        ):
            yield Fault("name", "cohortnametaken", f"There is a cohort “{name}” already", {"name": name})
        if idnumber and any(one["idnumber"].casefold() == idnumber.casefold() for one in rows):
            facts = {"idnumber": idnumber}
            yield Fault("idnumber", "idnumbertaken", f"The ID number {idnumber} is already used", facts)

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        yield "name", "cohortnametaken", ("cohort", params["category"], params["name"].casefold())
        if params["idnumber"]:
            yield "idnumber", "idnumbertaken", ("cohortidnumber", params["idnumber"].casefold())

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        cohort = work.site.store.insert(
            "cohort",
            name=params["name"],
            idnumber=params["idnumber"],
            category=params["category"] or 0,
            visible=int(params["visible"]),
        )
        return {"id": cohort, "name": params["name"]}, {}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:  # noqa: ARG002 (its result says all)
        """See `StepKind.undo`."""
        row = site.store.row("SELECT name FROM cohort WHERE id = ?", result["id"])
        if row is None:
            return
        if row["name"] != result["name"] or site.store.row(
            "SELECT 1 FROM cohort_member WHERE cohort = ?", result["id"]
        ):
            raise Changed(f"cohort {result['name']}")
        if site.store.row("SELECT 1 FROM enrol_method WHERE method = 'cohort' AND cohort = ?", result["id"]):
            raise Failure("cohortused", f"Courses enrol by the cohort “{result['name']}”")
        site.store.execute("DELETE FROM cohort WHERE id = ?", result["id"])


KIND = CohortCreate()
