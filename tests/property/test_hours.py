"""Norm-hours under any numbers: nothing is lost on the way to integers, and one rounding is all that is
ever rounded.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.hours import (
    ROUNDING_UNIT,
    Charge,
    InexactHours,
    exact,
    from_kopecks,
    from_milli,
    price,
    text,
    to_kopecks,
    to_milli,
    to_minutes,
    write_off,
)

wholes = st.integers(-(10**15), 10**15)
charges = st.lists(
    st.builds(
        Charge,
        category=st.sampled_from(["developer", "content"]),
        spent_minutes=st.integers(0, 10**5),
        charged_minutes=st.integers(0, 10**5),
        coefficient=st.integers(0, 5000).map(from_milli),
    ),
    max_size=20,
)


@settings(deadline=None)
@given(wholes)
def test_milli_hours_and_kopecks_come_back_as_they_went(whole: int) -> None:
    assert to_milli(from_milli(whole)) == whole
    assert to_kopecks(from_kopecks(whole)) == whole
    assert exact(text(from_milli(whole))) == from_milli(whole)


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_minutes_of_a_price_list_are_exact(twentieths: int) -> None:
    assert to_minutes(Decimal(twentieths) / 20) == twentieths * 3


@settings(deadline=None)
@given(wholes, st.integers(1, 40), st.integers(1, 9))
def test_what_is_finer_than_the_unit_is_refused_however_fine_it_is(
    whole: int, places: int, digit: int
) -> None:
    finer = Decimal(f"{whole}.{'0' * (places + 3)}{digit}")
    for convert in (to_milli, to_kopecks):
        with pytest.raises(InexactHours):
            convert(finer)


@settings(deadline=None)
@given(st.floats())
def test_no_float_is_taken_for_hours(number: float) -> None:
    for convert in (exact, to_milli, to_kopecks, to_minutes):
        with pytest.raises(InexactHours):
            convert(number)  # type: ignore[arg-type]


@settings(deadline=None)
@given(charges)
def test_what_is_taken_is_the_exact_sum_rounded_once_half_up(lines: list[Charge]) -> None:
    exactly = sum(
        (Fraction(line.charged_minutes) * Fraction(line.coefficient) / 60 for line in lines), Fraction(0)
    )
    taken = Fraction(write_off(lines))
    half = Fraction(ROUNDING_UNIT) / 2
    assert -half < taken - exactly <= half
    assert (taken / Fraction(ROUNDING_UNIT)).denominator == 1


@settings(deadline=None)
@given(st.integers(0, 10**8), st.integers(0, 10**7))
def test_the_price_is_never_off_by_more_than_half_a_kopeck(hundredths: int, kopecks: int) -> None:
    taken, hour_price = Decimal(hundredths) * ROUNDING_UNIT, from_kopecks(kopecks)
    off = Fraction(price(taken, hour_price)) - Fraction(taken) * Fraction(hour_price)
    assert -Fraction(1, 200) < off <= Fraction(1, 200)
