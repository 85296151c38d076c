"""The lines of a corrected write-off: an operator's hours, an operator's minutes by category, or the time
entries counted again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from bridge.domain import billing, lifecycle
from bridge.domain.catalogue import Catalogue
from bridge.domain.hours import Charge, estimated_write_off, to_minutes, write_off
from bridge.domain.tickets import Stage, Ticket
from bridge.i18n import tr
from bridge.operators.decisions.desk import DecisionRefused
from bridge.operators.decisions.standing import Standing

CORRECTION = "correction"
"""Category of a line whose hours an operator named."""


def by_hours(stage: Stage, hours: Decimal, before: tuple[Charge, ...]) -> tuple[Charge, ...]:
    """One line of `hours` norm-hours at the stage's K; the time that was really spent stays what it was.

    Parameters:
        before: the lines that were written off last.

    Raises:
        InexactHours: the hours are not a whole number of minutes.
    """
    if estimated_write_off(hours, stage.coefficient) == write_off(before):
        return before
    return (
        Charge(CORRECTION, sum(line.spent_minutes for line in before), to_minutes(hours), stage.coefficient),
    )


def by_minutes(catalogue: Catalogue, minutes: Mapping[str, int]) -> tuple[Charge, ...]:
    """One line a category, at the K of each, under the name given: names and aliases alike are what the
    portal logs time under.

    Raises:
        DecisionRefused: a category is not one of the catalogue's.
    """
    lines = []
    for name, spent in sorted(minutes.items()):
        category = catalogue.category(name)
        if category is None:
            known = ", ".join(one.name for one in catalogue.categories)
            raise DecisionRefused(
                tr("the catalogue has no category “{name}”; it has: {known}").format(name=name, known=known)
            )
        lines.append(Charge(name, spent, spent, category.coefficient))
    return tuple(lines)


def recounted(standing: Standing, stage: Stage, ticket: Ticket, catalogue: Catalogue) -> tuple[Charge, ...]:
    """The lines that the ticket's time entries make as they are now, under the service that the stage was
    worked on.

    Parameters:
        ticket: as the portal has it now.

    Raises:
        DecisionRefused: nothing was ever written off for the stage, or its service is no longer known.
    """
    if standing.last_write_off(stage) is None:
        raise DecisionRefused(tr("nothing was written off for stage “{stage}”").format(stage=stage.title))
    work = replace(standing, ticket=ticket)
    attempt = replace(work.attempt(stage), stage=stage)
    service = lifecycle.service_of(catalogue, attempt.order)
    if service is None:
        raise DecisionRefused(
            tr("the catalogue has no service “{service}”: name the hours").format(
                service=attempt.order.service
            )
        )
    try:
        return lifecycle.recounted(work, attempt, service, catalogue)
    except billing.UnknownCategory as error:
        raise DecisionRefused(str(error)) from error
