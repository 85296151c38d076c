"""What each kind of billing means: for the agreement, the hold, the write-off and a quote. One class each.

Source: seed, item 1 (R2: time really spent, or fixed beforehand by the service's terms).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bridge.domain.catalogue import Billing, BillingKind

Bounds = tuple[Decimal | None, Decimal | None]
"""Norm-hours before K, at least and at most; None where only the time spent, or an agreement, will tell."""


class Actual:
    """ACTUAL: time really spent. It is also what the other kinds differ from.

    For each kind the agreed estimate is held, and no more than was agreed is ever written off without a
    new agreement.
    """

    by_time = True
    """Whether the time that was logged is charged; otherwise what was agreed is."""

    def fits(self, _agreed: Decimal, _price: Decimal, /) -> bool:
        """Whether an agreement on so many norm-hours fits the price of the price list."""
        return True

    def minimum(self, _price: Decimal, /) -> Decimal:
        """Norm-hours that a ticket is charged at least, however long it took."""
        return Decimal(0)

    def bounds(self, _terms: Billing, estimate: Decimal | None, /) -> Bounds:
        """What one order may take, before anything is agreed on."""
        return estimate, estimate


class Agreed(Actual):
    """AGREED: a price that is agreed on with the customer, and written off however long it took."""

    by_time = False


class Fixed(Actual):
    """FIXED: the price of the price list, agreed on exactly so, and written off however long it took."""

    by_time = False

    def fits(self, agreed: Decimal, price: Decimal, /) -> bool:
        return agreed == price

    def bounds(self, terms: Billing, _estimate: Decimal | None, /) -> Bounds:
        return terms.hours, terms.hours


class From(Actual):
    """FROM: time really spent, and the minimum of the price list where less was."""

    def fits(self, agreed: Decimal, price: Decimal, /) -> bool:
        return agreed >= price

    def minimum(self, price: Decimal, /) -> Decimal:
        return price

    def bounds(self, terms: Billing, estimate: Decimal | None, /) -> Bounds:
        assert terms.hours is not None
        expected = None if estimate is None else max(estimate, terms.hours)
        return expected or terms.hours, expected


class Range(Actual):
    """RANGE: time really spent, which the price list expects between two numbers."""

    def bounds(self, terms: Billing, estimate: Decimal | None, /) -> Bounds:
        return estimate or terms.hours, estimate or terms.most


MEANING: Mapping[BillingKind, Actual] = {
    BillingKind.FIXED: Fixed(),
    BillingKind.AGREED: Agreed(),
    BillingKind.FROM: From(),
    BillingKind.RANGE: Range(),
    BillingKind.ACTUAL: Actual(),
}
"""Each kind's meaning."""
