"""Elements of courses: what the steps module.add of several actions have in common."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field

from bridge.actions.action import Results
from bridge.actions.base import Params
from bridge.actions.fields import Flag, Line, Text
from bridge.actions.places import PLACE_UNKNOWN, Place
from bridge.actions.program import Step
from bridge.actions.texts import paragraphs

CAPABILITIES = frozenset(
    {
        "local/otbridge:view",
        "local/otbridge:run",
        "moodle/course:manageactivities",
        "moodle/course:activityvisibility",
    }
)
"""What the token's user needs for module.add, beside addinstance of the kind."""
CUSTOMERS = PLACE_UNKNOWN | {"idnumbertaken"}
"""Refusals of an element that the customer can mend."""
OPERATORS = frozenset({"coursenotfound", "moduleoff"})
"""Refusals of an element that an operator has to look into."""

Description = Annotated[Text, Field(max_length=100_000)]


class Element(Params):
    """What every element of a course has.

    Attributes:
        name: as the course shows it.
        description: plain text.
        section: where it goes, "": where the order says.
        idnumber: for formulas of grades.
    """

    name: Annotated[Line, Field(min_length=1, max_length=255)]
    description: Description = ""
    section: Annotated[Line, Field(max_length=255)] = ""
    idnumber: Annotated[Line, Field(max_length=100)] = ""
    visible: Flag = True


def add(
    label: str,
    kind: str,
    element: Element,
    where: tuple[Place, str],
    settings: Mapping[str, Any],
    **more: Any,
) -> Step:
    """The step that adds an element.

    Parameters:
        where: the place, and the section of elements that name none.
        settings: of its kind (docs/plugin-api.md); "" and None stand for the site's default.
        more: further parameters of the step.
    """
    place, section = where
    return Step(
        "module.add",
        label,
        {
            "course": place.course,
            "section": place.section(element.section or section),
            "type": kind,
            "name": element.name,
            "introhtml": paragraphs(element.description),
            "idnumber": element.idnumber,
            "visible": element.visible,
            "settings": {name: value for name, value in settings.items() if value not in ("", None)},
            **more,
        },
    )


def made(results: Results, stem: str) -> list[dict[str, Any]]:
    """The elements that steps labelled `stem1`, `stem2` … made: id of the course module, name, address."""
    return [
        {"cmid": one["cmid"], "name": one["name"], "url": one["url"]}
        for label, one in results.items()
        if re.fullmatch(rf"{stem}\d+", label)
    ]


def moment(value: datetime | None, zone: tzinfo) -> int:
    """Unix seconds of a time of the site's clock; 0 for none."""
    return 0 if value is None else int(value.replace(tzinfo=zone).timestamp())


def decimal(value: Decimal | None) -> str:
    """A number as programs write it; "" for none."""
    return "" if value is None else f"{value.normalize():f}"


def folded(name: str) -> str:
    """What names have in common that a database might not tell apart."""
    return " ".join(name.split()).casefold().replace("ё", "е")


def twice(names: Iterable[str], among: str) -> None:
    """Refuse a name that stands twice, whatever its case and spaces.

    Raises:
        ValueError: in the customer's words.
    """
    seen: dict[str, str] = {}
    named: set[str] = set()
    for name in names:
        first = seen.setdefault(folded(name), name)
        if folded(name) in named:
            both = name if first == name else f"{first}» и «{name}"
            raise ValueError(f"{among} дважды: «{both}»")
        named.add(folded(name))


def in_order(element: str, *moments: tuple[str, datetime | None]) -> None:
    """Refuse times that do not follow each other; those that are not given do not count.

    Raises:
        ValueError: in the customer's words.
    """
    given = [(name, value) for name, value in moments if value is not None]
    for (first, one), (second, other) in pairwise(given):
        if other < one:
            raise ValueError(f"«{element}»: {second} раньше, чем {first}")


def passable(element: str, grade: int, grade_to_pass: Decimal | None) -> None:
    """Refuse a grade to pass that nobody can reach.

    Raises:
        ValueError: in the customer's words.
    """
    if grade_to_pass is not None and grade_to_pass > grade:
        problem = f"{decimal(grade_to_pass)} больше наивысшей оценки {grade}".replace(".", ",")
        raise ValueError(f"«{element}»: проходной балл {problem}")


def longest(texts: Collection[str]) -> int:
    """Characters of the longest text, with spaces."""
    return max(map(len, texts), default=0)
