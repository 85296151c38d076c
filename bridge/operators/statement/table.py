"""A statement as CSV for a Russian Excel: UTF-8 with a BOM, semicolons, decimal commas, CRLF; one table, a
row a movement.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal

from bridge.domain.statement import Statement, Work
from bridge.operators.statement.labels import clean, clock, coefficient, day

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a cell; names come from outside."""

HEADER = (
    "Дата",
    "Вид",
    "Заявка",
    "Тема",
    "Сервис",
    "Этап",
    "Категория специалиста",
    "Затрачено, мин",
    "К списанию, мин",
    "К",
    "Нормо-часы",
    "Цена нормо-часа, руб.",
    "Сумма, руб.",
)


def render(statement: Statement) -> bytes:
    """The file. Hours and roubles of what leaves the balance are below zero, so that the column adds up."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(_rows(statement))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _rows(statement: Statement) -> Iterator[list[str]]:
    period = statement.period
    moves = [
        *((row.at, "Пополнение", Work(), row.amount, None, None) for row in statement.top_ups),
        *(
            (one.row.at, "Списание", one.row.work, -one.row.amount, one.hour_price, _minus(one.roubles))
            for one in statement.write_offs
        ),
        *(
            (one.row.at, "Возврат списания", one.of.work, one.row.amount, None, one.roubles)
            for one in statement.reversals
        ),
    ]
    yield _row(day(period.first), "Остаток на начало", Work(), statement.opening, None, None)
    for at, kind, work, amount, price, roubles in sorted(moves, key=lambda move: move[0]):
        yield _row(day(period.day(at)), kind, work, amount, price, roubles)
    yield _row(day(period.last), "Остаток на конец", Work(), statement.closing, None, None)
    for row in statement.holds:
        yield _row(day(period.day(row.at)), "В резерве на конец", row.work, row.amount, None, None)


def _row(
    on: str, kind: str, work: Work, amount: Decimal, price: Decimal | None, roubles: Decimal | None
) -> list[str]:
    return [
        on,
        kind,
        text(work.number, 60),
        text(work.subject),
        text(work.service),
        text(work.stage),
        text(", ".join(line.category for line in work.lines)),
        str(work.spent_minutes) if work.lines else "",
        str(work.charged_minutes) if work.lines else "",
        coefficients(work),
        _decimal(amount, 3),
        _decimal(price, 2),
        _decimal(roubles, 2),
    ]


def coefficients(work: Work) -> str:
    """K of each category, with the minutes that it counts for where there are several: 1:00 × 0,6 + …"""
    if len(work.lines) == 1:
        return coefficient(work.lines[0].coefficient)
    return " + ".join(
        f"{clock(line.charged_minutes)} × {coefficient(line.coefficient)}" for line in work.lines
    )


def text(given: str, longest: int = 300) -> str:
    """A text from outside as a cell that no spreadsheet takes for a formula."""
    told = clean(given, longest)
    return f"'{told}" if told.startswith(_FORMULA) else told


def _decimal(value: Decimal | None, places: int) -> str:
    return "" if value is None else f"{value:.{places}f}".replace(".", ",")


def _minus(value: Decimal | None) -> Decimal | None:
    return None if value is None else -value
