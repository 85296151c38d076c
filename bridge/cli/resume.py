"""otbridge resume: a paused ticket goes on."""

from __future__ import annotations

import click

from bridge.cli.common import reports_errors, settings_of
from bridge.cli.deciding import desk_of, reason_option, report
from bridge.i18n import tr


@click.command("resume", help=tr("Let a paused ticket go on."))
@click.argument("ticket", metavar="TICKET")
@reason_option(tr("Why; kept in the journal. The customer does not read it."), required=False)
@click.pass_context
@reports_errors
def command(ctx: click.Context, ticket: str, reason: str) -> None:
    with desk_of(ctx, settings_of(ctx, tokens=False), ticket) as desk:
        report(ticket, desk, desk.resume(reason), tr("goes on with the next pass"))
