"""What orders may not grant unless the site's policy names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from pydantic import Field

from bridge.actions.action import Policy, Rules
from bridge.actions.create_role.archetypes import EVERYBODYS, GUARDED_DEFAULTS
from bridge.actions.create_role.params import CreateRoleParams

GUARDED = (
    "moodle/site:config",
    "moodle/site:configview",
    "moodle/site:doanything",
    "moodle/role:*",
    "moodle/user:loginas",
    "moodle/user:delete",
    "moodle/user:update",
    "moodle/user:create",
    "moodle/user:editprofile",
    "moodle/site:uploadusers",
    "moodle/site:sendmessage",
    "moodle/backup:*",
    "moodle/restore:*",
    "moodle/webservice:*",
    "webservice/*",
    "tool/*",
    "local/otbridge:*",
    "report/security:*",
    "moodle/site:trustcontent",
    "moodle/course:delete",
    "moodle/category:manage",
    "moodle/cohort:manage",
)
"""Capabilities that lead to site administration or to other people's accounts and data; granted only where
the site's policy names them.
"""

ORDINARY_ROLES = frozenset({"editingteacher", "teacher", "student", "guest", "user", "frontpage"})
"""Moodle's own roles that lead no further; who may assign, override or switch to any other role may become
what that role is.
"""


class CreateRoleRules(Rules):
    """[policy.create-role]."""

    capabilities_allowed: tuple[str, ...] = Field(
        (),
        description="guarded capabilities (site administration, other people's accounts) that orders may "
        "grant all the same, archetypes that bring such (`archetype:editingteacher`), and roles over which a "
        "new role may be given power (`assign:manager`, `override:…`, `switch:…`); patterns with `*` are "
        "understood",
    )


def guarded_capabilities(params: CreateRoleParams, policy: Policy) -> list[str]:
    """What of an order the policy does not let through: guarded capabilities, archetypes that bring such
    along ("archetype:manager"), and power over roles that may hold such ("assign:manager", "override:…",
    "switch:…")."""
    allowed = policy.of(CreateRoleRules).capabilities_allowed
    granted = [name for name, permission in params.capabilities.items() if permission == "allow"]
    guarded = [name for name in granted if matches(name, GUARDED) and not matches(name, allowed)]
    if brought_along(params, policy):
        guarded.append(f"archetype:{params.archetype}")
    powers = (
        ("assign", params.allow_assign),
        ("override", params.allow_override),
        ("switch", params.allow_switch),
    )
    over_roles = {
        f"{power}:{role}" for power, roles in powers for role in roles if role not in ORDINARY_ROLES
    }
    return sorted([*guarded, *(power for power in over_roles if not matches(power, allowed))])


def brought_along(params: CreateRoleParams, policy: Policy) -> list[str]:
    """Guarded capabilities that the role would hold by its archetype alone; the order may take them away, the
    policy may allow them one by one or as `archetype:…`."""
    allowed = policy.of(CreateRoleRules).capabilities_allowed
    if matches(f"archetype:{params.archetype}", allowed):
        return []
    taken_away = {name for name, permission in params.capabilities.items() if permission != "allow"}
    brought = GUARDED_DEFAULTS.get(params.archetype, frozenset()) - taken_away
    return sorted(name for name in brought if not matches(name, allowed))


def held_beyond(archetype: str, held: Sequence[Mapping[str, Any]], policy: Policy) -> list[str]:
    """Guarded capabilities that a role holds and the policy does not let through: what a site's own plugins
    give to its archetype.

    Parameters:
        held: what the plugin read back, each with `name` and `permission`.
    """
    allowed = policy.of(CreateRoleRules).capabilities_allowed
    if matches(f"archetype:{archetype}", allowed):
        return []
    granted = [str(one["name"]) for one in held if one["permission"] == "allow"]
    guarded = [name for name in granted if matches(name, GUARDED) and name not in EVERYBODYS]
    return sorted(name for name in guarded if not matches(name, allowed))


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a name fits one of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
