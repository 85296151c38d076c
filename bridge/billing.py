"""What a stage costs: from its agreed estimate and the time logged for it to the lines of its write-off. Pure.

Source: seed, item 1 (R2: time really spent, or fixed beforehand by the service's terms; R8: K by category).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bridge.catalogue import BillingKind, Service
from bridge.hours import Charge, estimate_taken, to_minutes
from bridge.tickets import Stage, Ticket, TimeEntry

UNATTENDED = "unattended"
"""Category of the time that an unattended run of an action counts as (docs/adr/0004-unattended-hours.md)."""


def amount_to_hold(stage: Stage) -> Decimal:
    """Norm-hours that are held for a stage when it starts: its agreed estimate × K."""
    return estimate_taken(stage.estimate, stage.coefficient)


def stage_entries(ticket: Ticket, stage: Stage) -> tuple[TimeEntry, ...]:
    """Time entries that belong to a stage; those without a stage belong to the only stage there is."""
    alone = len(ticket.stages) == 1
    return tuple(entry for entry in ticket.time_entries if entry.stage_id == stage.id or (entry.stage_id is None and alone))


def charges(service: Service, stage: Stage, entries: Iterable[TimeEntry], *, unattended: bool) -> tuple[Charge, ...]:
    """The lines of a stage's write-off.

    Parameters:
        entries: what specialists logged for the stage.
        unattended: whether an action did the stage's work.
    """
    spent: dict[str, int] = {}
    for entry in entries:
        spent[entry.category] = spent.get(entry.category, 0) + entry.minutes
    if unattended and service.unattended_hours:
        spent[UNATTENDED] = spent.get(UNATTENDED, 0) + to_minutes(service.unattended_hours)
    coefficient = stage.coefficient
    kind = service.billing.kind
    if kind in (BillingKind.FIXED, BillingKind.AGREED):
        total = sum(spent.values())
        return (Charge(kind.value, total, to_minutes(stage.estimate), coefficient),)
    lines = tuple(Charge(category, minutes, minutes, coefficient) for category, minutes in sorted(spent.items()))
    least = to_minutes(service.billing.hours) if service.billing.hours is not None else 0
    missing = least - sum(spent.values())
    return (*lines, Charge("minimum", 0, missing, coefficient)) if missing > 0 else lines
