"""What the commands share that write an operator's decision: finding the ticket, telling what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from bridge.cli.common import fail, find_ticket
from bridge.decisions import DecisionRefused, Desk
from bridge.i18n import tr
from bridge.journal import Decision, Journal
from bridge.owner import operator_name
from bridge.perform import utc_now
from bridge.scope import Exit
from bridge.settings import Settings


@contextmanager
def desk_of(settings: Settings, number: str) -> Iterator[Desk]:
    """The desk of the ticket that people call `number`; a decision that is refused within the block ends in its sentence and code 1."""
    with Journal.open(settings.bridge.journal) as journal:
        record = find_ticket(journal, number)
        try:
            yield Desk(journal, record, operator_name(), utc_now())
        except DecisionRefused as error:
            fail(tr("ticket {number}: {detail}").format(number=number, detail=error), Exit.OPERATOR)


def tell(number: str, decision: Decision | None, then: str) -> None:
    """Say what happens next, or that there is nothing new."""
    detail = then if decision is not None else tr("there is nothing to change")
    click.echo(tr("ticket {number}: {detail}").format(number=number, detail=detail))
