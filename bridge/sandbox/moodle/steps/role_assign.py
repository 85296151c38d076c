"""role.assign: a role for a person, in the system, a category or a course."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import people
from bridge.sandbox.moodle.schema import Fault, Shape, line, record
from bridge.sandbox.moodle.steps.base import Failure, StepKind, Work

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class RoleAssign(StepKind):
    """See the module."""

    name: ClassVar[str] = "role.assign"
    shape: ClassVar[Shape] = Shape(
        {
            "role": line(100),
            "user": record("user"),
            "category": record("category", default=None),
            "course": record("course", default=None),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"id": "int", "user": "user", "isnew": "bool"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/role:assign",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        if params["category"] is not None and params["course"] is not None:
            yield Fault("course", "twoplaces", "Either a category or a course is needed, and not both")
            return
        level, _ = _where(params)
        yield from people.role_faults(site.store, params["role"], level)
        yield from people.user_faults(params["user"])

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        level, item = _where(params)
        store = work.site.store
        new = people.give_role(store, params["role"], params["user"], level, item)
        row = store.row(
            "SELECT g.id FROM role_given g JOIN role r ON r.id = g.role "
            "WHERE r.shortname = ? AND g.user = ? AND g.level = ? AND g.item = ?",
            params["role"],
            params["user"],
            level,
            item,
        )
        assert row is not None
        return {"id": row["id"], "user": params["user"], "isnew": new}, {}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:  # noqa: ARG002 (its result says all)
        """See `StepKind.undo`."""
        if result["isnew"]:
            site.store.execute("DELETE FROM role_given WHERE id = ?", result["id"])


def _where(params: Mapping[str, Any]) -> tuple[str, int]:
    for name, level in (("course", "course"), ("category", "coursecat")):
        if params[name] is not None:
            return level, params[name]
    return "system", 0


KIND = RoleAssign()
