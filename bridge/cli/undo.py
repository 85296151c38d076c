"""otbridge undo: what the bridge made for a stage is taken back."""

from __future__ import annotations

import click

from bridge.cli.common import reports_errors, settings_of
from bridge.cli.deciding import desk_of, reason_option, report
from bridge.i18n import tr


@click.command("undo", help=tr("Take back what the bridge made for a stage, as long as it is not accepted."))
@click.argument("ticket", metavar="TICKET")
@click.option(
    "--stage", metavar="STAGE", help=tr("The stage: its number or its title; needed where there are several.")
)
@reason_option(tr("Why; kept in the journal. The customer does not read it."))
@click.pass_context
@reports_errors
def command(ctx: click.Context, ticket: str, stage: str | None, reason: str) -> None:
    with desk_of(ctx, settings_of(ctx, tokens=False), ticket) as desk:
        report(ticket, desk, desk.undo(stage, reason), tr("the next pass takes back what was made"))
