"""The accounts as they are ordered."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bridge.actions.accounts import LOGIN
from bridge.actions.base import Params
from bridge.actions.elements import folded
from bridge.actions.fields import Flag, Line, Lines, Text

COUNTRIES = {
    "азербайджан": "AZ",
    "армения": "AM",
    "беларусь": "BY",
    "белоруссия": "BY",
    "грузия": "GE",
    "казахстан": "KZ",
    "киргизия": "KG",
    "кыргызстан": "KG",
    "молдавия": "MD",
    "молдова": "MD",
    "россия": "RU",
    "российская федерация": "RU",
    "рф": "RU",
    "таджикистан": "TJ",
    "туркменистан": "TM",
    "туркмения": "TM",
    "узбекистан": "UZ",
    "украина": "UA",
}
"""Countries that Russian tables name; the others by their codes."""
_ALIKE = "авсеёнкмортхуіѕј"
"""Cyrillic letters that look like Latin ones."""
_EMAIL = re.compile(r"[^@\s,;<>]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)


def country(value: Any) -> Any:
    """A country's code from its name or its code."""
    if not isinstance(value, str):
        return value
    word = " ".join(value.split())
    found = COUNTRIES.get(word.casefold(), word.upper())
    if found and not re.fullmatch(r"[A-Z]{2}", found, re.ASCII):
        raise ValueError(f"«{word}»: укажите код страны из двух латинских букв, например RU")
    return found


def _login(text: str) -> str:
    """A login as it is written; capitals are mended by the plan, which says so."""
    for sign in text.lower():
        if not LOGIN.fullmatch(sign):
            alike = " (кириллица, похожая на латиницу)" if sign in _ALIKE else ""
            raise ValueError(
                f"«{text}»: знака «{sign}»{alike} в логине быть не может, "
                "только латинские буквы, цифры и . - _ @"
            )
    return text


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError(f"«{text}» не адрес электронной почты")
    return text


Login = Annotated[Line, Field(min_length=1, max_length=100), AfterValidator(_login)]
Email = Annotated[Line, Field(min_length=1, max_length=100), AfterValidator(_email)]
Short = Annotated[Line, Field(max_length=100)]
Long = Annotated[Line, Field(max_length=255)]
Country = Annotated[Line, BeforeValidator(country)]


class Enrolment(Params):
    """A course for a person.

    Attributes:
        course: its short name; "" for the one that the same order makes.
        role: short name of the role there.
        group: name of a group of the course.
    """

    course: Long = ""
    role: Annotated[Line, Field(min_length=1, max_length=100)] = "student"
    group: Annotated[Line, Field(max_length=254)] = ""


class Person(Params):
    """Somebody's account.

    Attributes:
        username: the login; Moodle keeps it in small letters.
        country: its code, or its name in Russian.
        profile: values of further fields of the profile, by their short names.
        cohorts: names or ID numbers of cohorts.
        enrol: courses with role and group.
    """

    username: Login
    firstname: Annotated[Line, Field(min_length=1, max_length=100)]
    lastname: Annotated[Line, Field(min_length=1, max_length=100)]
    email: Email
    middlename: Long = ""
    idnumber: Long = ""
    institution: Long = ""
    department: Long = ""
    phone1: Annotated[Line, Field(max_length=20)] = ""
    phone2: Annotated[Line, Field(max_length=20)] = ""
    address: Long = ""
    city: Annotated[Line, Field(max_length=120)] = ""
    country: Country = ""
    lang: Annotated[Line, Field(max_length=30)] = ""
    profile: dict[Long, Annotated[Text, Field(max_length=4000)]] = Field(default_factory=dict)
    cohorts: Annotated[Lines, Field(max_length=50)] = ()
    enrol: Annotated[tuple[Enrolment, ...], Field(max_length=50)] = ()

    @property
    def login(self) -> str:
        """The login as Moodle keeps it."""
        return self.username.lower()


class CreateUsersParams(Params):
    """Accounts.

    Attributes:
        user: each of the people.
        users_file: a table of the ticket with further people (CSV), with the columns of Moodle's upload of
            users: username, firstname, lastname, email and others, cohort1, course1, role1, group1,
            profile_field_…; Russian names of columns are understood.
        auth: the way they log in, by Moodle's own name of it.
        existing: what to do with people who have an account of that login: refuse the order, or keep the
            account as it is and only give it the cohorts and courses.
        create_missing: whether cohorts and groups that are not there are made.
    """

    user: Annotated[tuple[Person, ...], Field(max_length=1500)] = ()
    users_file: Long = ""
    auth: Annotated[Line, Field(min_length=1, max_length=20)] = "manual"
    existing: Literal["refuse", "keep"] = "refuse"
    create_missing: Flag = False

    @model_validator(mode="after")
    def _somebody(self) -> CreateUsersParams:
        if not self.user and not self.users_file:
            raise ValueError(
                "назовите людей: [[params.user]] или users_file (таблица CSV в приложении к заявке)"
            )
        for what in ("login", "email", "idnumber"):
            seen: set[str] = set()
            for one in self.user:
                value = folded(getattr(one, what))
                if value and value in seen:
                    raise ValueError(f"{one.username}: {what} «{value}» указан дважды")
                seen.add(value)
        return self
