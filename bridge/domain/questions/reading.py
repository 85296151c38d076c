"""What a reading of questions found."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_COMMA = re.compile(r"-?\d+,\d+", re.ASCII)
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)

_SCRIPTS = (
    re.compile(r"<\s*(?:script|object|embed|base|meta)\b", re.IGNORECASE),
    re.compile(r"<[^<>]*[\s\"'/]on[a-z]+\s*=", re.IGNORECASE),
    re.compile(r"<[^<>]*=\s*+[\"']?\s*+(?:javascript|vbscript|data\s*:\s*text)", re.IGNORECASE),
)
SCRIPT = "в тексте есть сценарий, который выполнился бы у каждого; показать его можно как &lt;script&gt;"

GRADES = (
    "100", "90", "83.33333", "80", "75", "70", "66.66667", "60", "50", "40", "33.33333", "30", "25", "20",
    "16.66667", "14.28571", "12.5", "11.11111", "10", "5", "0",
)  # fmt: skip
"""Percentages that Moodle has for an answer, each also below zero (question_bank::fraction_options_full)."""
_EXACT = 0.001
_NEAR = 0.7
"""Percentage points: 33 and 34 mean a third; 1 % means nothing (it may be a fraction, and 100 % is meant)."""


MOST_LINES = 10
"""That are named for one thing said."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a file, in the customer's words.

    Attributes:
        line: of the file, from 1; 0: the whole.
        question: its number in the file, from 1; 0: none.
    """

    said: str
    line: int = 0
    question: int = 0

    def __str__(self) -> str:
        """«вопрос 3, строка 12: …»."""
        places = [f"вопрос {self.question}"] if self.question else []
        places += [f"строка {self.line}"] if self.line else []
        return f"{', '.join(places)}: {self.said}" if places else self.said


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as it was read.

    Attributes:
        text: what shall be imported.
        count: how many questions it holds.
        format: `gift`, `xml` or `aiken`; "" where it was not found out.
        faults: why it cannot be imported.
        mended: what `text` has otherwise than the file.
        warned: what works, and may not be meant.
    """

    text: str
    count: int
    format: str
    faults: tuple[Remark, ...]
    mended: tuple[Remark, ...]
    warned: tuple[Remark, ...]


def lines_for_people(remarks: Iterable[Remark], most: int = 30) -> list[str]:
    """Remarks for a reader: what is said of several lines stands once, and of very many the first."""
    places: dict[str, list[Remark]] = {}
    for one in remarks:
        places.setdefault(one.said, []).append(one)
    lines = [_at_all(said, found) for said, found in places.items()]
    return lines if len(lines) <= most else [*lines[:most], f"… и ещё замечаний: {len(lines) - most}"]


def _at_all(said: str, found: list[Remark]) -> str:
    lines = [str(line) for line in dict.fromkeys(one.line for one in found) if line]
    if len(lines) < 2:
        return str(found[0])
    shown = ", ".join(lines[:MOST_LINES]) + (" …" if len(lines) > MOST_LINES else "")
    return f"строки {shown}: {said}"


class Notes:
    """What is noted while a file is read."""

    def __init__(self) -> None:
        self.faults: list[Remark] = []
        self.mended: list[Remark] = []
        self.warned: list[Remark] = []

    def fault(self, said: str, line: int = 0, question: int = 0) -> None:
        """It cannot be imported."""
        self.faults.append(Remark(said, line, question))

    def mend(self, said: str, line: int = 0, question: int = 0) -> None:
        """It is imported otherwise than it is written."""
        self.mended.append(Remark(said, line, question))

    def warn(self, said: str, line: int = 0, question: int = 0) -> None:
        """It is imported, and may not be meant."""
        self.warned.append(Remark(said, line, question))

    def reading(self, text: str, count: int, kind: str) -> Reading:
        """All of it, in the order of the lines."""
        faults, mended, warned = (
            tuple(sorted(one, key=lambda remark: remark.line))
            for one in (self.faults, self.mended, self.warned)
        )
        return Reading(text, count, kind, faults, mended, warned)


def with_point(number: str) -> str | None:
    """A number with a decimal comma as Moodle takes it; None where it is another thing."""
    if not _COMMA.fullmatch(number) or _THOUSANDS.fullmatch(number):
        return None
    return number.replace(",", ".")


def thousands(number: str) -> bool:
    """Whether a comma may part thousands as well as a fraction: 1,500."""
    return _THOUSANDS.fullmatch(number) is not None


def grade(percent: str) -> tuple[float, str] | None:
    """The percentage that Moodle has for one that is written, as a number and as it must be written; None:
    it has none that is near.
    """
    if not _NUMBER.fullmatch(percent):
        return None
    value = float(percent)
    nearest = min(GRADES, key=lambda one: abs(float(one) - abs(value)))
    distance = abs(float(nearest) - abs(value))
    if distance >= _NEAR or (nearest == "0" and distance > _EXACT):
        return None
    sign = -1 if value < 0 else 1
    return sign * float(nearest), percent if distance < _EXACT else f"{'-' if sign < 0 else ''}{nearest}"


def has_script(text: str) -> bool:
    """Whether a text would run something in the browser of whoever sees it; Moodle shows questions as they
    are, and an order comes from outside.
    """
    return any(pattern.search(text) for pattern in _SCRIPTS)


def lines_of(text: str) -> list[str]:
    """The lines of a text, whatever ends them."""
    return re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
