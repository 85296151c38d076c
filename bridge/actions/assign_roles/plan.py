"""Steps: a role.assign for each person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions import accounts
from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.assign_roles.params import AssignRolesParams
from bridge.actions.assign_roles.policy import AssignRolesRules
from bridge.actions.base import OrderRefused
from bridge.actions.elements import folded
from bridge.actions.places import find_course
from bridge.actions.program import Part, Ref, Step


def plan(params: AssignRolesParams, context: Context) -> Plan:
    """Find the place and the people."""
    where, place = _place(params, context)
    people = accounts.find_people(params.users, params.by, context)
    role = accounts.role(params.role, context)
    steps = tuple(
        Step("role.assign", f"role{number}", {"role": role, "user": one.id, **where})
        for number, one in enumerate(people.values(), 1)
    )
    names = ", ".join(one.name for one in people.values())
    return Plan((f"give the role {params.role} in {place} to {names}",), Part(steps))


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """How many got the role, and how many had it."""
    new = sum(1 for one in results.values() if one["isnew"])
    place = next(iter(results.values()))
    where = next((name for name in ("course", "category") if name in place), "system")
    return {
        "kind": "roles-given",
        "role": place["role"],
        "given": new,
        "held": len(results) - new,
        "where": where,
        "where_id": place.get(where, 0),
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "roles-given-deleted", "role": found["role"], "given": found["given"]}


def _place(params: AssignRolesParams, context: Context) -> tuple[dict[str, int | Ref], str]:
    if params.system:
        if not context.policy.of(AssignRolesRules).system:
            raise OrderRefused(
                "system-not-allowed", "the site's policy lets orders give no role in the whole system"
            )
        return {}, "the system"
    if params.category_id is not None or params.category:
        id_, name = _category(params, context)
        return {"category": id_}, name
    course, name = find_course(params, context)
    return {"course": course}, name


def _category(params: AssignRolesParams, context: Context) -> tuple[int, str]:
    """Moodle answers categories that match a part of a name, too."""
    wanted = str(params.category_id) if params.category_id is not None else params.category
    keys = ("id",) if params.category_id is not None else ("idnumber", "name")
    for key in keys:
        rows = context.moodle.read(
            "core_course_get_categories", criteria=[{"key": key, "value": wanted}], addsubcategories=False
        )
        found = [one for one in rows if folded(str(one.get(key) or "")) == folded(wanted)]
        if len(found) > 1:
            numbers = [int(one["id"]) for one in found]
            raise OrderRefused(
                "ambiguous-category",
                f"there are several categories {wanted}",
                category=wanted,
                numbers=numbers,
            )
        if found:
            return int(found[0]["id"]), f"category {found[0]['name']} ({found[0]['id']})"
    raise OrderRefused("no-such-category", f"there is no category {wanted}", category=wanted)
