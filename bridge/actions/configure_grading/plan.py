"""Steps: scales, the course's way of aggregation, categories, entered grades, elements, formulas, and
criteria of completion, in this order, for each uses what stands before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.configure_grading.params import ConfigureGradingParams
from bridge.actions.elements import decimal
from bridge.actions.named import named
from bridge.actions.places import find_course
from bridge.actions.program import Part, Ref, Step, ref


def plan(params: ConfigureGradingParams, context: Context) -> Plan:
    """Find the course."""
    course, course_name = find_course(params, context)
    steps = _Steps(course, context)
    steps.add_all(params)
    made = {"scales": params.scale, "categories": params.category, "entered grades": params.entered}
    numbers = ", ".join(f"{len(things)} {name}" for name, things in made.items())
    summary = (
        f"grading of {course_name}: {numbers}, {len(params.element)} elements",
        *((f"final grade {params.formula}",) if params.formula else ()),
        *((f"to pass {decimal(params.grade_to_pass)}",) if params.grade_to_pass is not None else ()),
        *(
            (f"the course is completed by: {_criteria(params)}",)
            if params.complete_elements or params.complete_grade is not None
            else ()
        ),
    )
    return Plan(summary, Part(tuple(steps.found)), {"courses": 1})


def evidence(results: Results, moodle: Reader) -> dict[str, Any]:
    """What was made, and where learners see it."""
    labels = list(results)
    course = next(iter(results.values()))["course"]
    return {
        "kind": "grading",
        "categories": [one["name"] for label, one in results.items() if label.startswith("category")],
        "scales": [one["name"] for label, one in results.items() if label.startswith("scale")],
        "entered": [one["name"] for label, one in results.items() if label.startswith("entered")],
        "elements": sum(1 for label in labels if label.startswith("element")),
        "formula": results["total"].get("formula", "") if "total" in results else "",
        "grade_to_pass": results["total"].get("gradepass", "") if "total" in results else "",
        "completion": "criteria" in results,
        "url": f"{moodle.base_url}/grade/report/user/index.php?id={course}" if type(course) is int else "",
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "grading-deleted", "categories": found["categories"]}


class _Steps:
    """The steps, one after the other."""

    def __init__(self, course: int | Ref, context: Context) -> None:
        self.found: list[Step] = []
        self._course = {"course": course}
        self._context = context
        self._scales: dict[str, Ref] = {}
        self._categories: dict[str, Ref] = {}
        self._formulas: list[tuple[Ref, str]] = []

    def add_all(self, params: ConfigureGradingParams) -> None:
        """All that is ordered."""
        completes = params.complete_elements or params.complete_grade is not None
        wanted: dict[str, Any] = {"completion": True} if completes else {}
        if params.show_grades is not None:
            wanted["showgrades"] = params.show_grades
        if wanted:
            self._add("course.update", "course", wanted)
        for number, scale in enumerate(params.scale, 1):
            items = {"name": scale.name, "items": list(scale.items)}
            self._scales[scale.name] = self._add("grade.create_scale", f"scale{number}", items)
        if params.sets_the_total and not params.formula:
            self._total(params)  # Weights of what follows count in a weighted mean only.
        self._add_items(params)
        for number, (item, text) in enumerate(self._formulas, 1):
            self._add("grade.set", f"formula{number}", {"item": item, "formula": text})
        if params.formula:
            self._total(params)  # It needs what stands before it.
        if completes:
            elements = [named(one, self._context) for one in params.complete_elements]
            rest = {"match": params.complete_match, "earlier": params.earlier}
            passing = {"gradepass": decimal(params.complete_grade)} if params.complete_grade else {}
            self._add("completion.set_criteria", "criteria", {"elements": elements, **passing, **rest})

    def _add_items(self, params: ConfigureGradingParams) -> None:
        for number, category in enumerate(params.category, 1):
            label = f"category{number}"
            wanted = {
                "name": category.name,
                "idnumber": category.idnumber,
                "aggregation": category.aggregation,
                "onlygraded": category.only_graded,
                **_points(grademax=category.grade, gradepass=category.grade_to_pass, weight=category.weight),
            }
            if category.inside:
                wanted["parent"] = self._categories[category.inside]
            self._categories[category.name] = self._add("grade.create_category", label, wanted)
            if category.formula:
                self._formulas.append((ref(label, "item"), category.formula))
        for number, entered in enumerate(params.entered, 1):
            label = f"entered{number}"
            wanted = {
                "name": entered.name,
                "idnumber": entered.idnumber,
                **_points(grademax=entered.grade, gradepass=entered.grade_to_pass, weight=entered.weight),
                **self._inside(entered.category),
            }
            if entered.scale:
                wanted["scale"] = self._scales[entered.scale]
            item = self._add("grade.create_item", label, wanted)
            if entered.formula:
                self._formulas.append((item, entered.formula))
        for number, element in enumerate(params.element, 1):
            wanted = {
                "element": named(element.element, self._context),
                **({"idnumber": element.idnumber} if element.idnumber else {}),
                **_points(gradepass=element.grade_to_pass, weight=element.weight),
                **self._inside(element.category),
                **({} if element.hidden is None else {"hidden": element.hidden}),
            }
            self._add("grade.set", f"element{number}", wanted)

    def _total(self, params: ConfigureGradingParams) -> None:
        wanted = {
            "total": True,
            **({"aggregation": params.aggregation} if params.aggregation else {}),
            **({"formula": params.formula} if params.formula else {}),
            **_points(grademax=params.grade, gradepass=params.grade_to_pass),
            **({} if params.only_graded is None else {"onlygraded": params.only_graded}),
            **({"hidden": False} if params.show_grades else {}),
        }
        self._add("grade.set", "total", wanted)

    def _inside(self, category: str) -> dict[str, Ref]:
        return {"category": self._categories[category]} if category else {}

    def _add(self, kind: str, label: str, wanted: Mapping[str, Any]) -> Ref:
        self.found.append(Step(kind, label, {**self._course, **wanted}))
        return ref(label, "id")


def _points(**given: Decimal | None) -> dict[str, str]:
    return {name: decimal(value) for name, value in given.items() if value is not None}


def _criteria(params: ConfigureGradingParams) -> str:
    grade = "" if params.complete_grade is None else f"final grade {decimal(params.complete_grade)}"
    word = " and " if params.complete_match == "all" else " or "
    return word.join(one for one in (*params.complete_elements, grade) if one)
