"""otbridge accounts: what each customer has left, and how long it lasts."""

from __future__ import annotations

import sys
from typing import Any

import click

from bridge import plain
from bridge.cli.common import open_portal, reports_errors, settings_of
from bridge.domain.hours import text, to_kopecks, to_milli
from bridge.flow.context import utc_now
from bridge.flow.scope import Exit
from bridge.i18n import tr
from bridge.journal import Journal
from bridge.operators.statement.accounts import Standing, standings
from bridge.operators.statement.document import outlook
from bridge.portal import PortalForbidden, PortalUnauthorized

VERSION = 1


@click.command(
    "accounts",
    help=tr(
        "Show what each account was granted, what was written off, is held and available, and how long "
        "that lasts at the pace of the last 90 days."
    ),
)
@click.option("--low", is_flag=True, help=tr("Only those below the thresholds of [statement]."))
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON document."))
@click.pass_context
@reports_errors
def command(ctx: click.Context, low: bool, as_json: bool) -> None:
    settings = settings_of(ctx)
    with Journal.open(settings.bridge.journal) as journal, open_portal(settings, journal) as portal:
        found = list(standings(journal, portal, settings, utc_now))
    shown = [one for one in found if one.is_low or one.error is not None or not low]
    if as_json:
        click.echo(plain.document({"version": VERSION, "accounts": [_document(one) for one in shown]}))
    else:
        _print(shown, low=low)
    sys.exit(int(max((_exit(one) for one in found), default=Exit.WELL)))


def _exit(one: Standing) -> Exit:
    if one.error is None:
        return Exit.WELL
    refused = isinstance(one.error, (PortalUnauthorized, PortalForbidden))
    return Exit.CONFIGURATION if refused else Exit.UNREACHABLE


def _print(shown: list[Standing], *, low: bool) -> None:
    from bridge.cli.tables import Screen, cell, fault, table

    console = Screen()
    rows = table(
        tr("Account"),
        tr("Customer"),
        tr("Granted"),
        tr("Written off"),
        tr("Held"),
        tr("Available"),
        tr("A day"),
        tr("Days left"),
    )
    for one in shown:
        if one.account is None or one.forecast is None:
            continue
        account, ahead = one.account, one.forecast
        left = "–" if ahead.days_left is None else f"{ahead.days_left} ({ahead.ends_on})"
        rows.add_row(
            cell(one.account_id),
            cell(one.customer),
            text(account.granted),
            text(account.written_off),
            text(account.held),
            f"[bold red]{text(account.available)}[/bold red]" if one.is_low else text(account.available),
            text(ahead.pace),
            left,
        )
    if rows.row_count:
        console.print(rows)
    elif not shown:
        console.print(tr("No account is low.") if low else tr("The journal knows no account yet."))
    for one in shown:
        if one.error is not None:
            console.print(fault(tr("An account cannot be read"), f"{one.account_id}: {one.error}"))


def _document(one: Standing) -> dict[str, Any]:
    account = one.account
    return {
        "account": one.account_id,
        "customer": one.customer,
        "error": None if one.error is None else str(one.error),
        "low": one.is_low,
        "granted_mh": None if account is None else to_milli(account.granted),
        "written_off_mh": None if account is None else to_milli(account.written_off),
        "held_mh": None if account is None else to_milli(account.held),
        "available_mh": None if account is None else to_milli(account.available),
        "hour_price_kopecks": (
            None if account is None or account.hour_price is None else to_kopecks(account.hour_price)
        ),
        "forecast": None if one.forecast is None else outlook(one.forecast),
    }
