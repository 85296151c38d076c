"""What a stage costs: time really spent, a fixed price, a minimum (R2), each at its coefficient (R8)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.billing import UnknownCategory, amount_to_hold, at_most, charges, price_fault
from bridge.domain.catalogue import Billing, BillingKind, Variant
from bridge.domain.hours import Charge, write_off
from bridge.domain.tickets import Order, TimeEntry
from tests.builders import make_entry, make_service, make_stage, make_ticket

ONE, CONTENT_K = Decimal(1), Decimal("0.6")
ORDER = Order("2.9.1-access", {}, "")
K = {"development": ONE, "content": CONTENT_K}


def entry(minutes: int, category: str = "development") -> TimeEntry:
    return make_entry(minutes, category=category)


def lines(
    kind: BillingKind, *entries: TimeEntry, unattended: bool = False, more: Any = None, **billing: Decimal
) -> tuple[Charge, ...]:
    service = make_service(billing=Billing(kind, **billing))
    return charges(service, ORDER, make_stage(), entries, K.get, unattended=unattended, **(more or {}))


def test_R2_time_really_spent_is_charged_category_by_category() -> None:
    assert lines(BillingKind.ACTUAL, entry(30), entry(20, "content"), entry(15)) == (
        Charge("content", 20, 20, CONTENT_K),
        Charge("development", 45, 45, ONE),
    )


def test_R8_time_without_a_category_has_the_stage_s_coefficient() -> None:
    found = charges(
        make_service(), ORDER, make_stage(coefficient=CONTENT_K), [entry(600, "")], K.get, unattended=False
    )
    assert write_off(found) == Decimal(6)


def test_R8_time_of_categories_that_nobody_knows_is_refused_by_their_names() -> None:
    with pytest.raises(UnknownCategory) as caught:
        lines(BillingKind.ACTUAL, entry(1, "Магия"), entry(1), entry(1, "Алхимия"))
    assert caught.value.names == ("Алхимия", "Магия")


def test_R2_an_unattended_run_counts_as_the_catalogue_says_on_top_of_logged_time() -> None:
    assert lines(BillingKind.ACTUAL, entry(15), unattended=True) == (
        Charge("development", 15, 15, ONE),
        Charge("unattended", 30, 30, ONE),
    )


def test_R2_no_time_at_all_makes_a_line_of_nothing() -> None:
    service = make_service(unattended_hours=Decimal(0))
    assert charges(service, ORDER, make_stage(), [], K.get, unattended=True) == (Charge("time", 0, 0, ONE),)


@pytest.mark.parametrize("kind", [BillingKind.FIXED, BillingKind.AGREED])
@pytest.mark.parametrize("spent", [0, 10, 600])
def test_R2_a_fixed_price_is_the_agreed_estimate_whatever_was_spent(kind: Any, spent: int) -> None:
    hours: dict[str, Any] = {"hours": Decimal(2)} if kind is BillingKind.FIXED else {}
    assert lines(kind, entry(spent, "Магия"), **hours) == (Charge(kind.value, spent, 120, ONE),)


def test_R2_what_an_unattended_run_counts_as_is_shown_as_spent_beside_a_fixed_price() -> None:
    assert lines(BillingKind.FIXED, unattended=True, hours=Decimal(2)) == (Charge("fixed", 30, 120, ONE),)


def test_R2_less_than_the_minimum_is_filled_up_by_a_line_of_its_own() -> None:
    assert lines(BillingKind.FROM, entry(20), hours=ONE) == (
        Charge("development", 20, 20, ONE),
        Charge("minimum", 0, 40, ONE),
    )


@pytest.mark.parametrize("more", [{"charged_before": 40}, {"last": False}])
def test_R2_the_minimum_counts_once_a_ticket_and_at_its_last_stage(more: Any) -> None:
    assert lines(BillingKind.FROM, entry(20), more=more, hours=ONE) == (Charge("development", 20, 20, ONE),)


def test_R2_the_minimum_counts_for_each_of_the_quantity() -> None:
    service = make_service(billing=Billing(BillingKind.FROM, ONE))
    found = charges(
        service, Order("x", {}, "", quantity=3), make_stage(), [entry(20)], K.get, unattended=False
    )
    assert found[-1] == Charge("minimum", 0, 160, ONE)


def test_R2_a_minimum_that_was_reached_adds_nothing() -> None:
    assert lines(BillingKind.FROM, entry(60), hours=ONE) == (Charge("development", 60, 60, ONE),)


def test_R2_a_range_charges_what_was_spent_even_below_its_lower_bound() -> None:
    assert lines(BillingKind.RANGE, entry(20), hours=ONE, most=Decimal(3)) == (
        Charge("development", 20, 20, ONE),
    )


def test_R8_the_hold_is_the_estimate_at_the_coefficient() -> None:
    assert amount_to_hold(make_stage(estimate=Decimal(10), coefficient=CONTENT_K)) == Decimal(6)


# --- does the agreement fit the terms


VARIANTS = (Variant("text", "только текст", Decimal(2)), Variant("media", "с картинками", Decimal(4)))


@pytest.mark.parametrize(
    ("billing", "order", "agreed", "fault"),
    [
        (Billing(BillingKind.FIXED, Decimal(2)), ORDER, 2, None),
        (Billing(BillingKind.FIXED, Decimal(2)), ORDER, 3, (Decimal(3), Decimal(2))),
        (Billing(BillingKind.FIXED, Decimal(2)), Order("x", {}, "", quantity=2), 4, None),
        (Billing(BillingKind.FROM, Decimal(2)), ORDER, 3, None),
        (Billing(BillingKind.FROM, Decimal(2)), ORDER, 1, (Decimal(1), Decimal(2))),
        (Billing(BillingKind.RANGE, Decimal(2), Decimal(3)), ORDER, 9, None),
        (Billing(BillingKind.ACTUAL), ORDER, 9, None),
        (Billing(BillingKind.AGREED), ORDER, 9, None),
    ],
)
def test_R2_an_agreement_fits_the_price_or_is_told(billing: Any, order: Any, agreed: int, fault: Any) -> None:
    service = make_service(billing=billing)
    assert price_fault(service, order, make_ticket(make_stage(estimate=Decimal(agreed)))) == fault


@pytest.mark.parametrize(("variant", "hours"), [("text", 2), ("media", 4)])
def test_R2_a_variant_has_its_own_price(variant: str, hours: int) -> None:
    service = make_service(billing=Billing(BillingKind.FIXED, Decimal(2)), variants=VARIANTS)
    order = Order("x", {}, "", variant)
    assert price_fault(service, order, make_ticket(make_stage(estimate=Decimal(hours)))) is None
    assert price_fault(service, order, make_ticket(make_stage(estimate=Decimal(3)))) == (
        Decimal(3),
        Decimal(hours),
    )


def test_R4_the_stages_of_a_fixed_price_must_sum_to_it() -> None:
    service = make_service(billing=Billing(BillingKind.FIXED, Decimal(5)))
    assert (
        price_fault(service, ORDER, make_ticket(make_stage(), make_stage(id="s2", estimate=Decimal(3))))
        is None
    )


CHARGES = st.builds(
    lambda minutes, k: Charge("c", minutes, minutes, Decimal(k) / 1000),
    st.integers(0, 5000),
    st.sampled_from([0, 1, 333, 600, 1000, 1500]),
)


@given(st.lists(CHARGES, min_size=1, max_size=4).map(tuple), st.integers(0, 3000))
def test_R2_lines_that_are_cut_take_no_more_than_was_agreed_and_what_fits_is_left_alone(
    found: Any, hundredths: Any
) -> None:
    most = Decimal(hundredths) / 100
    cut = at_most(found, most)
    assert write_off(cut) <= most
    assert [line.spent_minutes for line in cut] == [line.spent_minutes for line in found]
    assert (cut == found) == (write_off(found) <= most)
