"""Services of the vendor and their billing rules, as plain frozen values;
`bridge.domain.catalogue_file` reads them from a file.

Source: items 2 to 5 of the vendor's terms; a service's id is its row there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum


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
        item: item of the vendor's service regulation (регламент), "" where it has none.
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
        """The category that is called so, by id, name or alias, in upper or lower case; None when there is
        none.
        """
        return self._named.get(name.strip().casefold())

    def coefficient(self, name: str) -> Decimal | None:
        """K of the category that is called so, None when there is none."""
        found = self.category(name)
        return None if found is None else found.coefficient

    @property
    def categories(self) -> tuple[Category, ...]:
        """The categories of specialists."""
        return tuple(self._categories.values())
