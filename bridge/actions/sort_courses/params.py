"""The order of courses as it is ordered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bridge.actions.base import Params
from bridge.actions.fields import Flag, Line, PositiveInt


class SortCoursesParams(Params):
    """Which courses, and by what.

    Attributes:
        category_id, category: the category whose courses are sorted; neither: all of the site.
        by: start date, full name, short name, ID number, or when they were made.
        descending: whether the last, or the newest, come first.
        subcategories: whether the courses of categories below are sorted, too, each category by itself.
        front_page: whether the front page lists all courses in this order, without categories.
    """

    category_id: PositiveInt | None = None
    category: Annotated[Line, Field(max_length=1000)] = ""
    by: Literal["startdate", "fullname", "shortname", "idnumber", "timecreated"] = "startdate"
    descending: Flag = False
    subcategories: Flag = True
    front_page: Flag = False

    @model_validator(mode="after")
    def _one_place(self) -> SortCoursesParams:
        if self.category_id and self.category:
            raise ValueError("укажите категорию один раз: category_id (номер) или category (название)")
        if self.front_page and (self.category_id or self.category):
            raise ValueError("на главной странице стоят курсы всей системы: уберите категорию или front_page")
        if not (self.category_id or self.category) and not self.subcategories:
            raise ValueError('subcategories = "нет" имеет смысл только вместе с категорией')
        return self
