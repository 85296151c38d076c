"""The categories as they are ordered."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from bridge.actions.base import Params
from bridge.actions.categories import parts_of
from bridge.actions.elements import Description, twice
from bridge.actions.fields import Flag, Line, Lines

Path = Annotated[Line, Field(min_length=1, max_length=1000)]
LONGEST = 255
DEEPEST = 10


class Category(Params):
    """A category with more than a name.

    Attributes:
        path: from the top, or from `below`: `Бакалавриат / 1 курс`.
        description: plain text.
    """

    path: Path
    idnumber: Annotated[Line, Field(max_length=100)] = ""
    description: Description = ""
    visible: Flag = True


class CreateCategoriesParams(Params):
    """A tree; what is missing above an ordered category is made, too.

    Attributes:
        below: where the tree grows: a category that is there, by its path or name; "": at the top.
        categories: paths, each on a line.
        category: those with more than a name.
    """

    below: Annotated[Line, Field(max_length=1000)] = ""
    categories: Annotated[Lines, Field(max_length=200)] = ()
    category: Annotated[tuple[Category, ...], Field(max_length=200)] = ()

    @property
    def all(self) -> tuple[Category, ...]:
        """Each ordered category."""
        return (*(Category(path=one) for one in self.categories), *self.category)

    @model_validator(mode="after")
    def _something(self) -> CreateCategoriesParams:
        if not self.categories and not self.category:
            raise ValueError("назовите категории: categories или [[params.category]]")
        for one in self.all:
            names = parts_of(one.path)
            if not names or any(len(name) > LONGEST for name in names):
                raise ValueError(f"«{one.path}»: название категории – от 1 до {LONGEST} знаков")
            if len(names) > DEEPEST:
                raise ValueError(f"«{one.path}»: вложенность категорий – не более {DEEPEST}")
        twice([" / ".join(parts_of(one.path)) for one in self.all], "категория указана")
        twice([one.idnumber for one in self.category if one.idnumber], "idnumber указан")
        return self
