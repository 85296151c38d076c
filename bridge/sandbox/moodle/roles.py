"""Roles: the eight that every Moodle is born with, and those that are made later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from bridge.sandbox.moodle.problems import MoodleProblem
from bridge.sandbox.moodle.records import Role
from bridge.sandbox.moodle.store import Store

ARCHETYPES: Mapping[str, tuple[str, ...]] = {
    "manager": ("system", "coursecat", "course"),
    "coursecreator": ("system", "coursecat"),
    "editingteacher": ("course", "module"),
    "teacher": ("course", "module"),
    "student": ("course", "module"),
    "guest": (),
    "user": (),
    "frontpage": (),
}
"""Every archetype with its default context levels."""

CONTEXT_LEVELS = ("system", "user", "coursecat", "course", "module", "block")
PERMISSIONS = ("allow", "prevent", "prohibit")
ALLOW_KINDS = ("assign", "override", "switch", "view")
MANAGER_GETS = ("assign", "override", "view")


@cache
def capabilities() -> Mapping[str, tuple[str, ...]]:
    """Every capability of a Moodle 4.5 with its plugin local_otbridge, and the archetypes that are allowed
    it by default.
    """
    found: dict[str, tuple[str, ...]] = {}
    for line in (
        files("bridge.sandbox.moodle").joinpath("data/capabilities.txt").read_text("utf-8").splitlines()
    ):
        name, _, archetypes = line.partition(" ")
        found[name] = tuple(archetypes.split(",")) if archetypes else ()
    for name in ("view", "run", "restore", "managerole"):
        found[f"local/otbridge:{name}"] = ()
    return found


def install(store: Store) -> None:
    """Make the roles that every Moodle is born with."""
    for shortname, levels in ARCHETYPES.items():
        role = store.insert("role", shortname=shortname, name="", description="", archetype=shortname)
        _set(store, role, levels, _defaults(shortname))
    manager = by_shortname(store, "manager")["id"]
    for row in store.rows("SELECT id FROM role"):
        for kind in MANAGER_GETS:
            _allow(store, kind, manager, row["id"])


def create(
    store: Store,
    *,
    shortname: str,
    name: str,
    description: str,
    archetype: str,
    levels: Iterable[str],
    permissions: Mapping[str, str],
    allow: Mapping[str, Iterable[str]],
) -> int:
    """Make a role that starts from its archetype's defaults, with `permissions` on top; manager may assign
    it.

    Raises:
        MoodleProblem: `shortnametaken`, `unknownarchetype`, `unknowncontextlevel`, `unknowncapability`,
            `unknownrole`.
    """
    levels = list(levels)
    allow = {kind: list(shortnames) for kind, shortnames in allow.items()}
    _refuse(store, shortname, archetype, levels, permissions, allow)
    role = store.insert("role", shortname=shortname, name=name, description=description, archetype=archetype)
    _set(store, role, levels or ARCHETYPES.get(archetype, ()), {**_defaults(archetype), **permissions})
    for kind, shortnames in allow.items():
        for other in shortnames:
            _allow(store, kind, role, by_shortname(store, other)["id"])
    manager = by_shortname(store, "manager")["id"]
    for kind in MANAGER_GETS:
        _allow(store, kind, manager, role)
    return role


def delete(store: Store, role: int) -> None:
    """Delete a role and everything that names it."""
    for table in ("role_capability", "role_contextlevel"):
        store.execute(f"DELETE FROM {table} WHERE role = ?", role)
    store.execute("DELETE FROM role_allow WHERE role = ? OR target = ?", role, role)
    store.execute("DELETE FROM role WHERE id = ?", role)


def by_shortname(store: Store, shortname: str) -> dict[str, Any]:
    """A role's record.

    Raises:
        MoodleProblem: `unknownrole`.
    """
    found = store.row("SELECT * FROM role WHERE shortname = ?", shortname)
    if found is None:
        raise MoodleProblem("unknownrole", f"There is no role with the short name {shortname}")
    return found


def read_back(store: Store, role: int) -> dict[str, Any]:
    """A role as it stands in the database: id, names, context levels and capabilities."""
    record = store.row("SELECT id AS roleid, shortname, name FROM role WHERE id = ?", role)
    assert record is not None
    levels = {row["level"] for row in store.rows("SELECT level FROM role_contextlevel WHERE role = ?", role)}
    record["contextlevels"] = [level for level in CONTEXT_LEVELS if level in levels]
    record["capabilities"] = store.rows(
        "SELECT name, permission FROM role_capability WHERE role = ? ORDER BY name", role
    )
    return record


def listing(store: Store) -> list[Role]:
    """All roles."""
    return [_record(store, record) for record in store.rows("SELECT * FROM role ORDER BY id")]


def _record(store: Store, record: Mapping[str, Any]) -> Role:
    held = read_back(store, record["id"])
    allowed: dict[str, list[str]] = {kind: [] for kind in ALLOW_KINDS}
    for row in store.rows(
        (
            "SELECT a.kind, r.shortname FROM role_allow a JOIN role r ON r.id = a.target WHERE "
            "a.role = ? ORDER BY r.id"
        ),
        record["id"],
    ):
        allowed[row["kind"]].append(row["shortname"])
    return Role(
        **record,
        contextlevels=tuple(held["contextlevels"]),
        capabilities={item["name"]: item["permission"] for item in held["capabilities"]},
        allowassign=tuple(allowed["assign"]),
        allowoverride=tuple(allowed["override"]),
        allowswitch=tuple(allowed["switch"]),
        allowview=tuple(allowed["view"]),
    )


def _refuse(
    store: Store,
    shortname: str,
    archetype: str,
    levels: Iterable[str],
    permissions: Mapping[str, str],
    allow: Mapping[str, Iterable[str]],
) -> None:
    if store.row("SELECT id FROM role WHERE shortname = ?", shortname):
        raise MoodleProblem("shortnametaken", f"There is a role with the short name {shortname} already")
    if archetype and archetype not in ARCHETYPES:
        raise MoodleProblem("unknownarchetype", f"There is no archetype {archetype}")
    if bad := [level for level in levels if level not in CONTEXT_LEVELS]:
        raise MoodleProblem("unknowncontextlevel", f"Unknown context levels: {', '.join(bad)}")
    if bad := [name for name in permissions if name not in capabilities()]:
        raise MoodleProblem("unknowncapability", f"Unknown capabilities: {', '.join(bad)}")
    for shortnames in allow.values():
        for other in shortnames:
            by_shortname(store, other)


def _defaults(archetype: str) -> dict[str, str]:
    return {name: "allow" for name, archetypes in capabilities().items() if archetype in archetypes}


def _set(store: Store, role: int, levels: Iterable[str], permissions: Mapping[str, str]) -> None:
    for level in levels:
        store.insert("role_contextlevel", role=role, level=level)
    for name, permission in permissions.items():
        store.insert("role_capability", role=role, name=name, permission=permission)


def _allow(store: Store, kind: str, role: int, target: int) -> None:
    store.execute(
        "INSERT OR IGNORE INTO role_allow (kind, role, target) VALUES (?, ?, ?)", kind, role, target
    )
