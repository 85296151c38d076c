"""The grading as it is ordered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from bridge.actions.base import Params
from bridge.actions.configure_grading.formulas import formula
from bridge.actions.elements import decimal, twice
from bridge.actions.fields import Flag, Line, Lines, Points
from bridge.actions.named import ElementName, ElementNames
from bridge.actions.places import InCourse

Aggregation = Literal["mean", "weighted", "simpleweighted", "natural", "median", "lowest", "highest", "mode"]
Name = Annotated[Line, Field(min_length=1, max_length=255)]
IdNumber = Annotated[Line, Field(max_length=100, pattern=r"^[^\[\]]*$")]
Formula = Annotated[Line, Field(max_length=2000), AfterValidator(lambda text: formula(text) if text else "")]
HIGHEST = 100


class Scale(Params):
    """A scale of the course.

    Attributes:
        items: from the lowest to the highest, each on a line.
    """

    name: Name
    items: Annotated[Lines, Field(min_length=2, max_length=50)]

    @model_validator(mode="after")
    def _no_commas(self) -> Scale:
        for one in self.items:
            if "," in one:
                raise ValueError(f"шкала «{self.name}»: в значении «{one}» запятая; Moodle делит ею значения")
        twice(self.items, f"шкала «{self.name}»: значение указано")
        return self


class Category(Params):
    """A category of grades.

    Attributes:
        only_graded: whether missing grades are left out; otherwise they count as nothing.
        weight: where the course, or the category above, is a weighted mean.
        inside: the name of an ordered category that it stands in.
        formula: what it comes to, by ID numbers: `=0,4*[[a]]+0,6*[[b]]`.
    """

    name: Name
    idnumber: IdNumber = ""
    aggregation: Aggregation = "mean"
    only_graded: Flag = True
    grade: Points | None = None
    grade_to_pass: Points | None = None
    weight: Points | None = None
    inside: Annotated[Line, Field(max_length=255)] = ""
    formula: Formula = ""


class Entered(Params):
    """A grade that teachers enter, such as having been there.

    Attributes:
        scale: the name of an ordered scale; "": points.
        category: the name of an ordered category.
    """

    name: Name
    idnumber: IdNumber = ""
    category: Annotated[Line, Field(max_length=255)] = ""
    scale: Annotated[Line, Field(max_length=255)] = ""
    grade: Points | None = None
    grade_to_pass: Points | None = None
    weight: Points | None = None
    formula: Formula = ""


class Graded(Params):
    """How an element that is there is graded."""

    element: Annotated[ElementName, Field(min_length=1)]
    idnumber: IdNumber = ""
    category: Annotated[Line, Field(max_length=255)] = ""
    grade_to_pass: Points | None = None
    weight: Points | None = None
    hidden: Flag | None = None

    @model_validator(mode="after")
    def _something(self) -> Graded:
        if not (self.idnumber or self.category) and (self.grade_to_pass, self.weight, self.hidden) == (
            None,
            None,
            None,
        ):
            raise ValueError(f"«{self.element}»: укажите, что настроить")
        return self


class ConfigureGradingParams(InCourse):
    """The grading of one course, its final grade, and when it is completed.

    Attributes:
        aggregation: of the whole course; nothing: as it is.
        formula: of the final grade, by ID numbers.
        grade: the highest final grade.
        grade_to_pass: of the final grade.
        only_graded: see `Category`.
        show_grades: whether learners see their grades, and the final one; nothing: as it is.
        scale, category, entered, element: each scale, category, entered grade and graded element.
        complete_elements: elements that must be completed for the course to be.
        complete_grade: the final grade that completes the course.
        complete_match: whether all of these complete it, or any.
        earlier: what becomes of earlier criteria; without a word a course that has some is refused.
    """

    aggregation: Aggregation | Literal[""] = ""
    formula: Formula = ""
    grade: Points | None = None
    grade_to_pass: Points | None = None
    only_graded: Flag | None = None
    show_grades: Flag | None = None
    scale: Annotated[tuple[Scale, ...], Field(max_length=20)] = ()
    category: Annotated[tuple[Category, ...], Field(max_length=50)] = ()
    entered: Annotated[tuple[Entered, ...], Field(max_length=200)] = ()
    element: Annotated[tuple[Graded, ...], Field(max_length=200)] = ()
    complete_elements: Annotated[ElementNames, Field(max_length=200)] = ()
    complete_grade: Points | None = None
    complete_match: Literal["all", "any"] = "all"
    earlier: Literal["refuse", "replace", "keep"] = "refuse"

    @property
    def sets_the_total(self) -> bool:
        """Whether something is ordered of the final grade itself."""
        given = (self.grade, self.grade_to_pass, self.only_graded)
        return bool(self.aggregation or self.formula or self.show_grades) or given != (None, None, None)

    @model_validator(mode="after")
    def _sound(self) -> ConfigureGradingParams:
        things = (self.scale, self.category, self.entered, self.element, self.complete_elements)
        nothing_else = self.complete_grade is None and self.show_grades is None
        if not any(things) and not self.sets_the_total and nothing_else:
            raise ValueError("укажите, что настроить: итоговую оценку, категории, элементы или выполнение")
        twice([one.name for one in self.scale], "шкала названа")
        twice([one.name for one in self.category], "категория названа")
        twice([one.element for one in self.element], "элемент указан")
        if self.formula and self.aggregation:
            raise ValueError("укажите formula (формулу) или aggregation (способ подсчёта), одно из двух")
        numbers = [
            *(one.idnumber for one in self.category),
            *(one.idnumber for one in self.entered),
            *(one.idnumber for one in self.element),
        ]
        twice([one for one in numbers if one], "idnumber указан")
        self._refer()
        for one in self.category:
            _passable(one.name, one.grade_to_pass, one.grade)
        for entered in self.entered:
            if not entered.scale:
                _passable(entered.name, entered.grade_to_pass, entered.grade)
        if self.grade is not None:
            _passable("Итоговая оценка", self.grade_to_pass, self.grade)
        return self

    def _refer(self) -> None:
        """Refuse names of scales and categories that the order does not make."""
        categories = [one.name for one in self.category]
        scales = [one.name for one in self.scale]
        inside = [(one.name, one.category) for one in self.entered]
        inside += [(one.element, one.category) for one in self.element]
        for title, named in inside:
            if named and named not in categories:
                raise ValueError(f"«{title}»: категории «{named}» в заказе нет")
        for entered in self.entered:
            if entered.scale and entered.scale not in scales:
                raise ValueError(f"«{entered.name}»: шкалы «{entered.scale}» в заказе нет")
        for place, category in enumerate(self.category):
            if category.inside and category.inside not in categories[:place]:
                raise ValueError(
                    f"«{category.name}»: категория «{category.inside}» должна стоять в заказе выше"
                )


def _passable(name: str, grade_to_pass: Points | None, grade: Points | None) -> None:
    most = HIGHEST if grade is None else grade
    if grade_to_pass is not None and grade_to_pass > most:
        problem = f"{decimal(grade_to_pass)} больше наивысшей оценки {most}".replace(".", ",")
        raise ValueError(f"«{name}»: проходной балл {problem}")
