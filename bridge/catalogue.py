"""Services of the vendor and their billing rules, as read from a catalogue file (config/catalogue.toml by default).

Source: the seed's items 2 to 5; a service's id is its row there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from bridge.errors import UserError
from bridge.hours import InexactHours, exact, to_milli, to_minutes


class BillingKind(StrEnum):
    """How the norm-hours of a service are found (R2): fixed beforehand, or what was really spent."""

    FIXED = "fixed"
    ACTUAL = "actual"
    FROM = "from"
    RANGE = "range"
    AGREED = "agreed"


class Handling(StrEnum):
    """Who does the work: an action, an action and a specialist, a specialist."""

    AUTO = "auto"
    ASSISTED = "assisted"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Billing:
    """Billing rule of a service. `hours` is the price, the minimum or the range's start; `most` the range's end."""

    kind: BillingKind
    hours: Decimal | None = None
    most: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A specialist's category and its K."""

    id: str
    name: str
    coefficient: Decimal
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant of a service, with its own price in norm-hours."""

    id: str
    name: str
    hours: Decimal


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the catalogue.

    Attributes:
        id: the row's id, "2.9.1-restore".
        name: what the customer reads, Russian.
        item: item of the vendor's service regulation, "" where it has none.
        coefficient: K.
        action: name of the action that carries an order out, None for manual services.
        unattended_hours: what one unattended run counts as time spent.
    """

    id: str
    name: str
    item: str
    billing: Billing
    coefficient: Decimal
    handling: Handling
    action: str | None
    unattended_hours: Decimal
    actions: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()


class Catalogue:
    """The services by id."""

    def __init__(self, services: Mapping[str, Service], categories: tuple[Category, ...] = ()) -> None:
        self._services = dict(services)
        self.categories = categories

    def category(self, name: str) -> Category | None:
        """The category of this id or name, None when the catalogue has none."""
        for one in self.categories:
            if name.strip().lower() in (one.id, one.name.lower()):
                return one
        return None

    def __iter__(self) -> Iterator[Service]:
        return iter(self._services.values())

    def __len__(self) -> int:
        return len(self._services)

    def get(self, service_id: str) -> Service | None:
        """The service of this id, None when the catalogue has none."""
        return self._services.get(service_id)

    @classmethod
    def parse(cls, text: str, source: str) -> Catalogue:
        """Read a catalogue from TOML.

        Parameters:
            source: the file's name, for messages.

        Raises:
            UserError: with every fault, each naming the service and the key.
        """
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UserError(f"{source}: is no TOML", [str(error)]) from error
        problems: list[str] = []
        services: dict[str, Service] = {}
        unknown = sorted(set(document) - {"service", "category"})
        problems += [f"{key}: unknown key" for key in unknown]
        rows = document.get("service", [])
        if not isinstance(rows, list) or not rows:
            problems.append("service: no [[service]] tables; the catalogue is empty")
            rows = []
        for number, row in enumerate(rows, 1):
            if not isinstance(row, dict):
                problems.append(f"service no. {number}: must be a table")
                continue
            service = _service(row, f"service {row.get('id') or f'no. {number}'}", problems)
            if service is None:
                continue
            if service.id in services:
                problems.append(f"service {service.id}: the id stands twice")
            services[service.id] = service
        if problems:
            raise UserError(f"{source}: the catalogue has faults", problems)
        return cls(
            services, tuple(Category(key, one["name"], Decimal(one["coefficient"])) for key, one in document.get("category", {}).items())
        )


_KEYS = {
    "actions",
    "variant",
    "category",
    "limits",
    "id",
    "name",
    "item",
    "section",
    "billing",
    "coefficient",
    "handling",
    "action",
    "unattended_hours",
}


def _service(row: Mapping[str, Any], where: str, problems: list[str]) -> Service | None:
    before = len(problems)
    problems += [f"{where}: {key}: unknown key" for key in sorted(set(row) - _KEYS)]
    texts = {}
    for key, needed in (("id", True), ("name", True), ("item", False), ("action", False)):
        value = row.get(key, "")
        if not isinstance(value, str) or (needed and not value.strip()):
            problems.append(f"{where}: {key}: must be a text" + (", and not empty" if needed else ""))
        texts[key] = value
    billing = _billing(row.get("billing"), where, problems)
    coefficient = _number(row, "coefficient", "1", f"{where}: ", problems)
    unattended = _number(row, "unattended_hours", "0", f"{where}: ", problems)
    try:
        handling = Handling(row.get("handling", ""))
    except ValueError:
        problems.append(f"{where}: handling: must be one of {', '.join(Handling)}")
        return None
    if handling is not Handling.MANUAL and not texts["action"] and not row.get("actions"):
        problems.append(f"{where}: action: an {handling} service names its action")
    if len(problems) > before:
        return None
    assert billing is not None
    return Service(
        id=texts["id"], name=texts["name"], item=texts["item"], billing=billing, coefficient=coefficient,
        handling=handling, action=texts["action"] or next(iter(row.get("actions", [])), None), unattended_hours=unattended, actions=tuple(row.get("actions", [texts["action"]] if texts["action"] else [])), variants=tuple(Variant(v["id"], v["name"], Decimal(v["hours"])) for v in row.get("variant", [])),
    )  # fmt: skip


def _billing(value: Any, where: str, problems: list[str]) -> Billing | None:
    if not isinstance(value, dict):
        problems.append(f'{where}: billing: must be a table such as {{ kind = "actual" }}')
        return None
    try:
        kind = BillingKind(value.get("kind", ""))
    except ValueError:
        problems.append(f"{where}: billing.kind: must be one of {', '.join(BillingKind)}")
        return None
    needed = {BillingKind.FIXED: {"hours"}, BillingKind.FROM: {"hours"}, BillingKind.RANGE: {"hours", "most"}}.get(kind, set())
    given = set(value) - {"kind"}
    problems += [f"{where}: billing.{key}: missing, {kind} needs it" for key in sorted(needed - given)]
    problems += [f"{where}: billing.{key}: {kind} has no such key" for key in sorted(given - needed)]
    if needed != given:
        return None
    before = len(problems)
    numbers = {key: _number(value, key, "0", f"{where}: billing.", problems) for key in sorted(needed)}
    if kind is BillingKind.RANGE and len(problems) == before and numbers["hours"] > numbers["most"]:
        problems.append(f"{where}: billing.most: is less than hours")
    return Billing(kind, numbers.get("hours"), numbers.get("most"))


def _number(row: Mapping[str, Any], key: str, default: str, where: str, problems: list[str]) -> Decimal:
    value = row.get(key, default)
    try:
        number = exact(value)
        if number < 0:
            problems.append(f"{where}{key}: must not be negative")
        to_milli(number) if key == "coefficient" else to_minutes(number)
    except InexactHours as error:
        problems.append(f'{where}{key}: {error}; write it as a text, for example "{default}"')
        return Decimal(default)
    return number
