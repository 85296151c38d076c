"""The enrolments as they are ordered."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from bridge.actions.accounts import By
from bridge.actions.elements import in_order
from bridge.actions.fields import Closing, Line, Lines, Opening, Words
from bridge.actions.places import InCourse


class EnrolUsersParams(InCourse):
    """People for courses.

    Attributes:
        courses: short names of further courses, each on a line.
        users: the people, by their logins, ID numbers or e-mail addresses.
        by: by what `users` names them.
        role: short name of their role in the courses.
        group: name of a group of each of the courses.
        start, end: when the enrolment begins and ends; left out: at once, never.
    """

    courses: Annotated[Lines, Field(max_length=50)] = ()
    users: Annotated[Words, Field(min_length=1, max_length=500)]
    by: By = "login"
    role: Annotated[Line, Field(min_length=1, max_length=100)] = "student"
    group: Annotated[Line, Field(max_length=254)] = ""
    start: Opening | None = None
    end: Closing | None = None

    @model_validator(mode="after")
    def _sound(self) -> EnrolUsersParams:
        in_order("запись на курс", ("start", self.start), ("end", self.end))
        listed = [*self.courses, *([self.course] if self.course else [])]
        twice = sorted({one for one in listed if listed.count(one) > 1})
        if twice:
            raise ValueError(f"курс указан дважды: {', '.join(twice)}")
        return self
