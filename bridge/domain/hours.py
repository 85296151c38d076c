"""Norm-hours, coefficients, prices: exact decimal arithmetic, nothing else.

Hours are `Decimal` norm-hours, money is `Decimal` roubles; on the wire and in tables they are integers:
milli-hours, minutes, kopecks. The one rounding of a ticket's arithmetic is `write_off`'s
(docs/adr/0003-rounding.md).

Source: seed, item 1: "Цена заявки = нормо-часы × К × стоимость нормо-часа" (rules R2 and R8 of the
catalogue).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation, Overflow, localcontext

ROUNDING_UNIT = Decimal("0.01")
"""Norm-hours that leave a balance are whole multiples of this."""

_KOPECK = Decimal("0.01")
_MILLI = Decimal("0.001")


class InexactHours(ValueError):
    """A number of hours, a coefficient or a price is not exact: it is a float, not finite, or finer than
    its unit.
    """


def exact(value: Decimal | int | str) -> Decimal:
    """Return `value` as a finite `Decimal`; a float is refused, for it has lost the number that was meant.

    Raises:
        InexactHours: for a float, a boolean, a text that is not a number, NaN and infinity.
    """
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        raise InexactHours(
            f"{value!r} is a {type(value).__name__}: hours and money are Decimal, int or str, never float"
        )
    try:
        number = Decimal(value)
    except ArithmeticError as error:
        raise InexactHours(f"{value!r} is not a decimal number") from error
    if not number.is_finite():
        raise InexactHours(f"{value!r} is not finite")
    return number


def to_milli(hours: Decimal) -> int:
    """Norm-hours (or a coefficient) as a whole number of thousandths, for the wire and the tables.

    Raises:
        InexactHours: when `hours` is finer than a thousandth.
    """
    return _whole(hours, 1000, "is finer than 0.001")


def from_milli(milli: int) -> Decimal:
    """A whole number of thousandths as norm-hours (or as a coefficient)."""
    return exact(milli) * _MILLI


def to_kopecks(roubles: Decimal) -> int:
    """Roubles as whole kopecks.

    Raises:
        InexactHours: when `roubles` is finer than a kopeck.
    """
    return _whole(roubles, 100, "is finer than a kopeck")


def text(hours: Decimal) -> str:
    """Norm-hours (or a coefficient) without needless zeros and without an exponent: "0.75"."""
    return f"{hours.normalize():f}"


def from_kopecks(kopecks: int) -> Decimal:
    """Whole kopecks as roubles."""
    return exact(kopecks) * _KOPECK


def to_minutes(hours: Decimal) -> int:
    """Norm-hours of a price list as whole minutes.

    Raises:
        InexactHours: when `hours` is finer than a minute.
    """
    return _whole(hours, 60, "norm-hours are not a whole number of minutes")


def _whole(number: Decimal, units: int, fault: str) -> int:
    """`number` in units of which it holds `units`; a product that does not fit `Decimal`'s precision is
    never rounded to a whole one.
    """
    try:
        with localcontext(Context(traps=[Inexact, InvalidOperation, Overflow])):
            scaled = exact(number) * units
            if scaled == scaled.to_integral_value():
                return int(scaled)
    except (Inexact, Overflow):
        pass
    raise InexactHours(f"{number} {fault}")


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of a write-off: what one category of specialists spent, and what of it is charged.

    Attributes:
        category: the specialist's category, as the portal names it.
        spent_minutes: time really spent.
        charged_minutes: time charged under the service's terms (a fixed price, a minimum).
        coefficient: K of the category, 1 for development, 0.6 for content work.
    """

    category: str
    spent_minutes: int
    charged_minutes: int
    coefficient: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """The lines of a write-off in sum, as the ledger keeps them; `coefficient` is None where lines differ in
    it, or there are none.
    """

    spent_minutes: int
    charged_minutes: int
    coefficient: Decimal | None

    @classmethod
    def of(cls, charges: Iterable[Charge]) -> Totals:
        """The sums of these lines."""
        lines = tuple(charges)
        found = {line.coefficient for line in lines}
        return cls(
            sum(line.spent_minutes for line in lines),
            sum(line.charged_minutes for line in lines),
            found.pop() if len(found) == 1 else None,
        )


def write_off(charges: Iterable[Charge]) -> Decimal:
    """What leaves the balance: the sum of charged time × K, rounded once, half up, to `ROUNDING_UNIT`
    norm-hours.
    """
    minutes = sum((charge.charged_minutes * exact(charge.coefficient) for charge in charges), Decimal(0))
    units = (minutes / (60 * ROUNDING_UNIT)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return units * ROUNDING_UNIT


def estimated_write_off(estimate: Decimal, coefficient: Decimal) -> Decimal:
    """What an estimate of `estimate` norm-hours at K = `coefficient` will take from the balance: what is
    held for it.
    """
    return write_off([Charge("", 0, to_minutes(estimate), coefficient)])


def price(hours: Decimal, hour_price: Decimal) -> Decimal:
    """The ticket's price in roubles: norm-hours × the price of one, rounded half up to a kopeck."""
    return (exact(hours) * exact(hour_price)).quantize(_KOPECK, rounding=ROUND_HALF_UP)
