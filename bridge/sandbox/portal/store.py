"""The embedded portal's database: one SQLite file, one writer at a time, durable over a kill; ledger and
keys only grow.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    id TEXT PRIMARY KEY, customer TEXT NOT NULL, overdraft_limit_mh INTEGER NOT NULL,
    hour_price_kopecks INTEGER);
CREATE TABLE IF NOT EXISTS ticket (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, number TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    change INTEGER NOT NULL UNIQUE, category TEXT NOT NULL, subject TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES account (id),
    installation TEXT, state TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    agreement_required INTEGER NOT NULL,
    agreed_at TEXT, withdrawn_at TEXT, fields TEXT NOT NULL, broken TEXT, gone TEXT,
    left_from TEXT NOT NULL DEFAULT '[]');
CREATE TABLE IF NOT EXISTS note (
    n INTEGER PRIMARY KEY AUTOINCREMENT, ticket_id TEXT NOT NULL REFERENCES ticket (id), author TEXT NOT NULL,
    visibility TEXT NOT NULL,
    at TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS note_ticket ON note (ticket_id);
CREATE TABLE IF NOT EXISTS attachment (
    n INTEGER PRIMARY KEY AUTOINCREMENT, ticket_id TEXT NOT NULL REFERENCES ticket (id), name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    sha256 TEXT NOT NULL, content BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS attachment_ticket ON attachment (ticket_id);
CREATE TABLE IF NOT EXISTS stage (
    n INTEGER PRIMARY KEY AUTOINCREMENT, ticket_id TEXT NOT NULL REFERENCES ticket (id),
    position INTEGER NOT NULL, title TEXT NOT NULL,
    estimate_mh INTEGER NOT NULL, coefficient_milli INTEGER NOT NULL, state TEXT NOT NULL,
    revision INTEGER NOT NULL, accepted_at TEXT,
    rejected_at TEXT, comment TEXT NOT NULL, evidence TEXT NOT NULL, UNIQUE (ticket_id, position));
CREATE TABLE IF NOT EXISTS time_entry (
    n INTEGER PRIMARY KEY AUTOINCREMENT, ticket_id TEXT NOT NULL REFERENCES ticket (id), stage_id TEXT,
    specialist TEXT NOT NULL,
    category TEXT NOT NULL, minutes INTEGER NOT NULL, at TEXT NOT NULL, note TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS time_entry_ticket ON time_entry (ticket_id);
CREATE TABLE IF NOT EXISTS ledger (
    n INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES account (id),
    ticket_id TEXT, stage_id TEXT, amount_mh INTEGER NOT NULL CHECK (amount_mh >= 0), hold_id TEXT,
    reverses TEXT UNIQUE,
    price_kopecks INTEGER, charges TEXT NOT NULL DEFAULT '[]', evidence TEXT NOT NULL DEFAULT '{}',
    reason TEXT NOT NULL DEFAULT '',
    at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ledger_account ON ledger (account_id, n);
CREATE UNIQUE INDEX IF NOT EXISTS ledger_hold ON ledger (hold_id) WHERE kind = 'hold';
CREATE UNIQUE INDEX IF NOT EXISTS ledger_hold_ended ON ledger (hold_id) WHERE kind IN ('capture', 'void');
CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL,
body TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS token (sha256 TEXT PRIMARY KEY, scopes TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS installation (serial TEXT PRIMARY KEY, otkey TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS nonce (
    serial TEXT NOT NULL, nonce TEXT NOT NULL, until REAL NOT NULL, PRIMARY KEY (serial, nonce));
CREATE TABLE IF NOT EXISTS bridge (instance TEXT PRIMARY KEY, last REAL NOT NULL);
""" + "".join(
    (
        f"CREATE TRIGGER IF NOT EXISTS {table}_{verb.lower()} BEFORE {verb} ON {table} BEGIN "
        f"SELECT RAISE(ABORT, '{table} only grows'); END;\n"
    )
    for table in ("ledger", "idempotency")
    for verb in ("UPDATE", "DELETE")
)

_LATER = {"gone": "TEXT", "left_from": "TEXT NOT NULL DEFAULT '[]'"}
"""Columns of `ticket` that a portal's file of an earlier version does not have."""


class Store:
    """Connections to the database, one a thread, and its transactions.

    Parameters:
        path: the file; made when it is missing.
        clock: aware UTC.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock
        self._local = threading.local()
        with contextlib.closing(self._connect()) as connection:
            connection.executescript("PRAGMA journal_mode = WAL;" + SCHEMA)
            known = {row["name"] for row in connection.execute("PRAGMA table_info(ticket)")}
            for column, kind in _LATER.items():
                if column not in known:
                    connection.execute(f"ALTER TABLE ticket ADD COLUMN {column} {kind}")

    def now(self) -> str:
        """The moment, as the contract writes it; with microseconds, for the order of agreements counts."""
        return self._clock().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    @property
    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
        connection: sqlite3.Connection = self._local.connection
        return connection

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens or nothing; one writer at a time; an inner transaction is part of the
        outer one.
        """
        connection = self._connection
        if connection.in_transaction:
            yield
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside is of one moment."""
        connection = self._connection
        if connection.in_transaction:
            yield
            return
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """All rows of a query."""
        return [dict(row) for row in self._connection.execute(sql, values)]

    def row(self, sql: str, *values: Any) -> dict[str, Any] | None:
        """The first row of a query, or None."""
        found = self._connection.execute(sql, values).fetchone()
        return None if found is None else dict(found)

    def number(self, sql: str, *values: Any) -> int:
        """The number that a query gives."""
        return int(self._connection.execute(sql, values).fetchone()[0])

    def execute(self, sql: str, *values: Any) -> int:
        """Run a statement; returns how many rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def insert(self, table: str, **values: Any) -> int:
        """Insert a row; returns its number."""
        names = ", ".join(values)
        sql = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(values))})"
        return self._connection.execute(sql, tuple(values.values())).lastrowid or 0
