"""The course that is to come back."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from bridge.actions.base import Params
from bridge.actions.fields import Flag, Line, Opening, PositiveInt

Name = Annotated[Line, Field(max_length=254)]


class RestoreCourseParams(Params):
    """Which course: at least one of id, idnumber, short name and full name (all given ones must fit); which
    of its copies; and where to.

    Attributes:
        backup_date: the day, by the site's clock, on which the copy was made; the newest copy otherwise.
        new_shortname, new_fullname: what the course is called from now on, where another one bears its name.
        private_backups: whether backups in users' own areas count, too; a user can write any course's name
            and any date into such a file, so that only an operator may say so.
        other_site: whether a backup that was made on another site may be taken.
    """

    course_id: PositiveInt | None = None
    idnumber: Annotated[Line, Field(max_length=100)] = ""
    shortname: Name = ""
    fullname: Name = ""
    backup_date: Opening | None = None
    new_shortname: Name = ""
    new_fullname: Name = ""
    category_id: PositiveInt | None = None
    users: Flag = True
    private_backups: Flag = False
    other_site: Flag = False

    @model_validator(mode="after")
    def _names_a_course(self) -> RestoreCourseParams:
        if not (self.course_id or self.idnumber or self.shortname or self.fullname):
            raise ValueError("укажите, какой курс восстановить: course_id, idnumber, shortname или fullname")
        return self

    def criteria(self) -> dict[str, Any]:
        """What `local_otbridge_find_backups` is asked for."""
        return {
            "courseid": self.course_id or 0,
            "idnumber": self.idnumber,
            "shortname": self.shortname,
            "fullname": self.fullname,
        }
