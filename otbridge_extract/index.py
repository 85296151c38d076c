"""The index: which course is in which whole-site backup. SQLite, in the helper's own folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from otbridge_extract.contents import Contents, Course
from otbridge_extract.moodle import document
from otbridge_extract.sources import Found

TABLES = """
CREATE TABLE IF NOT EXISTS backup (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL,
    fingerprint TEXT NOT NULL, taken INTEGER NOT NULL, problem TEXT NOT NULL,
    dump_bytes INTEGER NOT NULL, load_bytes INTEGER NOT NULL, version TEXT NOT NULL, site TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS course (
    number INTEGER PRIMARY KEY, id INTEGER NOT NULL, shortname TEXT NOT NULL, fullname TEXT NOT NULL,
    idnumber TEXT NOT NULL, category INTEGER NOT NULL, category_name TEXT NOT NULL,
    UNIQUE (id, shortname, fullname, idnumber, category, category_name)
);
CREATE TABLE IF NOT EXISTS seen (
    course INTEGER NOT NULL REFERENCES course, backup INTEGER NOT NULL REFERENCES backup ON DELETE CASCADE,
    file_bytes INTEGER NOT NULL, PRIMARY KEY (course, backup)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_backup ON seen (backup);
CREATE TABLE IF NOT EXISTS speed (name TEXT PRIMARY KEY, value REAL NOT NULL);
"""
SPEEDS = {"tables": 15.0, "load": 1.5e7, "files": 2e7, "backup": 10.0, "code": 60.0}
"""How fast it goes before anything was measured: seconds for making tables, for Moodle's backup and for
taking code out; bytes a second of dump and of files."""
LARGE = 100 * 1024 * 1024
"""A dump from which the speed of rows is taken; with a smaller one the time goes into making tables."""
FILES_THRICE = 3
"""A file of the course lies in the pool, in Moodle's temporary folder, and in the archive."""
LOADED_TWICE = 2
"""A database takes more room than its dump: measured 1.5 to 2.8 times (MariaDB 10.11)."""
SMALLEST = 256 * 1024 * 1024
"""A database of 600 tables and a copy of the code, whatever is in them."""


@dataclass(frozen=True)
class Backup:
    """A whole-site backup in the index.

    Attributes:
        taken: moment of its dump, Unix seconds.
        problem: why it is never offered; empty for a good one.
    """

    number: int
    key: str
    kind: str
    name: str
    fingerprint: str
    taken: int
    problem: str
    dump_bytes: int
    load_bytes: int
    version: str
    site: str


@dataclass(frozen=True)
class Estimate:
    """What an extraction will take: seconds, and bytes of disk."""

    seconds: int
    bytes: int


class Index:
    """See the module; one process uses it at a time."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(TABLES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def backups(self) -> Sequence[Backup]:
        """All, the oldest first."""
        rows = self._db.execute(
            "SELECT number, key, kind, name, fingerprint, taken, problem, dump_bytes, load_bytes, version, "
            "site FROM backup ORDER BY taken, number"
        )
        return [Backup(*row) for row in rows]

    def backup(self, key: str) -> Backup | None:
        """The one of a key."""
        return next((one for one in self.backups() if one.key == key), None)

    def holds(self, backup: Backup, course: int) -> int | None:
        """The weight of the course's files in a backup; None where the course is not in it."""
        row = self._db.execute(
            "SELECT s.file_bytes FROM seen s JOIN course c ON c.number = s.course "
            "WHERE s.backup = ? AND c.id = ?",
            (backup.number, course),
        ).fetchone()
        return None if row is None else int(row[0])

    def weight(self, key: str, course: int) -> int:
        """The weight of the course's files in the backup of a key, bytes; 0 where it is not known."""
        backup = self.backup(key)
        return (self.holds(backup, course) if backup else None) or 0

    def newest_with(self, course: int) -> Backup | None:
        """The newest good backup in which a course was alive."""
        row = self._db.execute(
            "SELECT b.key FROM course c JOIN seen s ON s.course = c.number "
            "JOIN backup b ON b.number = s.backup WHERE c.id = ? AND b.problem = '' "
            "ORDER BY b.taken DESC LIMIT 1",
            (course,),
        ).fetchone()
        return None if row is None else self.backup(row[0])

    def put(self, found: Found, contents: Contents | None, taken: int, problem: str) -> None:
        """Take a backup in, or anew where its dump changed; whole or not at all."""
        with self._transaction():
            self._db.execute("DELETE FROM backup WHERE key = ?", (found.key,))
            number = self._db.execute(
                "INSERT INTO backup (key, kind, name, fingerprint, taken, problem, dump_bytes, load_bytes, "
                "version, site) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(found.key, found.kind, found.name, found.fingerprint, taken, problem),
                    *((contents.dump_bytes, contents.load_bytes) if contents else (0, 0)),
                    *((contents.version, contents.site) if contents else ("", "")),
                ),
            ).lastrowid
            for one in contents.courses if contents and not problem else ():
                self._db.execute(
                    "INSERT OR REPLACE INTO seen VALUES (?, ?, ?)",
                    (self._course(one), number, one.file_bytes),
                )

    def forget(self, keys: Iterable[str]) -> None:
        """Take backups out that are gone."""
        with self._transaction():
            for key in keys:
                self._db.execute("DELETE FROM backup WHERE key = ?", (key,))
            self._db.execute("DELETE FROM course WHERE number NOT IN (SELECT course FROM seen)")

    def measured(self, name: str, value: float) -> None:
        """Remember how fast it went; the last time counts half."""
        self._db.execute(
            "INSERT INTO speed VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = (value + excluded.value) / 2",
            (name, value),
        )

    def measured_load(self, size: int, seconds: float) -> None:
        """Remember how long a dump took: a small one tells of tables, a large one of rows."""
        speed = self.speeds()
        if size < LARGE:
            self.measured("tables", max(1.0, seconds - size / speed["load"]))
        else:
            self.measured("load", size / max(1.0, seconds - speed["tables"]))

    def speeds(self) -> dict[str, float]:
        """How fast it goes."""
        return {**SPEEDS, **dict(self._db.execute("SELECT name, value FROM speed"))}

    def estimate(self, backup: Backup, file_bytes: int) -> Estimate:
        """What an extraction out of a backup takes, as far as can be told beforehand."""
        speed = self.speeds()
        fixed = speed["tables"] + speed["backup"] + speed["code"]
        seconds = fixed + backup.load_bytes / speed["load"] + file_bytes / speed["files"]
        return Estimate(
            seconds=max(1, round(seconds)),
            bytes=SMALLEST + LOADED_TWICE * backup.load_bytes + FILES_THRICE * file_bytes,
        )

    def published(self, made: int) -> Iterator[str]:
        """The lines of the public index: first the good backups, then every course under each of its names,
        with the runs of backups (places in that list) in which it was so.
        """
        good = [one for one in self.backups() if not one.problem]
        places = {one.number: place for place, one in enumerate(good)}
        told = []
        for one in good:
            base = self.estimate(one, 0)
            told.append(
                {
                    "key": one.key,
                    "name": one.name,
                    "taken": one.taken,
                    "version": one.version,
                    "site": one.site,
                }
                | {"seconds": base.seconds, "bytes": base.bytes}
            )
        per_byte = 1 / self.speeds()["files"]
        yield document(
            {"version": 1, "made": made, "backups": told, "filesecond": per_byte, "filetimes": FILES_THRICE}
        )
        rows = self._db.execute(
            "SELECT c.number, c.id, c.shortname, c.fullname, c.idnumber, c.category, c.category_name, "
            "s.backup, s.file_bytes FROM course c JOIN seen s ON s.course = c.number ORDER BY c.id, c.number"
        )
        current: dict[str, object] = {}
        seen: list[int] = []
        last = None
        for row in rows:
            if row[0] != last:
                if seen:
                    yield document({**current, "runs": runs(seen)})
                last, seen = row[0], []
            if row[7] in places:
                seen.append(places[row[7]])
            current = {"id": row[1], "shortname": row[2], "fullname": row[3], "idnumber": row[4]}
            current |= {"category": row[5], "categoryname": row[6], "filebytes": row[8]}
        if seen:
            yield document({**current, "runs": runs(seen)})

    def _course(self, one: Course) -> int:
        values = (one.id, one.shortname, one.fullname, one.idnumber, one.category, one.category_name)
        self._db.execute(
            "INSERT OR IGNORE INTO course (id, shortname, fullname, idnumber, category, category_name) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            values,
        )
        row = self._db.execute(
            "SELECT number FROM course WHERE id = ? AND shortname = ? AND fullname = ? AND idnumber = ? "
            "AND category = ? AND category_name = ?",
            values,
        ).fetchone()
        return int(row[0])

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._db.execute("ROLLBACK" if kind else "COMMIT")


def runs(places: Iterable[int]) -> list[list[int]]:
    """Numbers as runs: 0, 1, 2, 5 are [[0, 2], [5, 5]]."""
    made: list[list[int]] = []
    for place in sorted(places):
        if made and made[-1][1] == place - 1:
            made[-1][1] = place
        else:
            made.append([place, place])
    return made
