"""Dumps of databases, read line by line: mysqldump's and pg_dump's plain text.

Pure: lines in, lines out. Both programs write line feeds within values as escapes, so that a line never ends
inside a value. Only kinds of lines that are known here are passed on to a database client; whatever else a
dump may hold (users, procedures, triggers, commands of the client) is left out.

Sources: mysqldump of MariaDB 10.11 (one INSERT over many lines, "sandbox" line first) and of MySQL 5.7 (one
line an INSERT); pg_dump 15 (COPY). `otlamp_savedb` calls them without options that change the form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

Kind = Literal["session", "structure", "rows", "left-out", "end"]
Row = Sequence[str | None]


@dataclass(frozen=True)
class Line:
    """One line of a dump.

    Attributes:
        kind: `session` and `structure` are always loaded, `rows` where the table's data are wanted;
            `left-out` never; `end` is the last line of a whole dump.
        table: without the name of a schema; empty where the line belongs to none.
    """

    kind: Kind
    table: str
    text: bytes


class MySql:
    """mysqldump, of MySQL and of MariaDB."""

    _table = re.compile(
        rb"(?:DROP TABLE IF EXISTS|CREATE TABLE|LOCK TABLES|INSERT INTO|/\*!40000 ALTER TABLE) `([^`]+)`"
    )
    _session = re.compile(rb"/\*!\d+ SET (?!.*\b(?:GLOBAL|PERSIST|PASSWORD)\b)[^;]*\*/;\s*$", re.IGNORECASE)
    _end = re.compile(rb"-- Dump completed(?: on (\d{4}-\d\d-\d\d +\d{1,2}:\d\d:\d\d))?\s*$")
    _column = re.compile(rb"\s+`([^`]+)` ")
    _row_format = re.compile(rb" ROW_FORMAT=\w+")
    _value = re.compile(rb"\s*(?:_binary )?(?:'((?:[^'\\]|\\.|'')*)'|([^,()']+))\s*([,)])", re.DOTALL)
    _escape = re.compile(r"\\(.)|''", re.DOTALL)
    _escapes: ClassVar[Mapping[str, str]] = {
        "0": "\0",
        "n": "\n",
        "r": "\r",
        "Z": "\x1a",
        "t": "\t",
        "b": "\b",
    }

    def lines(self, stream: Iterable[bytes]) -> Iterator[Line]:
        """Tell what each line of a dump is."""
        kind: Kind = "left-out"
        table = ""
        inside = False
        foreign = False  # between DELIMITER ;; and DELIMITER ;
        for text in stream:
            if inside:
                yield Line(kind, table, self._row_format.sub(b"", text) if kind == "structure" else text)
                inside = not text.rstrip().endswith(b";")
                continue
            if text.startswith(b"DELIMITER "):
                foreign = text.strip() != b"DELIMITER ;"
                yield Line("left-out", "", text)
                continue
            found = None if foreign else self._table.match(text)
            if found:
                table = found[1].decode()
                rows = text.startswith((b"INSERT", b"LOCK", b"/*!40000"))
                kind = "rows" if rows else "structure"
                yield Line(kind, table, text)
                inside = not text.rstrip().endswith(b";")
            elif not foreign and text.startswith(b"UNLOCK TABLES"):
                yield Line("rows", table, text)
            elif not foreign and self._session.match(text):
                yield Line("session", "", text)
            else:
                yield Line("end" if self._end.match(text) else "left-out", "", text)

    def ended(self, line: Line) -> datetime | None:
        """The moment that the last line tells, in the server's zone; None where it tells none."""
        found = self._end.match(line.text)
        if not found or not found[1]:
            return None
        return datetime.strptime(" ".join(found[1].decode().split()), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 (the server's)

    def columns(self, line: Line) -> Sequence[str]:
        """Names of columns that a line of structure tells."""
        found = self._column.match(line.text)
        return [found[1].decode()] if found else []

    def rows(self, line: Line) -> Iterator[Row]:
        """The rows of a line."""
        text = line.text
        at = text.find(b"(", text.find(b" VALUES") if text.startswith(b"INSERT") else 0)
        while at >= 0:
            at += 1
            row: list[str | None] = []
            while True:
                found = self._value.match(text, at)
                if found is None:
                    return  # A line that is cut off; the missing last line of the dump tells so.
                at = found.end()
                if found[1] is not None:
                    row.append(self._unescaped(found[1].decode("utf-8", "replace")))
                else:
                    plain = found[2].strip().decode("ascii", "replace")
                    row.append(None if plain == "NULL" else plain)
                if found[3] == b")":
                    break
            yield row
            at = text.find(b"(", at)

    def _unescaped(self, text: str) -> str:
        if "\\" not in text and "''" not in text:
            return text
        return self._escape.sub(lambda one: self._escapes.get(one[1], one[1]) if one[1] else "'", text)


class PostgreSql:
    """pg_dump in its plain form."""

    _structure = re.compile(
        rb"(?:CREATE TABLE|CREATE SEQUENCE|ALTER SEQUENCE|ALTER TABLE(?: ONLY)?"
        rb"|CREATE (?:UNIQUE )?INDEX \S+ ON)\s+(?:ONLY )?(?:public\.)?(\w+)"
    )
    _owner = re.compile(rb".* OWNER TO ")
    _copy = re.compile(rb"COPY (?:public\.)?(\w+) \(([^)]*)\) FROM stdin;")
    _session = re.compile(
        rb"SET (?:statement_timeout|lock_timeout|client_encoding|standard_conforming_strings|xmloption"
        rb"|check_function_bodies|client_min_messages|row_security) = [\w'-]+;\s*$"
        rb"|SELECT pg_catalog\.set(?:_config|val)\([\w'., -]*\);\s*$"
    )
    _end = re.compile(rb"-- PostgreSQL database dump complete\s*$")
    _escape = re.compile(r"\\(.)", re.DOTALL)
    _escapes: ClassVar[Mapping[str, str]] = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"}

    def lines(self, stream: Iterable[bytes]) -> Iterator[Line]:
        """Tell what each line of a dump is."""
        kind: Kind = "left-out"
        table = ""
        inside = copying = False
        for text in stream:
            if copying:
                yield Line("rows", table, text)
                copying = text.rstrip(b"\r\n") != b"\\."
                continue
            if inside:
                yield Line(kind, table, text)
                inside = not text.rstrip().endswith(b";")
                continue
            found = self._copy.match(text)
            if found:
                table = found[1].decode()
                copying = True
                yield Line("rows", table, text)
                continue
            found = self._structure.match(text)
            if found and not self._owner.match(text):
                kind, table = "structure", found[1].decode()
                yield Line(kind, table, text)
                inside = not text.rstrip().endswith(b";")
            elif self._session.match(text):
                yield Line("session", "", text)
            else:
                yield Line("end" if self._end.match(text) else "left-out", "", text)

    def ended(self, line: Line) -> datetime | None:
        """pg_dump tells no moment unless it is asked to be verbose."""
        return None

    def columns(self, line: Line) -> Sequence[str]:
        """Names of columns, which stand in the line that begins the rows."""
        found = self._copy.match(line.text)
        return [one.strip().strip('"') for one in found[2].decode().split(",")] if found else []

    def rows(self, line: Line) -> Iterator[Row]:
        """The row of a line."""
        text = line.text.rstrip(b"\r\n")
        if text == b"\\." or self._copy.match(text):
            return
        yield [self._value(one) for one in text.decode("utf-8", "replace").split("\t")]

    def _value(self, text: str) -> str | None:
        if text == "\\N":
            return None
        if "\\" not in text:
            return text
        return self._escape.sub(lambda one: self._escapes.get(one[1], one[1]), text)


Dialect = MySql | PostgreSql


def dialect(kind: str) -> Dialect:
    """The reader for a database of this kind (`mariadb`, `mysqli`, `pgsql`)."""
    return PostgreSql() if kind == "pgsql" else MySql()


def records(
    reader: Dialect, stream: Iterable[bytes], tables: Iterable[str]
) -> Iterator[tuple[Line, Iterator[dict[str, str | None]]]]:
    """Every line, and with the lines of these tables their rows by the names of their columns."""
    wanted = set(tables)
    columns: dict[str, list[str]] = {table: [] for table in wanted}
    for line in reader.lines(stream):
        if line.table not in wanted:
            yield line, iter(())
            continue
        if line.kind == "structure" or b"FROM stdin;" in line.text[:4096]:
            columns[line.table].extend(reader.columns(line))
        if line.kind != "rows":
            yield line, iter(())
            continue
        names = columns[line.table]
        yield line, (dict(zip(names, row, strict=False)) for row in reader.rows(line))


def loaded(reader: Dialect, stream: Iterable[bytes], without_rows: Iterable[str]) -> Iterator[Line]:
    """The lines that a scratch database is made of, and the last one."""
    left_out = set(without_rows)
    for line in reader.lines(stream):
        if line.kind in {"session", "structure", "end"} or (
            line.kind == "rows" and line.table not in left_out
        ):
            yield line
