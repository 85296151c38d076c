"""Services of the vendor and their billing rules, as read from a catalogue file (config/catalogue.toml by
default).

Source: the seed's items 2 to 5; a service's id is its row there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from bridge.domain.catalogue_lines import Lines
from bridge.domain.hours import InexactHours, exact, to_milli, to_minutes
from bridge.errors import UserError


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
class Category:
    """A category of specialists (R8): its coefficient K, and the names under which the portal logs its
    time.
    """

    id: str
    name: str
    coefficient: Decimal
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Billing:
    """Billing rule of a service. `hours` is the price, the minimum or the range's start; `most` the
    range's end.
    """

    kind: BillingKind
    hours: Decimal | None = None
    most: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant of a service with a price or a minimum of its own."""

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
        section: part of the catalogue, for lists.
        category: who does the work; gives K.
        actions: names of the actions that carry an order out, or part of it; those that the bridge does not
            have are done by hand.
        limits: what one order may ask for at most, by name.
        unattended_hours: what one unattended run counts as time spent.
        variants: an order names one of them where there are some.
    """

    id: str
    name: str
    item: str
    section: str
    category: Category
    billing: Billing
    handling: Handling
    actions: tuple[str, ...]
    limits: Mapping[str, int]
    unattended_hours: Decimal
    variants: tuple[Variant, ...]

    @property
    def coefficient(self) -> Decimal:
        """K of the service's category."""
        return self.category.coefficient

    def billing_of(self, variant: str) -> Billing:
        """The billing rule with the variant's hours; "" is the variant of services that have none.

        Raises:
            KeyError: there is no such variant.
        """
        if not variant and not self.variants:
            return self.billing
        hours = {one.id: one.hours for one in self.variants}[variant]
        return replace(self.billing, hours=hours)


class Catalogue:
    """The services, and the categories of specialists, by id."""

    def __init__(self, services: Mapping[str, Service], categories: Mapping[str, Category]) -> None:
        self._services = dict(services)
        self._categories = dict(categories)
        self._named = {
            name.strip().casefold(): one
            for one in categories.values()
            for name in (one.id, one.name, *one.aliases)
        }

    def __iter__(self) -> Iterator[Service]:
        return iter(self._services.values())

    def __len__(self) -> int:
        return len(self._services)

    def get(self, service_id: str) -> Service | None:
        """The service of this id, None when the catalogue has none."""
        return self._services.get(service_id)

    def category(self, name: str) -> Category | None:
        """The category that is called so, by id, name or alias, in whatever case; None when there is none."""
        return self._named.get(name.strip().casefold())

    def coefficient(self, name: str) -> Decimal | None:
        """K of the category that is called so, None when there is none."""
        found = self.category(name)
        return None if found is None else found.coefficient

    @property
    def categories(self) -> tuple[Category, ...]:
        """The categories of specialists."""
        return tuple(self._categories.values())

    @classmethod
    def parse(cls, text: str, source: str) -> Catalogue:
        """Read a catalogue from TOML.

        Parameters:
            source: the file's name, for messages.

        Raises:
            UserError: with every fault, each naming its line, the service and the key.
        """
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UserError(f"{source}: is no TOML", [str(error)]) from error
        reader = _Reader(document)
        categories, services = reader.categories(), reader.services()
        if reader.faults:
            lines = Lines(text)
            found = sorted((lines.of(*place), said) for place, said in reader.faults)
            raise UserError(
                f"{source}: the catalogue has faults", [f"line {line}: {said}" for line, said in found]
            )
        return cls(services, categories)


Place = tuple[str | int, ...]
E = TypeVar("E", bound=StrEnum)

_CATEGORY_KEYS = {"name", "coefficient", "aliases"}
_SERVICE_KEYS = {
    "id",
    "name",
    "item",
    "section",
    "category",
    "billing",
    "handling",
    "actions",
    "limits",
    "unattended_hours",
    "variant",
}
_HOURS_OF: Mapping[BillingKind, set[str]] = {
    BillingKind.FIXED: {"hours"},
    BillingKind.FROM: {"hours"},
    BillingKind.RANGE: {"hours", "most"},
}


