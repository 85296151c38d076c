"""otbridge withdraw: a ticket is withdrawn in the customer's stead."""

from __future__ import annotations

import click

from bridge.cli.common import reports_errors, settings_of
from bridge.cli.deciding import desk_of, reason_option, report
from bridge.i18n import tr


@click.command("withdraw", help=tr("Withdraw a ticket in the customer's stead; this cannot be taken back."))
@click.argument("ticket", metavar="TICKET")
@reason_option(tr("Why; the customer reads it."))
@click.pass_context
@reports_errors
def command(ctx: click.Context, ticket: str, reason: str) -> None:
    with desk_of(ctx, settings_of(ctx, tokens=False), ticket) as desk:
        report(
            ticket,
            desk,
            desk.withdraw(reason),
            tr("is withdrawn; the next pass writes off what was accepted and returns all other hours"),
        )
