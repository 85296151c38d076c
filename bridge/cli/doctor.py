"""otbridge doctor: each check with ok or fault, and what to do."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace

import click

from bridge import plain
from bridge.cli import technical
from bridge.cli.common import open_moodle, open_portal, reports_errors, settings_of
from bridge.flow.context import utc_now
from bridge.flow.scope import Exit
from bridge.i18n import tr
from bridge.journal import JournalError
from bridge.operators import doctor
from bridge.settings import Settings


@click.command(
    "doctor",
    help=tr("Check the settings, the portal, Moodle and the journal; say what to do. Exit codes as sync."),
)
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON document."))
@click.pass_context
@reports_errors
def command(ctx: click.Context, as_json: bool) -> None:
    settings = settings_of(ctx)
    checks = [*doctor.check_settings(settings), *doctor.check_journal(settings)]
    # What is wrong with the journal, which keeps the books of some portals, has been reported already.
    with suppress(JournalError), open_portal(settings) as portal:
        checks += doctor.check_portal(portal, settings, utc_now())
    if all(check.fault < Exit.CONFIGURATION for check in checks):
        with suppress(JournalError), open_portal(_of_every_category(settings)) as portal:
            checks += doctor.check_tickets(portal, settings)
    for installation in settings.installations:
        with open_moodle(settings, installation) as moodle:
            checks += doctor.check_moodle(installation.name, moodle, settings, utc_now())
    code = max(check.fault for check in checks)
    if as_json:
        document = [
            {"name": one.name, "ok": one.fault is Exit.WELL, "found": one.found, "advice": one.advice}
            for one in checks
        ]
        click.echo(plain.document({"exit": int(code), "checks": document}))
    else:
        _print(checks)
    sys.exit(int(code))


def _of_every_category(settings: Settings) -> Settings:
    return replace(settings, portal=settings.portal.model_copy(update={"category_prefix": ""}))


def _print(checks: list[doctor.Check]) -> None:
    from rich.markup import escape

    from bridge.cli.tables import Screen, table

    rows = table(tr("Check"), "", tr("Found"), tr("What to do"))
    for one in checks:
        good, bad = tr("ok"), tr("FAULT")
        mark = f"[green]{good}[/green]" if one.fault is Exit.WELL else f"[bold red]{bad}[/bold red]"
        rows.add_row(one.name, mark, escape(technical.shown(one.found)), escape(technical.shown(one.advice)))
    Screen().print(rows)
