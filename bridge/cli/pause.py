"""otbridge pause: the bridge does nothing for a ticket until it is resumed."""

from __future__ import annotations

import click

from bridge.cli.common import reports_errors, settings_of
from bridge.cli.deciding import desk_of, reason_option, report
from bridge.i18n import tr


@click.command("pause", help=tr("Let the bridge do nothing for a ticket until it is resumed."))
@click.argument("ticket", metavar="TICKET")
@reason_option(tr("Why; kept in the journal. The customer does not read it."))
@click.pass_context
@reports_errors
def command(ctx: click.Context, ticket: str, reason: str) -> None:
    with desk_of(ctx, settings_of(ctx, tokens=False), ticket) as desk:
        report(ticket, desk, desk.pause(reason), tr("is paused; it goes on with: otbridge resume"))
