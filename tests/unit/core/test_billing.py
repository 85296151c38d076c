"""What a stage costs: time really spent, a fixed price, a minimum (R2), each at the coefficient of the stage (R8)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bridge.billing import amount_to_hold, charges, stage_entries
from bridge.catalogue import Billing, BillingKind
from bridge.hours import Charge, hours_taken
from bridge.tickets import TimeEntry
from tests.builders import NOW, make_service, make_stage, make_ticket

ONE = Decimal(1)


def entry(minutes: int, category: str = "developer", stage_id: str | None = "s1") -> TimeEntry:
    return TimeEntry(f"e{minutes}", stage_id, "Иванов", category, minutes, NOW)


def lines(kind: BillingKind, *entries: TimeEntry, unattended: bool = False, **billing: Decimal) -> tuple[Charge, ...]:
    return charges(make_service(billing=Billing(kind, **billing)), make_stage(), entries, unattended=unattended)


def test_R2_time_really_spent_is_charged_category_by_category():
    assert lines(BillingKind.ACTUAL, entry(30), entry(20, "content"), entry(15)) == (
        Charge("content", 20, 20, ONE), Charge("developer", 45, 45, ONE),
    )  # fmt: skip


def test_R2_an_unattended_run_counts_as_the_catalogue_says_on_top_of_logged_time():
    assert lines(BillingKind.ACTUAL, entry(15), unattended=True) == (Charge("developer", 15, 15, ONE), Charge("unattended", 30, 30, ONE))


def test_R2_an_unattended_run_that_counts_as_nothing_makes_no_line():
    service = make_service(unattended_hours=Decimal(0))
    assert charges(service, make_stage(), [], unattended=True) == ()


@pytest.mark.parametrize("kind", [BillingKind.FIXED, BillingKind.AGREED])
@pytest.mark.parametrize("spent", [0, 10, 600])
def test_R2_a_fixed_price_is_the_agreed_estimate_whatever_was_spent(kind, spent):
    hours = {"hours": Decimal(2)} if kind is BillingKind.FIXED else {}
    assert lines(kind, entry(spent), **hours) == (Charge(kind.value, spent, 120, ONE),)


@pytest.mark.parametrize(("kind", "rule"), [(BillingKind.FROM, {}), (BillingKind.RANGE, {"most": Decimal(3)})])
def test_R2_less_than_the_minimum_is_filled_up_by_a_line_of_its_own(kind, rule):
    assert lines(kind, entry(20), hours=ONE, **rule) == (Charge("developer", 20, 20, ONE), Charge("minimum", 0, 40, ONE))


def test_R2_a_minimum_that_was_reached_adds_nothing():
    assert lines(BillingKind.FROM, entry(60), hours=ONE) == (Charge("developer", 60, 60, ONE),)


def test_R8_every_line_has_the_coefficient_of_the_stage():
    found = charges(make_service(), make_stage(coefficient=Decimal("0.6")), [entry(600)], unattended=False)
    assert hours_taken(found) == Decimal(6)


def test_R8_the_hold_is_the_estimate_at_the_coefficient():
    assert amount_to_hold(make_stage(estimate=Decimal(10), coefficient=Decimal("0.6"))) == Decimal(6)


def test_time_without_a_stage_belongs_to_the_only_stage():
    loose, own = entry(1, stage_id=None), entry(2)
    assert stage_entries(make_ticket(time_entries=(loose, own)), make_stage()) == (loose, own)


def test_time_without_a_stage_belongs_to_none_of_several():
    loose, own, other = entry(1, stage_id=None), entry(2), entry(3, stage_id="s2")
    ticket = make_ticket(make_stage(), make_stage(id="s2"), time_entries=(loose, own, other))
    assert stage_entries(ticket, make_stage()) == (own,)
