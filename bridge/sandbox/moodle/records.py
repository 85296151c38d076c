"""What a test or the demo sees of the site: courses, roles and operations as plain frozen values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Course:
    """A living course; `activities` counts them by modname, `users` says whether it has users' data."""

    id: int
    category: int
    fullname: str
    shortname: str
    idnumber: str
    activities: Mapping[str, int]
    questions: int
    files: int
    users: bool


@dataclass(frozen=True, slots=True)
class Role:
    """A role; `capabilities` maps names to permissions, the allow lists hold short names of roles."""

    id: int
    shortname: str
    name: str
    description: str
    archetype: str
    contextlevels: tuple[str, ...]
    capabilities: Mapping[str, str]
    allowassign: tuple[str, ...]
    allowoverride: tuple[str, ...]
    allowswitch: tuple[str, ...]
    allowview: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the plugin; `result` decoded, None until it is done; times are Unix seconds."""

    opkey: str
    kind: str
    undoes: str
    ticket: str
    program: str
    status: str
    progress: float
    step: str
    result: Mapping[str, Any] | None
    errorcode: str
    error: str
    undone: str
    timecreated: int
    timestarted: int
    timefinished: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """The operation of a row of the site's store."""
        decoded = {**row, "result": json.loads(row["result"] or "null")}
        return cls(**{one.name: decoded[one.name] for one in fields(cls)})
