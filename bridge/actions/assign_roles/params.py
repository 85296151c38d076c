"""The role and its people, as they are ordered."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from bridge.actions.accounts import By
from bridge.actions.fields import Flag, Line, PositiveInt, Words
from bridge.actions.places import InCourse


class AssignRolesParams(InCourse):
    """A role for people.

    Attributes:
        role: its short name.
        users: the people, by their logins, ID numbers or e-mail addresses.
        by: by what `users` names them.
        category_id, category: a category, by its number, or by its ID number or name.
        system: the whole system; has to be said.
    """

    role: Annotated[Line, Field(min_length=1, max_length=100)]
    users: Annotated[Words, Field(min_length=1, max_length=500)]
    by: By = "login"
    category_id: PositiveInt | None = None
    category: Annotated[Line, Field(max_length=255)] = ""
    system: Flag = False

    @model_validator(mode="after")
    def _one_place(self) -> AssignRolesParams:
        named = [
            bool(self.course_id or self.course),
            self.category_id is not None,
            bool(self.category),
            self.system,
        ]
        if sum(named) > 1:
            raise ValueError(
                "укажите одно место: course (курс), category (категория) или system = да (вся система)"
            )
        return self
