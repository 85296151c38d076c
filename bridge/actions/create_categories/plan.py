"""Steps: a category.create for each category that is missing, those above first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.base import OrderRefused
from bridge.actions.categories import TOP, find_category, parts_of, read
from bridge.actions.create_categories.params import CreateCategoriesParams
from bridge.actions.elements import folded
from bridge.actions.named import made_category
from bridge.actions.program import Part, Ref, Step, ref
from bridge.actions.texts import paragraphs


def plan(params: CreateCategoriesParams, context: Context) -> Plan:
    """Find what is there of the paths."""
    root: int | Ref = TOP
    under = ""
    if params.below:
        root, under = find_category(params.below, None, context)
    known: dict[tuple[str, ...], int | Ref] = {(): root}
    steps: list[Step] = []
    makes: dict[str, Ref] = {}
    for wanted in sorted(params.all, key=lambda one: len(parts_of(one.path))):
        path = parts_of(wanted.path)
        for depth in range(1, len(path) + 1):
            here = tuple(map(folded, path[:depth]))
            there = known.get(here)
            last = depth == len(path)
            if there is None and (found := _existing(path[depth - 1], known[here[:-1]], context)):
                there = known[here] = found
            if there is not None:
                if last:
                    raise OrderRefused(
                        "category-there", f"there is a category {wanted.path}", category=wanted.path
                    )
                continue
            label = f"category{len(steps) + 1}"
            above = known[here[:-1]]
            more = (
                {
                    "idnumber": wanted.idnumber,
                    "descriptionhtml": paragraphs(wanted.description),
                    "visible": wanted.visible,
                }
                if last
                else {}
            )
            parent = {} if above == TOP else {"parent": above}
            steps.append(Step("category.create", label, {"name": path[depth - 1], **parent, **more}))
            known[here] = ref(label, "id")
            makes[made_category(path[:depth])] = ref(label, "id")
    where = f" below {under}" if under else ""
    summary = (
        f"create {len(steps)} categories{where}: {', '.join(str(one.params['name']) for one in steps)}",
    )
    return Plan(summary, Part(tuple(steps)), {"categories": len(steps)}, makes)


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The categories with their addresses."""
    return {
        "kind": "categories",
        "categories": [
            {"category_id": one["id"], "name": one["name"], "url": one["url"]}
            for label, one in results.items()
            if re.fullmatch(r"category\d+", label)
        ],
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "categories-deleted", "categories": [one["name"] for one in found["categories"]]}


def _existing(name: str, parent: int | Ref, context: Context) -> int | None:
    """A category of that name in that place; nothing is in a place that is not there yet."""
    if isinstance(parent, Ref):
        return None
    found = [one for one in read(context, "name", name) if int(one["parent"]) == parent]
    return int(found[0]["id"]) if found else None
