"""One step: role.create."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.accounts import made_role
from bridge.actions.action import Context, Plan, Policy, Reader, Results
from bridge.actions.base import OrderRefused
from bridge.actions.create_role.params import CreateRoleParams
from bridge.actions.create_role.policy import brought_along, guarded_capabilities, held_beyond
from bridge.actions.program import Part, Step, ref


def plan(params: CreateRoleParams, context: Context) -> Plan:
    """Judge the order by the site's policy; what Moodle knows of roles it is asked for afterwards."""
    guarded = guarded_capabilities(params, context.policy)
    if guarded:
        names = ", ".join(guarded)
        brought = brought_along(params, context.policy)
        if brought:
            names += f" (the archetype {params.archetype} holds {', '.join(brought)})"
        raise OrderRefused(
            "guarded", f"the site's policy does not let orders grant {names}", capabilities=guarded
        )
    step = Step(
        "role.create",
        "role",
        {
            "shortname": params.shortname,
            "name": params.name,
            "description": params.description,
            "archetype": params.archetype,
            "contextlevels": list(params.context_levels),
            "capabilities": [
                {"name": name, "permission": permission}
                for name, permission in sorted(params.capabilities.items())
            ],
            "allowassign": list(params.allow_assign),
            "allowoverride": list(params.allow_override),
            "allowswitch": list(params.allow_switch),
            "allowview": list(params.allow_view),
        },
    )
    summary = (
        f"create role {params.name} ({params.shortname})"
        + (f", archetype {params.archetype}" if params.archetype else ""),
        f"assignable in {', '.join(params.context_levels)}; {len(params.capabilities)} capabilities",
    )
    makes = {made_role(params.shortname): ref("role", "shortname")}
    return Plan(summary, Part((step,)), {"roles": 1}, makes)


def judge(asked: Results, results: Results, policy: Policy) -> None:
    """A role that holds more than the policy lets through, because a site's own plugins give it to its
    archetype, is refused.
    """
    archetype = asked["role"]["archetype"]
    beyond = held_beyond(archetype, results["role"]["capabilities"], policy)
    if beyond:
        names = (
            f"on this site the archetype {archetype} holds {', '.join(beyond)}, which the policy does not "
            "name: role deleted"
        )
        raise OrderRefused("guarded", names, capabilities=beyond)


def evidence(results: Results, moodle: Reader) -> dict[str, Any]:
    """The role as it was read back."""
    role = results["role"]
    return {
        "kind": "role",
        "role_id": role["id"],
        "shortname": role["shortname"],
        "name": role["name"],
        "context_levels": role["contextlevels"],
        "capabilities": role["capabilities"],
        "url": f"{moodle.base_url}/admin/roles/define.php?action=view&roleid={role['id']}",
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "role-deleted", "role_id": found["role_id"], "shortname": found["shortname"]}
