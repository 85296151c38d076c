"""The groups as they are ordered."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from bridge.actions.fields import Line, Lines, Text
from bridge.actions.places import InCourse


def _members(value: Any) -> Any:
    """Read `name: one, two` lines."""
    if not isinstance(value, str):
        return value
    found: dict[str, list[str]] = {}
    for line in value.splitlines():
        if not line.strip():
            continue
        name, colon, rest = line.partition(":")
        if not colon or not name.strip():
            raise ValueError(f"«{line.strip()}»: напишите название, двоеточие и перечень через запятую")
        if name.strip() in found:
            raise ValueError(f"«{name.strip()}» указано дважды")
        found[name.strip()] = [one.strip() for one in re.split(r"[,;]", rest) if one.strip()]
    return found


Name = Annotated[Line, Field(min_length=1, max_length=254)]
Listed = Annotated[dict[Name, tuple[Name, ...]], BeforeValidator(_members)]


class CreateGroupsParams(InCourse):
    """Groups of one course.

    Attributes:
        groups: names, each on a line.
        groupings: names of groupings with the groups in each: `Поток А: Группа 1, Группа 2`.
        members: logins of enrolled people by group: `Группа 1: ivanov, petrov`.
        description: of every group, plain text.
    """

    groups: Annotated[Lines, Field(min_length=1, max_length=500)]
    groupings: Listed = Field(default_factory=dict)
    members: Listed = Field(default_factory=dict)
    description: Annotated[Text, Field(max_length=4000)] = ""

    @model_validator(mode="after")
    def _names_fit(self) -> CreateGroupsParams:
        twice = sorted({name for name in self.groups if self.groups.count(name) > 1})
        if twice:
            raise ValueError(f"группы указаны дважды: {', '.join(twice)}")
        for what in (self.groupings, self.members):
            unknown = sorted(
                {name for names in self.groupings.values() for name in names}
                if what is self.groupings
                else set(self.members)
            )
            unknown = [name for name in unknown if name not in self.groups]
            if unknown:
                raise ValueError(f"таких групп в заказе нет: {', '.join(unknown)}")
        return self
