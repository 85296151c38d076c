"""What a stage costs: from its agreed estimate and the time logged for it to the lines of its write-off.
Pure.

Source: seed, item 1 (R2: time really spent, or fixed beforehand by the service's terms; R8: K by category).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal

from bridge.domain.billing_kinds import MEANING
from bridge.domain.catalogue import Service
from bridge.domain.hours import Charge, estimated_write_off, to_minutes, write_off
from bridge.domain.tickets import Order, Stage, Ticket, TimeEntry

UNATTENDED = "unattended"
"""Category of the time that an unattended run of an action counts as (docs/adr/0004-unattended-hours.md)."""

TIME = "time"
"""Category of a line for time that the portal logs under none, and for no time at all: a write-off has at
least one line.
"""


class UnknownCategory(ValueError):
    """Time was logged for categories of specialists that the catalogue does not have; `names` are theirs."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        super().__init__(f"the catalogue has no category {', '.join(names)}")


def amount_to_hold(stage: Stage) -> Decimal:
    """Norm-hours that are held for a stage when it starts: its agreed estimate × K."""
    return estimated_write_off(stage.estimate, stage.coefficient)


def price_fault(service: Service, order: Order, ticket: Ticket) -> tuple[Decimal, Decimal] | None:
    """What is agreed and what the service's terms say, in norm-hours before K, where the two do not agree;
    None where they do.
    """
    terms = service.billing_of(order.variant)
    if terms.hours is None:
        return None
    agreed = sum((stage.estimate for stage in ticket.stages), Decimal(0))
    price = terms.hours * order.quantity
    return None if MEANING[terms.kind].fits(agreed, price) else (agreed, price)


def charges(
    service: Service,
    order: Order,
    stage: Stage,
    entries: Iterable[TimeEntry],
    coefficient: Callable[[str], Decimal | None],
    *,
    unattended: bool,
    charged_before: int = 0,
    last: bool = True,
) -> tuple[Charge, ...]:
    """The lines of a stage's write-off.

    Parameters:
        entries: what specialists logged for the stage.
        coefficient: K of a category of specialists, by the name under which the portal logs its time; None
            where there is no such category. Time that the portal logs under no category has the stage's own
            K.
        unattended: whether an action did the stage's work.
        charged_before: minutes that the ticket's earlier stages charged; a minimum counts once a ticket.
        last: whether this is the ticket's last stage.

    Raises:
        UnknownCategory: for time of categories that `coefficient` does not know.
    """
    spent: dict[str, int] = {}
    for entry in entries:
        spent[entry.category] = spent.get(entry.category, 0) + entry.minutes
    own = to_minutes(service.unattended_hours) if unattended else 0
    terms = service.billing_of(order.variant)
    meaning = MEANING[terms.kind]
    if not meaning.by_time:
        return (
            Charge(
                terms.kind.value, sum(spent.values()) + own, to_minutes(stage.estimate), stage.coefficient
            ),
        )
    found = {category: coefficient(category) if category else stage.coefficient for category in sorted(spent)}
    unknown = tuple(category for category, k in found.items() if k is None)
    if unknown:
        raise UnknownCategory(unknown)
    lines = [
        Charge(category or TIME, spent[category], spent[category], k)
        for category, k in found.items()
        if k is not None
    ]
    if own:
        lines.append(Charge(UNATTENDED, own, own, stage.coefficient))
    if last:
        least = to_minutes(meaning.minimum((terms.hours or Decimal(0)) * order.quantity))
        missing = least - charged_before - sum(line.charged_minutes for line in lines)
        if missing > 0:
            lines.append(Charge("minimum", 0, missing, stage.coefficient))
    return tuple(lines) or (Charge(TIME, 0, 0, stage.coefficient),)


def at_most(lines: tuple[Charge, ...], most: Decimal) -> tuple[Charge, ...]:
    """The lines, charged less from the last line on, so that their write-off is at most `most`
    norm-hours.

    The time that was spent stays what it was.
    """
    kept: list[Charge] = []
    for line in lines:
        room = most * 60 - sum((one.charged_minutes * one.coefficient for one in kept), Decimal(0))
        fits = int(room / line.coefficient) if line.coefficient else line.charged_minutes
        kept.append(replace(line, charged_minutes=max(0, min(line.charged_minutes, fits))))
    return tuple(kept) if write_off(lines) > most else lines
