"""The settings of backups as they are ordered; what is left out stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from bridge.actions.base import Params
from bridge.actions.fields import Flag, Line

DAYS: Mapping[str, str] = {
    "mon": "понедельник",
    "tue": "вторник",
    "wed": "среда",
    "thu": "четверг",
    "fri": "пятница",
    "sat": "суббота",
    "sun": "воскресенье",
}
_SHORT = {"пн": "mon", "вт": "tue", "ср": "wed", "чт": "thu", "пт": "fri", "сб": "sat", "вс": "sun"}
_EACH = {"ежедневно", "каждый день", "daily"}
_SCHEDULES = {"вкл": "on", "да": "on", "выкл": "off", "нет": "off", "вручную": "manual"}
_STORAGES = {"курс": "course", "папка": "folder", "оба": "both"}

CONTENTS: Mapping[str, str] = {
    "users": "пользователи",
    "role_assignments": "назначения ролей",
    "activities": "элементы курса",
    "blocks": "блоки",
    "files": "файлы",
    "filters": "фильтры",
    "comments": "комментарии",
    "badges": "значки",
    "calendarevents": "события календаря",
    "userscompletion": "выполнение элементов",
    "logs": "журналы",
    "histories": "история оценок",
    "questionbank": "банк вопросов",
    "groups": "группы",
    "competencies": "компетенции",
    "customfield": "настраиваемые поля",
    "contentbankcontent": "банк контента",
    "xapistate": "состояние xAPI",
    "legacyfiles": "старые файлы курса",
}
"""What a backup may hold, by the names of Moodle's settings."""

KEEP = (0, 1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100, 200, 300, 400, 500)
DELETE_AFTER = (0, 2, 5, 10, 35, 60, 90, 120, 150, 180, 365, 1000)
UNMODIFIED = (0, 1, 2, 3, 5, 7, 10, 14, 20, 30, 60, 90, 120, 180, 365)
"""What Moodle's form offers (3.9 to 4.5); another number would be lost when somebody saves the form."""


def _days(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.strip().lower() in _EACH:
        return tuple(DAYS)
    full = {name: day for day, name in DAYS.items()}
    words = [one for one in re.split(r"[\s,;]+", value.strip().lower()) if one]
    return tuple(_SHORT.get(one) or full.get(one) or one for one in words)


def _word(words: Mapping[str, str]) -> BeforeValidator:
    return BeforeValidator(
        lambda value: words.get(value.strip().lower(), value) if isinstance(value, str) else value
    )


def _number(offered: tuple[int, ...]) -> BeforeValidator:
    def read(value: Any) -> Any:
        text = str(value).strip()
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII):
            raise ValueError("должно быть целым числом")
        if int(text) not in offered:
            raise ValueError(f"Moodle предлагает одно из чисел: {', '.join(map(str, offered))}")
        return int(text)

    return BeforeValidator(read)


def _names(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    russian = {name: key for key, name in CONTENTS.items()}
    words = [one.strip() for one in re.split(r"[,;\n]+", value) if one.strip()]
    return tuple(russian.get(one.lower(), one) for one in words)


def _clock(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"([01]?[0-9]|2[0-3]):[0-5][05]", value.strip(), re.ASCII):
        raise ValueError("должно быть временем с шагом в пять минут, например 03:30")
    return value


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Contents = Literal[
    "users", "role_assignments", "activities", "blocks", "files", "filters", "comments", "badges",
    "calendarevents", "userscompletion", "logs", "histories", "questionbank", "groups", "competencies",
    "customfield", "contentbankcontent", "xapistate", "legacyfiles",
]  # fmt: skip
BinDays = Annotated[int, Field(ge=1, le=3650)]


class ConfigureBackupsParams(Params):
    """What is ordered of the settings.

    Attributes:
        schedule: on, off, or manual (a script of the server's starts them).
        weekdays: on which days they are made.
        time: of the day, by the site's clock, in steps of five minutes.
        storage: in the course, in a folder, or both.
        destination: the folder on the server.
        keep: how many are kept of a course; 0: all.
        delete_after_days: older ones are deleted; 0: never.
        skip_hidden: leave hidden courses out.
        skip_unmodified_days: leave courses out that were not changed for so long; 0: none.
        include, exclude: what backups hold, and what not.
        course_bin, category_bin: recycle bins of elements and of courses.
        course_bin_days, category_bin_days: how long they keep things.
    """

    schedule: Annotated[Literal["", "on", "off", "manual"], _word(_SCHEDULES)] = ""
    weekdays: Annotated[tuple[Day, ...], BeforeValidator(_days)] = ()
    time: Annotated[Line, BeforeValidator(_clock)] = ""
    storage: Annotated[Literal["", "course", "folder", "both"], _word(_STORAGES)] = ""
    destination: Annotated[Line, Field(max_length=1000)] = ""
    keep: Annotated[int, _number(KEEP)] | None = None
    delete_after_days: Annotated[int, _number(DELETE_AFTER)] | None = None
    skip_hidden: Flag | None = None
    skip_unmodified_days: Annotated[int, _number(UNMODIFIED)] | None = None
    include: Annotated[tuple[Contents, ...], BeforeValidator(_names)] = ()
    exclude: Annotated[tuple[Contents, ...], BeforeValidator(_names)] = ()
    course_bin: Flag | None = None
    course_bin_days: BinDays | None = None
    category_bin: Flag | None = None
    category_bin_days: BinDays | None = None

    @model_validator(mode="after")
    def _says_something(self) -> ConfigureBackupsParams:
        if not self.model_fields_set:
            raise ValueError("не заказано ни одной настройки")
        for names, what in (
            (self.weekdays, "weekdays"),
            (self.include, "include"),
            (self.exclude, "exclude"),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"{what}: значение указано дважды")
        both = sorted(set(self.include) & set(self.exclude))
        if both:
            raise ValueError(f"указано и в include, и в exclude: {', '.join(both)}")
        return self
