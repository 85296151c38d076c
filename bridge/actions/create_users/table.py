"""People that stand in a table of the ticket, as Moodle's own upload of users takes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.actions.action import TicketFile
from bridge.actions.base import OrderInvalid, OrderRefused, validate
from bridge.actions.create_users.params import Person
from bridge.actions.elements import folded
from bridge.actions.tables import LARGEST, MOST_FAULTS, Row, TableFault, read_table

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "username": ("логин", "имя пользователя", "login"),
    "lastname": ("фамилия",),
    "firstname": ("имя",),
    "middlename": ("отчество",),
    "email": ("e-mail", "почта", "эл. почта", "электронная почта", "адрес электронной почты"),
    "idnumber": ("табельный номер", "индивидуальный номер", "номер"),
    "institution": ("организация", "учреждение"),
    "department": ("отдел", "подразделение"),
    "phone1": ("телефон", "phone"),
    "phone2": ("мобильный телефон",),
    "address": ("адрес",),
    "city": ("город",),
    "country": ("страна",),
    "lang": ("язык",),
    "password": ("пароль",),
}
NEEDED = ("username", "lastname", "firstname", "email")
_NUMBERED = {
    "cohort": ("cohort", "глобальная группа"),
    "course": ("course", "курс"),
    "role": ("role", "роль"),
    "group": ("group", "группа"),
}
_PROFILE = "profile_field_"


def _further(cell: str) -> str:
    """The name of a column that may stand there several times: course1, profile_field_class."""
    word = cell.strip()
    if word.lower().startswith(_PROFILE) and re.fullmatch(r"[A-Za-z0-9_]+", word, re.ASCII):
        return _PROFILE + word[len(_PROFILE) :]
    found = re.fullmatch(r"(\D+?)\s*(\d{0,2})", word.casefold())
    if found:
        for name, words in _NUMBERED.items():
            if found[1] in words:
                return f"{name}{int(found[2] or 1)}"
    return ""


def people_of(file: TicketFile, others: tuple[Person, ...]) -> tuple[Person, ...]:
    """The people of a table.

    Parameters:
        others: people whom the order names itself.

    Raises:
        OrderRefused: `people-unusable`, with every fault by its line.
    """
    with file.path.open("rb") as content:
        found = content.read(LARGEST + 1)
    problems: list[str] = []
    people: list[Person] = []
    seen = {key: "в заказе" for one in others for key in _keys(one)}
    try:
        for row in read_table(found, COLUMNS, NEEDED, _further):
            try:
                person = _person(row)
            except OrderInvalid as error:
                problems += [f"строка {row.line}: {one}" for one in error.problems]
                continue
            for what, value in _keys(person):
                first = seen.setdefault((what, value), f"в строке {row.line}")
                if first != f"в строке {row.line}":
                    problems.append(f"строка {row.line}: {what} «{value}» уже есть {first}")
            people.append(person)
    except TableFault as error:
        problems += error.problems
    if not problems and not people:
        problems.append("в таблице нет людей")
    if problems:
        raise OrderRefused(
            "people-unusable",
            f"the table {file.name} cannot be used: {'; '.join(problems[:MOST_FAULTS])}",
            file=file.name,
            problems=problems[:MOST_FAULTS],
        )
    return tuple(people)


def _keys(person: Person) -> list[tuple[str, str]]:
    """What nobody else of the order may have: columns with their values."""
    keys = [("username", person.login), ("email", person.email.casefold())]
    return [*keys, ("idnumber", folded(person.idnumber))] if person.idnumber else keys


def _person(row: Row) -> Person:
    cells = dict(row.cells)
    if cells.pop("password", ""):
        problem = (
            "password: пароли в заявках не принимаются, их делает и рассылает сам Moodle; "
            "оставьте столбец пустым"
        )
        raise OrderInvalid((problem,))
    given: dict[str, Any] = {name: cells.pop(name) for name in COLUMNS if cells.get(name)}
    given["profile"] = {
        name.removeprefix(_PROFILE): value
        for name, value in cells.items()
        if name.startswith(_PROFILE) and value
    }
    given["cohorts"] = [value for name, value in cells.items() if name.startswith("cohort") and value]
    given["enrol"] = _enrolments({name: value for name, value in cells.items() if value})
    person = validate(Person, given)
    assert isinstance(person, Person)
    return person


def _enrolments(cells: Mapping[str, str]) -> list[dict[str, str]]:
    numbers = sorted(
        {int(found[2]) for name in cells if (found := re.fullmatch(r"(course|role|group)(\d+)", name))}
    )
    enrolments = []
    for number in numbers:
        one = {
            what: cells[f"{what}{number}"]
            for what in ("course", "role", "group")
            if f"{what}{number}" in cells
        }
        if "course" not in one:
            what = "role" if "role" in one else "group"
            raise OrderInvalid((f"{what}{number}: курс (course{number}) не указан",))
        enrolments.append(one)
    return enrolments
