"""The certificate as it is ordered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from bridge.actions.base import Params
from bridge.actions.elements import Description
from bridge.actions.fields import Flag, Line, Lines, Points
from bridge.actions.places import InSection

_FIELDS: Mapping[str, str] = {
    "имя": "learner",
    "курс": "course",
    "оценка": "grade",
    "дата": "date",
    "код": "code",
}
_SIDES = {"слева": "left", "по центру": "center", "справа": "right"}
_PAGES = {"альбомная": "landscape", "книжная": "portrait"}
_DATES = {"выдачи": "issued", "завершения": "completed"}
_GRADES = {"баллы": "points", "проценты": "percent", "буква": "letter"}


def _word(words: Mapping[str, str]) -> BeforeValidator:
    def read(value: Any) -> Any:
        return words.get(value.strip().lower(), value) if isinstance(value, str) else value

    return BeforeValidator(read)


class CertificateLine(Params):
    """One line: a text, or what is known of the learner.

    Attributes:
        text: fixed.
        field: learner, course, grade, date or code, instead of a text.
        size: of its letters, points.
        color: `#rrggbb`.
        space: above it, millimetres.
    """

    text: Annotated[Line, Field(max_length=500)] = ""
    field: Annotated[Literal["", "learner", "course", "grade", "date", "code"], _word(_FIELDS)] = ""
    size: Annotated[int, Field(ge=6, le=120)] = 18
    color: Annotated[Line, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#000000"
    bold: Flag = False
    align: Annotated[Literal["left", "center", "right"], _word(_SIDES)] = "center"
    space: Annotated[int, Field(ge=0, le=500)] = 4

    @model_validator(mode="after")
    def _one_of_both(self) -> CertificateLine:
        if bool(self.text) == bool(self.field):
            raise ValueError("укажите одно из двух: text (надпись) или field (поле)")
        return self


DEFAULT_LINES = (
    CertificateLine(text="СЕРТИФИКАТ", size=40, bold=True, space=0),
    CertificateLine(text="Настоящим подтверждается, что", space=8),
    CertificateLine(field="learner", size=28, bold=True),
    CertificateLine(text="успешно завершил(а) обучение по курсу", space=6),
    CertificateLine(field="course", size=22, bold=True),
    CertificateLine(field="date", size=14, space=16),
)
"""A certificate of an order that names no lines."""


class AddCertificateParams(InSection):
    """A certificate of one course.

    Attributes:
        name: as the course shows it.
        page: landscape or portrait, A4.
        background: name of a picture among the ticket's files; it fills the page.
        top, margin: where the first line stands, and what is free on both sides, millimetres.
        line: from top to bottom.
        date: which one the field shows: of the issue, or of the course's completion.
        grade_format: how the field shows the course's grade.
        language: of the certificate, "": the learner's.
        email: mail it to learners, where the module can.
        public_check: let anybody check its code, where the module can.
        grade_to_pass: percent of the course's highest grade from which it is issued.
        completed: names or numbers of elements of the course that must be completed, each on a line.
    """

    name: Annotated[Line, Field(min_length=1, max_length=255)]
    description: Description = ""
    idnumber: Annotated[Line, Field(max_length=100)] = ""
    visible: Flag = True
    page: Annotated[Literal["landscape", "portrait"], _word(_PAGES)] = "landscape"
    background: Annotated[Line, Field(max_length=255)] = ""
    top: Annotated[int, Field(ge=0, le=290)] = 60
    margin: Annotated[int, Field(ge=0, le=100)] = 20
    line: Annotated[tuple[CertificateLine, ...], Field(max_length=40)] = ()
    date: Annotated[Literal["issued", "completed"], _word(_DATES)] = "issued"
    grade_format: Annotated[Literal["points", "percent", "letter"], _word(_GRADES)] = "percent"
    language: Annotated[Line, Field(pattern=r"^([a-z][a-z_]*)?$", max_length=20)] = ""
    email: Flag = False
    public_check: Flag = False
    grade_to_pass: Annotated[Points, Field(gt=0, le=100)] | None = None
    completed: Lines = ()
