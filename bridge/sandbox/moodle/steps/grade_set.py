"""grade.set: how an element, a category or the whole course is graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import elements, grading
from bridge.sandbox.moodle.schema import Fault, Field, Shape, choice, flag, line, record
from bridge.sandbox.moodle.setting_steps import Settings, SettingStep
from bridge.sandbox.moodle.steps.base import Planned, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

OF_SUMS = {"aggregation": "", "onlygraded": None}


class GradeSet(SettingStep):
    """See the module."""

    name: ClassVar[str] = "grade.set"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "element": elements.ELEMENT,
            "item": Field("gradeitem", None),
            "total": flag(default=False),
            "idnumber": line(100, ""),
            "category": Field("gradecategory", None),
            "weight": line(20, ""),
            "gradepass": line(20, ""),
            "grademax": line(20, ""),
            "hidden": Field("bool", None),
            "formula": line(2000, ""),
            "aggregation": choice("", *grading.AGGREGATIONS, default=""),
            "onlygraded": Field("bool", None),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"changed": "bool", "item": "gradeitem"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/grade:manage", "moodle/course:manageactivities")

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        if sum((params["element"] is not None, params["item"] is not None, params["total"])) != 1:
            yield Fault("element", "elementnamed", "Name an element, an item or the total")
            return
        if params["element"] is not None:
            module, faults = elements.look(site, params["course"], params["element"], "element")
            yield from faults
            if module and not elements.graded(site, module):
                facts = {"element": module["name"], "type": module["modname"]}
                yield Fault("element", "completionnograde", "It is not graded", facts)
                return
            for name, none in {**OF_SUMS, "grademax": "", "formula": ""}.items():
                if params[name] != none:
                    yield Fault(name, "gradenotsum", f"It has no {name} of its own", {"name": name})
        most = "" if params["total"] and not params["grademax"] else params["grademax"] or "100"
        yield from grading.pass_faults(params["gradepass"], most)

    def check_within(self, site: Site, params: Mapping[str, Any], planned: Planned) -> Iterator[Fault]:
        """See `StepKind.check_within`."""
        course, key = params["course"], params["item"]
        if params["element"] is not None:
            module, _ = elements.look(site, course, params["element"], "element")
            key = elements.key(params["element"], module)
            planned[("gradepass", key)] = params["gradepass"]
        elif params["total"]:
            key = "total"
        yield from elements.doubled(planned, "grade", (course, key), "element")
        yield from grading.number_faults(site, course, params["idnumber"], planned)
        if params["total"] and params["aggregation"]:
            planned[("aggregation", course)] = params["aggregation"]
        yield from grading.weight_faults(site, course, params["category"], params["weight"], planned)
        if params["formula"]:
            row = (
                site.store.row("SELECT idnumber FROM gradeitem WHERE id = ?", key)
                if known(key) and isinstance(key, int)
                else None
            )
            own = (row["idnumber"] if row else "") or f"{key}"
            yield from grading.formula_faults(site, course, params["formula"], own, planned)

    def wanted(self, site: Site, params: Mapping[str, Any]) -> Settings:
        """See `SettingStep.wanted`."""
        names = [*self.shape.keys.keys() - {"course", "element", "item", "total"}]
        value = {name: params[name] for name in sorted(names) if params[name] not in ("", None)}
        if params["total"]:
            return {("total", params["course"]): value}
        if params["element"] is not None:
            module = elements.find(site, params["course"], params["element"])
            return {("grade", module["id"]): value}
        return {("grade.item", params["item"]): value}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        super().undo(site, result, kept)
        if any((after or {}).get("idnumber") for _, _, _, after in kept["settings"]):
            site.store.execute("UPDATE gradeitem SET idnumber = '' WHERE id = ?", result["item"])

    def told(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any]:
        """See `SettingStep.told`."""
        course, idnumber = params["course"], params["idnumber"]
        if params["item"] is not None:
            return {"item": params["item"]}
        if params["total"]:
            return {"item": grading.item(site, course, "course", course, "", idnumber)}
        module = elements.find(site, course, params["element"])
        return {"item": grading.item(site, course, "mod", module["id"], module["name"], idnumber)}


KIND = GradeSet()
