"""Column types that mean the same in SQLite and PostgreSQL: moments, text of any origin, JSON.

A journal stays readable and repairable by SQL: moments are ISO text in SQLite and timestamptz in PostgreSQL,
JSON is JSON.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

Json = JSON(none_as_null=True)
"""JSON kept as it was written (order of members, escapes); PostgreSQL's jsonb would refuse a NUL and
reorder.
"""

Serial = BigInteger().with_variant(Integer, "sqlite")
"""A growing row number; SQLite counts only columns that are plainly INTEGER."""


def storable(text: str) -> str:
    """`text` as every database takes it: NUL and lone surrogates, which hostile data may carry, become
    visible marks.
    """
    return text.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode("utf-8")


class Words(TypeDecorator[str]):
    """Text of any origin; what no database stores is replaced by `storable`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 – the base class names it
        """Python to database."""
        return None if value is None else storable(value)


class Moment(TypeDecorator[datetime]):
    """An aware moment, stored in UTC to the microsecond; a naive one is refused, for nobody knows when it
    is.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """In PostgreSQL timestamptz, in SQLite text of one width, so that it sorts as time does."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Python to database.

        Raises:
            ValueError: the moment is naive.
        """
        if value is None:
            return None
        moment = in_utc(value)
        return moment if dialect.name == "postgresql" else iso(moment)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 – the base class names it
        """Database to Python: aware UTC."""
        if value is None:
            return None
        return in_utc(value if isinstance(value, datetime) else datetime.fromisoformat(value))


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC.

    Raises:
        ValueError: the moment is naive.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} is naive: the journal keeps aware moments only")
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """A moment in UTC as text of one width: 2026-01-31T08:30:00.000000Z."""
    return in_utc(moment).isoformat(timespec="microseconds").replace("+00:00", "Z")
