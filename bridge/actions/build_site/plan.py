"""Steps: those of the parts, each taking up what is there already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Context, Plan, Policy, Reader, Results
from bridge.actions.build_site.params import BuildSiteParams
from bridge.actions.build_site.parts import planned
from bridge.actions.create_role.plan import judge as judge_role


def plan(params: BuildSiteParams, context: Context) -> Plan:
    """Plan each part of the document, one behind the other."""
    return planned(params, context)


def judge(asked: Results, results: Results, policy: Policy) -> None:
    """A new role is judged as create-role judges it; one that was there keeps what it had."""
    for label, one in results.items():
        if "archetype" in asked[label] and "existing" not in one:
            judge_role({"role": asked[label]}, {"role": one}, policy)


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The courses and roles with their addresses, and how many things were made, changed and kept."""
    done = Counter(
        one.get("existing") if one.get("existing") in ("kept", "changed") else "made"
        for one in results.values()
    )
    kinds = Counter(str(one["type"]) for one in results.values() if "cmid" in one)
    return {
        "kind": "site",
        "courses": [_shown(one, "fullname") for one in results.values() if "general" in one],
        "roles": [_shown(one, "name") for one in results.values() if "archetype" in one],
        "elements": dict(sorted(kinds.items())),
        **{name: done[name] for name in ("made", "changed", "kept")},
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "site-deleted", "courses": [one["name"] for one in found["courses"]]}


def _shown(one: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"id": one["id"], "name": one[name], "shortname": one["shortname"], "url": one["url"]}
