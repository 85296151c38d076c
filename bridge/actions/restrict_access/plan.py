"""Steps: tracking of completion, a completion.set for each element that is completed anew, then an
access.restrict for each that is shut.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from bridge.actions.accounts import made_group
from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.base import OrderRefused
from bridge.actions.elements import decimal, folded, moment
from bridge.actions.named import named
from bridge.actions.places import Place, find_place
from bridge.actions.program import Part, Ref, Step
from bridge.actions.restrict_access.params import TOTAL, RestrictAccessParams, Restricted

VIEWED = ("view",)


def plan(params: RestrictAccessParams, context: Context) -> Plan:
    """Find the course, its sections, and what is tracked already."""
    sections = [one.section for one in params.element if one.section]
    wanted = [*sections, params.chain_section] if params.chain_section else sections
    place = find_place(params, wanted, context)
    there = _elements(place, context)
    chain = _chain(params, place, there)
    completed = {one.element: one.complete for one in params.element if one.complete}
    for name in chain[:-1]:
        known = [one for one in there if _is(one, name)]
        tracked = len(known) == 1 and known[0].get("completion")
        if name not in completed and (params.complete or not tracked):
            completed[name] = params.complete or VIEWED
    restricted = [
        Restricted(element=name, after=(before,), shown=params.shown, earlier=params.earlier)
        for before, name in pairwise(chain)
    ] + [one for one in params.element if one.is_restricted or one.open]
    steps = _steps(completed, restricted, place, context)
    touched = {*completed, *(one.title for one in restricted)}
    summary = (
        f"conditions of {len(touched)} elements in {place.course_name}",
        *(f"{name}: completed by {', '.join(words)}" for name, words in completed.items()),
        *(f"{one.title}: {_said(one)}" for one in restricted),
    )
    counts = {"elements": len(touched), "restricted_elements": len(touched)}
    return Plan(summary, Part(tuple(steps)), counts)


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The elements and sections that were restricted, and how many were given conditions of completion."""
    return {
        "kind": "access",
        "elements": [
            {"name": one["name"], "url": one["url"], "open": not one["conditions"]}
            for label, one in results.items()
            if re.fullmatch(r"access\d+", label)
        ],
        "completed": sum(1 for label in results if re.fullmatch(r"complete\d+", label)),
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "access-deleted", "elements": [one["name"] for one in found["elements"]]}


def _steps(
    completed: Mapping[str, Sequence[str]], restricted: Sequence[Restricted], place: Place, context: Context
) -> list[Step]:
    course = {"course": place.course}
    steps = []
    if any(words != ("none",) for words in completed.values()):
        steps.append(Step("course.update", "tracking", {**course, "completion": True}))
    for number, (name, words) in enumerate(completed.items(), 1):
        tracking = words[0] if words in (("none",), ("manual",)) else "automatic"
        conditions = {
            "view": "view" in words,
            "submit": "submit" in words,
            "grade": "grade" in words,
            "passgrade": "pass" in words,
        }
        wanted = {**course, "element": named(name, context), "tracking": tracking, **conditions}
        steps.append(Step("completion.set", f"complete{number}", wanted))
    for number, one in enumerate(restricted, 1):
        target = (
            {"element": named(one.element, context)}
            if one.element
            else {"section": place.section(one.section)}
        )
        many = len(one.groups) > 1 and one.match == "all"
        rest = {
            "match": "any" if many else one.match,
            "shown": one.shown,
            "earlier": "replace" if one.open else one.earlier,
            "conditions": _conditions(one, place.course, context),
        }
        steps.append(Step("access.restrict", f"access{number}", {**course, **target, **rest}))
    return steps


def _conditions(one: Restricted, course: int | Ref, context: Context) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "type": "completion",
            "element": named(name, context),
            "state": "pass" if one.passed else "complete",
        }
        for name in one.after
    ]
    found += [{"type": "group", **_group(name, course, context)} for name in one.groups]
    found += [{"type": "group", "not": True, **_group(name, course, context)} for name in one.not_for]
    if one.grouping:
        found.append({"type": "grouping", "name": one.grouping})
    if one.opens or one.closes:
        # A day alone ends with its last minute, that is, before the next one.
        until = moment(one.closes, context.zone)
        ends = until + 60 if one.closes and (one.closes.hour, one.closes.minute) == (23, 59) else until
        found.append({"type": "date", "from": moment(one.opens, context.zone), "until": ends})
    if one.grade_of:
        whose = {"total": True} if one.grade_of == TOTAL else {"element": named(one.grade_of, context)}
        ends_of = {"min": decimal(one.grade_from), "max": decimal(one.grade_below)}
        found.append({"type": "grade", **whose, **{name: value for name, value in ends_of.items() if value}})
    found += [{"type": "profile", **rule.model_dump()} for rule in one.profile]
    return found


def _group(name: str, course: int | Ref, context: Context) -> dict[str, Ref | str]:
    made = context.made.get(made_group(course, name))
    return {"name": name} if made is None else {"group": made}


def _elements(place: Place, context: Context) -> list[dict[str, Any]]:
    """Elements of the course in their order on the page; none of a course that is not there yet."""
    if isinstance(place.course, Ref):
        return []
    found = context.moodle.read(
        "core_course_get_contents",
        courseid=place.course,
        options=[{"name": "excludecontents", "value": "1"}],
    )
    return [
        {**module, "section": section.get("section")}
        for section in found
        for module in section.get("modules", ())
    ]


def _is(element: Mapping[str, Any], name: str) -> bool:
    return name == f"cmid:{element['id']}" or folded(element["name"]) == folded(name)


def _chain(params: RestrictAccessParams, place: Place, there: Sequence[Mapping[str, Any]]) -> list[str]:
    """The chain's elements; of a section those that can be completed, by their numbers."""
    if not params.chain_section:
        return list(params.chain)
    number = place.section(params.chain_section)
    found = [f"cmid:{one['id']}" for one in there if one["section"] == number and one["modname"] != "label"]
    if len(found) < 2:
        raise OrderRefused(
            "chain-too-short",
            f"{place.section_name(number)} has {len(found)} elements: no chain",
            section=params.chain_section,
        )
    return found


def _said(one: Restricted) -> str:
    """The conditions for operators."""
    if one.open:
        return "open for all"
    parts = {
        "after": ", ".join(one.after) + (" (passed)" if one.passed else ""),
        "groups": ", ".join(one.groups),
        "grouping": one.grouping,
        "not for": ", ".join(one.not_for),
        "from": f"{one.opens:%Y-%m-%d %H:%M}" if one.opens else "",
        "until": f"{one.closes:%Y-%m-%d %H:%M}" if one.closes else "",
        "grade of": one.grade_of and f"{one.grade_of} {one.grade_from or 0}…{one.grade_below or 100} %",
        "profile": ", ".join(f"{rule.field} {rule.operator} {rule.value}".strip() for rule in one.profile),
    }
    joined = f" {'and' if one.match == 'all' else 'or'} ".join(
        f"{name} {value}" for name, value in parts.items() if value
    )
    return joined + ("" if one.shown else ", hidden while shut")
