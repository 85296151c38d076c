"""Steps: the glossary, then a glossary.add_entry for each term."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.create_glossary.params import CreateGlossaryParams
from bridge.actions.create_glossary.table import terms_of
from bridge.actions.elements import Element, add, longest, made
from bridge.actions.named import makes
from bridge.actions.places import find_place
from bridge.actions.program import Part, Step, ref
from bridge.actions.texts import paragraphs


def plan(params: CreateGlossaryParams, context: Context) -> Plan:
    """Find the course and the section."""
    place = find_place(params, [params.section], context)
    listed = params.term
    if params.terms_file:
        listed += terms_of(context.files.get(params.terms_file), params.term)
    element = Element(name=params.name, description=params.description, visible=params.visible)
    settings = {"displayformat": params.display, "usedynalink": params.links}
    glossary = add("glossary1", "glossary", element, (place, params.section), settings)
    terms = (
        Step(
            "glossary.add_entry",
            f"term{number}",
            {
                "glossary": ref("glossary1", "cmid"),
                "concept": one.concept,
                "definitionhtml": paragraphs(one.definition),
                "aliases": list(one.synonyms),
            },
        )
        for number, one in enumerate(listed, 1)
    )
    where = f"{place.section_name(glossary.params['section'])} of {place.course_name}"
    summary = (
        f"create glossary {params.name} in {where}",
        f"{len(listed)} terms: {', '.join(one.concept for one in listed[:10])}"
        + (", …" if len(listed) > 10 else ""),
    )
    counts = {
        "glossaries": 1,
        "terms": len(listed),
        "glossary_terms": len(listed),
        "characters": longest([one.definition for one in listed]),
    }
    return Plan(summary, Part((glossary, *terms)), counts, makes((glossary,)))


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The glossary, and how many terms it got."""
    (glossary,) = made(results, "glossary")
    return {"kind": "glossary", **glossary, "terms": sum(1 for label in results if label.startswith("term"))}


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "glossary-deleted", "name": found["name"]}
