"""group.create: a group of a course."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import groups
from bridge.sandbox.moodle.schema import Fault, Shape, html, line, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class GroupCreate(StepKind):
    """See the module."""

    name: ClassVar[str] = "group.create"
    shape: ClassVar[Shape] = Shape(
        {"course": record("course"), "name": line(254), "idnumber": line(100, ""), "descriptionhtml": html()}
    )
    results: ClassVar[Mapping[str, str]] = {"id": "group", "name": "text"}
    repeats: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("moodle/course:managegroups",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        yield from groups.faults(site, "group", params)

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        yield "name", "groupnametaken", ("group", params["course"], params["name"])

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        made = groups.make(work.site, "group", params)
        return {"id": made, "name": params["name"].strip()}, {"name": params["name"].strip()}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        found = site.store.row('SELECT name FROM "group" WHERE id = ?', result["id"])
        if found is None:
            return
        members = site.store.row("SELECT 1 FROM group_member WHERE groupid = ?", result["id"])
        in_grouping = site.store.row("SELECT 1 FROM grouping_group WHERE groupid = ?", result["id"])
        if members or in_grouping or found["name"] != kept["name"]:
            raise Changed(f"group {result['name']}")
        site.store.execute('DELETE FROM "group" WHERE id = ?', result["id"])

    def find(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StepKind.find`."""
        return groups.find(site, "group", params)

    def differences(self, site: Site, params: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
        """See `StepKind.differences`."""
        return groups.differences(site, "group", params, found)

    def change(self, site: Site, result: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """See `StepKind.change`."""
        groups.rename(site, "group", result, values)


KIND = GroupCreate()
