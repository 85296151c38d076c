"""The assignments as they are ordered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bridge.actions.elements import Element, in_order, passable, twice
from bridge.actions.fields import Closing, Flag, Grade, Line, Opening, Points, PositiveInt
from bridge.actions.places import InSection


class Assignment(Element):
    """One assignment.

    Attributes:
        opens, due, cutoff, grade_by: by the site's clock: from when work is taken, until when it is on time,
            until when it is taken at all, until when it is to be graded. A day alone is its last minute, of
            `opens` its first.
        grade: the highest mark, 0: not graded.
        hand_in: what is handed in.
        max_files: how many files at most; the site's own default where it is not given.
        file_types: endings or groups as Moodle names them: `.pdf .docx document`.
        attempts: how often work may be handed in, 0: as often as the teacher lets.
        teams: whether groups hand in together.
    """

    opens: Opening | None = None
    due: Closing | None = None
    cutoff: Closing | None = None
    grade_by: Closing | None = None
    grade: Grade = 100
    grade_to_pass: Points | None = None
    hand_in: Literal["file", "text", "both"] = "file"
    max_files: Annotated[PositiveInt, Field(le=1000)] | None = None
    file_types: Annotated[Line, Field(max_length=255)] = ""
    words_at_most: PositiveInt | None = None
    attempts: Annotated[Grade, Field(le=30)] = 1
    teams: Flag = False

    @model_validator(mode="after")
    def _fits_together(self) -> Assignment:
        in_order(self.name, ("opens", self.opens), ("due", self.due), ("cutoff", self.cutoff))
        in_order(self.name, ("opens", self.opens), ("grade_by", self.grade_by))
        passable(self.name, self.grade, self.grade_to_pass)
        if self.hand_in == "text" and (self.max_files or self.file_types):
            raise ValueError(f"«{self.name}»: max_files и file_types – для файлов, а сдают текст")
        if self.hand_in == "file" and self.words_at_most:
            raise ValueError(f"«{self.name}»: words_at_most – для текста, а сдают файлы")
        return self


class CreateAssignmentsParams(InSection):
    """Assignments of one course.

    Attributes:
        assignment: each of them.
    """

    assignment: Annotated[tuple[Assignment, ...], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _once_each(self) -> CreateAssignmentsParams:
        twice([one.name for one in self.assignment], "задание названо")
        twice([one.idnumber for one in self.assignment if one.idnumber], "idnumber указан")
        return self
