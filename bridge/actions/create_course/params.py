"""The course as it is ordered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bridge.actions.base import Params
from bridge.actions.elements import twice
from bridge.actions.fields import Flag, Line, Lines, Opening, PositiveInt, Text

Description = Annotated[Text, Field(max_length=20_000)]


class Course(Params):
    """A course without activities.

    Attributes:
        category_id, category: where it goes: the category's number, its name where only one bears it, or its
            path from the top: `Бакалавриат / 1 курс`.
        starts: the day it begins, by the site's clock; nothing: tomorrow, as Moodle's form has it.
        description: of the course, plain text.
        sections: names of the topic sections, each on a line.
        first_section: description of the first of them, plain text.
        picture: name of a picture among the ticket's files.
    """

    fullname: Annotated[Line, Field(max_length=254)] = ""
    shortname: Annotated[Line, Field(max_length=255)] = ""
    idnumber: Annotated[Line, Field(max_length=100)] = ""
    category_id: PositiveInt | None = None
    category: Annotated[Line, Field(max_length=1000)] = ""
    format: Literal["topics", "weeks", "social"] = "topics"
    starts: Opening | None = None
    description: Description = ""
    visible: Flag = True
    sections: Annotated[Lines, Field(max_length=200)] = ()
    first_section: Description = ""
    picture: Annotated[Line, Field(max_length=255)] = ""

    @model_validator(mode="after")
    def _one_category(self) -> Course:
        if self.category_id and self.category:
            raise ValueError(
                "укажите категорию курса: category_id (номер) или category (название), одно из двух"
            )
        if self.first_section and not self.sections:
            raise ValueError("first_section описывает первую секцию: назовите секции в sections")
        if self.format == "social" and self.sections:
            raise ValueError("у курса в формате social (форум) секций нет")
        return self


class Named(Course):
    """One of several courses; what it does not say of its category, format, look and start is as the order
    says.
    """

    fullname: Annotated[Line, Field(min_length=1, max_length=254)]
    shortname: Annotated[Line, Field(min_length=1, max_length=255)]


class CreateCourseParams(Course):
    """One course, or several.

    Attributes:
        course: each of several courses.
    """

    course: Annotated[tuple[Named, ...], Field(max_length=100)] = ()

    @property
    def all(self) -> tuple[Course, ...]:
        """The ordered courses, whole."""
        if not self.course:
            return (self,)
        given = {name: getattr(self, name) for name in ("format", "visible", "starts", "sections", "picture")}
        place = {"category_id": self.category_id, "category": self.category}
        return tuple(
            one.model_copy(
                update={
                    **{name: value for name, value in given.items() if name not in one.model_fields_set},
                    **({} if one.category_id or one.category else place),
                }
            )
            for one in self.course
        )

    @model_validator(mode="after")
    def _whole(self) -> CreateCourseParams:
        if self.course and (self.fullname or self.shortname or self.idnumber):
            raise ValueError("назовите один курс (fullname, shortname) или несколько ([[params.course]])")
        for one in self.all:
            if not one.fullname or not one.shortname:
                missing = "shortname" if one.fullname else "fullname"
                raise ValueError(f"{missing}: не должно быть пустым")
            if not one.category_id and not one.category:
                raise ValueError(
                    "укажите категорию курса: category_id (номер) или category (название), одно из двух"
                )
        twice([one.shortname for one in self.course], "краткое название указано")
        twice([one.idnumber for one in self.course if one.idnumber], "idnumber указан")
        return self
