"""Reads a catalogue file (config/catalogue.toml by default; docs/catalogue.md): TOML, checked by pydantic.

All faults are reported at once, each with its line, the service and the key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, NoReturn

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from bridge.domain.catalogue import Billing, BillingKind, Catalogue, Category, Handling, Service, Variant
from bridge.domain.catalogue_lines import Lines
from bridge.domain.hours import InexactHours, exact, to_milli, to_minutes
from bridge.errors import UserError

Place = tuple[str | int, ...]
"""Where a fault stands in the document, as `Lines` knows it."""
Fault = tuple[Place, str]


def read_catalogue(text: str, source: str) -> Catalogue:
    """Read a catalogue from TOML.

    Parameters:
        source: the file's name, for messages.

    Raises:
        UserError: with every fault, each naming its line, the service and the key.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source}: is not TOML", [str(error)]) from error
    faults: list[Fault] = [
        ((key,), f"{key}: unknown key") for key in sorted(set(document) - {"service", "category"})
    ]
    rows = document.get("service", [])
    tables = document.get("category", {})
    categories = _categories(tables, faults)
    services = _services(rows, tables if isinstance(tables, dict) else {}, faults)
    if faults:
        lines = Lines(text)
        found = sorted((lines.of(*place), said) for place, said in faults)
        raise UserError(
            f"{source}: the catalogue has faults", [f"line {line}: {said}" for line, said in found]
        )
    return Catalogue(
        {row.id: row.value(categories[row.category]) for row in services},
        categories,
    )


# --- what a key may hold


def _refuse(said: str, kind: str = "fault") -> NoReturn:
    raise PydanticCustomError(kind, said)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        _refuse("must be a text, and not empty")
    return value


