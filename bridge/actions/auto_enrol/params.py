"""What shall enrol people by itself, as it is ordered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bridge.actions.base import Params
from bridge.actions.create_users.params import country
from bridge.actions.elements import in_order, twice
from bridge.actions.fields import Closing, Line, Opening, PositiveInt

COLUMNS = ("auth", "city", "country", "department", "email", "idnumber", "institution", "lang")
"""Columns of accounts that a rule may ask for; every other name is that of a profile field."""
MOST_RULES = 300

Shortname = Annotated[Line, Field(max_length=255)]
Role = Annotated[Line, Field(min_length=1, max_length=100)]
Leave = Literal["suspend", "keep"]


def _values(value: Any) -> Any:
    """Several values, separated by a bar, for a comma may stand in one."""
    if isinstance(value, str):
        return [one.strip() for one in value.split("|") if one.strip()]
    return [value] if isinstance(value, int) and not isinstance(value, bool) else value


def _words(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [str(one) if isinstance(one, int) and not isinstance(one, bool) else one for one in value]
    return value


def _field(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]+", name, re.ASCII):
        raise ValueError(f"«{name}»: поле называют кратким названием из латинских букв, цифр и _")
    return name


Values = Annotated[
    tuple[Annotated[Line, Field(min_length=1, max_length=255)], ...],
    BeforeValidator(_words),
    BeforeValidator(_values),
    Field(min_length=1, max_length=300),
]
FieldName = Annotated[Line, Field(min_length=1, max_length=255), AfterValidator(_field)]
Asked = dict[FieldName, Values]


class Cohort(Params):
    """A new cohort.

    Attributes:
        category_id: whose it is; left out: the whole system's.
    """

    name: Annotated[Line, Field(min_length=1, max_length=254)]
    idnumber: Annotated[Line, Field(max_length=100)] = ""
    category_id: PositiveInt | None = None


class Sync(Params):
    """A cohort whose people are enrolled in a course.

    Attributes:
        cohort: its ID number or name; one of this order, too.
        course: short name; "" for the one that the same order makes.
        group: name of a group of the course into which they come.
    """

    cohort: Annotated[Line, Field(min_length=1, max_length=254)]
    course: Shortname = ""
    role: Role = "student"
    group: Annotated[Line, Field(max_length=254)] = ""


class SelfEnrol(Params):
    """People enrol themselves.

    Attributes:
        key: a word that they need, "": none.
        cohort: only its people may, "": everybody.
        start, end: when they may.
        most: how many at most, 0: any number.
    """

    course: Shortname = ""
    role: Role = "student"
    name: Annotated[Line, Field(max_length=255)] = ""
    key: Annotated[Line, Field(max_length=50)] = ""
    cohort: Annotated[Line, Field(max_length=254)] = ""
    start: Opening | None = None
    end: Closing | None = None
    most: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @model_validator(mode="after")
    def _sound(self) -> SelfEnrol:
        in_order("самостоятельная запись", ("start", self.start), ("end", self.end))
        return self


class Rule(Params):
    """Who matches all conditions is enrolled in a course, or put into a cohort.

    Attributes:
        name: for the administrator's list; "": made of the conditions.
        course: short name; "" together with no cohort: the one that the same order makes.
        group: name of a group of the course into which they come, too.
        cohort: instead of a course.
        when: fields, and the values of which one has to be theirs: `country = "RU"`, `grade = ["5", "6"]`.
        unless: fields, and the values none of which may be theirs.
        contains: fields, and texts of which one has to stand in theirs.
        leave: what becomes of who no longer matches: suspended, or kept; "": as the order says.
    """

    name: Annotated[Line, Field(max_length=255)] = ""
    course: Shortname = ""
    role: Annotated[Line, Field(max_length=100)] = ""
    group: Annotated[Line, Field(max_length=254)] = ""
    cohort: Annotated[Line, Field(max_length=254)] = ""
    when: Asked = Field(default_factory=dict)
    unless: Asked = Field(default_factory=dict)
    contains: Asked = Field(default_factory=dict)
    leave: Literal["suspend", "keep", ""] = ""

    @model_validator(mode="after")
    def _sound(self) -> Rule:
        if not self.when and not self.contains:
            raise ValueError(
                f"{self.title}: назовите хотя бы одно условие (when или contains), "
                "иначе правило записало бы всех"
            )
        if self.cohort and (self.course or self.group or self.role):
            raise ValueError(
                f"{self.title}: у правила либо глобальная группа (cohort), либо курс с ролью и группой"
            )
        for asked in (self.when, self.unless):
            for one in asked.get("country", ()):
                country(one)
        return self

    @property
    def title(self) -> str:
        """How people know the rule."""
        place = self.cohort or self.course or "новый курс"
        asked = "; ".join(f"{field} {word} {' | '.join(values)}" for field, word, values in self._told())
        return self.name or (f"{place}: {asked}" if asked else place)[:255].strip()

    def _told(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        for asked, word in ((self.when, "="), (self.unless, "≠"), (self.contains, "содержит")):
            for field, values in asked.items():
                yield field, word, values

    def conditions(self) -> Iterator[tuple[str, str, list[str]]]:
        """Field, comparison and values of each, as the plugin's step has them."""
        signs: Mapping[str, str] = {"=": "is", "≠": "isnot", "содержит": "contains"}
        for field, word, values in self._told():
            op = signs[word]
            codes = field == "country" and op != "contains"
            yield field, op, [country(one) for one in values] if codes else list(values)


class AutoEnrolParams(Params):
    """What shall enrol people by itself.

    Attributes:
        cohort: new cohorts.
        sync: cohorts for courses.
        self_enrol: courses in which people enrol themselves.
        rule: rules by fields of the profile.
        rules_file: a table of the ticket with further rules (CSV): columns course, role, group, cohort, name,
            leave, and a column for each condition: country, city, …, profile_field_…; several values of a
            condition are separated by a bar.
        role: of the rules' people, where a rule names none.
        leave: what becomes of people who no longer match, where a rule says nothing.
    """

    cohort: Annotated[tuple[Cohort, ...], Field(max_length=300)] = ()
    sync: Annotated[tuple[Sync, ...], Field(max_length=300)] = ()
    self_enrol: Annotated[tuple[SelfEnrol, ...], Field(max_length=300)] = ()
    rule: Annotated[tuple[Rule, ...], Field(max_length=MOST_RULES)] = ()
    rules_file: Annotated[Line, Field(max_length=255)] = ""
    role: Role = "student"
    leave: Leave = "suspend"

    @model_validator(mode="after")
    def _something(self) -> AutoEnrolParams:
        if not (self.cohort or self.sync or self.self_enrol or self.rule or self.rules_file):
            raise ValueError(
                "назовите, что записывает: [[params.rule]] или rules_file (правила), [[params.sync]] "
                "(глобальные группы), [[params.self_enrol]] (самостоятельная запись), [[params.cohort]]"
            )
        twice([one.name for one in self.cohort], "глобальная группа указана")
        return self
