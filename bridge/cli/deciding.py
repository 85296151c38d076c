"""What the commands share that write an operator's decision: finding the ticket, the reason, saying what
came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from bridge import plain
from bridge.cli import words
from bridge.cli.common import fail, find_ticket
from bridge.domain.lifecycle import Reason
from bridge.flow.context import utc_now
from bridge.flow.scope import Exit
from bridge.i18n import tr
from bridge.journal import Decision, Journal, TicketRecord
from bridge.journal.owner import operator_name
from bridge.operators.decisions import DecisionRefused, Desk, Misplaced
from bridge.settings import Settings

LONGEST_REASON = 1000
"""Characters."""


def reason_option(description: str, *, required: bool = True) -> Callable[[Any], Any]:
    """The option --reason; `description` says who reads it."""
    return click.option("--reason", metavar="TEXT", required=required, callback=_reason, help=description)


@contextmanager
def desk_of(ctx: click.Context, settings: Settings, number: str) -> Iterator[Desk]:
    """The desk of the ticket that people call `number`; a decision that is refused within the block ends
    in its sentence and code 1.
    """
    with Journal.open(settings.bridge.journal) as journal:
        record = find_ticket(journal, number)
        try:
            yield Desk(journal, record, deciding_person(ctx), utc_now())
        except Misplaced as error:
            refuse(record, str(error))
        except DecisionRefused as error:
            fail(
                tr("ticket {number}: {detail}").format(number=plain.line(number), detail=error), Exit.OPERATOR
            )


def deciding_person(ctx: click.Context) -> str:
    """Who decides: login@host, with the name that they give themselves."""
    return operator_name(ctx.obj["operator"])


def refuse(record: TicketRecord, why: str) -> NoReturn:
    """End with code 1: the command can't help where the ticket stands; say where that is, and so what
    would help.
    """
    number = plain.line(record.ticket.number)
    reason = Reason.from_json(record.reason) if record.reason else None
    standing = words.status(record.state, reason) + (": " + words.reason(reason, number) if reason else "")
    message = tr("ticket {number}: {detail}").format(number=number, detail=why)
    fail(message + "\n  " + tr("it stands at: {standing}").format(standing=standing), Exit.OPERATOR)


def report(number: str, desk: Desk, decision: Decision | None, then: str) -> None:
    """Say what happens next, or that there is nothing new; and that nothing happens as long as the ticket
    is paused.
    """
    detail = then if decision is not None else tr("there is nothing to change")
    click.echo(tr("ticket {number}: {detail}").format(number=plain.line(number), detail=detail))
    if decision is not None and decision.kind != "pause" and desk.is_paused():
        click.echo(
            tr("it is paused: the next pass does so after otbridge resume {number}").format(
                number=plain.line(number)
            )
        )


def _reason(context: click.Context, option: click.Parameter, given: str | None) -> str:
    if given is None and option.required:
        raise click.MissingParameter(ctx=context, param=option)
    reason = " ".join((given or "").split())
    if option.required and not reason:
        raise click.BadParameter(tr("must not be empty"))
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        raise click.BadParameter(
            tr("write one line of at most {count} characters").format(count=LONGEST_REASON)
        )
    return reason
