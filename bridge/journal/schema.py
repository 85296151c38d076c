"""Which revision the database has and which one the program needs; read without alembic, whose import
costs a third of a second.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import column, inspect, select, table
from sqlalchemy.engine import Connection

from bridge.journal.engine import connected, shown
from bridge.journal.errors import SchemaMissing, SchemaTooNew, SchemaTooOld

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""Every revision there has been, oldest first: the file names under migrations/versions/."""

HEAD = REVISIONS[-1]
"""The revision that this program works with."""

_VERSION = table("alembic_version", column("version_num"))


@dataclass(frozen=True, slots=True)
class SchemaState:
    """`current` is the database's revision, None where there is no journal; `head` is the program's."""

    current: str | None
    head: str


def schema_state(url: str) -> SchemaState:
    """Read the revision of the journal at `url`; a missing SQLite file is not made.

    Raises:
        JournalUnavailable: the database cannot be read.
    """
    try:
        with connected(url) as connection:
            return SchemaState(current_revision(connection), HEAD)
    except SchemaMissing:
        return SchemaState(None, HEAD)


def current_revision(connection: Connection) -> str | None:
    """The revision that alembic noted in the database, None where it noted none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar_one_or_none()


def check(current: str | None, where: str) -> None:
    """Refuse a schema that is not the program's.

    Raises:
        SchemaMissing, SchemaTooOld, SchemaTooNew: with what to do.
    """
    if current is None:
        raise SchemaMissing(shown(where))
    if current not in REVISIONS:
        raise SchemaTooNew(shown(where), current, HEAD)
    if current != HEAD:
        raise SchemaTooOld(shown(where), current, HEAD)
