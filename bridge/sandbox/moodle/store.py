"""The embedded Moodle's database: one SQLite file, shared by threads and by processes, durable over a
kill.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS config (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS context (id INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE IF NOT EXISTS category (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, idnumber TEXT, parent INTEGER NOT NULL,
    path TEXT NOT NULL DEFAULT '',
    timemodified INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS course (
    id INTEGER PRIMARY KEY AUTOINCREMENT, category INTEGER NOT NULL, fullname TEXT NOT NULL,
    shortname TEXT NOT NULL UNIQUE,
    idnumber TEXT NOT NULL, summary TEXT NOT NULL, visible INTEGER NOT NULL, startdate INTEGER NOT NULL,
    enddate INTEGER NOT NULL,
    questions INTEGER NOT NULL, files INTEGER NOT NULL, users INTEGER NOT NULL, contextid INTEGER NOT NULL,
    timecreated INTEGER NOT NULL, timemodified INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS module (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course INTEGER NOT NULL, section INTEGER NOT NULL,
    modname TEXT NOT NULL, name TEXT NOT NULL,
    contextid INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS module_detail (module INTEGER PRIMARY KEY, course INTEGER NOT NULL,
    idnumber TEXT NOT NULL, intro TEXT NOT NULL, settings TEXT NOT NULL, files TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS section (id INTEGER PRIMARY KEY AUTOINCREMENT, course INTEGER NOT NULL,
number INTEGER NOT NULL, name TEXT NOT NULL, summary TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS backup (
    id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, filename TEXT NOT NULL, path TEXT NOT NULL,
    category INTEGER NOT NULL, stored INTEGER NOT NULL, private INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS origin (course INTEGER PRIMARY KEY, origin INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS draft (
    id INTEGER PRIMARY KEY AUTOINCREMENT, itemid INTEGER NOT NULL, filepath TEXT NOT NULL,
    filename TEXT NOT NULL, size INTEGER NOT NULL,
    path TEXT NOT NULL, UNIQUE (itemid, filepath, filename));
CREATE TABLE IF NOT EXISTS role (
    id INTEGER PRIMARY KEY AUTOINCREMENT, shortname TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    description TEXT NOT NULL,
    archetype TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS role_capability (role INTEGER NOT NULL, name TEXT NOT NULL,
permission TEXT NOT NULL, PRIMARY KEY (role, name));
CREATE TABLE IF NOT EXISTS role_contextlevel (role INTEGER NOT NULL, level TEXT NOT NULL, PRIMARY KEY (role,
level));
CREATE TABLE IF NOT EXISTS role_allow (
    kind TEXT NOT NULL, role INTEGER NOT NULL, target INTEGER NOT NULL, PRIMARY KEY (kind, role, target));
CREATE TABLE IF NOT EXISTS role_assignment (role INTEGER NOT NULL, user INTEGER NOT NULL, PRIMARY KEY (role,
user));
CREATE TABLE IF NOT EXISTS user (id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL UNIQUE,
email TEXT NOT NULL, firstname TEXT NOT NULL, lastname TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS enrolment (
    course INTEGER NOT NULL, user INTEGER NOT NULL, PRIMARY KEY (course, user));
CREATE TABLE IF NOT EXISTS "group" (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course INTEGER NOT NULL, name TEXT NOT NULL, idnumber TEXT NOT NULL,
    timecreated INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS "grouping" (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course INTEGER NOT NULL, name TEXT NOT NULL, idnumber TEXT NOT NULL,
    timecreated INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS grouping_group (
    groupingid INTEGER NOT NULL, groupid INTEGER NOT NULL, PRIMARY KEY (groupingid, groupid));
CREATE TABLE IF NOT EXISTS group_member (
    groupid INTEGER NOT NULL, user INTEGER NOT NULL, PRIMARY KEY (groupid, user));
CREATE TABLE IF NOT EXISTS question (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course INTEGER NOT NULL, category INTEGER NOT NULL,
    text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS question_category (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course INTEGER NOT NULL, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS part (
    id INTEGER PRIMARY KEY AUTOINCREMENT, module INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS person (
    user INTEGER PRIMARY KEY, auth TEXT NOT NULL, idnumber TEXT NOT NULL, details TEXT NOT NULL,
    profile TEXT NOT NULL, password TEXT NOT NULL, lastaccess INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS profile_field (
    id INTEGER PRIMARY KEY AUTOINCREMENT, shortname TEXT NOT NULL, name TEXT NOT NULL,
    datatype TEXT NOT NULL, category TEXT NOT NULL, options TEXT NOT NULL, defaultvalue TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS role_given (
    id INTEGER PRIMARY KEY AUTOINCREMENT, role INTEGER NOT NULL, user INTEGER NOT NULL,
    level TEXT NOT NULL, item INTEGER NOT NULL, UNIQUE (role, user, level, item));
CREATE TABLE IF NOT EXISTS enrolment_detail (
    course INTEGER NOT NULL, user INTEGER NOT NULL, method INTEGER NOT NULL DEFAULT 0,
    timestart INTEGER NOT NULL DEFAULT 0, timeend INTEGER NOT NULL DEFAULT 0,
    suspended INTEGER NOT NULL DEFAULT 0, lastaccess INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (course, user, method));
CREATE TABLE IF NOT EXISTS cohort (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, idnumber TEXT NOT NULL,
    category INTEGER NOT NULL, visible INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS cohort_member (
    cohort INTEGER NOT NULL, user INTEGER NOT NULL, PRIMARY KEY (cohort, user));
CREATE TABLE IF NOT EXISTS enrol_method (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course INTEGER NOT NULL, method TEXT NOT NULL, role TEXT NOT NULL,
    cohort INTEGER NOT NULL, details TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rule (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, conditions TEXT NOT NULL,
    course INTEGER NOT NULL, role TEXT NOT NULL, "group" INTEGER NOT NULL, cohort INTEGER NOT NULL,
    onleave TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ruled (
    rule INTEGER NOT NULL, user INTEGER NOT NULL, state TEXT NOT NULL, enrolled INTEGER NOT NULL,
    grouped INTEGER NOT NULL, PRIMARY KEY (rule, user));
CREATE TABLE IF NOT EXISTS setting (
    what TEXT NOT NULL, thing INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (what, thing));
CREATE TABLE IF NOT EXISTS scale (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course INTEGER NOT NULL, name TEXT NOT NULL, items TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS gradecategory (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course INTEGER NOT NULL, name TEXT NOT NULL, item INTEGER NOT NULL,
    aggregation TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS gradeitem (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course INTEGER NOT NULL, kind TEXT NOT NULL, thing INTEGER NOT NULL,
    name TEXT NOT NULL, idnumber TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS operation (
    id INTEGER PRIMARY KEY AUTOINCREMENT, opkey TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    undoes TEXT NOT NULL, ticket TEXT NOT NULL, hash TEXT NOT NULL, program TEXT NOT NULL,
    status TEXT NOT NULL, progress REAL NOT NULL DEFAULT 0, step TEXT NOT NULL DEFAULT '',
    stepsdone INTEGER NOT NULL DEFAULT 0, stepstotal INTEGER NOT NULL, result TEXT NOT NULL DEFAULT '',
    errorcode TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '', faults TEXT NOT NULL DEFAULT '[]',
    undone TEXT NOT NULL DEFAULT '', timecreated INTEGER NOT NULL, timestarted INTEGER NOT NULL DEFAULT 0,
    timefinished INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS operation_step (
    opkey TEXT NOT NULL, number INTEGER NOT NULL, label TEXT NOT NULL, kind TEXT NOT NULL,
    result TEXT NOT NULL, kept TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (opkey, number));
CREATE TABLE IF NOT EXISTS operation_file (
    opkey TEXT NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL, path TEXT NOT NULL,
    PRIMARY KEY (opkey, sha256));
"""


