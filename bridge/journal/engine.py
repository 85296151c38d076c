"""The engine behind a journal: one set-up for SQLite, one for PostgreSQL, and database failures reported in
words.

SQLite: WAL, synchronous=FULL, foreign keys, a writer waits 30 s for another; writing transactions begin
IMMEDIATE, so that they never fail half-way for want of the lock. PostgreSQL: psycopg 3, read committed, a
lock is waited for 30 s as well.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bridge.journal.errors import JournalError, JournalUnavailable, SchemaMissing

BUSY_SECONDS = 30
"""How long a transaction waits for another one's lock."""

_POSTGRESQL = {
    "connect_timeout": 10,
    "application_name": "otbridge",
    # A server that vanishes without a word is noticed within half a minute instead of the kernel's quarter of
    # an hour.
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""How a PostgreSQL is connected to (libpq's parameters)."""

_READ_ONLY = "otbridge_read_only"
_LEAST_SPACE = 64 * 1024
"""Bytes; SQLite's shared memory beside a journal takes half of it."""

_ADVICE = (
    (
        "database is locked",
        (
            "another process has held the journal for 30 s: look for a second otbridge, or a copy "
            "or SQL shell left open"
        ),
    ),
    (
        "lock timeout",
        "another process has held a row for 30 s: look into pg_stat_activity for a session left open",
    ),
    ("deadlock", "two workers waited for each other; the next pass does it again"),
    ("readonly", "the user of this process must own the journal's file and its directory"),
    ("read-only", "the database takes no writes: is it a standby, or set read-only?"),
    ("is full", "free space on the disk that holds the journal"),
    ("no space left", "free space on the disk that holds the journal"),
    (
        "unable to open",
        "check that the path is right and that the user of this process may enter the directory",
    ),
    ("malformed", "the file is damaged: stop the service and restore the last backup"),
    ("not a database", "the file is not a journal: check the path, or restore the last backup"),
    (
        "does not exist",
        "make the database and its user first (createuser, createdb), then run otbridge migrate",
    ),
    ("password", "check the user in the journal's URL and OTBRIDGE_JOURNAL_PASSWORD"),
    ("connect", "check that the database server runs and that the journal's URL is right"),
    ("disk i/o", "look into the kernel's log: the disk that holds the journal fails"),
)


def parse(url: str) -> URL:
    """The journal's URL: `sqlite:///PATH` or `postgresql://…`; a plain PostgreSQL URL means psycopg 3.

    Raises:
        JournalError: it is neither, or an SQLite database in memory, which would forget everything.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise JournalError(
            "the journal's URL cannot be read: write sqlite:///PATH or postgresql://USER@HOST/DATABASE"
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database in {None, "", ":memory:"}:
            raise JournalError(f"{url}: the journal must outlive the process: write sqlite:///PATH")
        return parsed
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise JournalError(
        f"{shown(url)}: the journal is kept in sqlite:///PATH or postgresql://USER@HOST/DATABASE"
    )


def shown(url: str) -> str:
    """`url` for people: without its password."""
    return make_url(url).render_as_string(hide_password=True)


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite journal, None for PostgreSQL."""
    parsed = parse(url)
    return Path(str(parsed.database)) if parsed.get_backend_name() == "sqlite" else None


def make_engine(url: str) -> Engine:
    """An engine for the journal at `url`; nothing is opened yet.

    Raises:
        JournalError: for a URL of another kind, or where PostgreSQL's driver is not installed.
        SchemaMissing: the SQLite file does not exist (it is only made by `migrate`).
    """
    path = sqlite_path(url)
    if path is None:
        arguments = _POSTGRESQL
        try:
            engine = create_engine(parse(url), pool_pre_ping=True, connect_args=arguments)
        except ImportError as error:
            raise JournalError(
                "a journal in PostgreSQL needs its driver, which is not installed: pip install "
                "'otbridge[postgresql]'"
            ) from error
        event.listen(engine, "connect", _set_up_postgresql)
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    if not path.exists():
        raise SchemaMissing(shown(url))
    engine = create_engine(parse(url), connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin transactions by itself, and late
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    deadline = time.monotonic() + BUSY_SECONDS
    while (
        True
    ):  # of two that turn a new file to WAL at the same moment, SQLite sends one away without letting it wait
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    if connection.info.get(_READ_ONLY) is not read_only:
        connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
        connection.info[_READ_ONLY] = read_only
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _set_up_postgresql(connection: Any, _record: Any) -> None:
    connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
    connection.commit()


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(_READ_ONLY, False):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


@contextmanager
def begun(engine: Engine, *, read_only: bool = False) -> Iterator[Connection]:
    """One transaction: committed at the end of the block, rolled back by an exception.

    Raises:
        JournalUnavailable: the database does not play its part; nothing was saved.
    """
    with (
        named_failures(engine.url.render_as_string(hide_password=True)),
        engine.connect().execution_options(**{_READ_ONLY: read_only}) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """One reading transaction over an engine of its own.

    Raises:
        JournalError, SchemaMissing: as `make_engine` does.
        JournalUnavailable: the database cannot be read.
    """
    engine = make_engine(url)
    try:
        with begun(engine, read_only=True) as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def named_failures(where: str) -> Iterator[None]:
    """Turn the database's failures within the block into `JournalUnavailable`; faults of the program's own
    SQL pass as they are.
    """
    try:
        yield
    except (DataError, IntegrityError, ProgrammingError):
        raise
    except (DatabaseError, InterfaceError, PoolTimeout) as error:
        reason = str(getattr(error, "orig", None) or error).strip()
        advice = next(
            (advice for mark, advice in _ADVICE if mark in reason.lower()),
            "the message above is the database's own",
        )
        if "disk i/o" in reason.lower() and _disk_is_full(where):
            advice = "free space on the disk that holds the journal"
        raise JournalUnavailable(f"the journal at {where} cannot be used: {reason}: {advice}") from error


def _disk_is_full(where: str) -> bool:
    """Whether the disk of an SQLite journal is full; SQLite calls it an I/O error where it makes its
    files beside the journal.
    """
    path = sqlite_path(where)
    try:
        return path is not None and shutil.disk_usage(path.parent).free < _LEAST_SPACE
    except OSError:
        return False
