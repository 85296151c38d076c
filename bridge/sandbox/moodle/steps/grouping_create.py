"""grouping.create: a grouping of a course."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import groups
from bridge.sandbox.moodle.schema import Fault, Shape, html, line, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class GroupingCreate(StepKind):
    """See the module."""

    name: ClassVar[str] = "grouping.create"
    shape: ClassVar[Shape] = Shape(
        {"course": record("course"), "name": line(254), "idnumber": line(100, ""), "descriptionhtml": html()}
    )
    results: ClassVar[Mapping[str, str]] = {"id": "grouping", "name": "text"}
    repeats: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("moodle/course:managegroups",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        yield from groups.faults(site, "grouping", params)

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        yield "name", "groupingnametaken", ("grouping", params["course"], params["name"])

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        made = groups.make(work.site, "grouping", params)
        return {"id": made, "name": params["name"].strip()}, {"name": params["name"].strip()}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        found = site.store.row('SELECT name FROM "grouping" WHERE id = ?', result["id"])
        if found is None:
            return
        inside = site.store.row("SELECT 1 FROM grouping_group WHERE groupingid = ?", result["id"])
        if inside or found["name"] != kept["name"]:
            raise Changed(f"grouping {kept['name']}")
        site.store.execute('DELETE FROM "grouping" WHERE id = ?', result["id"])

    def find(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StepKind.find`."""
        return groups.find(site, "grouping", params)

    def differences(self, site: Site, params: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
        """See `StepKind.differences`."""
        return groups.differences(site, "grouping", params, found)

    def change(self, site: Site, result: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """See `StepKind.change`."""
        groups.rename(site, "grouping", result, values)


KIND = GroupingCreate()
