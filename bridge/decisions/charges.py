"""The lines of a corrected write-off: an operator's hours, an operator's minutes by category, or the time entries counted again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bridge import billing
from bridge.catalogue import Catalogue
from bridge.decisions.desk import DecisionRefused
from bridge.decisions.standing import Standing, assigned
from bridge.hours import Charge, estimate_taken, hours_taken, to_minutes
from bridge.i18n import tr
from bridge.lifecycle import Kind
from bridge.orders import find_order
from bridge.tickets import Stage, Ticket

CORRECTION = "correction"
"""Category of a line whose hours an operator named."""


def by_hours(stage: Stage, hours: Decimal, before: tuple[Charge, ...]) -> tuple[Charge, ...]:
    """One line of `hours` norm-hours at the stage's K; the time that was really spent stays what it was.

    Parameters:
        before: the lines that are written off now.

    Raises:
        InexactHours: the hours are no whole number of minutes.
    """
    if estimate_taken(hours, stage.coefficient) == hours_taken(before):
        return before
    return (Charge(CORRECTION, sum(line.spent_minutes for line in before), to_minutes(hours), stage.coefficient),)


def by_minutes(catalogue: Catalogue, minutes: Mapping[str, int]) -> tuple[Charge, ...]:
    """One line a category, at the K of each.

    Raises:
        DecisionRefused: a category is not one of the catalogue's.
    """
    lines = []
    for name, spent in sorted(minutes.items()):
        category = catalogue.category(name)
        if category is None:
            known = ", ".join(one.name for one in catalogue.categories)
            raise DecisionRefused(tr("the catalogue has no category “{name}”; it has: {known}").format(name=name, known=known))
        lines.append(Charge(category.name, spent, spent, category.coefficient))
    return tuple(lines)


def recounted(standing: Standing, stage: Stage, ticket: Ticket, catalogue: Catalogue) -> tuple[Charge, ...]:
    """The lines that the ticket's time entries make as they are now, under the service that the stage was worked on.

    Parameters:
        ticket: as the portal tells it now.

    Raises:
        DecisionRefused: nothing is written off for the stage, or its service is no longer known.
    """
    capture = standing.captured(stage)
    if capture is None:
        raise DecisionRefused(tr("nothing is written off for stage “{stage}”").format(stage=stage.title))
    history = standing.history
    plan = history.done(Kind.PLAN, stage.id, capture.revision)
    order = find_order(standing.record.ticket, catalogue, assigned=assigned(standing.decisions), files=standing.files)
    service_id = plan.request["order"]["service"] if plan is not None else getattr(order, "service", "")
    service = catalogue.get(service_id)
    if service is None:
        raise DecisionRefused(tr("the catalogue has no service “{service}”: name the hours").format(service=service_id))
    unattended = history.done(Kind.OPERATION, stage.id, capture.revision) is not None
    return billing.charges(service, stage, billing.stage_entries(ticket, stage), unattended=unattended)
