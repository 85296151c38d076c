"""Norm-hours by example; what holds of any numbers, the rounding too, is in tests/property/test_hours.py."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.hours import (
    Charge,
    InexactHours,
    estimated_write_off,
    exact,
    from_kopecks,
    from_milli,
    text,
    to_kopecks,
    to_milli,
    to_minutes,
    write_off,
)


@pytest.mark.parametrize("value", [True, None, b"1", [1]])
def test_only_decimals_integers_and_texts_are_numbers_of_hours(value: Any) -> None:
    with pytest.raises(InexactHours, match="never float"):
        exact(value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "sNaN", Decimal("NaN")])
def test_hours_are_finite(value: Decimal | str) -> None:
    with pytest.raises(InexactHours, match="not finite"):
        exact(value)


@pytest.mark.parametrize("value", ["", "1,5", "два", "1.5 h"])
def test_a_text_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(InexactHours, match="not a decimal number"):
        exact(value)


@pytest.mark.parametrize(
    ("convert", "hours"),
    [
        (to_milli, "0.0005"),
        (to_kopecks, "0.005"),
        (to_minutes, "0.01"),
        (to_minutes, "0.3333333333333333333333333333333333"),
        (to_milli, "1E+999999999"),
    ],
)
def test_what_is_no_whole_number_of_units_is_refused(convert: Any, hours: str) -> None:
    with pytest.raises(InexactHours):
        convert(Decimal(hours))


@pytest.mark.parametrize(
    ("hours", "told"), [("0.750", "0.75"), ("10", "10"), ("1E+2", "100"), ("0.00", "0"), ("12.34", "12.34")]
)
def test_hours_are_written_without_needless_zeros_and_exponents(hours: str, told: str) -> None:
    assert text(Decimal(hours)) == told


def test_integers_of_the_wire_become_hours_and_money() -> None:
    assert (from_milli(1500), from_kopecks(250_001)) == (Decimal("1.5"), Decimal("2500.01"))


def test_ten_hours_at_a_coefficient_of_0_6_take_six() -> None:
    assert estimated_write_off(Decimal(10), Decimal("0.6")) == Decimal(6)


def test_each_line_is_charged_at_its_own_coefficient() -> None:
    lines = [Charge("developer", 60, 60, Decimal(1)), Charge("content", 600, 600, Decimal("0.6"))]
    assert write_off(lines) == Decimal(7)


@pytest.mark.parametrize(("minutes", "taken"), [(20, "0.33"), (40, "0.67")])
def test_the_unit_of_rounding_is_a_hundredth(minutes: int, taken: str) -> None:
    assert write_off([Charge("developer", minutes, minutes, Decimal(1))]) == Decimal(taken)


def test_charged_time_is_taken_and_not_spent_time() -> None:
    assert write_off([Charge("fixed", 10, 120, Decimal(1))]) == Decimal(2)
