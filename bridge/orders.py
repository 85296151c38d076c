"""Orders: the structured request inside a ticket, checked against the catalogue and the action's parameters.

An order stands in the ticket's form fields: `service` holds the id of a catalogue's service, `param_NAME` a parameter. Free text alone is
never executed.
"""

from __future__ import annotations

from bridge.actions import ACTIONS, OrderInvalid, validate
from bridge.catalogue import Catalogue
from bridge.errors import UserError
from bridge.lifecycle import OrderFault
from bridge.tickets import Order, Ticket

SERVICE_FIELD = "service"
PARAMETER_PREFIX = "param_"
_SOURCE = "поля заявки"


def find_order(ticket: Ticket, catalogue: Catalogue) -> Order | OrderFault | None:
    """The order of a ticket; its faults, told in Russian for the customer; or None when the ticket is free text.

    Raises:
        UserError: the catalogue names an action that the bridge does not have.
    """
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
    if service.action is not None:
        if service.action not in ACTIONS:
            raise UserError(f"the catalogue's service {service.id} names the action {service.action}, which the bridge does not have")
        try:
            validate(ACTIONS[service.action].params, params)
        except OrderInvalid as error:
            return OrderFault(_SOURCE, error.problems)
    return Order(service_id, params, _SOURCE)
