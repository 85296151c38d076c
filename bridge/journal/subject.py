"""What every part of a unit of work has: the open transaction, the clock, and the one insert that SQL left
to dialects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, Row, Table, TextualSelect, bindparam, make_url, text
from sqlalchemy.engine import Connection

_MANY = 500
"""Identifiers in one IN (…): far below every database's limit of parameters."""

STREAMED = {"yield_per": 1000}
"""Options of a statement whose rows are read a few at a time, by a cursor of the server's where it has
them.
"""


def batched(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """`ids` in pieces that fit one IN (…)."""
    for start in range(0, len(ids), _MANY):
        yield ids[start : start + _MANY]


class Subject:
    """A part of a unit of work, over one open transaction.

    Parameters:
        connection: within its transaction.
        clock: gives the present moment, aware.
        read_only: whether the transaction may only read.
    """

    def __init__(self, connection: Connection, clock: Callable[[], datetime], *, read_only: bool) -> None:
        self._connection = connection
        self._clock = clock
        self._read_only = read_only

    def _insert_new(self, table: Table, **values: Any) -> bool:
        """Insert a row unless one with its key is there; returns whether it was inserted."""
        return self._inserted(table, values, *table.primary_key) is not None

    def _inserted(self, table: Table, values: Mapping[str, Any], *told: Column[Any]) -> Row[Any] | None:
        """Insert a row unless one with its key is there; returns what is `told` of it, None when it was
        there.
        """
        statement = _insert_once(self._connection.dialect.name, table, tuple(values), told)
        return self._connection.execute(statement, dict(values)).first()


@cache
def _insert_once(
    database: str, table: Table, columns: tuple[str, ...], told: tuple[Column[Any], ...]
) -> TextualSelect:
    """The one insert that SQL left to dialects, as a text: SQLAlchemy would compile it anew each time."""
    if database == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    given = {name: bindparam(name, type_=table.c[name].type) for name in columns}
    statement = insert(table).values(given).on_conflict_do_nothing().returning(*told)
    dialect: Any = make_url(f"{database}://").get_dialect()
    # The blank keeps a cast (`::JSON`) from being read as a part of the name.
    written = text(
        re.sub(r"%\((\w+)\)s", r":\1 ", str(statement.compile(dialect=dialect(paramstyle="pyformat"))))
    )
    return written.bindparams(*given.values()).columns(*told)
