"""grouping.add: a group into a grouping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.schema import Fault, Shape, record
from bridge.sandbox.moodle.steps.base import Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class GroupingAdd(StepKind):
    """See the module."""

    name: ClassVar[str] = "grouping.add"
    shape: ClassVar[Shape] = Shape({"grouping": record("grouping"), "group": record("group")})
    results: ClassVar[Mapping[str, str]] = {}
    repeats: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("moodle/course:managegroups",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        courses: list[int] = []
        for what in ("grouping", "group"):
            if known(params[what]):
                row = site.store.row(f'SELECT course FROM "{what}" WHERE id = ?', params[what])
                courses += [] if row is None else [row["course"]]
        if len(set(courses)) > 1:
            message = "The group is not of the grouping's course"
            yield Fault("group", "othercourse", message, {"id": params["group"]})

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        there = work.site.store.row(
            "SELECT 1 FROM grouping_group WHERE groupingid = ? AND groupid = ?",
            params["grouping"],
            params["group"],
        )
        if not there:
            work.site.store.insert("grouping_group", groupingid=params["grouping"], groupid=params["group"])
        return {}, {"grouping": params["grouping"], "group": params["group"], "new": not there}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:  # noqa: ARG002 (it has none)
        """See `StepKind.undo`."""
        if kept["new"]:
            site.store.execute(
                "DELETE FROM grouping_group WHERE groupingid = ? AND groupid = ?",
                kept["grouping"],
                kept["group"],
            )

    def find(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StepKind.find`."""
        grouping, group = params["grouping"], params["group"]
        if not known(grouping) or not known(group):
            return None
        sql = "SELECT 1 FROM grouping_group WHERE groupingid = ? AND groupid = ?"
        return {} if site.store.row(sql, grouping, group) else None


KIND = GroupingAdd()
