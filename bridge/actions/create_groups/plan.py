"""Steps: a group.create for each group, then groupings, what stands in them, and members."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.actions.accounts import made_group
from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.base import OrderRefused
from bridge.actions.create_groups.params import CreateGroupsParams
from bridge.actions.people import ids_by_login
from bridge.actions.places import find_course
from bridge.actions.program import Part, Step, ref
from bridge.actions.texts import paragraphs


def plan(params: CreateGroupsParams, context: Context) -> Plan:
    """Find the course and the people."""
    course, course_name = find_course(params, context)
    description = paragraphs(params.description)
    labels = {name: f"group{number}" for number, name in enumerate(params.groups, 1)}
    steps = [
        Step("group.create", label, {"course": course, "name": name, "descriptionhtml": description})
        for name, label in labels.items()
    ]
    for number, (grouping, names) in enumerate(params.groupings.items(), 1):
        label = f"grouping{number}"
        steps.append(Step("grouping.create", label, {"course": course, "name": grouping}))
        steps += [
            Step(
                "grouping.add",
                f"{label}_{labels[name]}",
                {"grouping": ref(label, "id"), "group": ref(labels[name], "id")},
            )
            for name in dict.fromkeys(names)
        ]
    people = _people(params, context.moodle)
    for name, logins in params.members.items():
        steps += [
            Step(
                "group.add_member",
                f"{labels[name]}_user{people[login]}",
                {"group": ref(labels[name], "id"), "user": people[login]},
            )
            for login in dict.fromkeys(logins)
        ]
    members = sum(len(set(logins)) for logins in params.members.values())
    summary = (
        f"create {len(params.groups)} groups in {course_name}: {', '.join(params.groups)}",
        *(
            f"grouping {name}: {', '.join(names)}" if names else f"grouping {name}"
            for name, names in params.groupings.items()
        ),
        *((f"{members} members",) if members else ()),
    )
    makes = {made_group(course, name): ref(label, "id") for name, label in labels.items()}
    return Plan(summary, Part(tuple(steps)), {"groups": len(params.groups)}, makes)


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The groups by name."""
    groups = [one for label, one in results.items() if re.fullmatch(r"group\d+", label)]
    return {
        "kind": "groups",
        "groups": [{"group_id": one["id"], "name": one["name"]} for one in groups],
        "groupings": sum(1 for label in results if re.fullmatch(r"grouping\d+", label)),
        "members": sum(1 for label in results if "_user" in label),
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "groups-deleted", "groups": [one["name"] for one in found["groups"]]}


def _people(params: CreateGroupsParams, moodle: Reader) -> dict[str, int]:
    """Ids of the members by login."""
    logins = sorted({login for names in params.members.values() for login in names})
    found = ids_by_login(logins, moodle)
    unknown = [login for login in logins if login not in found]
    if unknown:
        raise OrderRefused("no-such-people", f"there are no accounts {', '.join(unknown)}", people=unknown)
    return found
