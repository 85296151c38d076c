"""otbridge statement: what a customer's hours were taken for in a period, as a file to send."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from bridge import plain
from bridge.cli.common import fail, open_portal, reports_errors, settings_of
from bridge.cli.ledger import KINDS
from bridge.cli.usage import Fault
from bridge.domain.hours import from_milli, text
from bridge.domain.statement import Period, Statement
from bridge.errors import UserError
from bridge.flow.context import utc_now
from bridge.flow.scope import Exit
from bridge.i18n import tr
from bridge.journal import Journal
from bridge.operators.statement import labels
from bridge.operators.statement.gather import LedgersDiffer, NoStatement, gather
from bridge.operators.statement.labels import Parties
from bridge.operators.statement.pdf import NoPdf, missing
from bridge.portal import PortalForbidden, PortalNotFound, PortalUnauthorized
from bridge.settings import Settings

_FORMS = {"html": "jinja2", "pdf": "weasyprint", "xlsx": "xlsxwriter", "csv": "csv"}
"""The forms, and the module without which each cannot be made."""

_LIBRARIES = {"weasyprint": "WeasyPrint", "xlsxwriter": "XlsxWriter"}
_TEXTS = ("html", "csv")
_STDOUT = "-"


@click.command(
    "statement",
    help=tr(
        "Write the statement of an account for a month or a period: a page (html), a PDF, a workbook "
        "(xlsx) or a table (csv). There is none as long as the ledgers differ."
    ),
)
@click.option("--account", metavar="ID", required=True, help=tr("The account of the portal."))
@click.option("--month", metavar="MONTH", help=tr("A month (YYYY-MM)."))
@click.option("--from", "first", metavar="DATE", help=tr("From this day on (YYYY-MM-DD)."))
@click.option("--to", "last", metavar="DATE", help=tr("Up to the end of this day (YYYY-MM-DD)."))
@click.option("--format", "form", metavar="FORM", help=tr("html, pdf, xlsx or csv; else the file's ending."))
@click.option("--output", metavar="FILE", help=tr("The file; - for the terminal (html and csv)."))
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON document."))
@click.pass_context
@reports_errors
def command(
    ctx: click.Context,
    account: str,
    month: str | None,
    first: str | None,
    last: str | None,
    form: str | None,
    output: str | None,
    as_json: bool,
) -> None:
    form = _form(form, output, as_json=as_json)
    settings = settings_of(ctx)
    period = _period(month, first, last, settings.bridge.zone)
    if period.begin > utc_now():
        raise UserError(tr("the period has not begun yet"))
    with Journal.open(settings.bridge.journal) as journal, open_portal(settings, journal) as portal:
        try:
            found = gather(journal, portal, settings.catalogue, account, period, utc_now)
        except PortalNotFound:
            fail(tr("the portal has no account {account}").format(account=account), Exit.OPERATOR)
        except LedgersDiffer as error:
            fail(_differing(error), Exit.OPERATOR)
        except NoStatement as error:
            fail(str(error), Exit.OPERATOR)
        except (PortalUnauthorized, PortalForbidden) as error:
            fail(str(error), Exit.CONFIGURATION)
    parties = Parties.of(settings.statement, account, found.customer)
    if form is not None and output is not None:
        try:
            content = _render(form, found.statement, parties, settings)
        except NoPdf as error:
            fail(str(error), Exit.CONFIGURATION)
        _write(output, content)
    if as_json:
        from bridge.operators.statement.document import document

        click.echo(plain.document(document(found.statement, parties)))
    elif output != _STDOUT:
        click.echo(_summary(found.statement, str(output)))


def _form(form: str | None, output: str | None, *, as_json: bool) -> str | None:
    """The form of the file; None where no file is asked for."""
    if output is None:
        if form is not None or not as_json:
            raise Fault(tr("say where to: --output FILE, for example --output statement.pdf; or --json"))
        return None
    known = ", ".join(_FORMS)
    found = (form or ("" if output == _STDOUT else Path(output).suffix[1:])).lower()
    if found not in _FORMS:
        if form is not None:
            raise Fault(tr("“{given}” is not one of {known}").format(given=plain.line(form), known=known))
        raise Fault(tr("the file's ending tells no form: --format is one of {known}").format(known=known))
    if output == _STDOUT and found not in _TEXTS:
        raise Fault(tr("{form} is not a text for the terminal: --output FILE").format(form=found))
    if output == _STDOUT and as_json:
        raise Fault(tr("--json and --output - exclude each other"))
    if find_spec(_FORMS[found]) is None:
        fail(missing(_LIBRARIES[_FORMS[found]]), Exit.CONFIGURATION)
    return found


def _period(month: str | None, first: str | None, last: str | None, zone: ZoneInfo) -> Period:
    if (month is None) == (first is None and last is None) or (first is None) != (last is None):
        raise Fault(tr("name the period: --month YYYY-MM, or --from DATE and --to DATE"))
    if month is not None:
        named = re.fullmatch(r"(\d{4})-(\d\d)", month, re.ASCII)
        year, number = (int(part) for part in named.groups()) if named else (0, 0)
        if not (_EARLIEST <= year <= _LATEST and 1 <= number <= 12):
            raise UserError(tr("--month: “{given}” is not a month, write YYYY-MM").format(given=month))
        return Period.month(year, number, zone)
    begun, ended = _day("--from", first or ""), _day("--to", last or "")
    if begun > ended:
        raise UserError(tr("--from is after --to"))
    return Period(begun, ended, zone)


_EARLIEST, _LATEST = 1970, 9998
"""Years whose days have a midnight in every time zone."""


def _day(option: str, given: str) -> date:
    try:
        found = date.fromisoformat(given)
    except ValueError:
        found = date.min
    if not _EARLIEST <= found.year <= _LATEST:
        raise UserError(
            tr("{option}: “{given}” is not a day, write YYYY-MM-DD").format(option=option, given=given)
        )
    return found


def _render(form: str, statement: Statement, parties: Parties, settings: Settings) -> bytes:
    if form == "xlsx":
        from bridge.operators.statement import sheet

        return sheet.render(statement, parties)
    if form == "csv":
        from bridge.operators.statement import table

        return table.render(statement)
    from bridge.operators.statement import page, pdf

    html = page.render(statement, parties, settings.bridge.templates)
    return html.encode() if form == "html" else pdf.render(html, settings.bridge.templates)


def _write(output: str, content: bytes) -> None:
    """Write the file whole or not at all."""
    if output == _STDOUT:
        # UTF-8 whatever the terminal speaks: the file is for a browser or a spreadsheet.
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    if not path.parent.is_dir():
        raise UserError(tr("{path} is not a directory").format(path=path.parent))
    mode = 0o666 & ~_umask()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _summary(statement: Statement, output: str) -> str:
    return tr(
        "{file}: {period}; written off {written_off} norm-hours, returned {returned}, {roubles} roubles; "
        "balance {opening} to {closing}, held {held}"
    ).format(
        file=plain.line(output),
        period=f"{statement.period.first} – {statement.period.last}",
        written_off=text(statement.written_off),
        returned=text(statement.returned),
        roubles=labels.NOTHING if statement.roubles is None else f"{statement.roubles:.2f}",
        opening=text(statement.opening),
        closing=text(statement.closing),
        held=text(statement.held),
    )


def _differing(error: LedgersDiffer) -> str:
    """Why there is no statement, with the rows that differ."""
    from bridge.cli.reconcile import DIFFERENCES

    lines = [
        tr(
            "no statement for account {account}: the ledgers differ; otbridge reconcile --account {account} "
            "says what mends it"
        ).format(account=error.account_id)
    ]
    for one in error.differences:
        if one.entry is None:
            said, made = (text(from_milli(int(amount))) for amount in one.members)
            lines.append(DIFFERENCES[one.kind].format(name=one.key, told=said, made=made))
            continue
        pairs = [f"{name}: {getattr(one.here, name)} ≠ {getattr(one.there, name)}" for name in one.members]
        number = error.numbers.get(one.entry.ticket_id, one.entry.ticket_id)
        kind = KINDS.get(one.entry.kind, one.entry.kind)
        amount = text(from_milli(one.entry.amount_mh))
        what = DIFFERENCES[one.kind].format(members="; ".join(pairs))
        lines.append(f"{number}, {kind}, {amount}, {one.key}: {what}")
    return "\n  - ".join([*lines, *error.problems])
