"""A statement as an XLSX workbook (the extra `statement`): numbers are numbers, sums are formulas with their
values, and no text from outside is ever a formula.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from bridge.domain import in_words
from bridge.domain.statement import Statement
from bridge.operators.statement import labels
from bridge.operators.statement.labels import Parties, clean
from bridge.operators.statement.table import coefficients

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

ROUBLES = '[$-419]#,##0.00" ₽"'
"""Russian digits grouping whatever the machine's language, and the sign of the rouble as text."""
HOURS = "[$-419]#,##0.00#"
DAY = "dd.mm.yyyy"
MINUTES = "[h]:mm"

_PER_DAY = 24 * 60
_LONGEST_FOOTER = 100

Cell = str | date | Decimal | None
"""What stands in a cell: text, a day, a number; None: nothing."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its title, the format of its cells, whether it is summed."""

    title: str
    format: str = "text"
    summed: bool = False


_WORK = (Column("Дата", "day"), Column("Заявка"), Column("Тема"), Column("Сервис"), Column("Этап"))
_WRITE_OFFS = (
    *_WORK,
    Column("Категория специалиста"),
    Column("Затрачено, ч:мин", "minutes", summed=True),
    Column("К списанию, ч:мин", "minutes", summed=True),
    Column("К", "right"),
    Column("Списано, нормо-ч", "hours", summed=True),
    Column("Цена нормо-ч", "roubles"),
    Column("Сумма", "roubles", summed=True),
)
_REVERSALS = (
    *_WORK,
    Column("Отменено списание от", "day"),
    Column(""),
    Column(""),
    Column(""),
    Column("Возвращено, нормо-ч", "hours", summed=True),
    Column(""),
    Column("Сумма", "roubles", summed=True),
)
_WIDTHS = (10, 9, 32, 24, 16, 22, 10, 10, 14, 11, 11, 14)
_LINE, _HIGHEST = 12, 400
"""Points: of a line of text, and of the highest row that Excel has."""
_OTHERS = (*_WORK, Column(""), Column(""), Column(""), Column(""), Column("Нормо-часы", "hours", summed=True))


def render(statement: Statement, parties: Parties) -> bytes:
    """The workbook: the акт, and its charts on a sheet of their own.

    Raises:
        ImportError: XlsxWriter is not installed.
    """
    from xlsxwriter import Workbook

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(out, options) as book:
        book.set_properties({"title": labels.title(statement), "author": parties.seller})
        _Act(book, statement, parties).write()
        _charts(book, statement)
    return out.getvalue()