class _Reader:
    """Reads the document and collects its faults, each with its place."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._categories: dict[str, Category] = {}
        self.faults: list[tuple[Place, str]] = [
            ((key,), f"{key}: unknown key") for key in sorted(set(document) - {"service", "category"})
        ]

    def categories(self) -> dict[str, Category]:
        tables = self._document.get("category", {})
        if not isinstance(tables, dict) or not tables:
            self.faults.append(
                (
                    ("category",),
                    "category: no [category.ID] tables; services name their specialists' category",
                )
            )
            return {}
        taken: dict[str, str] = {}
        for key, row in tables.items():
            place, where = ("category", key), f"category {key}"
            if not isinstance(row, dict):
                self.faults.append((place, f"{where}: must be a table"))
                continue
            self._unknown(row, _CATEGORY_KEYS, place, where)
            name = self._text(row, "name", place, where)
            aliases = self._texts(row, "aliases", place, where)
            coefficient = self._number(row, "coefficient", to_milli, place, where)
            self._categories[key] = Category(key, name, coefficient, aliases)
            for called in {one.strip().casefold() for one in (key, name, *aliases)}:
                if taken.setdefault(called, key) != key:
                    self.faults.append(
                        (place, f"{where}: is called “{called}”, as category {taken[called]} is")
                    )
        return self._categories

    def services(self) -> dict[str, Service]:
        rows = self._document.get("service", [])
        if not isinstance(rows, list) or not rows:
            self.faults.append((("service",), "service: no [[service]] tables; the catalogue is empty"))
            return {}
        services: dict[str, Service] = {}
        for number, row in enumerate(rows):
            if not isinstance(row, dict):
                self.faults.append((("service", number), f"service no. {number + 1}: must be a table"))
                continue
            service = self._service(row, number)
            if service.id in services:
                self.faults.append((("service", number, "id"), f"service {service.id}: the id stands twice"))
            services[service.id] = service
        return services

    def _service(self, row: Mapping[str, Any], number: int) -> Service:
        place: Place = ("service", number)
        where = f"service {row.get('id') or f'no. {number + 1}'}"
        self._unknown(row, _SERVICE_KEYS, place, where)
        category = self._categories.get(str(row.get("category")))
        if category is None:
            known = ", ".join(sorted(self._categories)) or "none"
            self.faults.append(((*place, "category"), f"{where}: category: must be one of {known}"))
            category = Category("", "", Decimal(1))
        handling = self._choice(Handling, row.get("handling", ""), (*place, "handling"), f"{where}: handling")
        actions = self._texts(row, "actions", place, where)
        if handling is Handling.AUTO and not actions:
            self.faults.append(((*place, "actions"), f"{where}: actions: an auto service names its action"))
        billing = self._billing(row.get("billing"), (*place, "billing"), where)
        service = Service(
            id=self._text(row, "id", place, where),
            name=self._text(row, "name", place, where),
            item=self._text(row, "item", place, where, ""),
            section=self._text(row, "section", place, where, ""),
            category=category,
            billing=billing,
            handling=handling,
            actions=actions,
            limits=self._limits(row, place, where),
            unattended_hours=self._number(row, "unattended_hours", to_minutes, place, where, "0"),
            variants=self._variants(row, place, where),
        )
        if service.variants and billing.kind not in (BillingKind.FIXED, BillingKind.FROM):
            self.faults.append(((*place, "variant", 0), f"{where}: variant: {billing.kind} has no variants"))
        return service

    def _billing(self, value: Any, place: Place, where: str) -> Billing:
        fallback = Billing(BillingKind.ACTUAL)
        if not isinstance(value, dict):
            self.faults.append((place, f'{where}: billing: must be a table such as {{ kind = "actual" }}'))
            return fallback
        before = len(self.faults)
        kind = self._choice(BillingKind, value.get("kind", ""), place, f"{where}: billing.kind")
        if len(self.faults) > before:
            return fallback
        needed, given = _HOURS_OF.get(kind, set()), set(value) - {"kind"}
        self.faults += [
            (place, f"{where}: billing.{key}: missing, {kind} needs it") for key in sorted(needed - given)
        ]
        self.faults += [
            (place, f"{where}: billing.{key}: {kind} has no such key") for key in sorted(given - needed)
        ]
        if len(self.faults) > before:
            return fallback
        numbers = {
            key: self._number(value, key, to_minutes, place, f"{where}: billing", separator=".")
            for key in sorted(needed)
        }
        if kind is BillingKind.RANGE and len(self.faults) == before and numbers["hours"] > numbers["most"]:
            self.faults.append((place, f"{where}: billing.most: is less than hours"))
        return Billing(kind, numbers.get("hours"), numbers.get("most"))

    def _variants(self, row: Mapping[str, Any], place: Place, where: str) -> tuple[Variant, ...]:
        tables = row.get("variant", [])
        if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
            self.faults.append(((*place, "variant"), f"{where}: variant: must be [[service.variant]] tables"))
            return ()
        variants = []
        for number, one in enumerate(tables):
            here, named = (*place, "variant", number), f"{where}: variant {one.get('id') or number + 1}"
            self._unknown(one, {"id", "name", "hours"}, here, named)
            hours = self._number(one, "hours", to_minutes, here, named)
            variants.append(
                Variant(self._text(one, "id", here, named), self._text(one, "name", here, named), hours)
            )
            if [known.id for known in variants].count(variants[-1].id) > 1:
                self.faults.append((here, f"{named}: the id stands twice"))
        return tuple(variants)

    def _limits(self, row: Mapping[str, Any], place: Place, where: str) -> dict[str, int]:
        limits = row.get("limits", {})
        if not isinstance(limits, dict) or any(
            type(value) is not int or value < 0 for value in limits.values()
        ):
            self.faults.append(
                (
                    (*place, "limits"),
                    f"{where}: limits: must be whole numbers by name, such as {{ questions = 15 }}",
                )
            )
            return {}
        return dict(limits)

    def _unknown(self, row: Mapping[str, Any], keys: set[str], place: Place, where: str) -> None:
        self.faults += [((*place, key), f"{where}: {key}: unknown key") for key in sorted(set(row) - keys)]

    def _text(
        self, row: Mapping[str, Any], key: str, place: Place, where: str, default: str | None = None
    ) -> str:
        value = row.get(key, default)
        if isinstance(value, str) and (value.strip() or default is not None):
            return value
        needed = ", and not empty" if default is None else ""
        self.faults.append(((*place, key), f"{where}: {key}: must be a text{needed}"))
        return ""

    def _texts(self, row: Mapping[str, Any], key: str, place: Place, where: str) -> tuple[str, ...]:
        value = row.get(key, [])
        if isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value):
            return tuple(value)
        self.faults.append(((*place, key), f"{where}: {key}: must be a list of texts"))
        return ()

    def _choice(self, kinds: type[E], value: Any, place: Place, where: str) -> E:
        try:
            return kinds(value)
        except ValueError:
            self.faults.append((place, f"{where}: must be one of {', '.join(kinds)}"))
            return next(iter(kinds))

    def _number(
        self,
        row: Mapping[str, Any],
        key: str,
        unit: Callable[[Decimal], int],
        place: Place,
        where: str,
        default: str | None = None,
        *,
        separator: str = ": ",
    ) -> Decimal:
        """A number as a text: its unit refuses what is finer."""
        value = row.get(key, default)
        said = f"{where}{separator}{key}"
        if value is None:
            self.faults.append(((*place, key), f"{said}: missing"))
            return Decimal(0)
        try:
            number = exact(value)
            unit(number)
        except InexactHours as error:
            self.faults.append(((*place, key), f'{said}: {error}; write it as a text, for example "1"'))
            return Decimal(0)
        if number < 0:
            self.faults.append(((*place, key), f"{said}: must not be negative"))
        return number
