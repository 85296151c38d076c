"""The charts of a statement as SVG: hours by month, hours by service. Pictures of numbers that also stand in
the document; no script, no style from outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from html import escape

from bridge.operators.statement.labels import MONTHS, clean, hours

_BAR = "#2f5d8a"
_BACK = "#b4552d"
_INK = "#333"
_FONTS = "PT Sans, Liberation Sans, DejaVu Sans Condensed, DejaVu Sans, sans-serif"
_WIDTH = 480
_MOST_SERVICES = 7
_LONGEST_NAME = 70


def by_month(months: Sequence[tuple[date, Decimal]]) -> str:
    """Columns, one a month; a month in which more was returned than taken has its column in another
    colour.
    """
    height, floor, top = 190, 150, 24
    largest = max((abs(amount) for _, amount in months), default=Decimal(0)) or Decimal(1)
    slot = _WIDTH / max(len(months), 6)
    parts = []
    for place, (first, amount) in enumerate(months):
        tall = float(abs(amount) / largest) * (floor - top)
        left, middle = place * slot + slot * 0.18, place * slot + slot / 2
        colour = _BAR if amount >= 0 else _BACK
        parts.append(
            f'<rect x="{left:.1f}" y="{floor - tall:.1f}" width="{slot * 0.64:.1f}" height="{tall:.1f}" '
            f'fill="{colour}"/>'
        )
        if amount:
            parts.append(_text(middle, floor - tall - 5, hours(amount), anchor="middle"))
        parts.append(_text(middle, floor + 15, MONTHS[first.month - 1][:3], anchor="middle"))
        if place == 0 or first.month == 1:
            parts.append(_text(middle, floor + 30, str(first.year), anchor="middle"))
    parts.append(f'<path d="M0 {floor}H{_WIDTH}" stroke="{_INK}" stroke-width="1"/>')
    return _picture("Списано нормо-часов по месяцам", height, parts)


def by_service(services: Sequence[tuple[str, Decimal]]) -> str:
    """Bars, one a service, the largest first; the smallest are told together."""
    shown = [(clean(name, _LONGEST_NAME) or "Сервис не указан", amount) for name, amount in services]
    if len(shown) > _MOST_SERVICES:
        rest = shown[_MOST_SERVICES - 1 :]
        others = f"Прочие сервисы ({len(rest)})"
        shown = [*shown[: _MOST_SERVICES - 1], (others, sum((one for _, one in rest), Decimal(0)))]
    largest = max((abs(amount) for _, amount in shown), default=Decimal(0)) or Decimal(1)
    parts = []
    for place, (name, amount) in enumerate(shown):
        top = place * 34
        wide = float(abs(amount) / largest) * (_WIDTH - 80)
        colour = _BAR if amount >= 0 else _BACK
        parts.append(_text(0, top + 11, name))
        parts.append(f'<rect x="0" y="{top + 16}" width="{wide:.1f}" height="12" fill="{colour}"/>')
        parts.append(_text(wide + 6, top + 26, hours(amount)))
    return _picture("Списано нормо-часов по сервисам", max(len(shown), 1) * 34, parts)


def _text(x: float, y: float, said: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'


def _picture(title: str, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}" font-family="{_FONTS}" '
        f'font-size="11" fill="{_INK}">{"".join(parts)}</svg>'
    )
