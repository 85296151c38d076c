"""group.add_member: an enrolled user into a group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.schema import Fault, Shape, record
from bridge.sandbox.moodle.steps.base import Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class GroupAddMember(StepKind):
    """See the module."""

    name: ClassVar[str] = "group.add_member"
    shape: ClassVar[Shape] = Shape({"group": record("group"), "user": record("user")})
    results: ClassVar[Mapping[str, str]] = {}
    repeats: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("moodle/course:managegroups",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        group, user = params["group"], params["user"]
        if not known(group) or not known(user):
            return
        row = site.store.row('SELECT course FROM "group" WHERE id = ?', group)
        if row is not None and not site.is_enrolled(row["course"], user):
            yield Fault("user", "notenrolled", f"User {user} is not enrolled in course {row['course']}")

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        group, user = params["group"], params["user"]
        there = work.site.store.row("SELECT 1 FROM group_member WHERE groupid = ? AND user = ?", group, user)
        if not there:
            work.site.store.insert("group_member", groupid=group, user=user)
        return {}, {"group": group, "user": user, "new": not there}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:  # noqa: ARG002 (it has none)
        """See `StepKind.undo`."""
        if kept["new"]:
            site.store.execute(
                "DELETE FROM group_member WHERE groupid = ? AND user = ?", kept["group"], kept["user"]
            )

    def find(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StepKind.find`."""
        group, user = params["group"], params["user"]
        if not known(group) or not known(user):
            return None
        sql = "SELECT 1 FROM group_member WHERE groupid = ? AND user = ?"
        return {} if site.store.row(sql, group, user) else None


KIND = GroupAddMember()
