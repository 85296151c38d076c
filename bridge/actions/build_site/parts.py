"""What a document comes to: the other actions, one after the other, and their steps as one part of a
program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from mimetypes import guess_type
from typing import Any

from bridge.actions.action import Action, Context, Plan
from bridge.actions.add_files import ACTION as ADD_FILES
from bridge.actions.add_files.params import AddFilesParams
from bridge.actions.add_pages import ACTION as ADD_PAGES
from bridge.actions.add_pages.params import AddPagesParams
from bridge.actions.base import Params
from bridge.actions.build_site.params import BuildSiteParams, SiteCourse
from bridge.actions.create_assignments import ACTION as CREATE_ASSIGNMENTS
from bridge.actions.create_assignments.params import CreateAssignmentsParams
from bridge.actions.create_course import ACTION as CREATE_COURSE
from bridge.actions.create_course.params import CreateCourseParams
from bridge.actions.create_glossary import ACTION as CREATE_GLOSSARY
from bridge.actions.create_groups import ACTION as CREATE_GROUPS
from bridge.actions.create_groups.params import CreateGroupsParams
from bridge.actions.create_lesson import ACTION as CREATE_LESSON
from bridge.actions.create_quiz import ACTION as CREATE_QUIZ
from bridge.actions.create_role import ACTION as CREATE_ROLE
from bridge.actions.program import Part, Ref, Step, join, joined_labels

ACTIONS: tuple[Action, ...] = (
    CREATE_ROLE,
    CREATE_COURSE,
    CREATE_GROUPS,
    ADD_FILES,
    ADD_PAGES,
    CREATE_ASSIGNMENTS,
    CREATE_LESSON,
    CREATE_GLOSSARY,
    CREATE_QUIZ,
)
"""The actions that a document may come to."""

REPEATABLE = frozenset(
    {
        "course.create",
        "glossary.add_entry",
        "group.create",
        "lesson.add_page",
        "module.add",
        "question.import",
        "quiz.add_questions",
        "role.create",
    }
)
"""Kinds of steps that take up what is there already (`"existing": "bring"`, docs/plugin-api.md)."""


def planned(params: BuildSiteParams, context: Context) -> Plan:
    """The whole document as one plan.

    Raises:
        OrderRefused: as the action of each part says.
    """
    plans: list[Plan] = []
    labels: list[str] = []
    context = replace(context, made={}, applied_again=True)

    def add(action: Action, one: Params, **made: Ref) -> Mapping[str, Ref]:
        found = action.plan(one, replace(context, made=made))
        names = joined_labels(found.part, labels)
        labels.extend(names.values())
        plans.append(found)
        return {name: Ref(names[it.label], it.field, outside=True) for name, it in found.makes.items()}

    for role in params.role:
        add(CREATE_ROLE, role)
    for course in params.course:
        made = add(CREATE_COURSE, _course_alone(course))
        for action, one in _within(course):
            add(action, one, **made)
    program, _ = join([one.part for one in plans])
    remarks = (*(line for one in plans for line in one.remarks), *_left_to_a_specialist(params.course))
    return Plan(
        tuple(line for one in plans for line in one.summary),
        Part(tuple(map(_taking_up, program.steps)), program.files),
        _counts(params, plans),
        remarks=remarks,
    )


def _course_alone(course: SiteCourse) -> CreateCourseParams:
    own = {name: getattr(course, name) for name in CreateCourseParams.model_fields}
    return CreateCourseParams.model_construct(**own)


def _within(course: SiteCourse) -> Iterator[tuple[Action, Params]]:
    """What stands in a course, as orders of other actions; their validators have seen each piece."""
    numbers = {name: str(number) for number, name in enumerate(course.sections, 1)}

    def placed(elements: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(
            one.model_copy(update={"section": numbers.get(one.section, one.section)}) for one in elements
        )

    if course.groups:
        yield CREATE_GROUPS, CreateGroupsParams(groups=course.groups)
    if course.file or course.folder:
        yield (
            ADD_FILES,
            _order(
                AddFilesParams, display=course.display, file=placed(course.file), folder=placed(course.folder)
            ),
        )
    if course.page:
        yield ADD_PAGES, _order(AddPagesParams, page=placed(course.page))
    if course.assignment:
        yield CREATE_ASSIGNMENTS, _order(CreateAssignmentsParams, assignment=placed(course.assignment))
    for action, elements in ((CREATE_LESSON, course.lesson), (CREATE_GLOSSARY, course.glossary)):
        for one in placed(elements):
            yield action, one
    for quiz in placed(course.quiz):
        # Questions are known again by the category of the bank that they were put in.
        named = (
            {} if quiz.category or not (quiz.file or quiz.questions) else {"category": _category(quiz.name)}
        )
        yield CREATE_QUIZ, quiz.model_copy(update=named)


def _order(model: type[Params], **given: Any) -> Params:
    """An order of elements that are validated already."""
    defaults = {name: field.get_default() for name, field in model.model_fields.items()}
    return model.model_construct(None, **{**defaults, **given})


def _category(name: str) -> str:
    return name.replace("/", " ")


def _taking_up(step: Step) -> Step:
    if step.kind not in REPEATABLE:
        return step
    return replace(step, params={**step.params, "existing": "bring"})


def _counts(params: BuildSiteParams, plans: Iterable[Plan]) -> dict[str, int]:
    """How much of what services 2.4 and 2.5 limit the document asks for."""
    counts: Counter[str] = Counter()
    for one in plans:
        for name, count in one.counts.items():
            counts[name] = max(counts[name], count) if name == "characters" else counts[name] + count
    full = [one for one in params.course if not one.is_empty]
    media = sum(_is_media(file) for course in params.course for file in _files(course))
    counts["media_files"], counts["files"] = media, counts["files"] - media
    counts["full_courses"], counts["empty_courses"] = len(full), len(params.course) - len(full)
    counts["sections"] = max((len(one.sections) for one in full), default=0)
    counts["course_logic"] = sum(len(one.course_logic) for one in params.course)
    return {name: count for name, count in counts.items() if count}


def _files(course: SiteCourse) -> Iterator[str]:
    yield from (one.file for one in course.file)
    for folder in course.folder:
        yield from folder.files


def _is_media(name: str) -> bool:
    return (guess_type(name)[0] or "").startswith(("audio/", "video/"))


def _left_to_a_specialist(courses: Iterable[SiteCourse]) -> Iterator[str]:
    for course in courses:
        if course.course_logic:
            names = "», «".join(course.course_logic)
            yield f"Курс «{course.fullname}»: «Логику курса» («{names}») настроит специалист."
