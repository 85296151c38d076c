"""The room's public face: what it exports, what it costs to import, what its errors say."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import bridge.moodle_ws as room
from bridge.moodle_ws.redact import readable


def test_what_is_exported_is_deliberate() -> None:
    assert sorted(room.__all__) == [
        "AccessError",
        "Maintenance",
        "Moodle",
        "MoodleClient",
        "MoodleError",
        "MoodleRefused",
        "NotMoodle",
        "OutcomeUnknown",
        "ParameterError",
        "Retries",
        "ServerError",
        "TokenError",
        "UnknownFunction",
        "Unreachable",
        "connect",
        "require_no_warnings",
    ]


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import bridge.moodle_ws", {"requests", "zeep", "lxml"}),
        ("import bridge.moodle_ws as m; m.connect('http://x', 't').close()", {"zeep", "lxml"}),
    ],
)
def test_libraries_are_loaded_only_when_they_are_used(code: str, absent: Any) -> None:
    told = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert absent.isdisjoint(told.split())


def test_only_an_unknown_outcome_says_that_it_is_not_known() -> None:
    errors = [
        value
        for value in vars(room).values()
        if isinstance(value, type) and issubclass(value, room.MoodleError)
    ]
    assert [error for error in errors if not error.outcome_known] == [room.OutcomeUnknown]


def test_an_error_tells_function_code_reason_and_advice() -> None:
    assert str(
        room.TokenError("f", "wrong", errorcode="invalidtoken", debuginfo="SQL", advice="renew it")
    ) == ("Moodle: f [invalidtoken]: wrong: renew it")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a <b>bold</b>&nbsp;word &lt;x&gt;", "a bold word <x>"),
        ("<style>p{}</style>x<script>alert(1)</script >y<script>z", "x y"),
        ("two\r\nlines\x1b[31m", "two lines [31m"),
        ("x" * 400, "x" * 299 + "…"),
        ("", ""),
    ],
)
def test_messages_are_made_readable(text: str, read: str) -> None:
    assert readable(text) == read
