"""role.create: a role with its capabilities, context levels and allow lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import roles
from bridge.sandbox.moodle.problems import MoodleProblem
from bridge.sandbox.moodle.schema import Fault, Items, Shape, choice, html, line
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

_LISTED = {f"allow{kind}": Items(line(100)) for kind in roles.ALLOW_KINDS}


class RoleCreate(StepKind):
    """See the module."""

    name: ClassVar[str] = "role.create"
    shape: ClassVar[Shape] = Shape(
        {
            "shortname": line(100),
            "name": line(255),
            "description": html(),
            "archetype": line(30, ""),
            "contextlevels": Items(choice(*roles.CONTEXT_LEVELS)),
            "capabilities": Items(Shape({"name": line(255), "permission": choice(*roles.PERMISSIONS)})),
            **_LISTED,
        }
    )
    results: ClassVar[Mapping[str, str]] = {
        "id": "role",
        "shortname": "text",
        "name": "text",
        "contextlevels": "json",
        "capabilities": "json",
        "url": "text",
    }
    repeats: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("local/otbridge:managerole", "moodle/role:manage")

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        if site.store.row("SELECT 1 FROM role WHERE shortname = ?", params["shortname"]):
            message = f"There is a role with the short name {params['shortname']} already"
            yield Fault("shortname", "shortnametaken", message, {"shortname": params["shortname"]})
        if params["archetype"] and params["archetype"] not in roles.ARCHETYPES:
            message = f"There is no archetype {params['archetype']}"
            yield Fault("archetype", "unknownarchetype", message, {"archetype": params["archetype"]})
        seen: set[str] = set()
        for place, item in enumerate(params["capabilities"]):
            name, path = item["name"], f"capabilities[{place}].name"
            if name in seen:
                yield Fault(path, "capabilitytwice", f"The capability {name} stands twice", {"name": name})
            elif name not in roles.capabilities():
                yield Fault(path, "unknowncapability", f"There is no capability {name}", {"name": name})
            seen.add(name)
        known = {row["shortname"] for row in site.store.rows("SELECT shortname FROM role")}
        for kind in roles.ALLOW_KINDS:
            for place, other in enumerate(params[f"allow{kind}"]):
                if other not in known:
                    message = f"There is no role with the short name {other}"
                    yield Fault(f"allow{kind}[{place}]", "unknownrole", message, {"shortname": other})

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        yield "shortname", "shortnametaken", ("role", params["shortname"])

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        try:
            role = roles.create(
                work.site.store,
                shortname=params["shortname"],
                name=params["name"],
                description=params["description"],
                archetype=params["archetype"],
                levels=params["contextlevels"],
                permissions={item["name"]: item["permission"] for item in params["capabilities"]},
                allow={kind: params[f"allow{kind}"] for kind in roles.ALLOW_KINDS},
            )
        except MoodleProblem as problem:
            raise Failure(problem.errorcode or "stepfailed", problem.message) from problem
        return _told(work.site, role), {}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:  # noqa: ARG002 (its result is read back)
        """See `StepKind.undo`."""
        role = result["id"]
        if site.store.row("SELECT 1 FROM role WHERE id = ?", role) is None:
            return
        if any(
            site.store.row(f"SELECT 1 FROM {table} WHERE role = ?", role)
            for table in ("role_assignment", "role_given")
        ):
            raise Failure("roleassigned", f"Role {role} is assigned to somebody")
        now = roles.read_back(site.store, role)
        if any(now[what] != result[what] for what in ("shortname", "name", "contextlevels", "capabilities")):
            raise Changed(f"role {result['shortname']}")
        roles.delete(site.store, role)

    def find(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StepKind.find`."""
        row = site.store.row("SELECT id FROM role WHERE shortname = ?", params["shortname"])
        return None if row is None else _told(site, row["id"])


def _told(site: Site, role: int) -> dict[str, Any]:
    made = roles.read_back(site.store, role)
    made["id"] = made.pop("roleid")
    return {**made, "url": f"{site.url}/admin/roles/define.php?action=view&roleid={role}"}


KIND = RoleCreate()
