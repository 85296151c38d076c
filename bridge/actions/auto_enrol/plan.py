"""Steps: cohorts first, then the ways into courses, then the rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.actions import accounts
from bridge.actions.accounts import Courses
from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.auto_enrol.params import COLUMNS, AutoEnrolParams, Rule, SelfEnrol, Sync
from bridge.actions.auto_enrol.table import rules_of
from bridge.actions.base import OrderRefused
from bridge.actions.elements import moment
from bridge.actions.program import Part, Ref, Step, ref

_PREFIX = "profile_field_"


def plan(params: AutoEnrolParams, context: Context) -> Plan:
    """Find the courses, groups and cohorts."""
    rules = params.rule
    if params.rules_file:
        rules += rules_of(context.files.get(params.rules_file))
    titles = [one.title for one in rules]
    twice = sorted({one for one in titles if titles.count(one) > 1})
    if twice:
        raise OrderRefused("rules-twice", f"rules stand twice: {', '.join(twice)}", rules=twice)
    made = {
        accounts.made_cohort(one.name): ref(f"cohort{number}", "id")
        for number, one in enumerate(params.cohort, 1)
    }
    made |= {
        accounts.made_cohort(one.idnumber): ref(f"cohort{number}", "id")
        for number, one in enumerate(params.cohort, 1)
        if one.idnumber
    }
    context = replace(context, made={**context.made, **made})
    courses = Courses(context)
    steps = [
        Step(
            "cohort.create",
            f"cohort{number}",
            {
                "name": one.name,
                "idnumber": one.idnumber,
                **({"category": one.category_id} if one.category_id else {}),
            },
        )
        for number, one in enumerate(params.cohort, 1)
    ]
    steps += [
        Step("enrol.add", f"sync{number}", _sync(one, courses, context))
        for number, one in enumerate(params.sync, 1)
    ]
    steps += [
        Step("enrol.add", f"self{number}", _self(one, courses, context))
        for number, one in enumerate(params.self_enrol, 1)
    ]
    steps += [
        Step("rule.create", f"rule{number}", _rule(one, params, courses, context))
        for number, one in enumerate(rules, 1)
    ]
    summary = (
        *(f"create cohort {one.name}" for one in params.cohort),
        *(f"enrol the cohort {one.cohort} into {courses.course(one.course)[1]}" for one in params.sync),
        *(f"let people enrol themselves into {courses.course(one.course)[1]}" for one in params.self_enrol),
        *(
            (f"{len(rules)} rules: {'; '.join(titles[:10])}" + ("; …" if len(rules) > 10 else ""),)
            if rules
            else ()
        ),
    )
    return Plan(summary, Part(tuple(steps)), {"rules": len(rules)}, made)


def evidence(results: Results, moodle: Reader) -> dict[str, Any]:
    """What was set up, and for how many people it matters now."""
    ways = [one for label, one in results.items() if re.fullmatch(r"(sync|self)\d+", label)]
    rules = [one for label, one in results.items() if re.fullmatch(r"rule\d+", label)]
    return {
        "kind": "auto-enrolment",
        "cohorts": [one["name"] for label, one in results.items() if re.fullmatch(r"cohort\d+", label)],
        "ways": len(ways),
        "rules": [{"rule_id": one["id"], "name": one["name"], "matching": one["matching"]} for one in rules],
        "enrolled": sum(one["enrolled"] for one in (*ways, *rules)),
        "url": f"{moodle.base_url}/local/otbridge/rules.php",
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {
        "kind": "auto-enrolment-deleted",
        "cohorts": found["cohorts"],
        "ways": found["ways"],
        "rules": [one["name"] for one in found["rules"]],
    }


def _sync(one: Sync, courses: Courses, context: Context) -> dict[str, Any]:
    course, _ = courses.course(one.course)
    return {
        "course": course,
        "method": "cohort",
        "role": accounts.role(one.role, context),
        "cohort": accounts.find_cohort(one.cohort, context),
        **({"group": courses.group(one.course, one.group)} if one.group else {}),
    }


def _self(one: SelfEnrol, courses: Courses, context: Context) -> dict[str, Any]:
    course, _ = courses.course(one.course)
    return {
        "course": course,
        "method": "self",
        "role": accounts.role(one.role, context),
        "name": one.name,
        "key": one.key,
        "timestart": moment(one.start, context.zone),
        "timeend": moment(one.end, context.zone),
        "most": one.most,
        **({"cohort": accounts.find_cohort(one.cohort, context)} if one.cohort else {}),
    }


def _rule(one: Rule, params: AutoEnrolParams, courses: Courses, context: Context) -> dict[str, Any]:
    conditions = [
        {"field": _asked(field, context), "op": op, "values": values}
        for field, op, values in one.conditions()
    ]
    place: dict[str, int | str | Ref] = {}
    if one.cohort:
        place["cohort"] = accounts.find_cohort(one.cohort, context)
    else:
        place["course"], _ = courses.course(one.course)
        place["role"] = accounts.role(one.role or params.role, context)
        if one.group:
            place["group"] = courses.group(one.course, one.group)
    return {"name": one.title, "conditions": conditions, "onleave": one.leave or params.leave, **place}


def _asked(field: str, context: Context) -> str | Ref:
    """A column of accounts, or a field of profiles, which the same order may make."""
    if field in COLUMNS:
        return field
    bare = field.removeprefix(_PREFIX)
    return accounts.profile_field(f"{_PREFIX}{bare}", context)
