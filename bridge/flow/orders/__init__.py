"""The order inside a ticket: assigned by an operator, or from the form's fields, or from an attached file.
Pure; docs/orders.md.

Free text is never executed. What comes from outside is believed only as far as the catalogue and the action's
parameters let it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from bridge.domain.catalogue import Catalogue, Handling, Service
from bridge.domain.lifecycle import OrderFault
from bridge.domain.tickets import Order, Ticket
from bridge.flow.orders.draft import ASSIGNED, Draft, check
from bridge.flow.orders.files import (
    LARGEST_FILE,
    decode,
    order_attachments,
    read_file,
    read_params,
    source_of,
)

__all__ = [
    "LARGEST_FILE",
    "Draft",
    "allowed_unattended",
    "check",
    "decode",
    "find_order",
    "order_attachments",
    "read_params",
]

FIELDS = "поля заявки"
_NO_FILES: Mapping[str, str] = {}


def find_order(
    ticket: Ticket,
    catalogue: Catalogue,
    *,
    assigned: Mapping[str, Any] | None = None,
    files: Mapping[str, str] = _NO_FILES,
    unattended: Callable[[Service], bool] = lambda service: service.handling is Handling.AUTO,
) -> Order | OrderFault | None:
    """The order of a ticket; its faults, in Russian for the customer; or None when the ticket is free
    text.

    Parameters:
        assigned: the document of the operator's last `assign`; it wins over everything.
        files: contents of the ticket's order files (`decode`), by attachment id. A ticket whose order file is
            not among them has no order yet, even if its fields name one.
        unattended: whether the site lets a service run unattended; only then are parameters checked
            against the action's, for a person understands more than a program.
    """
    if assigned is not None:
        return check(Draft.of_document(assigned), ASSIGNED, catalogue, unattended)
    attached = order_attachments(ticket)
    in_fields = Draft.of_fields(ticket.fields)
    if not attached:
        return None if in_fields is None else check(in_fields, FIELDS, catalogue, unattended)
    newest = attached[-1]
    if in_fields is not None:
        return OrderFault(
            "заявка",
            (f"заказ дан дважды, в полях заявки и в приложении ({source_of(newest)}): оставьте один",),
        )
    if newest.size <= LARGEST_FILE and newest.id not in files:
        return None
    draft = read_file(newest, files.get(newest.id, ""))
    return draft if isinstance(draft, OrderFault) else check(draft, source_of(newest), catalogue, unattended)


def allowed_unattended(services: Collection[str]) -> Callable[[Service], bool]:
    """Whether a site's policy, which names these services by id, lets a service run unattended: also an
    assisted one, for then its operators hold that what an order names is all there is to do. A ticket of
    several stages is worked on by hand all the same (bridge/flow/case.py)."""
    return lambda service: service.handling is not Handling.MANUAL and service.id in services