class _Act:
    """The sheet with the акт, written from the top to the bottom."""

    def __init__(self, book: Workbook, statement: Statement, parties: Parties) -> None:
        self._statement = statement
        self._parties = parties
        self._sheet: Worksheet = book.add_worksheet("Акт")
        self._formats = _formats(book)
        self._row = 0

    def write(self) -> None:
        """Write it all."""
        statement, sheet = self._statement, self._sheet
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)
        self._head()
        self._balance()
        period = statement.period
        self._table(
            "Списания",
            _WRITE_OFFS,
            [
                [
                    period.day(one.row.at),
                    one.row.work.number,
                    one.row.work.subject,
                    one.row.work.service,
                    one.row.work.stage,
                    ", ".join(line.category for line in one.row.work.lines),
                    Decimal(one.row.work.spent_minutes) if one.row.work.lines else None,
                    Decimal(one.row.work.charged_minutes) if one.row.work.lines else None,
                    coefficients(one.row.work),
                    one.row.amount,
                    one.hour_price,
                    one.roubles,
                ]
                for one in statement.write_offs
            ],
        )
        self._table(
            "Отменённые списания",
            _REVERSALS,
            [
                [
                    period.day(one.row.at),
                    one.of.work.number,
                    one.of.work.subject,
                    one.of.work.service,
                    one.of.work.stage,
                    period.day(one.of.at),
                    None,
                    None,
                    None,
                    one.row.amount,
                    None,
                    one.roubles,
                ]
                for one in statement.reversals
            ],
        )
        blank: list[Cell] = [None] * 4
        self._table(
            "Пополнения",
            _OTHERS,
            [[period.day(row.at), "", "", "", "", *blank, row.amount] for row in statement.top_ups],
        )
        self._table(
            "В резерве на конец периода",
            _OTHERS,
            [
                [
                    period.day(row.at),
                    row.work.number,
                    row.work.subject,
                    row.work.service,
                    row.work.stage,
                    *blank,
                    row.amount,
                ]
                for row in statement.holds
            ],
        )
        self._foot()
        self._paper()

    def _head(self) -> None:
        parties = self._parties
        self._sheet.write_string(0, 0, labels.title(self._statement), self._formats["title"])
        self._row = 2
        for name, told in (
            ("Исполнитель", _joined(parties.seller, parties.seller_details)),
            ("Заказчик", _joined(parties.customer, parties.customer_details)),
            ("Договор", parties.contract),
            ("Лицевой счёт", clean(self._statement.account_id)),
            ("Период", labels.span(self._statement.period)),
        ):
            self._line(name, told)
        self._row += 1

    def _balance(self) -> None:
        one = self._statement
        first = self._row
        for name, amount in (
            ("Остаток на начало", one.opening),
            ("Пополнено", one.topped_up),
            ("Списано", one.written_off),
            ("Возвращено", one.returned),
        ):
            self._amount(name, amount)
        top = first + 1
        self._amount("Остаток на конец", one.closing, f"=C{top}+C{top + 1}-C{top + 2}+C{top + 3}")
        self._amount("из него в резерве", one.held)
        self._amount("доступно", one.available, f"=C{top + 4}-C{top + 5}")
        self._row += 1

    def _amount(self, name: str, amount: Decimal, formula: str = "") -> None:
        self._sheet.write_string(self._row, 0, name, self._formats["plain"])
        style = self._formats["hours_left"]
        if formula:
            self._sheet.write_formula(self._row, 2, formula, style, float(amount))
        else:
            self._sheet.write_number(self._row, 2, float(amount), style)
        self._row += 1

    def _line(self, name: str, told: str) -> None:
        self._sheet.write_string(self._row, 0, name, self._formats["strong"])
        self._sheet.write_string(self._row, 2, told, self._formats["plain"])
        self._row += 1

    def _table(self, name: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        if not rows:
            return
        self._sheet.write_string(self._row, 0, name, self._formats["heading"])
        self._row += 1
        self._high([column.title for column in columns])
        for place, column in enumerate(columns):
            if column.title:
                self._sheet.write_string(self._row, place, column.title, self._formats["head"])
        first = self._row + 1
        for number, row in enumerate(rows, first):
            self._row = number
            self._high([clean(cell) if isinstance(cell, str) else "" for cell in row])
            for place, (column, cell) in enumerate(zip(columns, row, strict=True)):
                self._cell(number, place, column, cell)
        last = first + len(rows)
        for place, column in enumerate(columns):
            if not column.title:
                continue
            style = self._formats[f"{column.format}_sum" if column.summed else "sum"]
            if not column.summed:
                self._sheet.write_string(last, place, "Итого" if place == 0 else "", style)
                continue
            letter = chr(ord("A") + place)
            total = sum((cell for row in rows if isinstance(cell := row[place], Decimal)), Decimal(0))
            value = float(total / _PER_DAY) if column.format == "minutes" else float(total)
            self._sheet.write_formula(last, place, f"=SUM({letter}{first + 1}:{letter}{last})", style, value)
        self._row = last + 2

    def _high(self, texts: Sequence[str]) -> None:
        """Make the row as high as its texts need: not every program does so when it opens the file."""
        lines = max(_lines(text, width) for text, width in zip(texts, _WIDTHS, strict=False))
        self._sheet.set_row(self._row, min(lines * _LINE + 3, _HIGHEST))

    def _cell(self, row: int, place: int, column: Column, cell: Cell) -> None:
        if not column.title:
            return
        style = self._formats[column.format]
        if cell is None:
            self._sheet.write_blank(row, place, None, style)
        elif isinstance(cell, Decimal):
            value = cell / _PER_DAY if column.format == "minutes" else cell
            self._sheet.write_number(row, place, float(value), style)
        elif isinstance(cell, date):
            self._sheet.write_datetime(row, place, cell, style)
        else:
            self._sheet.write_string(row, place, clean(cell), style)

    def _foot(self) -> None:
        one, parties = self._statement, self._parties
        words = f"Всего списано за вычетом возвращённого: {in_words.hours(one.net)}"
        if one.roubles is not None:
            words += f", на сумму {in_words.roubles(one.roubles)}"
        last = len(_WIDTHS) - 1
        self._sheet.set_row(self._row, 32)
        self._sheet.merge_range(self._row, 0, self._row, last, words + ".", self._formats["words"])
        self._row += 2
        if not one.is_final:
            return
        for name, party, signs in (
            ("Исполнитель", parties.seller, parties.seller_signs),
            ("Заказчик", parties.customer, parties.customer_signs),
        ):
            self._line(name, party)
            self._sheet.set_row(self._row, 26)
            for place in range(2, 5):
                self._sheet.write_blank(self._row, place, None, self._formats["rule"])
            self._row += 1
            self._sheet.write_string(
                self._row, 2, signs or "должность, подпись, расшифровка", self._formats["small"]
            )
            self._row += 2

    def _paper(self) -> None:
        sheet = self._sheet
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
        sheet.fit_to_pages(1, 0)
        # An ampersand begins a code in footers; two are one.
        who = clean(self._parties.customer, _LONGEST_FOOTER).replace("&", "&&")
        sheet.set_footer(f"&L{who}&Rстр. &P из &N")
        sheet.hide_gridlines(1)
        # Numbers of tickets are names.
        sheet.ignore_errors({"number_stored_as_text": f"A1:L{self._row + 1}"})


def _charts(book: Workbook, statement: Statement) -> None:
    sheet: Worksheet = book.add_worksheet("Графики")
    formats = _formats(book)
    sheet.set_column(0, 0, 60)
    sheet.set_column(1, 1, 14)
    sheet.write_string(0, 0, "Месяц", formats["head"])
    sheet.write_string(0, 1, "Нормо-часы", formats["head"])
    for row, (first, amount) in enumerate(statement.months, 1):
        sheet.write_string(row, 0, labels.month(first), formats["text"])
        sheet.write_number(row, 1, float(amount), formats["hours"])
    top = len(statement.months) + 2
    sheet.write_string(top, 0, "Сервис", formats["head"])
    sheet.write_string(top, 1, "Нормо-часы", formats["head"])
    for row, (name, amount) in enumerate(statement.services, top + 1):
        sheet.write_string(row, 0, clean(name, 70) or "Сервис не указан", formats["text"])
        sheet.write_number(row, 1, float(amount), formats["hours"])
    for kind, name, first_row, count, place in (
        ("column", "Списано по месяцам, нормо-часы", 1, len(statement.months), 0),
        ("bar", "Списано по сервисам, нормо-часы", top + 1, len(statement.services), 18),
    ):
        if not count:
            continue
        chart = book.add_chart({"type": kind})
        last = first_row + count - 1
        chart.add_series(
            {
                "categories": ["Графики", first_row, 0, last, 0],
                "values": ["Графики", first_row, 1, last, 1],
                "fill": {"color": "#2f5d8a"},
                "gap": 60,
                "data_labels": {"value": True},
            }
        )
        chart.set_title({"name": name, "name_font": {"size": 12}})
        chart.set_legend({"none": True})
        if kind == "bar":
            chart.set_y_axis({"reverse": True})
        chart.set_size({"width": 720, "height": 340})
        sheet.insert_chart(place, 3, chart)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _formats(book: Workbook) -> dict[str, Format]:
    grid = {"border": 1, "border_color": "#b8bfc6", "valign": "top", "font_size": 9}
    total = {**grid, "bold": True, "bg_color": "#f6f8fa"}
    made: dict[str, dict[str, object]] = {
        "plain": {},
        "strong": {"bold": True},
        "title": {"bold": True, "font_size": 14},
        "heading": {"bold": True, "font_size": 12},
        "words": {"text_wrap": True, "valign": "top"},
        "small": {"font_size": 8, "font_color": "#555555"},
        "rule": {"bottom": 1},
        "hours_left": {"num_format": HOURS, "align": "right"},
        "head": {**grid, "bold": True, "bg_color": "#eef2f6", "text_wrap": True},
        "text": {**grid, "text_wrap": True},
        "right": {**grid, "align": "right", "text_wrap": True},
        "day": {**grid, "num_format": DAY, "align": "left"},
        "minutes": {**grid, "num_format": MINUTES},
        "hours": {**grid, "num_format": HOURS},
        "roubles": {**grid, "num_format": ROUBLES},
        "sum": total,
        "minutes_sum": {**total, "num_format": MINUTES},
        "hours_sum": {**total, "num_format": HOURS},
        "roubles_sum": {**total, "num_format": ROUBLES},
    }
    return {name: book.add_format(properties) for name, properties in made.items()}


def _lines(text: str, width: int) -> int:
    """About how many lines a text takes in a column; capitals are wide, and words don't fill their lines."""
    length = sum(1.5 if char.isupper() else 1 for char in text)
    return max(1, math.ceil(length / width))


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
