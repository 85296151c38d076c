"""What a list of services costs before anything is agreed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.catalogue import Billing, BillingKind, Variant
from bridge.domain.hours import price
from bridge.domain.quote import Amount, Wish, quote
from tests.builders import CONTENT, make_service

FIXED = make_service(id="fixed", billing=Billing(BillingKind.FIXED, Decimal(1)), category=CONTENT)
FROM = make_service(id="from", billing=Billing(BillingKind.FROM, Decimal("2.5")), category=CONTENT)
RANGE = make_service(id="range", billing=Billing(BillingKind.RANGE, Decimal(1), Decimal(6)))
ACTUAL = make_service(id="actual")
VARIED = replace(
    FIXED, variants=(Variant("text", "текст", Decimal(2)), Variant("media", "медиа", Decimal(4)))
)


def amount(hours: str, taken: str, roubles: str | None = None) -> Amount:
    return Amount(Decimal(hours), Decimal(taken), None if roubles is None else Decimal(roubles))


@pytest.mark.parametrize(
    ("wish", "least", "most"),
    [
        (Wish(FIXED, quantity=3), amount("3", "1.8"), amount("3", "1.8")),
        (Wish(VARIED, "media"), amount("4", "2.4"), amount("4", "2.4")),
        (Wish(FROM), amount("2.5", "1.5"), None),
        (Wish(FROM, estimate=Decimal(5)), amount("5", "3"), amount("5", "3")),
        (Wish(FROM, estimate=Decimal(1)), amount("2.5", "1.5"), amount("2.5", "1.5")),
        (Wish(RANGE), amount("1", "1"), amount("6", "6")),
        (Wish(RANGE, estimate=Decimal(2)), amount("2", "2"), amount("2", "2")),
        (Wish(ACTUAL), None, None),
        (Wish(ACTUAL, estimate=Decimal("1.5")), amount("1.5", "1.5"), amount("1.5", "1.5")),
    ],
)
def test_a_line_is_priced_by_the_service_s_terms(wish: Any, least: Any, most: Any) -> None:
    (line,) = quote([wish]).lines
    assert (line.least, line.most) == (least, most)


def test_a_list_sums_what_is_known_and_tells_an_open_end() -> None:
    priced = quote([Wish(FIXED, quantity=3), Wish(RANGE), Wish(FROM)], Decimal(2500))
    assert priced.least == amount("6.5", "4.3", "10750.00")
    assert priced.most == amount("11.5", "9.3", "23250.00")
    assert priced.open_end
    assert not quote([Wish(FIXED), Wish(RANGE)]).open_end


def test_a_variant_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KeyError):
        quote([Wish(VARIED)])


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 9)), max_size=6), st.integers(1, 10**6))
def test_each_line_is_rounded_once_and_the_total_is_their_sum(lines: Any, kopecks: Any) -> None:
    hour_price = Decimal(kopecks) / 100
    wishes = [
        Wish(replace(FIXED, billing=Billing(BillingKind.FIXED, Decimal(hours))), quantity=many)
        for hours, many in lines
    ]
    priced = quote(wishes, hour_price)
    assert priced.least == priced.most
    assert priced.least.write_off == sum(
        (line.least.write_off for line in priced.lines if line.least), Decimal(0)
    )
    for line, (hours, many) in zip(priced.lines, lines, strict=True):
        assert line.least is not None
        assert line.least.write_off == Decimal(hours * many) * Decimal("0.6")
        assert line.least.roubles == price(line.least.write_off, hour_price)
