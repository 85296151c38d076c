"""The questions as they are ordered."""

from __future__ import annotations

from pydantic import model_validator

from bridge.actions.places import InCourse
from bridge.actions.question_files import Category, FileName, Format, QuestionText, one_source


class ImportQuestionsParams(InCourse):
    """Questions for the bank of one course.

    Attributes:
        file: name of a file of the ticket.
        questions: the questions themselves, instead of a file.
        format: gift, xml or aiken; without it the file's ending and content tell.
        category: of the bank, made where there is none; without it the file's own categories are made.
    """

    file: FileName = ""
    questions: QuestionText = ""
    format: Format = ""
    category: Category = ""

    @model_validator(mode="after")
    def _names_fit(self) -> ImportQuestionsParams:
        return one_source(self, file=self.file, text=self.questions, needed=True)
