"""The course as it is ordered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bridge.actions.base import Params
from bridge.actions.fields import Flag, Line, Lines, PositiveInt, Text

Description = Annotated[Text, Field(max_length=20_000)]


class CreateCourseParams(Params):
    """A course without activities.

    Attributes:
        category_id, category: where it goes: the category's number, or its name where only one bears it.
        description: of the course, plain text.
        sections: names of the topic sections, each on a line.
        first_section: description of the first of them, plain text.
        picture: name of a picture among the ticket's files.
    """

    fullname: Annotated[Line, Field(min_length=1, max_length=254)]
    shortname: Annotated[Line, Field(min_length=1, max_length=255)]
    idnumber: Annotated[Line, Field(max_length=100)] = ""
    category_id: PositiveInt | None = None
    category: Annotated[Line, Field(max_length=255)] = ""
    format: Literal["topics", "weeks"] = "topics"
    description: Description = ""
    visible: Flag = True
    sections: Annotated[Lines, Field(max_length=200)] = ()
    first_section: Description = ""
    picture: Annotated[Line, Field(max_length=255)] = ""

    @model_validator(mode="after")
    def _stands_somewhere(self) -> CreateCourseParams:
        if bool(self.category_id) == bool(self.category):
            raise ValueError(
                "укажите категорию курса: category_id (номер) или category (название), одно из двух"
            )
        if self.first_section and not self.sections:
            raise ValueError("first_section описывает первую секцию: назовите секции в sections")
        return self
