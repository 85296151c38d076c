"""otbridge ledger: holds and write-offs for people and for spreadsheets, and the check of their chain."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import click

from bridge import plain
from bridge.cli import technical
from bridge.cli.common import find_ticket, reports_errors, settings_of
from bridge.cli.usage import Commands
from bridge.domain.hours import from_kopecks, from_milli, text
from bridge.errors import UserError
from bridge.flow.scope import Exit
from bridge.i18n import tr
from bridge.journal import Journal, LedgerLine, Span

KINDS = {
    "hold": tr("hold"),
    "capture": tr("write-off"),
    "void": tr("hold returned"),
    "reversal": tr("write-off taken back"),
}

_ROWS = 200
"""Rows of one table: a long ledger is printed as several tables, and never held in memory as a whole."""

_COLUMNS = (
    "at",
    "portal",
    "account",
    "customer",
    "ticket",
    "stage",
    "kind",
    "spent_minutes",
    "charged_minutes",
    "coefficient",
    "held",
    "written_off",
    "returned",
    "price",
    "key",
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a cell; names come from outside."""


@dataclass(slots=True)
class Totals:
    """Sums of a period, in milli-hours and kopecks; `open_mh` is what was held when it ended."""

    open_mh: int
    rows: int = 0
    written_off_mh: int = 0
    returned_mh: int = 0
    price_kopecks: int = 0

    def count(self, lines: Iterable[LedgerLine]) -> Iterator[LedgerLine]:
        """Hand the lines on and add them up."""
        for line in lines:
            self.rows += 1
            self.written_off_mh += line.written_off_mh
            self.returned_mh += line.returned_mh
            self.price_kopecks += line.price_kopecks or 0
            yield line


def _form(_ctx: click.Context, _option: click.Parameter, given: str) -> str:
    if given not in ("table", "csv", "json"):
        raise click.BadParameter(
            tr("“{given}” is not one of {known}").format(given=plain.line(given), known="table, csv, json")
        )
    return given


@click.group(
    "ledger",
    cls=Commands,
    invoke_without_command=True,
    help=tr("Show holds and write-offs; `otbridge ledger verify` checks their chain."),
)
@click.option("--account", metavar="ID", help=tr("Only this account of the portal."))
@click.option("--ticket", metavar="NUMBER", help=tr("Only this ticket."))
@click.option("--from", "first", metavar="DATE", help=tr("From this day on (YYYY-MM-DD)."))
@click.option("--to", "last", metavar="DATE", help=tr("Up to the end of this day (YYYY-MM-DD)."))
@click.option(
    "--format", "form", metavar="FORM", callback=_form, default="table", help=tr("table, csv or json.")
)
@click.pass_context
@reports_errors
def command(
    ctx: click.Context,
    account: str | None,
    ticket: str | None,
    first: str | None,
    last: str | None,
    form: str,
) -> None:
    if ctx.invoked_subcommand is not None:
        return
    settings = settings_of(ctx, tokens=False)
    since, until = period(first, last, settings.bridge.zone)
    with Journal.open(settings.bridge.journal) as journal:
        record = None if ticket is None else find_ticket(journal, ticket)
        span = Span(account, since=since, until=until)
        if record is not None:
            span = Span(account, record.portal, record.ticket.id, since, until)
        with journal.transaction(read_only=True) as unit:
            totals = Totals(unit.statement.held(span))
            writers: dict[str, Callable[[Iterator[LedgerLine], Totals], None]] = {
                "table": _table,
                "csv": _csv,
                "json": _json,
            }
            writers[form](totals.count(unit.statement.lines(span)), totals)


@command.command("verify", help=tr("Check that no row of the ledger was changed, taken out or put in."))
@click.pass_context
@reports_errors
def verify(ctx: click.Context) -> None:
    with (
        Journal.open(settings_of(ctx, tokens=False).bridge.journal) as journal,
        journal.transaction(read_only=True) as unit,
    ):
        problems, rows = unit.ledger.verify(), unit.ledger.length()
    for problem in problems:
        click.echo(plain.lines(technical.shown(problem)))
    if problems:
        sys.exit(int(Exit.OPERATOR))
    click.echo(tr("The ledger is sound: {rows} rows.").format(rows=rows))


