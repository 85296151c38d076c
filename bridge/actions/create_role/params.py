"""The role as it is ordered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from bridge.actions.base import Params
from bridge.actions.fields import Line, Text, Words, written

Permission = Literal["allow", "prevent", "prohibit"]
ContextLevel = Literal["system", "user", "coursecat", "course", "module", "block"]
Archetype = Literal[
    "", "manager", "coursecreator", "editingteacher", "teacher", "student", "guest", "user", "frontpage"
]


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
    dict[CapabilityName, Permission],
    BeforeValidator(_capability_lines),
    Field(min_length=1),
    written({"type": "string"}, {"type": "object"}),
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
    context_levels: Annotated[
        tuple[ContextLevel, ...],
        BeforeValidator(_split),
        Field(min_length=1),
        written({"type": "string"}, {"type": "array", "items": {"type": "string"}}),
    ]
    capabilities: Capabilities
    allow_assign: Words = ()
    allow_override: Words = ()
    allow_switch: Words = ()
    allow_view: Words = ()
