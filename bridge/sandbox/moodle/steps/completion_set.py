"""completion.set: when an element counts as completed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import elements
from bridge.sandbox.moodle.schema import Fault, Shape, choice, flag, record
from bridge.sandbox.moodle.setting_steps import Settings, SettingStep, get
from bridge.sandbox.moodle.steps.base import Planned

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

CONDITIONS = ("view", "submit", "grade", "passgrade")


class CompletionSet(SettingStep):
    """See the module."""

    name: ClassVar[str] = "completion.set"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "element": elements.ELEMENT,
            "tracking": choice("none", "manual", "automatic"),
            **{name: flag(default=False) for name in CONDITIONS},
        }
    )
    results: ClassVar[Mapping[str, str]] = {"changed": "bool", "cmid": "cm"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/course:manageactivities",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        module, faults = elements.look(site, params["course"], params["element"], "element")
        yield from faults
        if (params["tracking"] == "automatic") != any(params[name] for name in CONDITIONS):
            yield Fault("tracking", "completionconditions", "Automatic completion needs a condition")
            return
        if module is None:
            return
        facts = {"element": module["name"], "type": module["modname"]}
        if params["view"] and module["modname"] == "label":
            yield Fault("view", "completionnoview", "Nobody looks at a label", facts)
        if params["submit"] and module["modname"] not in elements.SUBMITTED:
            yield Fault("submit", "completionnosubmit", "Nothing is handed in there", facts)
        if (params["grade"] or params["passgrade"]) and not elements.graded(site, module):
            yield Fault("grade", "completionnograde", "It is not graded", facts)

    def check_within(self, site: Site, params: Mapping[str, Any], planned: Planned) -> Iterator[Fault]:
        """See `StepKind.check_within`."""
        module, _ = elements.look(site, params["course"], params["element"], "element")
        key = elements.key(params["element"], module)
        if params["tracking"] != "none" and not elements.tracks(site, params["course"], planned):
            yield Fault("course", "completionoff", "The course does not track completion")
        if key is None:
            return
        yield from elements.doubled(planned, "completion", key, "element")
        if module and params["passgrade"]:
            passes = planned.get(("gradepass", key)) or (get(site, "grade", key) or {}).get("gradepass")
            if not passes and elements.graded(site, module):
                facts = {"element": module["name"]}
                yield Fault("passgrade", "nogradepass", "It has no grade to pass", facts)
        planned[("completion", key)] = {name: params[name] for name in ("tracking", *CONDITIONS)}

    def wanted(self, site: Site, params: Mapping[str, Any]) -> Settings:
        """See `SettingStep.wanted`."""
        module = elements.find(site, params["course"], params["element"])
        value = {name: params[name] for name in ("tracking", *CONDITIONS)}
        return {("completion", module["id"]): value}

    def told(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any]:
        """See `SettingStep.told`."""
        return {"cmid": elements.find(site, params["course"], params["element"])["id"]}


KIND = CompletionSet()
