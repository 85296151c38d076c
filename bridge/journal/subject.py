"""What every part of a unit of work has: the open transaction, the clock, and the one insert that SQL left to dialects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Table
from sqlalchemy.engine import Connection


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
        """Insert a row unless one with its key is there; tells whether it was inserted."""
        if self._connection.dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import insert
        else:
            from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
        statement = insert(table).values(**values).on_conflict_do_nothing()
        return self._connection.execute(statement.returning(*table.primary_key)).first() is not None
