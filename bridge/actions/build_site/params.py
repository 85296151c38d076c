"""The document: what a site shall have."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from bridge.actions.add_files.params import Display, Folder, OneFile
from bridge.actions.add_pages.params import Page
from bridge.actions.base import Params
from bridge.actions.create_assignments.params import Assignment
from bridge.actions.create_course.params import CreateCourseParams
from bridge.actions.create_glossary.params import CreateGlossaryParams
from bridge.actions.create_lesson.params import CreateLessonParams
from bridge.actions.create_quiz.params import CreateQuizParams
from bridge.actions.create_role.params import CreateRoleParams
from bridge.actions.elements import twice
from bridge.actions.fields import Lines
from bridge.actions.places import InCourse


class SiteCourse(CreateCourseParams):
    """A course and what stands in it. A section is named by its number or by its name in `sections`.

    Attributes:
        groups: names, each on a line.
        display: how files open that say nothing themselves.
        file, folder, page, assignment, lesson, glossary, quiz: each element.
        course_logic: names of elements «Логика курса», which a specialist sets up.
    """

    groups: Annotated[Lines, Field(max_length=500)] = ()
    display: Display = "auto"
    file: Annotated[tuple[OneFile, ...], Field(max_length=100)] = ()
    folder: Annotated[tuple[Folder, ...], Field(max_length=100)] = ()
    page: Annotated[tuple[Page, ...], Field(max_length=200)] = ()
    assignment: Annotated[tuple[Assignment, ...], Field(max_length=200)] = ()
    lesson: Annotated[tuple[CreateLessonParams, ...], Field(max_length=50)] = ()
    glossary: Annotated[tuple[CreateGlossaryParams, ...], Field(max_length=50)] = ()
    quiz: Annotated[tuple[CreateQuizParams, ...], Field(max_length=50)] = ()
    course_logic: Annotated[Lines, Field(max_length=100)] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it is a course without elements."""
        return not any(self.elements)

    @property
    def elements(self) -> tuple[tuple[Params, ...], ...]:
        """Its elements, by kind."""
        return (self.file, self.folder, self.page, self.assignment, self.lesson, self.glossary, self.quiz)

    @model_validator(mode="after")
    def _own_elements(self) -> SiteCourse:
        for one in (*self.lesson, *self.glossary, *self.quiz):
            if isinstance(one, InCourse) and (one.course or one.course_id):
                raise ValueError(f"«{self.shortname}»: у элемента курса не указывают course и course_id")
        twice(self.sections, f"«{self.shortname}»: секция названа")
        for kind in self.elements:
            twice([getattr(one, "name", "") for one in kind], f"«{self.shortname}»: элемент назван")
        return self


class BuildSiteParams(Params):
    """What a site shall have.

    Attributes:
        role: each role.
        course: each course.
    """

    role: Annotated[tuple[CreateRoleParams, ...], Field(max_length=100)] = ()
    course: Annotated[tuple[SiteCourse, ...], Field(max_length=200)] = ()

    @model_validator(mode="after")
    def _once_each(self) -> BuildSiteParams:
        if not self.role and not self.course:
            raise ValueError("опишите хотя бы один курс ([[params.course]]) или роль ([[params.role]])")
        twice([one.shortname for one in self.course], "краткое название курса указано")
        twice([one.shortname for one in self.role], "краткое название роли указано")
        return self
