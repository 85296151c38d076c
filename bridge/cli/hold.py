"""otbridge hold: the bridge does nothing for a ticket until it is released."""

from __future__ import annotations

import click

from bridge.cli.common import settings_of, told
from bridge.cli.deciding import desk_of, reason_option, tell
from bridge.i18n import tr


@click.command("hold", help=tr("Let the bridge do nothing for a ticket until it is released."))
@click.argument("ticket", metavar="TICKET")
@reason_option(tr("Why; kept in the journal. The customer does not read it."))
@click.pass_context
@told
def command(ctx: click.Context, ticket: str, reason: str) -> None:
    with desk_of(ctx, settings_of(ctx, tokens=False), ticket) as desk:
        tell(ticket, desk, desk.hold(reason), tr("is on hold; it goes on with: otbridge release"))
