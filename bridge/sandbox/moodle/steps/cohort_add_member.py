"""cohort.add_member: a person into a cohort."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import people
from bridge.sandbox.moodle.schema import Fault, Shape, record
from bridge.sandbox.moodle.steps.base import Failure, StepKind, Work

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class CohortAddMember(StepKind):
    """See the module."""

    name: ClassVar[str] = "cohort.add_member"
    shape: ClassVar[Shape] = Shape({"cohort": record("cohort"), "user": record("user")})
    results: ClassVar[Mapping[str, str]] = {"isnew": "bool"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/cohort:assign",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:  # noqa: ARG002 (the account says all)
        """See `StepKind.check`."""
        yield from people.user_faults(params["user"])

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        new = people.join_cohort(work.site.store, params["cohort"], params["user"])
        return {"isnew": new}, {"cohort": params["cohort"], "user": params["user"]}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        if result["isnew"]:
            people.leave_cohort(site.store, kept["cohort"], kept["user"])


KIND = CohortAddMember()