def _optional_text(value: Any) -> str:
    if not isinstance(value, str):
        _refuse("must be a text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        _refuse("must be a list of texts")
    return tuple(value)


def _number(unit: Callable[[Decimal], int]) -> Callable[[Any], Decimal]:
    """A number as a text: its unit refuses what is finer."""

    def read(value: Any) -> Decimal:
        try:
            number = exact(value)
            unit(number)
        except InexactHours as error:
            _refuse(f'{error}; write it as a text, for example "1"')
        if number < 0:
            _refuse("must not be negative")
        return number

    return read


def _one_of(kinds: type[StrEnum]) -> Callable[[Any], StrEnum]:
    def read(value: Any) -> StrEnum:
        try:
            return kinds(value)
        except ValueError:
            _refuse(f"must be one of {', '.join(kinds)}")

    return read


def _limits(value: Any) -> dict[str, int]:
    if not isinstance(value, dict) or any(type(most) is not int or most < 0 for most in value.values()):
        _refuse("must be whole numbers by name, such as { questions = 15 }")
    return value


def _tables(value: Any) -> Any:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        _refuse("must be [[service.variant]] tables")
    return value


def _known_category(value: Any, info: ValidationInfo) -> str:
    known: Collection[str] = info.context or ()
    if str(value) not in known:
        _refuse(f"must be one of {', '.join(sorted(known)) or 'none'}")
    return str(value)


Text = Annotated[str, PlainValidator(_text)]
OptionalText = Annotated[str, PlainValidator(_optional_text)]
Texts = Annotated[tuple[str, ...], PlainValidator(_texts)]
Hours = Annotated[Decimal, PlainValidator(_number(to_minutes))]
Coefficient = Annotated[Decimal, PlainValidator(_number(to_milli))]


_NEEDED: Any = None
"""Default of a key that has to be there: its type refuses it, with the sentence for a wrong value."""
_EMPTY: Any = []


class _Table(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class _CategoryRow(_Table):
    name: Text = _NEEDED
    coefficient: Coefficient
    aliases: Texts = _EMPTY


class _HoursRow(_Table):
    """Billing by the hours of the price list."""

    kind: Literal["fixed", "from"]
    hours: Hours


class _RangeRow(_Table):
    """Billing by the time spent, which the price list expects between two numbers."""

    kind: Literal["range"]
    hours: Hours
    most: Hours

    @field_validator("most", mode="after")
    @classmethod
    def _ends_after_its_start(cls, most: Decimal, info: ValidationInfo) -> Decimal:
        if info.data.get("hours", most) > most:
            _refuse("is less than hours")
        return most


class _OpenRow(_Table):
    """Billing of which the price list names no hours."""

    kind: Literal["actual", "agreed"]


def _kind(value: Any) -> str | None:
    """Which of the tables a billing is; None for a kind that does not exist."""
    kind = value.get("kind") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) and kind in tuple(BillingKind) else None


def _table(value: Any) -> Any:
    if not isinstance(value, dict):
        _refuse('must be a table such as { kind = "actual" }')
    return value


_BillingRow = Annotated[
    Annotated[_HoursRow, Tag("fixed")]
    | Annotated[_HoursRow, Tag("from")]
    | Annotated[_RangeRow, Tag("range")]
    | Annotated[_OpenRow, Tag("actual")]
    | Annotated[_OpenRow, Tag("agreed")],
    Discriminator(
        _kind, custom_error_type="kind", custom_error_message=f"must be one of {', '.join(BillingKind)}"
    ),
    BeforeValidator(_table),
]


class _VariantRow(_Table):
    id: Text = _NEEDED
    name: Text = _NEEDED
    hours: Hours


class _ServiceRow(_Table):
    id: Text = _NEEDED
    name: Text = _NEEDED
    item: OptionalText = ""
    section: OptionalText = ""
    category: Annotated[str, PlainValidator(_known_category)] = _NEEDED
    billing: _BillingRow = _NEEDED
    handling: Annotated[Handling, PlainValidator(_one_of(Handling))] = _NEEDED
    actions: Texts = _EMPTY
    limits: Annotated[dict[str, int], PlainValidator(_limits)] = Field(default_factory=dict)
    unattended_hours: Hours = Decimal(0)
    variant: Annotated[tuple[_VariantRow, ...], BeforeValidator(_tables)] = _EMPTY

    @field_validator("actions", mode="after")
    @classmethod
    def _named_where_one_does_the_work(cls, actions: tuple[str, ...], info: ValidationInfo) -> Any:
        if not actions and info.data.get("handling") is Handling.AUTO:
            _refuse("an auto service names its action")
        return actions

    @field_validator("variant", mode="after")
    @classmethod
    def _priced(cls, variants: tuple[_VariantRow, ...], info: ValidationInfo) -> Any:
        billing = info.data.get("billing")
        if variants and billing is not None and not isinstance(billing, _HoursRow):
            _refuse(f"{billing.kind} has no variants")
        return variants

    def value(self, category: Category) -> Service:
        """The row as the rest of the program knows it."""
        billing = self.billing
        return Service(
            id=self.id,
            name=self.name,
            item=self.item,
            section=self.section,
            category=category,
            billing=Billing(
                BillingKind(billing.kind), getattr(billing, "hours", None), getattr(billing, "most", None)
            ),
            handling=self.handling,
            actions=self.actions,
            limits=self.limits,
            unattended_hours=self.unattended_hours,
            variants=tuple(Variant(one.id, one.name, one.hours) for one in self.variant),
        )


_CATEGORY = TypeAdapter(_CategoryRow)
_SERVICE = TypeAdapter(_ServiceRow)

# --- from tables to values, and from pydantic's errors to faults with a place


def _categories(tables: Any, faults: list[Fault]) -> dict[str, Category]:
    if not isinstance(tables, dict) or not tables:
        faults.append(
            (("category",), "category: no [category.ID] tables; services name their specialists' category")
        )
        return {}
    found = {}
    for key, table in tables.items():
        try:
            row = _CATEGORY.validate_python(table)
        except ValidationError as error:
            faults += (
                (("category", key, *one["loc"]), f"category {key}: {_said(one, one['loc'])}")
                for one in error.errors(include_url=False)
            )
        else:
            found[key] = Category(key, row.name, row.coefficient, row.aliases)
    faults += _names_of_two(tables)
    return found


def _names_of_two(tables: Mapping[str, Any]) -> Iterator[Fault]:
    """Categories with the name of an earlier one, whether or not they have other faults."""
    taken: dict[str, str] = {}
    for key, table in tables.items():
        names = [table.get("name"), *_list(table.get("aliases"))] if isinstance(table, dict) else []
        for called in sorted({one.strip().casefold() for one in (key, *names) if isinstance(one, str)}):
            if taken.setdefault(called, key) != key:
                yield (
                    ("category", key),
                    f"category {key}: is called “{called}”, as category {taken[called]} is",
                )


def _services(rows: Any, tables: Any, faults: list[Fault]) -> list[_ServiceRow]:
    if not isinstance(rows, list) or not rows:
        faults.append((("service",), "service: no [[service]] tables; the catalogue is empty"))
        return []
    found = []
    for number, row in enumerate(rows):
        try:
            found.append(_SERVICE.validate_python(row, context=set(tables)))
        except ValidationError as error:
            faults += (_of_service(row, number, one) for one in error.errors(include_url=False))
    for number, id_ in _twice(rows):
        faults.append((("service", number, "id"), f"service {id_}: the id stands twice"))
    for number, row in enumerate(rows):
        for place, id_ in _twice(_list(row.get("variant")) if isinstance(row, dict) else []):
            where = f"{_named(row, number)}: variant {id_}"
            faults.append((("service", number, "variant", place), f"{where}: the id stands twice"))
    return found


def _of_service(row: Any, number: int, error: ErrorDetails) -> Fault:
    """A fault of a service: where it stands, and what is said of it."""
    loc = error["loc"]
    where = _named(row, number)
    match loc:
        case ("billing", _, key):
            return ("service", number, "billing"), f"{where}: billing.{_said(error, (key,))}"
        case ("billing",) if error["type"] == "kind":
            return ("service", number, "billing"), f"{where}: billing.kind: {error['msg']}"
        case ("variant", int(place), *rest):
            where = f"{where}: variant {row['variant'][place].get('id') or place + 1}"
            return ("service", number, *loc), f"{where}: {_said(error, rest)}"
        case _:
            return ("service", number, *loc), f"{where}: {_said(error, loc)}"


def _said(error: ErrorDetails, keys: Iterable[str | int]) -> str:
    """The sentence of an error, with the key that it is about."""
    key = "".join(f"{one}: " for one in keys)
    kind = error["loc"][1] if error["loc"][0:1] == ("billing",) and len(error["loc"]) > 1 else None
    match error["type"]:
        case "extra_forbidden":
            return key + ("unknown key" if kind is None else f"{kind} has no such key")
        case "missing":
            return key + ("missing" if kind is None else f"missing, {kind} needs it")
        case "model_type" | "model_attributes_type":
            return key + "must be a table"
        case _:
            return key + error["msg"]


def _named(row: Any, number: int) -> str:
    id_ = row.get("id") if isinstance(row, dict) else None
    return f"service {id_ or f'no. {number + 1}'}"


def _twice(rows: list[Any]) -> Iterator[tuple[int, str]]:
    """Numbers and ids of the rows whose id an earlier row has, whether or not they have other faults."""
    seen: set[str] = set()
    for number, row in enumerate(rows):
        id_ = row.get("id") if isinstance(row, dict) else None
        if isinstance(id_, str) and id_ in seen:
            yield number, id_
        if isinstance(id_, str):
            seen.add(id_)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
