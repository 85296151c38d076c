"""completion.set_criteria: when a course counts as completed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import elements
from bridge.sandbox.moodle.schema import Fault, Items, Shape, choice, line, record
from bridge.sandbox.moodle.setting_steps import Settings, SettingStep, get
from bridge.sandbox.moodle.steps.base import Planned, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class CompletionSetCriteria(SettingStep):
    """See the module."""

    name: ClassVar[str] = "completion.set_criteria"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "elements": Items(elements.ELEMENT, most=300),
            "gradepass": line(20, ""),
            "match": choice("all", "any", default="all"),
            "earlier": choice("refuse", "replace", "keep", default="refuse"),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"changed": "bool"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/course:update",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        for place, named in enumerate(params["elements"]):
            yield from elements.look(site, params["course"], named, f"elements[{place}]")[1]
        if not params["elements"] and not params["gradepass"]:
            facts = {"type": "completion"}
            yield Fault("elements", "conditionempty", "Name what completes the course", facts)

    def check_within(self, site: Site, params: Mapping[str, Any], planned: Planned) -> Iterator[Fault]:
        """See `StepKind.check_within`."""
        course = params["course"]
        if not elements.tracks(site, course, planned):
            yield Fault("course", "completionoff", "The course does not track completion")
        yield from elements.doubled(planned, "criteria", course, "course")
        for place, named in enumerate(params["elements"]):
            module, faults = elements.look(site, course, named, "")
            key = elements.key(named, module)
            there = get(site, "completion", module["id"]) if module else None
            set_ = planned.get(("completion", key), there) or {"tracking": "none"}
            if not faults and set_["tracking"] == "none":
                facts = {"element": str(key)}
                yield Fault(f"elements[{place}]", "completionnone", "It is not tracked", facts)
        found = get(site, "criteria", course) if known(course) else None
        if found and params["earlier"] == "refuse" and found != self._value(site, params):
            yield Fault("earlier", "criteriathere", "The course has criteria already")

    def wanted(self, site: Site, params: Mapping[str, Any]) -> Settings:
        """See `SettingStep.wanted`."""
        value = self._value(site, params)
        there = get(site, "criteria", params["course"])
        if params["earlier"] == "keep" and there:
            value["elements"] = sorted({*there["elements"], *value["elements"]})
            value["gradepass"] = value["gradepass"] or there["gradepass"]
        return {("criteria", params["course"]): value}

    @staticmethod
    def _value(site: Site, params: Mapping[str, Any]) -> dict[str, Any]:
        ids = sorted(
            module["id"]
            for module, _ in (elements.look(site, params["course"], one, "") for one in params["elements"])
            if module
        )
        return {"elements": ids, "gradepass": params["gradepass"], "match": params["match"]}


KIND = CompletionSetCriteria()
