"""create-role: a new role with exactly the ordered capabilities and context levels.

Source: seed, item 2.9.1 ("Необходимо предоставить права доступа новому сотруднику или слушателю") and 2.5
(role model: roles, the capabilities of each, the contexts where each may be assigned).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID, uuid5

from pydantic import BeforeValidator, Field

from bridge.actions.archetypes import EVERYBODYS, GUARDED_DEFAULTS
from bridge.actions.base import OrderRefused, Params, Plan, Policy, Site
from bridge.actions.fields import Line, Text, Words
from bridge.actions.operations import follow, refused
from bridge.moodle_ws.errors import MoodleRefused, ParameterError

Permission = Literal["allow", "prevent", "prohibit"]
ContextLevel = Literal["system", "user", "coursecat", "course", "module", "block"]
Archetype = Literal[
    "", "manager", "coursecreator", "editingteacher", "teacher", "student", "guest", "user", "frontpage"
]

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


def _capability_lines(value: Any) -> Any:
    """Read `capability = permission` lines; a bare capability is allowed."""
    if not isinstance(value, str):
        return value
    found: dict[str, str] = {}
    for line in value.replace(",", "\n").replace(";", "\n").splitlines():
        name, _, permission = line.partition("=")
        if not line.strip():
            continue
        if not name.strip():
            raise ValueError(f"право не названо: «{line.strip()}»")
        if name.strip() in found:
            raise ValueError(f"право {name.strip()} указано дважды")
        found[name.strip()] = permission.strip().lower() or "allow"
    return found


def _split(value: Any) -> Any:
    return tuple(value.replace(",", " ").replace(";", " ").split()) if isinstance(value, str) else value


CapabilityName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*/[a-z0-9_]+:[a-z0-9_]+$", max_length=255)]
Capabilities = Annotated[
    dict[CapabilityName, Permission], BeforeValidator(_capability_lines), Field(min_length=1)
]
RoleShortname = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]


class CreateRoleParams(Params):
    """The role as it is ordered. `allow_*` hold short names of the roles that the new role may assign,
    override, switch to and view.
    """

    shortname: RoleShortname
    name: Annotated[Line, Field(min_length=1, max_length=255)]
    description: Annotated[Text, Field(max_length=4000)] = ""
    archetype: Archetype = ""
    context_levels: Annotated[tuple[ContextLevel, ...], BeforeValidator(_split), Field(min_length=1)]
    capabilities: Capabilities
    allow_assign: Words = ()
    allow_override: Words = ()
    allow_switch: Words = ()
    allow_view: Words = ()


class CreateRole:
    """The action create-role."""

    name: ClassVar[str] = "create-role"
    params: ClassVar[type[Params]] = CreateRoleParams
    functions: ClassVar[frozenset[str]] = frozenset(
        {
            "local_otbridge_create_role",
            "local_otbridge_delete_role",
            "local_otbridge_get_operation",
        }
    )
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"local/otbridge:view", "local/otbridge:managerole", "moodle/role:manage"}
    )

    def plan(
        self,
        params: CreateRoleParams,
        site: Site,
        taken_back: Sequence[Mapping[str, Any]] = (),  # noqa: ARG002 (a role leaves no copy)
    ) -> Plan:
        """Check the order against the site's policy; what Moodle knows of roles is checked when the role
        is made.
        """
        guarded = guarded_capabilities(params, site.policy)
        if guarded:
            told = ", ".join(guarded)
            brought = brought_along(params, site.policy)
            if brought:
                told += f" (the archetype {params.archetype} holds {', '.join(brought)})"
            raise OrderRefused(
                "guarded", f"the site's policy does not let orders grant {told}", capabilities=guarded
            )
        call = {
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
        }
        summary = (
            f"create role {params.name} ({params.shortname})"
            + (f", archetype {params.archetype}" if params.archetype else ""),
            f"assignable in {', '.join(params.context_levels)}; {len(params.capabilities)} capabilities",
        )
        return Plan(summary, call)

    def apply(self, call: Mapping[str, Any], opkey: str, site: Site) -> dict[str, Any]:
        """Create the role and read it back; one that holds more than the policy lets through is deleted
        again.

        Both have a key that follows from `opkey`, so that a repetition comes to the same end.
        """
        try:
            operation = site.moodle.write("local_otbridge_create_role", opkey=opkey, **call)
        except (MoodleRefused, ParameterError) as error:
            raise refused(error, shortname=call["shortname"]) from error
        result = follow(operation, site)
        beyond = held_beyond(call["archetype"], result["capabilities"], site.policy)
        if beyond:
            self.undo({"role_id": result["roleid"]}, str(uuid5(UUID(opkey), "guarded")), site)
            told = (
                f"on this site the archetype {call['archetype']} holds {', '.join(beyond)}, which the "
                "policy does not name: role deleted"
            )
            raise OrderRefused("guarded", told, capabilities=beyond)
        return {
            "kind": "role",
            "role_id": result["roleid"],
            "shortname": result["shortname"],
            "name": result["name"],
            "context_levels": result["contextlevels"],
            "capabilities": result["capabilities"],
            "url": f"{site.moodle.base_url}/admin/roles/define.php?action=view&roleid={result['roleid']}",
        }

    def undo(self, evidence: Mapping[str, Any], opkey: str, site: Site) -> dict[str, Any]:
        """Delete the role, if it was made by an operation of the plugin and nobody holds it."""
        try:
            operation = site.moodle.write(
                "local_otbridge_delete_role", opkey=opkey, roleid=evidence["role_id"]
            )
        except (MoodleRefused, ParameterError) as error:
            raise refused(error) from error
        result = follow(operation, site)
        return {"kind": "role-deleted", "role_id": result["roleid"], "shortname": result["shortname"]}


def guarded_capabilities(params: CreateRoleParams, policy: Policy) -> list[str]:
    """What of an order the policy does not let through: guarded capabilities, archetypes that bring such
    along ("archetype:manager"), and power over roles that may hold such ("assign:manager", "override:…",
    "switch:…")."""
    granted = [name for name, permission in params.capabilities.items() if permission == "allow"]
    guarded = [
        name
        for name in granted
        if _matches(name, GUARDED) and not _matches(name, policy.capabilities_allowed)
    ]
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
    return sorted(
        [*guarded, *(power for power in over_roles if not _matches(power, policy.capabilities_allowed))]
    )


def brought_along(params: CreateRoleParams, policy: Policy) -> list[str]:
    """Guarded capabilities that the role would hold by its archetype alone; the order may take them away, the
    policy may allow them one by one or as `archetype:…`."""
    if _matches(f"archetype:{params.archetype}", policy.capabilities_allowed):
        return []
    taken_away = {name for name, permission in params.capabilities.items() if permission != "allow"}
    brought = GUARDED_DEFAULTS.get(params.archetype, frozenset()) - taken_away
    return sorted(name for name in brought if not _matches(name, policy.capabilities_allowed))


def held_beyond(archetype: str, held: Sequence[Mapping[str, Any]], policy: Policy) -> list[str]:
    """Guarded capabilities that a role holds and the policy does not let through: what a site's own plugins
    give to its archetype.

    Parameters:
        held: what the plugin read back, each with `name` and `permission`.
    """
    if _matches(f"archetype:{archetype}", policy.capabilities_allowed):
        return []
    allowed = [str(one["name"]) for one in held if one["permission"] == "allow"]
    guarded = [name for name in allowed if _matches(name, GUARDED) and name not in EVERYBODYS]
    return sorted(name for name in guarded if not _matches(name, policy.capabilities_allowed))


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
