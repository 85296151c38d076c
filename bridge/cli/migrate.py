"""otbridge migrate: the journal's schema."""

from __future__ import annotations

import click

from bridge.cli.common import reports_errors, settings_of
from bridge.i18n import tr
from bridge.journal import migrate


@click.command("migrate", help=tr("Bring the journal's schema up to date; does nothing where it is."))
@click.pass_context
@reports_errors
def command(ctx: click.Context) -> None:
    applied = migrate(settings_of(ctx, tokens=False).bridge.journal)
    for revision in applied:
        click.echo(tr("applied {revision}").format(revision=revision))
    if not applied:
        click.echo(tr("The journal is up to date."))
