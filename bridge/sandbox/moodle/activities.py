"""Kinds of activities that module.add makes: their settings, how many files they take, and what core would
take in silence. Small twins of the plugin's classes/activity/mod_*.php.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bridge.sandbox.moodle.schema import (
    Fault,
    Field,
    Items,
    Shape,
    choice,
    flag,
    html,
    line,
    number,
)

LARGEST_GRADE = 100
"""The site's `gradepointmax`."""
MOST_ATTEMPTS = 10
"""Of a quiz; 0 is any number."""
QUIZ_GRADE = "10"
"""The site's highest grade of a quiz, a text as its settings are."""
Checks = Callable[[Mapping[str, Any]], Iterator[Fault]]


@dataclass(frozen=True, slots=True)
class Activity:
    """A kind.

    Attributes:
        settings: None: whatever they are.
        files: least and most.
        check: faults of the settings; paths are their names.
    """

    settings: Shape | None = None
    files: tuple[int, int] = (0, 0)
    check: Checks = lambda _: iter(())


def _times(settings: Mapping[str, Any], *pairs: tuple[str, str]) -> Iterator[Fault]:
    for first, second in pairs:
        if settings[first] and settings[second] and settings[second] < settings[first]:
            facts = {"first": first, "second": second}
            yield Fault(second, "timesorder", f"{second} is before {first}", facts)


def _grades(settings: Mapping[str, Any]) -> Iterator[Fault]:
    for name, most in (("grade", LARGEST_GRADE), ("gradepass", settings["grade"])):
        value = settings[name]
        if value != "" and Decimal(value) > most:
            facts = {"value": value, "min": 0, "max": most}
            yield Fault(name, "paramrange", f"Must be at most {most}", facts)


def _assign(settings: Mapping[str, Any]) -> Iterator[Fault]:
    yield from _times(
        settings,
        ("allowsubmissionsfromdate", "duedate"),
        ("duedate", "cutoffdate"),
        ("allowsubmissionsfromdate", "gradingduedate"),
    )
    yield from _grades(settings)


def _lesson(settings: Mapping[str, Any]) -> Iterator[Fault]:
    yield from _times(settings, ("available", "deadline"))
    yield from _grades(settings)


def _quiz(settings: Mapping[str, Any]) -> Iterator[Fault]:
    yield from _times(settings, ("timeopen", "timeclose"))
    if settings["attempts"] > MOST_ATTEMPTS:
        facts: dict[str, Any] = {"value": settings["attempts"], "min": 0, "max": MOST_ATTEMPTS}
        yield Fault("attempts", "paramrange", f"Must be at most {MOST_ATTEMPTS}", facts)
    most = settings["grade"] or QUIZ_GRADE
    if settings["gradepass"] and Decimal(settings["gradepass"]) > Decimal(most):
        facts = {"value": settings["gradepass"], "min": "0", "max": most}
        yield Fault("gradepass", "paramrange", f"Must be at most {most}", facts)


def _page(settings: Mapping[str, Any]) -> Iterator[Fault]:
    if not settings["contenthtml"].strip():
        facts = {"length": 0, "min": 1, "max": 4_000_000}
        yield Fault("contenthtml", "paramlength", "Must not be empty", facts)


def _numbers(**defaults: int) -> dict[str, Field]:
    return {name: number(default=default) for name, default in defaults.items()}


def _flags(*names: str, default: bool = False) -> dict[str, Field]:
    return {name: flag(default=default) for name in names}


ACTIVITIES: Mapping[str, Activity] = {
    "assign": Activity(
        Shape(
            {
                **_numbers(allowsubmissionsfromdate=0, duedate=0, cutoffdate=0, gradingduedate=0, grade=100),
                "gradepass": line(20, ""),
                "submissiontypes": Items(choice("file", "onlinetext"), ["file"], most=2),
                **_numbers(maxfiles=20, maxsizebytes=0, wordlimit=0, maxattempts=1),
                "filetypes": line(255, ""),
                **_flags("submissiondrafts", "requiresubmissionstatement", "teamsubmission"),
                **_flags("blindmarking", "markingworkflow"),
            }
        ),
        check=_assign,
    ),
    "folder": Activity(
        Shape(
            {
                "display": choice("page", "inline", default="page"),
                **_flags("showexpanded", "showdownloadfolder", "forcedownload", default=True),
            }
        ),
        (0, 100),
    ),
    "glossary": Activity(
        Shape(
            {
                "displayformat": line(50, "dictionary"),
                **_flags("allowduplicatedentries", "allowcomments"),
                **_flags("defaultapproval", "usedynalink", default=True),
                **_numbers(entbypage=10),
            }
        )
    ),
    "label": Activity(),
    "lesson": Activity(
        Shape(
            {
                **_numbers(available=0, deadline=0, timelimit=0, grade=100, maxanswers=5, maxattempts=1),
                "gradepass": line(20, ""),
                **_flags("practice", "retake", "modattempts", "feedback", "ongoing"),
                **_flags("progressbar", "displayleft"),
                "password": line(32, ""),
            }
        ),
        check=_lesson,
    ),
    "page": Activity(
        Shape(
            {
                "contenthtml": html(...),
                "printintro": flag(default=False),
                "printlastmodified": flag(default=True),
            }
        ),
        check=_page,
    ),
    "quiz": Activity(
        Shape(
            {
                **_numbers(timeopen=0, timeclose=0, timelimit=0, attempts=0, questionsperpage=1),
                **_numbers(graceperiod=86400, delay1=0, delay2=0),
                "grademethod": choice("highest", "average", "first", "last", default="highest"),
                "grade": line(20, ""),
                "gradepass": line(20, ""),
                "shuffleanswers": flag(default=True),
                "navmethod": choice("free", "sequential", default="free"),
                "preferredbehaviour": line(32, "deferredfeedback"),
                "overduehandling": choice("autosubmit", "graceperiod", "autoabandon", default="autosubmit"),
                "password": line(255, ""),
            }
        ),
        check=_quiz,
    ),
    "resource": Activity(
        Shape(
            {
                "display": choice("auto", "embed", "download", "open", "new", "popup", default="auto"),
                **_flags("showsize", "showdate"),
                **_flags("printintro", "showtype", default=True),
            }
        ),
        (1, 100),
    ),
    "url": Activity(),
}
"""Every kind by name. The settings of those without a shape are the real plugin's to judge."""
