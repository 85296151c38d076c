"""The files as they are ordered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bridge.actions.base import Params
from bridge.actions.elements import twice
from bridge.actions.fields import Line
from bridge.actions.named import ElementName
from bridge.actions.places import InCourse

Display = Literal["", "auto", "embed", "download", "open", "new", "popup"]


class Replaced(Params):
    """A file, and the element that gets it.

    Attributes:
        file: its name among the ticket's files.
        element: the element; or
        section: the section whose only file it replaces, by its number or name.
        display: how it opens, by Moodle's own word; "": as the order says.
    """

    file: Annotated[Line, Field(min_length=1, max_length=255)]
    element: ElementName = ""
    section: Annotated[Line, Field(max_length=255)] = ""
    display: Display = ""

    @model_validator(mode="after")
    def _one_place(self) -> Replaced:
        if bool(self.element) == bool(self.section):
            raise ValueError(
                f"файл «{self.file}»: укажите element (элемент) или section (секцию), одно из двух"
            )
        return self


class ReplaceFilesParams(InCourse):
    """Files of one course.

    Attributes:
        display: how files open that say nothing themselves; "": as they did.
        replace: each file.
    """

    display: Display = ""
    replace: Annotated[tuple[Replaced, ...], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _once_each(self) -> ReplaceFilesParams:
        twice([one.element for one in self.replace if one.element], "элемент указан")
        twice([one.section for one in self.replace if one.section], "секция указана")
        return self
