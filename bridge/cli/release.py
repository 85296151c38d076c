"""otbridge release: a ticket on hold goes on."""

from __future__ import annotations

import click

from bridge.cli.common import settings_of, told
from bridge.cli.deciding import desk_of, tell
from bridge.i18n import tr


@click.command("release", help=tr("Let a ticket on hold go on."))
@click.argument("ticket", metavar="TICKET")
@click.option("--reason", default="", help=tr("Why, for the log."))
@click.pass_context
@told
def command(ctx: click.Context, ticket: str, reason: str) -> None:
    with desk_of(settings_of(ctx), ticket) as desk:
        tell(ticket, desk.release(reason), tr("goes on with the next pass"))
