"""course.update: the tracking of completion, and whether learners see their grades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.schema import Fault, Field, Shape, record
from bridge.sandbox.moodle.setting_steps import Settings, SettingStep
from bridge.sandbox.moodle.steps.base import Planned

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class CourseUpdate(SettingStep):
    """See the module."""

    name: ClassVar[str] = "course.update"
    shape: ClassVar[Shape] = Shape(
        {"course": record("course"), "completion": Field("bool", None), "showgrades": Field("bool", None)}
    )
    results: ClassVar[Mapping[str, str]] = {"changed": "bool"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/course:update",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:  # noqa: ARG002 (nothing can fail)
        """See `StepKind.check`."""
        yield from ()

    def check_within(self, site: Site, params: Mapping[str, Any], planned: Planned) -> Iterator[Fault]:  # noqa: ARG002
        """See `StepKind.check_within`."""
        if params["completion"] is not None:
            planned[("course.completion", params["course"])] = params["completion"]
        yield from ()

    def wanted(self, site: Site, params: Mapping[str, Any]) -> Settings:  # noqa: ARG002 (as others)
        """See `SettingStep.wanted`."""
        course = params["course"]
        names = [name for name in ("completion", "showgrades") if params[name] is not None]
        return {(f"course.{name}", course): params[name] for name in names}


KIND = CourseUpdate()
