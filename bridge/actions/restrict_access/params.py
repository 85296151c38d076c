"""The conditions as they are ordered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bridge.actions.base import Params
from bridge.actions.elements import twice
from bridge.actions.fields import Closing, Flag, Line, Lines, Opening, Points, Words
from bridge.actions.named import ElementName, ElementNames
from bridge.actions.places import InCourse, SectionName

Completion = Literal["view", "submit", "grade", "pass", "manual", "none"]
ALONE = frozenset({"manual", "none"})
"""Words that stand for no conditions of Moodle's."""
Conditions = Annotated[Words, Field(max_length=4)]
TOTAL = "total"
"""Names the course's total where an element is expected."""
WORDS = ("view", "submit", "grade", "pass", "manual", "none")


def sound_completion(words: tuple[str, ...]) -> None:
    """Refuse words that are none, or do not go together.

    Raises:
        ValueError: in the customer's words.
    """
    unknown = [one for one in words if one not in WORDS]
    if unknown:
        raise ValueError(f"complete: «{unknown[0]}» нет; допустимо: {', '.join(WORDS)}")
    if len(words) > 1 and ALONE & set(words):
        raise ValueError("complete: manual и none указывают без других условий")


class ProfileRule(Params):
    """A condition on a field of the learner's profile.

    Attributes:
        field: short name of a field of the site's own, or a standard one as Moodle calls it: `city`.
    """

    field: Annotated[Line, Field(min_length=1, max_length=100)]
    operator: Literal[
        "isequalto", "contains", "doesnotcontain", "startswith", "endswith", "isempty", "isnotempty"
    ] = "isequalto"
    value: Annotated[Line, Field(max_length=255)] = ""

    @model_validator(mode="after")
    def _with_a_value(self) -> ProfileRule:
        if (self.operator in ("isempty", "isnotempty")) != (self.value == ""):
            raise ValueError(f"поле профиля «{self.field}»: укажите value (для isempty и isnotempty – нет)")
        return self


class Restricted(Params):
    """What holds for one element, or for a section.

    Attributes:
        element, section: which one, one of both.
        complete: when it counts as completed; nothing: as it is.
        after: elements that must be completed before it opens.
        passed: whether these must be passed, too.
        groups: it opens for members of any of these groups.
        grouping: it opens for this grouping.
        not_for: members of these groups do not see it open.
        opens, closes: from when and until when it opens, by the site's clock.
        grade_of: the element whose grade counts, or `total` for the course's.
        grade_from, grade_below: percent: at least, and less than.
        profile: conditions on the learner's profile.
        match: whether all conditions must be met, or any of them.
        shown: whether it is shown greyed with its conditions while it is shut, or not at all.
        earlier: what becomes of earlier restrictions; without a word an element that has some is refused.
        open: whether all restrictions are taken away.
    """

    element: ElementName = ""
    section: Annotated[Line, Field(max_length=255)] = ""
    complete: Conditions = ()
    after: Annotated[ElementNames, Field(max_length=10)] = ()
    passed: Flag = False
    groups: Annotated[Lines, Field(max_length=20)] = ()
    grouping: Annotated[Line, Field(max_length=254)] = ""
    not_for: Annotated[Lines, Field(max_length=10)] = ()
    opens: Opening | None = None
    closes: Closing | None = None
    grade_of: ElementName = ""
    grade_from: Annotated[Points, Field(le=100)] | None = None
    grade_below: Annotated[Points, Field(le=100)] | None = None
    profile: Annotated[tuple[ProfileRule, ...], Field(max_length=10)] = ()
    match: Literal["all", "any"] = "all"
    shown: Flag = True
    earlier: Literal["refuse", "replace", "keep"] = "refuse"
    open: Flag = False

    @property
    def title(self) -> str:
        """What the order calls it."""
        return self.element or f"секция {self.section}"

    @property
    def is_restricted(self) -> bool:
        """Whether it has a condition of access."""
        return bool(
            self.after
            or self.groups
            or self.grouping
            or self.not_for
            or self.opens
            or self.closes
            or self.grade_of
            or self.profile
        )

    @model_validator(mode="after")
    def _sound(self) -> Restricted:
        if bool(self.element) == bool(self.section):
            raise ValueError("укажите element (элемент) или section (секцию), одно из двух")
        sound_completion(self.complete)
        if self.section and self.complete:
            raise ValueError(f"«{self.title}»: complete бывает у элементов, а не у секций")
        if self.open == self.is_restricted and (self.open or not self.complete):
            raise ValueError(
                f'«{self.title}»: укажите условия доступа, или open = "да", или условия выполнения (complete)'
            )
        if bool(self.grade_of) != (self.grade_from is not None or self.grade_below is not None):
            raise ValueError(f"«{self.title}»: к grade_of укажите grade_from или grade_below, в процентах")
        if None not in (self.grade_from, self.grade_below) and self.grade_below <= self.grade_from:  # type: ignore[operator]
            raise ValueError(f"«{self.title}»: grade_below должно быть больше grade_from")
        if self.opens and self.closes and self.closes <= self.opens:
            raise ValueError(f"«{self.title}»: closes раньше, чем opens")
        if self.passed and not self.after:
            raise ValueError(f"«{self.title}»: passed относится к элементам из after")
        if self.element in self.after:
            raise ValueError(f"«{self.title}» ждал бы сам себя")
        if len(self.groups) > 1 and self.match == "all" and self._others():
            raise ValueError(
                f"«{self.title}»: несколько групп вместе с другими условиями не указать; "
                "объедините их в поток (grouping)"
            )
        return self

    def _others(self) -> bool:
        alone = self.model_copy(update={"groups": ()})
        return alone.is_restricted


class RestrictAccessParams(InCourse):
    """Completion and access of elements of one course.

    Attributes:
        chain: elements, each of which opens when the one before it is completed.
        chain_section: a section whose elements are such a chain, in their order on the page.
        complete: when the elements of the chain count as completed; nothing: as they are, and those that are
            not tracked by viewing.
        shown: whether the chain's elements are shown greyed while they are shut, or not at all.
        earlier: what becomes of earlier restrictions of the chain's elements.
        element: each element or section with conditions of its own.
    """

    chain: Annotated[ElementNames, Field(max_length=100)] = ()
    chain_section: Annotated[SectionName, Field(max_length=255)] = ""
    complete: Conditions = ()
    shown: Flag = True
    earlier: Literal["refuse", "replace", "keep"] = "refuse"
    element: Annotated[tuple[Restricted, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _something(self) -> RestrictAccessParams:
        sound_completion(self.complete)
        if "none" in self.complete:
            raise ValueError("complete: цепочка открывается по выполнению, none ей не подходит")
        if self.chain and self.chain_section:
            raise ValueError("укажите chain (элементы) или chain_section (секцию), одно из двух")
        if len(self.chain) == 1:
            raise ValueError("chain: в цепочке должно быть хотя бы два элемента, каждый на своей строке")
        if not (self.chain or self.chain_section or self.element):
            raise ValueError("назовите элементы: chain, chain_section или [[params.element]]")
        twice(self.chain, "элемент стоит в цепочке")
        twice([one.title for one in self.element], "элемент указан")
        return self
