"""How a statement writes numbers, days and texts from outside: Russian, for customers and accountants.

Nothing that belongs together breaks between two lines: thousands and units stand behind no-break spaces.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from bridge.domain.statement import Period, Statement
from bridge.settings import StatementTable

NBSP = "\u00a0"
MINUS = "\u2212"
NOTHING = "–"

LONGEST = 300
"""Characters of a text from outside; the number of its ticket tells the rest."""

MONTHS = (
    "январь",
    "февраль",
    "март",
    "апрель",
    "май",
    "июнь",
    "июль",
    "август",
    "сентябрь",
    "октябрь",
    "ноябрь",
    "декабрь",
)
_SPARE_MARKS = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{2})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]+"
)


@dataclass(frozen=True, slots=True)
class Parties:
    """Who sells and who buys; "" what nobody has said."""

    seller: str
    seller_details: str
    seller_signs: str
    customer: str
    customer_details: str
    customer_signs: str
    contract: str

    @classmethod
    def of(cls, settings: StatementTable, account_id: str, customer: str) -> Parties:
        """As the settings have them; the customer's name as the tickets tell it where they have none."""
        own = settings.of(account_id)
        texts = (
            settings.seller,
            settings.details,
            settings.signs,
            own.name or customer,
            own.details,
            own.signs,
            own.contract,
        )
        return cls(*(clean(text) for text in texts))


def clean(text: str, longest: int = LONGEST) -> str:
    """A text from outside on one line, with nothing in it that turns the direction of writing round,
    hides, or paints over its neighbours.
    """
    told = "".join(
        " " if char.isspace() else "" if unicodedata.category(char).startswith("C") else char for char in text
    )
    told = _SPARE_MARKS.sub(r"\1", " ".join(told.split()))
    return told if len(told) <= longest else told[: longest - 1].rstrip() + "…"


def stage(title: str) -> str:
    """A stage's title that says that it is one."""
    told = clean(title)
    return told if told.casefold().startswith("этап") else f"Этап: {told}"


def _number(value: Decimal, places: int) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    told = f"{abs(rounded):,.{places}f}".replace(",", NBSP).replace(".", ",")
    return MINUS + told if rounded < 0 else told


def hours(value: Decimal) -> str:
    """Norm-hours with two digits, three where they are finer: 1 234,50."""
    return _number(value, 2 if value == round(value, 2) else 3)


def money(value: Decimal | None) -> str:
    """Roubles without their sign, rounded half up: 31 250,00; a dash where there are none."""
    return NOTHING if value is None else _number(value, 2)


def roubles(value: Decimal | None) -> str:
    """Roubles with their sign: 31 250,00 ₽."""
    return NOTHING if value is None else money(value) + NBSP + "₽"


def coefficient(value: Decimal) -> str:
    """K without needless zeros: 0,6."""
    return f"{value.normalize():f}".replace(".", ",")


def clock(minutes: int) -> str:
    """Minutes as hours and minutes: 12:05."""
    return f"{minutes // 60}:{minutes % 60:02}"


def day(value: date) -> str:
    """01.03.2026."""
    return f"{value:%d.%m.%Y}"


def month(value: date) -> str:
    """ноябрь 2026 г."""
    return f"{MONTHS[value.month - 1]} {value.year}{NBSP}г."


def span(period: Period) -> str:
    """The period in words: of a whole month its name."""
    if period.whole_month:
        return month(period.first)
    return f"{day(period.first)}{NBSP}{NOTHING} {day(period.last)}"


def title(statement: Statement) -> str:
    """What the document is called: an акт once the period is over."""
    name = "Акт о списании нормо-часов" if statement.is_final else "Предварительная выписка по нормо-часам"
    joint = "за" if statement.period.whole_month else "за период"
    return f"{name} {joint} {span(statement.period)}"
