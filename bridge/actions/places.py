"""Where an order's things go: a course, and sections of it, as orders name them.

Source: core_course_get_courses_by_field and core_course_get_contents of Moodle 3.9 to 5.x.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, model_validator

from bridge.actions.action import Context
from bridge.actions.base import OrderRefused, Params
from bridge.actions.fields import Line, PositiveInt
from bridge.actions.program import Ref

COURSE_UNKNOWN = frozenset({"no-course", "no-such-course"})
"""Refusals of `find_course`; the customer can mend them."""
PLACE_UNKNOWN = COURSE_UNKNOWN | {
    "ambiguous-section",
    "no-such-section",
    "section-number-needed",
    "sectionnotfound",
}
"""Refusals of `find_place`, and Moodle's own of the same kind; the customer can mend them."""
READS = frozenset({"core_course_get_courses_by_field", "core_course_get_contents"})
"""What `find_place` reads with."""
LARGEST_SECTION = 10_000

SectionName = Annotated[Line, Field(max_length=255)]
"""A section of a course: its number (0 is the general one), or its name."""


class InCourse(Params):
    """An order for one course.

    Attributes:
        course_id, course: which course: its number, or its short name; neither where the same order makes
            the course.
    """

    course_id: PositiveInt | None = None
    course: Annotated[Line, Field(max_length=255)] = ""

    @model_validator(mode="after")
    def _one_course(self) -> InCourse:
        if self.course_id and self.course:
            raise ValueError("укажите курс один раз: course_id (номер) или course (краткое название)")
        return self


class InSection(InCourse):
    """An order for sections of one course.

    Attributes:
        section: where things go that name no section of their own: its number, or its name.
    """

    section: SectionName = "0"


@dataclass(frozen=True, slots=True)
class Place:
    """Where things go.

    Attributes:
        course: its id, or what the same order will make.
        course_name: the course, for people.
        numbers: of the sections, by what the order calls them.
        names: of the sections, by number; "" where it is not known.
    """

    course: int | Ref
    course_name: str
    numbers: Mapping[str, int]
    names: Mapping[int, str]

    def section(self, wanted: str) -> int:
        """The number of a section that was looked for."""
        return self.numbers[wanted]

    def section_name(self, number: int) -> str:
        """A section for operators: `section 2 (Инструменты)`."""
        name = self.names.get(number, "")
        return f"section {number} ({name})" if name else f"section {number}"


def find_course(params: InCourse, context: Context) -> tuple[int | Ref, str]:
    """The course, or what the same order will make; and its name for people.

    Raises:
        OrderRefused: a code of `COURSE_UNKNOWN`.
    """
    if not params.course_id and not params.course:
        if "course" in context.made:
            return context.made["course"], "the new course"
        raise OrderRefused("no-course", "the order names no course")
    field, value = ("id", str(params.course_id)) if params.course_id else ("shortname", params.course)
    found = context.moodle.read("core_course_get_courses_by_field", field=field, value=value)["courses"]
    if not found:
        raise OrderRefused("no-such-course", f"there is no course with {field} {value}", course=value)
    return int(found[0]["id"]), f"course {found[0]['fullname']} ({found[0]['id']})"


def find_place(params: InCourse, wanted: Iterable[str], context: Context) -> Place:
    """The course, and the sections that an order names, by number or by name.

    Raises:
        OrderRefused: a code of `PLACE_UNKNOWN`.
    """
    course, course_name = find_course(params, context)
    asked = tuple(dict.fromkeys(wanted))
    if isinstance(course, Ref):
        return Place(course, course_name, {one: _number(one) for one in asked}, {})
    found = context.moodle.read(
        "core_course_get_contents", courseid=course, options=[{"name": "excludemodules", "value": "1"}]
    )
    names = {int(one["section"]): str(one["name"]) for one in found if one.get("section") is not None}
    return Place(course, course_name, {one: _section(one, names, course_name) for one in asked}, names)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= LARGEST_SECTION


def _number(text: str) -> int:
    """The number of a section in a course that is not there yet."""
    if not _is_number(text):
        raise OrderRefused(
            "section-number-needed", f"the new course has no section {text} yet: a number", section=text
        )
    return int(text)


def _section(text: str, names: Mapping[int, str], course: str) -> int:
    if _is_number(text) and int(text) in names:
        return int(text)
    found = [number for number, name in names.items() if _folded(name) == _folded(text)]
    if len(found) == 1:
        return found[0]
    facts: dict[str, Any] = {"section": text}
    if not found:
        facts["there_are"] = [f"{number} – {name}" for number, name in sorted(names.items())][:30]
        raise OrderRefused("no-such-section", f"{course} has no section {text}", **facts)
    facts["numbers"] = found
    numbers = ", ".join(map(str, found))
    raise OrderRefused("ambiguous-section", f"{course} has several sections {text}: {numbers}", **facts)


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
