"""The fields as they are ordered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bridge.actions.base import Params
from bridge.actions.elements import twice
from bridge.actions.fields import Flag, Line, Lines, Text

Shortname = Annotated[Line, Field(pattern=r"^[A-Za-z0-9_]+$", max_length=100)]


class ProfileField(Params):
    """A field.

    Attributes:
        shortname: Latin letters, digits and underscores; in tables it is profile_field_<shortname>.
        type: a line, a list to choose from, yes or no, a date, several lines.
        options: of a list, each on a line.
        default: what stands there until somebody fills it in.
        unique: whether two people may have the same value.
        signup: whether those who make their own account are asked.
        visible: who sees it.
        category: "": the order's.
    """

    shortname: Shortname
    name: Annotated[Line, Field(min_length=1, max_length=1000)]
    type: Literal["text", "menu", "checkbox", "datetime", "textarea"] = "text"
    options: Annotated[Lines, Field(max_length=1000)] = ()
    default: Annotated[Line, Field(max_length=1000)] = ""
    description: Annotated[Text, Field(max_length=4000)] = ""
    required: Flag = False
    locked: Flag = False
    unique: Flag = False
    signup: Flag = False
    visible: Literal["all", "user", "none"] = "all"
    category: Annotated[Line, Field(max_length=255)] = ""

    @model_validator(mode="after")
    def _options_fit(self) -> ProfileField:
        if self.type == "menu":
            if len(self.options) < 2:
                raise ValueError(f"{self.shortname}: у списка должно быть хотя бы два варианта (options)")
            if self.default and self.default not in self.options:
                raise ValueError(f"{self.shortname}: значения «{self.default}» нет среди вариантов")
        elif self.options:
            raise ValueError(f"{self.shortname}: варианты (options) бывают только у списка (type = menu)")
        elif self.default and self.type in ("datetime", "textarea"):
            raise ValueError(f"{self.shortname}: у поля этого вида нет значения по умолчанию")
        repeated = sorted({one for one in self.options if self.options.count(one) > 1})
        if repeated:
            raise ValueError(f"{self.shortname}: варианты указаны дважды: {', '.join(repeated)}")
        if self.required and self.locked:
            raise ValueError(f"{self.shortname}: обязательное поле не может быть закрыто от изменений")
        return self


class CreateProfileFieldsParams(Params):
    """Fields of people's profiles.

    Attributes:
        field: each of them.
        category: where they stand; made when there is none of that name.
    """

    field: Annotated[tuple[ProfileField, ...], Field(min_length=1, max_length=100)]
    category: Annotated[Line, Field(min_length=1, max_length=255)] = "Дополнительные сведения"

    @model_validator(mode="after")
    def _once_each(self) -> CreateProfileFieldsParams:
        twice([one.shortname for one in self.field], "поле указано")
        return self
