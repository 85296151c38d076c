"""Steps: category.sort_courses, and frontpage.set where the order asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.categories import find_category
from bridge.actions.program import Part, Step
from bridge.actions.sort_courses.params import SortCoursesParams


def plan(params: SortCoursesParams, context: Context) -> Plan:
    """Find the category."""
    order = {"by": params.by, "descending": params.descending}
    where: dict[str, Any] = {}
    name = "all categories"
    if params.category_id or params.category:
        where["category"], name = find_category(params.category, params.category_id, context)
    sort = {**where, **order, "subcategories": params.subcategories}
    steps = [Step("category.sort_courses", "sorted", sort)]
    if params.front_page:
        steps.append(Step("frontpage.set", "frontpage", order))
    summary = (
        f"sort the courses of {name} by {params.by}{', descending' if params.descending else ''}",
        *(("the front page lists all courses in this order, without categories",) * params.front_page),
    )
    return Plan(summary, Part(tuple(steps)))


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """How many courses were sorted, and where the front page is."""
    order = results["sorted"]
    return {
        "kind": "course-order",
        "courses": order["courses"],
        "categories": order["categories"],
        "by": order["by"],
        "descending": order["descending"],
        "front_page": results["frontpage"]["url"] if "frontpage" in results else "",
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "course-order-deleted", "courses": found["courses"]}
