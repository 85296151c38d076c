"""otbridge show: one ticket, from the journal alone."""

from __future__ import annotations

import json

import click

from bridge import plain
from bridge.cli import technical, words
from bridge.cli.common import find_ticket, reports_errors, settings_of
from bridge.domain.lifecycle import Reason
from bridge.i18n import tr
from bridge.journal import Journal


@click.command("show", help=tr("Show one ticket: its stages, effects and log."))
@click.argument("ticket", metavar="TICKET")
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON document."))
@click.pass_context
@reports_errors
def command(ctx: click.Context, ticket: str, as_json: bool) -> None:
    with Journal.open(settings_of(ctx, tokens=False).bridge.journal) as journal:
        record = find_ticket(journal, ticket)
        with journal.transaction(read_only=True) as unit:
            effects = unit.effects.of(record.portal, record.ticket.id)
            rows = unit.ledger.rows(portal=record.portal, ticket_id=record.ticket.id)
    one = record.ticket
    if as_json:
        document = {
            "number": one.number,
            "subject": one.subject,
            "status": record.state,
            "reason": json.loads(record.reason) if record.reason else None,
            "stages": [
                {
                    "id": stage.id,
                    "title": stage.title,
                    "state": stage.state,
                    "revision": record.revisions.get(stage.id, 1),
                }
                for stage in one.stages
            ],
            "effects": [
                {
                    "key": effect.key,
                    "kind": effect.kind,
                    "stage_id": effect.stage_id,
                    "revision": effect.revision,
                    "state": effect.state,
                    "request": effect.request,
                    "outcome": effect.outcome,
                    "attempts": effect.attempts,
                    "error": effect.error,
                }
                for effect in effects
            ],
            "ledger": [
                {
                    "kind": row.kind,
                    "key": row.key,
                    "amount_mh": row.amount_mh,
                    "price_kopecks": row.price_kopecks,
                    "at": row.at.isoformat(),
                }
                for row in rows
            ],
        }
        click.echo(plain.document(document))
        return
    from rich.markup import escape

    from bridge.cli.tables import Screen, cell, table

    console = Screen()
    console.print(f"[bold]{cell(one.number)}[/bold] {cell(one.subject)} – {cell(one.customer_name)}")
    reason = Reason.from_json(record.reason) if record.reason else None
    why = escape(words.reason(reason, one.number)) if reason else ""
    console.print(f"[bold]{words.status(record.state, reason)}[/bold]: {why}")
    listed = table(tr("When"), tr("What"), tr("Stage"), tr("Attempt"), tr("State"), tr("Outcome"))
    titles = {stage.id: stage.title for stage in one.stages}
    for effect in effects:
        outcome = (
            words.evidence(effect.outcome)
            if effect.outcome and effect.kind == "operation" and effect.state == "done"
            else ""
        )
        outcome = (
            outcome
            or (effect.outcome or {}).get("detail", "")
            or effect.error
            or (effect.outcome or {}).get("amount", "")
        )
        listed.add_row(
            f"{effect.settled_at or effect.created_at:%Y-%m-%d %H:%M:%S}",
            cell(words.effect(effect.kind)),
            cell(titles.get(effect.stage_id, "")),
            str(effect.revision or ""),
            words.STATES[effect.state.value],
            escape(plain.lines(technical.shown(str(outcome)))),
        )
    console.print(listed)
