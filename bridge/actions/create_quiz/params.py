"""The quiz as it is ordered."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from bridge.actions.fields import Closing, Flag, Line, Opening, Points, PositiveInt, Text
from bridge.actions.places import InSection
from bridge.actions.question_files import Category, FileName, Format, QuestionText, one_source

MOST_ATTEMPTS = 10
MOST_MINUTES = 365 * 24 * 60


def _ids(value: Any) -> Any:
    return [one for one in re.split(r"[\s,;]+", value) if one] if isinstance(value, str) else value


class CreateQuizParams(InSection):
    """A quiz of one course.

    Attributes:
        description: plain text.
        idnumber: for formulas of grades.
        attempts: how many there may be, 0 for any number; without it as the site has it.
        method: which attempt counts.
        grade: the highest; without it as the site has it.
        grade_to_pass: needs `grade`.
        time_open, time_close: when it may be attempted, by the site's clock.
        time_limit: minutes for an attempt.
        shuffle: whether answers are shuffled.
        file, questions, format, category: questions to import, as import-questions takes them.
        question_ids: questions that are in the bank already.
    """

    name: Annotated[Line, Field(min_length=1, max_length=255)]
    description: Annotated[Text, Field(max_length=20_000)] = ""
    idnumber: Annotated[Line, Field(max_length=100)] = ""
    visible: Flag = True
    attempts: Annotated[int, Field(ge=0, le=MOST_ATTEMPTS)] | None = None
    method: Literal["highest", "average", "first", "last"] | None = None
    grade: Points | None = None
    grade_to_pass: Points | None = None
    time_open: Opening | None = None
    time_close: Closing | None = None
    time_limit: Annotated[int, Field(ge=1, le=MOST_MINUTES)] | None = None
    shuffle: Flag | None = None
    file: FileName = ""
    questions: QuestionText = ""
    format: Format = ""
    category: Category = ""
    question_ids: Annotated[tuple[PositiveInt, ...], BeforeValidator(_ids), Field(max_length=500)] = ()

    @model_validator(mode="after")
    def _names_fit(self) -> CreateQuizParams:
        if self.question_ids and (self.file or self.questions):
            raise ValueError("укажите вопросы один раз: question_ids, file или questions")
        if self.category and not (self.file or self.questions):
            raise ValueError("category называет, куда импортировать вопросы: укажите file или questions")
        twice = sorted({one for one in self.question_ids if self.question_ids.count(one) > 1})
        if twice:
            raise ValueError(f"question_ids: указаны дважды: {', '.join(map(str, twice))}")
        if self.time_open and self.time_close and self.time_close <= self.time_open:
            raise ValueError("time_close: тест закрывается раньше, чем открывается")
        if self.grade_to_pass is not None and self.grade is None:
            raise ValueError("grade_to_pass: назовите и наибольшую оценку, grade")
        if self.grade_to_pass is not None and self.grade is not None and self.grade_to_pass > self.grade:
            raise ValueError("grade_to_pass: проходной балл больше наибольшей оценки (grade)")
        return one_source(self, file=self.file, text=self.questions, needed=False)
