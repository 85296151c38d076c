"""Parameters: what is sent, what is left out, what is refused before it is sent."""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.moodle_ws import ParameterError
from bridge.moodle_ws.rest import form_fields
from bridge.moodle_ws.values import plain, scalar_text

texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff", codec="utf-8"), max_size=8
).map(lambda text: re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text))
scalars = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), texts
)
names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3), st.dictionaries(names, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def as_php_reads(pairs: Any) -> Any:
    """A form's fields as PHP nests them, lists as dicts with number keys."""
    found: dict[Any, Any] = {}
    for name, text in pairs:
        first, *rest = [part.rstrip("]") for part in name.split("[")]
        place = found
        for part, following in zip([first, *rest], rest, strict=False):
            place = place.setdefault(part, {})
            assert following is not None
        place[rest[-1] if rest else first] = text
    return found


def as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return {str(place): as_text(item) for place, item in enumerate(value)}
    return scalar_text(value)


@given(
    st.dictionaries(names.filter(lambda name: not name.startswith(("ws", "moodlews"))), values, max_size=4)
)
def test_every_value_arrives_in_php_as_it_was_meant(params: Any) -> None:
    sent = urlencode(list(form_fields(plain("f", params))))
    assert as_php_reads(parse_qsl(sent, keep_blank_values=True)) == as_text(params)


def test_lists_of_structures_are_nested_in_brackets_and_booleans_are_digits() -> None:
    params = {"courses": [{"fullname": "Курс", "visible": False, "tags": ["a", "b"]}], "all": True}
    assert list(form_fields(params)) == [
        ("courses[0][fullname]", "Курс"),
        ("courses[0][visible]", "0"),
        ("courses[0][tags][0]", "a"),
        ("courses[0][tags][1]", "b"),
        ("all", "1"),
    ]


def test_null_and_empty_are_left_out_because_a_form_cannot_say_them() -> None:
    assert plain("f", {"a": None, "b": [], "c": {}, "d": {"e": None}, "f": "", "g": 0, "h": False}) == {
        "f": "",
        "g": 0,
        "h": False,
    }


@pytest.mark.parametrize("item", [None, [], {}, {"a": None}])
def test_inside_a_list_null_and_empty_are_refused(item: Any) -> None:
    with pytest.raises(ParameterError, match=r"courses\[1\]"):
        plain("f", {"courses": [1, item]})


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, 2**63, "\x00", "\ud800", "a\x1bb", b"bytes", object(), {1}]
)
def test_what_a_transport_cannot_carry_is_refused_without_showing_it(value: Any) -> None:
    with pytest.raises(ParameterError, match=r"parameter a\[b\]") as caught:
        plain("f", {"a": {"b": value}})
    assert repr(value) not in str(caught.value)


@pytest.mark.parametrize("name", ["a[b]", "a b", "", "ключ", 1])
def test_names_that_would_break_out_of_their_field_are_refused(name: int | str) -> None:
    with pytest.raises(ParameterError):
        plain("f", {"a": {name: 1}})


@pytest.mark.parametrize("name", ["wstoken", "wsfunction", "moodlewsrestformat", "moodlewssettingraw"])
def test_names_of_the_protocol_are_refused(name: str) -> None:
    with pytest.raises(ParameterError, match="protocol"):
        plain("f", {name: "x"})
