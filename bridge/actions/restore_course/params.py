"""The course that is to come back."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from bridge.actions.base import Params
from bridge.actions.fields import Flag, Line, Opening, PositiveInt

Name = Annotated[Line, Field(max_length=254)]


def _accounts(value: Any) -> Any:
    """Read `login: account` lines."""
    if not isinstance(value, str):
        return value
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, value.splitlines())):
        login, colon, account = (part.strip() for part in line.partition(":"))
        if not colon or not login:
            raise ValueError(
                f"«{line}»: напишите логин в копии, двоеточие и логин сейчас (пусто – не возвращать)"
            )
        if login in found:
            raise ValueError(f"«{login}» указан дважды")
        found[login] = account
    return found


Login = Annotated[Line, Field(max_length=100)]
Accounts = Annotated[dict[Login, Login], BeforeValidator(_accounts), Field(max_length=1000)]


class RestoreCourseParams(Params):
    """Which course: at least one of id, idnumber, short name and full name (all given ones must fit); which
    of its copies; and where to.

    Attributes:
        backup_date: the day, by the site's clock, on which the copy was made; the newest copy otherwise.
        new_shortname, new_fullname: what the course is called from now on, where another one bears its name.
        people: logins now by logins in the copy, `ivanov: ivanov2` on a line each; nothing after the colon:
            that person's data are left without a name.
        accept_losses: whether more may be lost than the site allows unasked.
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
    people: Accounts = Field(default_factory=dict)
    accept_losses: Flag = False
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
