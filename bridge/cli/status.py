"""otbridge status: the tickets and where each stands, from the journal alone."""

from __future__ import annotations

import json

import click

from bridge import plain
from bridge.cli import words
from bridge.cli.common import reports_errors, settings_of
from bridge.domain.lifecycle import Reason, Status
from bridge.i18n import tr
from bridge.journal import Journal


@click.command("status", help=tr("Show the tickets and where each stands, from the journal alone."))
@click.option("--state", metavar="STATUS", help=tr("Only tickets in this status, for example failed."))
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON document."))
@click.pass_context
@reports_errors
def command(ctx: click.Context, state: str | None, as_json: bool) -> None:
    with (
        Journal.open(settings_of(ctx, tokens=False).bridge.journal) as journal,
        journal.transaction(read_only=True) as unit,
    ):
        records, faults, opened = (
            unit.tickets.all(state=state),
            unit.polling.faults(),
            unit.effects.open(unless=(Status.DONE, Status.WITHDRAWN)),
        )
    if as_json:
        document = {
            "tickets": [
                {
                    "number": one.ticket.number,
                    "subject": one.ticket.subject,
                    "customer": one.ticket.customer_name,
                    "status": one.state,
                    "reason": json.loads(one.reason) if one.reason else None,
                    "queued_at": one.ticket.queued_at.isoformat(),
                }
                for one in records
            ],
            "faults": [
                {"ref": one.ref, "problems": one.problems, "since": one.first_seen.isoformat()}
                for one in faults
            ],
            "open_effects": [
                {
                    "key": one.key,
                    "ticket_id": one.ticket_id,
                    "kind": one.kind,
                    "attempts": one.attempts,
                    "error": one.error,
                }
                for one in opened
            ],
        }
        click.echo(plain.document(document))
        return
    from bridge.cli.tables import Screen, cell, fault, standing, table

    rows = table(tr("Ticket"), tr("Subject"), tr("Customer"), tr("Where it stands"), tr("In the queue since"))
    for one in records:
        where = standing(one.state, Reason.from_json(one.reason) if one.reason else None, one.ticket.number)
        rows.add_row(
            cell(one.ticket.number),
            cell(one.ticket.subject),
            cell(one.ticket.customer_name),
            where,
            f"{one.ticket.queued_at:%Y-%m-%d %H:%M}",
        )
    console = Screen()
    console.print(rows if records else tr("The journal has no such tickets."))
    for unread in faults:
        console.print(
            fault(tr("A ticket cannot be read"), plain.line(f"{unread.ref}: {'; '.join(unread.problems)}"))
        )
    for effect in opened:
        console.print(
            fault(
                tr("Outcome not known yet"),
                f"{words.effect(effect.kind)}, {effect.key}: {effect.error or '–'}",
            )
        )
