"""The lesson as it is ordered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bridge.actions.base import Params
from bridge.actions.elements import Description, in_order, passable, twice
from bridge.actions.fields import Closing, Flag, Grade, Line, Opening, Points, PositiveInt, Text
from bridge.actions.places import InSection

Jump = Literal["this", "next", "previous", "end"]
MOST_ANSWERS = 20


class Answer(Params):
    """An answer to a question, or a button of a page of text.

    Attributes:
        text: plain text.
        response: what whoever chose it reads; plain text.
        score: points; 1 for a right answer and 0 for a wrong one where it is not given.
        jump: where it leads; where it is not given, a right answer and a button to the next page, a wrong one
            to the same.
    """

    text: Annotated[Text, Field(min_length=1, max_length=10_000)]
    response: Annotated[Text, Field(max_length=10_000)] = ""
    correct: Flag = False
    score: Annotated[Grade, Field(le=1000)] | None = None
    jump: Jump | None = None


class Page(Params):
    """One page.

    Attributes:
        text: plain text; an empty line begins a paragraph.
        type: text with buttons, or a question.
        answer: a question's answers, or a page's buttons; a page without gets one button to the next page.
    """

    name: Annotated[Line, Field(min_length=1, max_length=255)]
    text: Annotated[Text, Field(min_length=1, max_length=100_000)]
    type: Literal["content", "choice", "truefalse"] = "content"
    answer: Annotated[tuple[Answer, ...], Field(max_length=MOST_ANSWERS)] = ()

    @model_validator(mode="after")
    def _answers_fit(self) -> Page:
        twice([one.text for one in self.answer], f"«{self.name}»: ответ указан")
        right = sum(one.correct for one in self.answer)
        if self.type == "content":
            if any(one.correct or one.response or one.score is not None for one in self.answer):
                raise ValueError(
                    f"«{self.name}»: у страницы с текстом нет верных ответов, пояснений и баллов; "
                    "если это вопрос, укажите type: choice или truefalse"
                )
        elif len(self.answer) < 2 or (self.type == "truefalse" and len(self.answer) != 2):
            few = "ровно два ответа" if self.type == "truefalse" else "не меньше двух ответов"
            raise ValueError(f"«{self.name}»: у вопроса должно быть {few}")
        elif not right:
            raise ValueError(f"«{self.name}»: отметьте верный ответ (correct)")
        elif self.type == "truefalse" and right != 1:
            raise ValueError(f"«{self.name}»: верным должен быть один ответ")
        return self


class CreateLessonParams(InSection):
    """A lesson.

    Attributes:
        description: plain text.
        opens, closes: by the site's clock; a day alone is its first or its last minute.
        minutes: time limit.
        grade: the highest mark; 0 where it is not given and no page is a question.
        practice: whether it is left out of the gradebook.
        retake: whether it may be gone through again.
        page: each of the pages, in their order.
    """

    name: Annotated[Line, Field(min_length=1, max_length=255)]
    description: Description = ""
    idnumber: Annotated[Line, Field(max_length=100)] = ""
    visible: Flag = True
    opens: Opening | None = None
    closes: Closing | None = None
    minutes: Annotated[PositiveInt, Field(le=525_600)] | None = None
    grade: Grade | None = None
    grade_to_pass: Points | None = None
    practice: Flag = False
    retake: Flag = False
    page: Annotated[tuple[Page, ...], Field(min_length=1, max_length=500)]

    @property
    def highest(self) -> int:
        """The highest mark."""
        asks = any(one.type != "content" for one in self.page)
        return (100 if asks else 0) if self.grade is None else self.grade

    @model_validator(mode="after")
    def _fits_together(self) -> CreateLessonParams:
        twice([one.name for one in self.page], "страница названа")
        in_order(self.name, ("opens", self.opens), ("closes", self.closes))
        passable(self.name, self.highest, self.grade_to_pass)
        if self.highest and all(one.type == "content" for one in self.page):
            raise ValueError(f"«{self.name}»: оценивать нечего: ни на одной странице нет вопроса")
        return self
