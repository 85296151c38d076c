"""What a dump tells of its site: courses, their categories and the weight of their files. Pure: lines in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from otbridge_extract import dump

COURSE_LEVEL = "50"
"""Moodle's number for contexts of courses."""
TABLES = ("config", "context", "course", "course_categories", "files")

Row = Mapping[str, "str | None"]


@dataclass(frozen=True)
class Course:
    """A course, as it was when the dump was made.

    Attributes:
        file_bytes: the weight of the files in its contexts, as the table of files tells.
    """

    id: int
    shortname: str
    fullname: str
    idnumber: str
    category: int
    category_name: str
    file_bytes: int = 0


@dataclass(frozen=True)
class Contents:
    """What a dump tells.

    Attributes:
        complete: whether its last line is there.
        ended: the moment in that line, by the server's clock; None where it tells none.
        dump_bytes: weight of the whole.
        load_bytes: weight of what would be loaded of it.
        version: Moodle's version.
        site: MD5 of the site's identifier, as backups bear it.
    """

    complete: bool
    ended: datetime | None
    dump_bytes: int
    load_bytes: int
    version: str
    site: str
    courses: tuple[Course, ...]


class _Tables:
    """Rows of the tables that matter, as they come by."""

    def __init__(self) -> None:
        self.config: dict[str, str] = {}
        self._in_course: dict[str, int] = {}  # context id: course
        self._waiting: list[tuple[str, str]] = []  # context id, path
        self._courses: list[Row] = []
        self._categories: dict[str, str] = {}
        self._weights: dict[str, int] = {}

    def take(self, table: str, row: Row) -> None:
        """Keep what matters of a row."""
        if table == "config":
            self.config[row.get("name") or ""] = row.get("value") or ""
        elif table == "context":
            if row.get("contextlevel") == COURSE_LEVEL:
                self._in_course[row.get("id") or ""] = int(row.get("instanceid") or 0)
            elif int(row.get("contextlevel") or 0) > int(COURSE_LEVEL):
                self._waiting.append((row.get("id") or "", row.get("path") or ""))
        elif table == "course":
            self._courses.append(row)
        elif table == "course_categories":
            self._categories[row.get("id") or ""] = row.get("name") or ""
        elif row.get("filename") != ".":
            context = row.get("contextid") or ""
            self._weights[context] = self._weights.get(context, 0) + int(row.get("filesize") or 0)

    def courses(self) -> tuple[Course, ...]:
        """The courses, without the front page."""
        holders = dict(self._in_course)
        for context, path in self._waiting:
            above = next((one for one in path.split("/") if one in self._in_course), None)
            if above:
                holders[context] = self._in_course[above]
        weights: dict[int, int] = {}
        for context, weight in self._weights.items():
            if context in holders:
                weights[holders[context]] = weights.get(holders[context], 0) + weight
        made = [
            Course(
                id=int(one.get("id") or 0),
                shortname=one.get("shortname") or "",
                fullname=one.get("fullname") or "",
                idnumber=one.get("idnumber") or "",
                category=int(one.get("category") or 0),
                category_name=self._categories.get(one.get("category") or "", ""),
                file_bytes=weights.get(int(one.get("id") or 0), 0),
            )
            for one in self._courses
        ]
        return tuple(one for one in made if one.category)


def read(
    stream: Iterable[bytes], reader: dump.Dialect, prefix: str, without_rows: frozenset[str]
) -> Contents:
    """Read a dump once, from its first line to its last."""
    tables = {prefix + name: name for name in TABLES}
    kept = _Tables()
    total = loaded = 0
    complete, ended = False, None
    for line, rows in dump.records(reader, stream, tables):
        total += len(line.text)
        if line.kind == "end":
            complete, ended = True, reader.ended(line)
        elif line.kind == "structure" or (line.kind == "rows" and line.table not in without_rows):
            loaded += len(line.text)
        for row in rows:
            kept.take(tables[line.table], row)
    identifier = kept.config.get("siteidentifier", "")
    return Contents(
        complete=complete,
        ended=ended,
        dump_bytes=total,
        load_bytes=loaded,
        version=kept.config.get("version", ""),
        site=hashlib.md5(identifier.encode(), usedforsecurity=False).hexdigest() if identifier else "",
        courses=kept.courses(),
    )
