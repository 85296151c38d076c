"""The look as it is ordered; what is left out stays as it is."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from bridge.actions.base import Params
from bridge.actions.fields import Flag, Line, Text

FileName = Annotated[Line, Field(max_length=255)]
Scss = Annotated[Text, Field(max_length=200_000)]

PICTURES = ("logo", "compact_logo", "favicon", "background", "login_background")
"""Parameters that name pictures among the ticket's files."""


class ApplyThemeParams(Params):
    """What is ordered of a theme's settings.

    Attributes:
        theme: its name in Moodle.
        activate: make it the site's theme.
        brand_color: `#rrggbb`.
        preset: one that comes with the theme (default, plain), or the name of a .scss file of the ticket.
        scss, scss_before: raw SCSS behind the theme's own, and variables before it.
        scss_file, scss_before_file: the same out of files of the ticket.
        logo, compact_logo, favicon, background, login_background: names of pictures of the ticket.
        dark_navbar: of the theme classic.
    """

    theme: Annotated[Line, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=50)] = "boost"
    activate: Flag = True
    brand_color: Annotated[Line, Field(pattern=r"^(#([0-9a-fA-F]{3}|[0-9a-fA-F]{6}))?$")] = ""
    preset: FileName = ""
    scss: Scss = ""
    scss_before: Scss = ""
    scss_file: FileName = ""
    scss_before_file: FileName = ""
    logo: FileName = ""
    compact_logo: FileName = ""
    favicon: FileName = ""
    background: FileName = ""
    login_background: FileName = ""
    dark_navbar: Flag | None = None

    @model_validator(mode="after")
    def _says_once(self) -> ApplyThemeParams:
        if not self.model_fields_set:
            raise ValueError("не заказано ни одной настройки оформления")
        for text, file in (("scss", "scss_file"), ("scss_before", "scss_before_file")):
            if getattr(self, text) and getattr(self, file):
                raise ValueError(f"укажите одно из двух: {text} (текст) или {file} (файл)")
        return self
