"""Steps: one module.add for each page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.add_pages.params import AddPagesParams
from bridge.actions.elements import add, longest, made
from bridge.actions.named import makes
from bridge.actions.places import find_place
from bridge.actions.program import Part
from bridge.actions.texts import paragraphs


def plan(params: AddPagesParams, context: Context) -> Plan:
    """Find the course and the sections."""
    place = find_place(params, [one.section or params.section for one in params.page], context)
    steps = tuple(
        add(f"page{number}", "page", one, (place, params.section), {"contenthtml": paragraphs(one.text)})
        for number, one in enumerate(params.page, 1)
    )
    summary = (
        f"add {len(steps)} pages to {place.course_name}",
        *(f"{one.params['name']}: {place.section_name(one.params['section'])}" for one in steps),
    )
    counts = {"pages": len(steps), "characters": longest([one.text for one in params.page])}
    return Plan(summary, Part(steps), counts, makes(steps))


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The pages with their addresses."""
    return {"kind": "pages", "pages": made(results, "page")}


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "pages-deleted", "pages": [one["name"] for one in found["pages"]]}
