"""otbridge retry: an operator's word that the cause is mended."""

from __future__ import annotations

import click

from bridge import plain
from bridge.cli import words
from bridge.cli.common import find_ticket, reports_errors, settings_of
from bridge.cli.deciding import deciding_person, refuse
from bridge.flow.context import utc_now
from bridge.i18n import tr
from bridge.journal import Journal
from bridge.operators.retry import NothingToRetry, retry


@click.command("retry", help=tr("Let a failed ticket go on: the next pass begins what failed anew."))
@click.argument("ticket", metavar="TICKET")
@click.pass_context
@reports_errors
def command(ctx: click.Context, ticket: str) -> None:
    with Journal.open(settings_of(ctx, tokens=False).bridge.journal) as journal:
        record = find_ticket(journal, ticket)
        try:
            again = retry(journal, record, utc_now(), deciding_person(ctx))
        except NothingToRetry as error:
            refuse(record, str(error))
    what = ", ".join(words.effect(kind) for kind in again) or tr("nothing had failed; it is looked at again")
    click.echo(
        tr("ticket {number} goes on with the next pass: {what}").format(
            number=plain.line(record.ticket.number), what=what
        )
    )