def period(first: str | None, last: str | None, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """The moments (aware UTC) from which on and before which rows count, of two days of the site's time zone
    that both belong to the period.

    Raises:
        UserError: one is not a day, or they stand the wrong way round.
    """
    problems: list[str] = []

    def day(option: str, given: str | None) -> date | None:
        try:
            return None if given is None else date.fromisoformat(given)
        except ValueError:
            problems.append(
                tr("{option}: “{given}” is not a day, write YYYY-MM-DD").format(option=option, given=given)
            )
            return None

    begun, ended = day("--from", first), day("--to", last)
    if begun and ended and begun > ended:
        problems.append(tr("--from is after --to"))
    if ended == date.max:
        ended = None
    if problems:
        raise UserError(tr("The period cannot be read:"), problems)
    return _midnight(begun, zone), _midnight(ended and ended + timedelta(days=1), zone)


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    if day is None:
        return None
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:  # the first day of the calendar, and a zone ahead of UTC
        return datetime.min.replace(tzinfo=UTC)


def _table(lines: Iterator[LedgerLine], totals: Totals) -> None:
    from bridge.cli.tables import Screen, cell, table

    console = Screen()
    while some := list(islice(lines, _ROWS)):
        rows = table(
            tr("When"),
            tr("Customer, account"),
            tr("Ticket, stage"),
            tr("What"),
            tr("Spent, charged"),
            "K",
            tr("Held"),
            tr("Written off"),
            tr("Returned"),
            tr("Price"),
            tr("Key"),
        )
        for line in some:
            row = line.row
            rows.add_row(
                f"{row.at:%Y-%m-%d %H:%M}",
                f"{cell(line.customer)}\n{cell(row.account_id)}",
                f"{cell(line.number)}\n{cell(line.stage)}",
                KINDS[row.kind],
                f"{_clock(row.spent_minutes)}\n{_clock(row.charged_minutes)}"
                if row.kind == "capture"
                else "",
                "" if row.coefficient_milli is None else text(from_milli(row.coefficient_milli)),
                _hours(line.held_mh),
                _hours(line.written_off_mh),
                _hours(line.returned_mh),
                _roubles(line.price_kopecks),
                row.key,
            )
        console.print(rows)
    if not totals.rows:
        console.print(tr("The ledger has no such rows."))
    sentence = tr(
        "Written off: {written_off}; returned: {returned}; price: {price}; held in the end: "
        "{held} (norm-hours, roubles)"
    )
    console.print(
        sentence.format(
            written_off=text(from_milli(totals.written_off_mh)),
            returned=text(from_milli(totals.returned_mh)),
            price=_roubles(totals.price_kopecks),
            held=text(from_milli(totals.open_mh)),
        )
    )


def _csv(lines: Iterator[LedgerLine], _totals: Totals) -> None:
    # UTF-8 on every terminal, because the file is for a spreadsheet.
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(out)
        writer.writerow(_COLUMNS)
        for line in lines:
            writer.writerow(_cells(line))
    finally:
        out.detach()


def _cells(line: LedgerLine) -> list[object]:
    row = line.row
    coefficient = "" if row.coefficient_milli is None else f"{from_milli(row.coefficient_milli):.3f}"
    names = [_cell(name) for name in (row.portal, row.account_id, line.customer, line.number, line.stage)]
    hours = [f"{from_milli(amount):.3f}" for amount in (line.held_mh, line.written_off_mh, line.returned_mh)]
    price = _roubles(line.price_kopecks)
    return [
        f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        *names,
        row.kind,
        row.spent_minutes,
        row.charged_minutes,
        coefficient,
        *hours,
        price,
        row.key,
    ]


def _json(lines: Iterator[LedgerLine], totals: Totals) -> None:
    click.echo('{"rows": [', nl=False)
    for place, line in enumerate(lines):
        click.echo(",\n" if place else "\n", nl=False)
        click.echo(plain.document_line(_document(line)), nl=False)
    sums = {
        "rows": totals.rows,
        "written_off_mh": totals.written_off_mh,
        "returned_mh": totals.returned_mh,
        "price_kopecks": totals.price_kopecks,
        "open_holds_mh": totals.open_mh,
    }
    click.echo(f'\n], "totals": {json.dumps(sums)}}}')


def _document(line: LedgerLine) -> dict[str, Any]:
    row = line.row
    return {
        "at": row.at.isoformat(),
        "portal": row.portal,
        "account": row.account_id,
        "customer": line.customer,
        "ticket": line.number,
        "stage": line.stage,
        "kind": row.kind,
        "spent_minutes": row.spent_minutes,
        "charged_minutes": row.charged_minutes,
        "coefficient_milli": row.coefficient_milli,
        "held_mh": line.held_mh,
        "written_off_mh": line.written_off_mh,
        "returned_mh": line.returned_mh,
        "price_kopecks": line.price_kopecks,
        "key": row.key,
    }


def _cell(name: str) -> str:
    return f"'{plain.line(name)}" if name.startswith(_FORMULA) else plain.line(name)


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


def _hours(amount_mh: int) -> str:
    return text(from_milli(amount_mh)) if amount_mh else ""


def _roubles(kopecks: int | None) -> str:
    return "" if kopecks is None else f"{from_kopecks(kopecks):.2f}"
