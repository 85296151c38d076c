"""Orders: the structured request inside a ticket, checked against the catalogue and the action's parameters.

An order stands in the ticket's form fields: `service` holds the id of a catalogue's service, `param_NAME` a parameter. Free text alone is
never executed.
"""

from __future__ import annotations

from bridge.actions import ACTIONS, OrderInvalid, validate
from bridge.catalogue import Catalogue
from typing import Any
from bridge.lifecycle import OrderFault
from bridge.tickets import Order, Ticket

SERVICE_FIELD = "service"
PARAMETER_PREFIX = "param_"
_SOURCE = "поля заявки"


def find_order(
    ticket: Ticket, catalogue: Catalogue, *, assigned: Any = None, files: Any = None, unattended: Any = lambda _: True
) -> Order | OrderFault | None:
    service_id = ticket.fields.get(SERVICE_FIELD, "").strip()
    if not service_id:
        return None
    service = catalogue.get(service_id)
    if service is None:
        return OrderFault(_SOURCE, (f"{SERVICE_FIELD}: услуги «{service_id}» нет в каталоге",))
    params = {
        name.removeprefix(PARAMETER_PREFIX): value
        for name, value in ticket.fields.items()
        if name.startswith(PARAMETER_PREFIX) and value.strip()
    }
    action = next((name for name in service.actions if name in ACTIONS), None)
    if action is not None and unattended(service):
        try:
            validate(ACTIONS[action].params, params)
        except OrderInvalid as error:
            return OrderFault(_SOURCE, error.problems)
    return Order(service_id, params, _SOURCE, action=action)


def order_attachments(ticket: Ticket) -> tuple[Any, ...]:
    return ()