class Store:
    """The database and its transactions; threads take turns, processes wait for each other.

    Parameters:
        path: the file; made when it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._turn = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA journal_mode = WAL;" + SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens or nothing; one writer at a time; an inner transaction that fails leaves
        the outer one as it was before.
        """
        with self._turn:
            if self._connection.in_transaction:
                yield from self._inner()
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _inner(self) -> Iterator[None]:
        self._connection.execute("SAVEPOINT inner_one")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO inner_one")
            self._connection.execute("RELEASE inner_one")
            raise
        self._connection.execute("RELEASE inner_one")

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """All rows of a query."""
        with self._turn:
            return [dict(row) for row in self._connection.execute(sql, values).fetchall()]

    def row(self, sql: str, *values: Any) -> dict[str, Any] | None:
        """The first row of a query, or None."""
        return next(iter(self.rows(sql, *values)), None)

    def execute(self, sql: str, *values: Any) -> int:
        """Run a statement; returns the id of the row that it inserted."""
        with self._turn:
            return self._connection.execute(sql, values).lastrowid or 0

    def insert(self, table: str, **values: Any) -> int:
        """Insert a row; returns its id."""
        names = ", ".join(values)
        return self.execute(
            f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(values))})', *values.values()
        )

    def new_context(self) -> int:
        """A fresh context id."""
        return self.execute("INSERT INTO context DEFAULT VALUES")

    def get(self, name: str) -> str | None:
        """A value of the configuration."""
        found = self.row("SELECT value FROM config WHERE name = ?", name)
        return None if found is None else str(found["value"])

    def set(self, name: str, value: str) -> None:
        """Keep a value of the configuration."""
        self.execute("INSERT OR REPLACE INTO config (name, value) VALUES (?, ?)", name, value)
