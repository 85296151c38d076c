"""configure-backups: orders as a form gives them, the step, and what is shown."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import OrderInvalid, validate
from bridge.actions.configure_backups import ACTION
from bridge.actions.configure_backups.params import ConfigureBackupsParams
from tests.unit.actions.fake_moodle import FakeMoodle, make_context


def step(**params: Any) -> dict[str, Any]:
    found = ACTION.plan(validate(ConfigureBackupsParams, params), make_context(FakeMoodle()))
    (one,) = found.part.steps
    assert one.kind == "backup.configure"
    return dict(one.params)


def problem(**params: Any) -> str:
    with pytest.raises(OrderInvalid) as caught:
        validate(ConfigureBackupsParams, params)
    return str(caught.value)


def test_russian_words_and_a_clock_become_settings() -> None:
    assert step(schedule="вкл", weekdays="пн, Четверг", time="3:30", storage="папка") == {
        "schedule": "on",
        "weekdays": ["mon", "thu"],
        "hour": 3,
        "minute": 30,
        "storage": "folder",
    }
    assert step(weekdays="ежедневно")["weekdays"] == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def test_only_what_is_ordered_is_set() -> None:
    assert step(keep="10") == {"keep": 10}
    assert step(category_bin="да", category_bin_days="21", skip_hidden="нет") == {
        "categorybin": "on",
        "categorybindays": 21,
        "skiphidden": "off",
    }
    assert step(include="пользователи; журналы", exclude="badges") == {
        "with": ["users", "logs"],
        "without": ["badges"],
    }


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "не заказано ни одной настройки"),
        ({"keep": "7"}, "keep: Moodle предлагает одно из чисел: 0, 1, 2"),
        ({"time": "3:31"}, "time: должно быть временем с шагом в пять минут"),
        ({"weekdays": "пн пн"}, "weekdays: значение указано дважды"),
        ({"weekdays": "день"}, "weekdays №1: недопустимое значение"),
        ({"include": "журналы", "exclude": "logs"}, "и в include, и в exclude: logs"),
        ({"schedule": "иногда"}, "schedule: недопустимое значение"),
        ({"course_bin_days": "0"}, "course_bin_days: слишком маленькое число"),
    ],
)
def test_a_fault_names_what_and_why(params: dict[str, Any], said: str) -> None:
    assert said in problem(**params)


def test_a_folder_is_a_specialists_word() -> None:
    assert ACTION.specialists_only == {"destination"}
    assert step(destination="/srv/backups")["destination"] == "/srv/backups"


def test_earlier_values_are_shown_and_given_back() -> None:
    results = {
        "backups": {
            "settings": {"backup/backup_auto_max_kept": "10"},
            "changes": [["backup", "backup_auto_max_kept", "1", "10"]],
        }
    }
    found = ACTION.evidence(results, FakeMoodle())
    assert found["before"] == {"backup/backup_auto_max_kept": "1"}
    assert "backup_auto_max_kept=10" in ACTION.words.evidence(found)
    assert ACTION.taken_back(found)["settings"] == {"backup/backup_auto_max_kept": "1"}
