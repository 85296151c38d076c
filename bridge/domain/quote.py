"""What a list of services costs before anything is agreed: norm-hours, K, hours to write off, roubles. Pure.

Source: seed, item 1 (R2: fixed beforehand, or time spent; R8: price = hours × K × price of a norm-hour).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from bridge.domain.billing_kinds import MEANING
from bridge.domain.catalogue import Service
from bridge.domain.hours import estimated_write_off, price


@dataclass(frozen=True, slots=True)
class Wish:
    """One line of a list: a service, its variant ("" where it has none), how many times, and an estimate
    where its terms name no hours.
    """

    service: Service
    variant: str = ""
    quantity: int = 1
    estimate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """Norm-hours before K and what they take from the balance, both `Decimal`; roubles where the price of
    a norm-hour is known.
    """

    hours: Decimal
    write_off: Decimal
    roubles: Decimal | None


@dataclass(frozen=True, slots=True)
class Line:
    """One priced line.

    Attributes:
        least: the least that it costs; None where only the time spent decides.
        most: what it takes at most; None where nothing is said of it.
    """

    wish: Wish
    least: Amount | None
    most: Amount | None


@dataclass(frozen=True, slots=True)
class Quote:
    """A priced list. `least` and `most` sum what is known; `open_end` says that some lines may cost more
    than `most`.
    """

    lines: tuple[Line, ...]
    least: Amount
    most: Amount
    open_end: bool


def quote(wishes: Iterable[Wish], hour_price: Decimal | None = None) -> Quote:
    """Price a list of services.

    Parameters:
        hour_price: roubles for a norm-hour, None where it is not known.

    Raises:
        KeyError: a service has no such variant.
    """
    lines = tuple(_line(wish, hour_price) for wish in wishes)
    least = _sum((line.least for line in lines), hour_price)
    most = _sum((line.most or line.least for line in lines), hour_price)
    return Quote(lines, least, most, any(line.most is None for line in lines))


def _line(wish: Wish, hour_price: Decimal | None) -> Line:
    terms = wish.service.billing_of(wish.variant)

    def amount(hours: Decimal | None) -> Amount | None:
        if hours is None:
            return None
        total = hours * wish.quantity
        write_off = estimated_write_off(total, wish.service.coefficient)
        return Amount(total, write_off, None if hour_price is None else price(write_off, hour_price))

    least, most = MEANING[terms.kind].bounds(terms, wish.estimate)
    return Line(wish, amount(least), amount(most))


def _sum(amounts: Iterable[Amount | None], hour_price: Decimal | None) -> Amount:
    known = [one for one in amounts if one is not None]
    write_off = sum((one.write_off for one in known), Decimal(0))
    roubles = (
        None
        if hour_price is None
        else sum((one.roubles for one in known if one.roubles is not None), Decimal(0))
    )
    return Amount(sum((one.hours for one in known), Decimal(0)), write_off, roubles)
