"""The pages as they are ordered."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from bridge.actions.elements import Element, twice
from bridge.actions.fields import Text
from bridge.actions.places import InSection


class Page(Element):
    """One page.

    Attributes:
        text: plain text; an empty line begins a paragraph.
    """

    text: Annotated[Text, Field(min_length=1, max_length=400_000)]


class AddPagesParams(InSection):
    """Pages of one course.

    Attributes:
        page: each of them.
    """

    page: Annotated[tuple[Page, ...], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _once_each(self) -> AddPagesParams:
        twice(
            [f"{one.section}: {one.name}" if one.section else one.name for one in self.page],
            "страница названа",
        )
        twice([one.idnumber for one in self.page if one.idnumber], "idnumber указан")
        return self
