"""Nothing from outside controls a terminal or forges a line of a log."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Курс «Охрана труда» № 7 – 1 ч", "Курс «Охрана труда» № 7 – 1 ч"),
        ("1\u00a0000\u202f₽", "1\u00a0000\u202f₽"),
        ("\x1b[2J\x1b]0;root\x07", "\\x1b[2J\\x1b]0;root\\x07"),
        ("a\r\nERROR b", "a\\r\\nERROR b"),
        ("\x9b31m\u2028\u2029\x85", "\\x9b31m\\u2028\\u2029\\x85"),
        ("cod\u202eexe.\u2066x\u200b\ufeff", "cod\\u202eexe.\\u2066x\\u200b\\ufeff"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_controls_a_terminal_is_shown(text: str, shown: str) -> None:
    assert plain.line(text) == shown


def test_line_breaks_stay_where_they_are_meant() -> None:
    assert plain.lines("a\n  - b\tc\x1b\r\n") == "a\n  - b    c\\x1b\\r\n"


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: Any) -> None:
    for char in plain.line(text):
        assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


@given(
    st.recursive(
        st.text() | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_a_document_reads_back_as_it_was(value: Any) -> None:
    told = plain.document(value)
    assert json.loads(told) == value
    assert all(char == "\n" or unicodedata.category(char)[0] != "C" for char in told)
