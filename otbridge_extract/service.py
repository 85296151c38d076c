"""The service: looks for new backups, does what is asked, and says that it lives."""

from __future__ import annotations

import fcntl
import os
import pwd
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC
from pathlib import Path

from otbridge_extract import contents, dump
from otbridge_extract.commands import output
from otbridge_extract.database import Scratch
from otbridge_extract.errors import Refused, SettingsError, Stopping
from otbridge_extract.extractor import Extractor, room
from otbridge_extract.guard import Guard
from otbridge_extract.index import Index
from otbridge_extract.moodle import document
from otbridge_extract.settings import Settings
from otbridge_extract.sources import Archives, Found, Git, Source
from otbridge_extract.spool import Request, Spool

POLL = 2.0
"""Seconds between two looks into the spool."""
PAUSE = 15.0
"""Seconds until it begins anew after a fault of the machine."""
BEAT = 15.0
"""Seconds between two signs of life."""


def say(text: str) -> None:
    """A line for the log."""
    print(text, file=sys.stderr, flush=True)


class Service:
    """All of it; one process for a site."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        site = settings.site
        self._lock = _lock(site.state / "lock")
        self._spool = Spool(site.spool, _owner(site.requests_from))
        self._beaten = 0.0
        folders = [site.state, self._spool.answers]
        if settings.database.datadir:
            folders.append(settings.database.datadir)
        self.guard = Guard(folders, settings.limits.free_mb, beat=self._beat)
        self.index = Index(site.state / "index.sqlite")
        self.sources = _sources(settings, self.guard)
        self.use(Scratch(settings.database, site.name, site.state, self.guard))
        self._scanned = 0.0

    def use(self, scratch: Scratch) -> None:
        """Make scratch databases here."""
        self.scratch = scratch
        self._extractor = Extractor(
            self._settings, self.sources, self.index, self._spool, scratch, self.guard
        )

    def close(self) -> None:
        """Let another process work for this site."""
        self.guard.stopping.set()
        self.index.close()
        os.close(self._lock)

    def run(self) -> None:
        """Work until told to stop."""
        while not self.guard.stopping.is_set():
            try:
                self._run()
            except Stopping:
                break
            except (OSError, Refused) as error:  # A full disk, a database that is away: begin anew, later.
                say(f"it begins anew: {error}")
                self.guard.stopping.wait(PAUSE)
        say("stopping")
        self.guard.stopping.clear()  # Cleaning up has children of its own.
        with suppress(OSError, Refused, Stopping):  # The next start does it otherwise.
            self.end()

    def _run(self) -> None:
        self.begin()
        while not self.guard.stopping.is_set():
            if not self.work():
                self.guard.stopping.wait(POLL)

    def end(self) -> None:
        """Drop what waited for another request."""
        self._extractor.clean_up()

    def begin(self) -> None:
        """Remove what a dead helper left."""
        dropped = self._extractor.clean_up()
        if dropped:
            say(f"dropped {', '.join(dropped)}, left by a helper that ended in its work")
        self._spool.tidy(time.time(), self._settings.limits.keep_days * 86400)
        self.publish()

    def work(self) -> bool:
        """Do one thing; returns whether there was one."""
        request = self._next()
        if request is None:
            self._extractor.clean_up_idle(asked_for=False)
            return self._scan_when_due()
        if self._extractor.busy():
            self._extractor.wait(request)
            return self._scan_when_due()
        say(f"{request.key}: course {request.course} out of {request.backup}")
        self._extractor.extract(request)
        told = self._spool.answer(request.key)
        say(f"{request.key}: {told.get('state')} {told.get('code', '')} {told.get('message', '')}".rstrip())
        return True

    def scan(self) -> bool:
        """Take in one backup that the index does not know; returns whether there was one."""
        found = [one for source in self.sources.values() for one in source.found()]
        known = {one.key: one for one in self.index.backups()}
        gone = set(known) - {one.key for one in found}
        if gone:
            self.index.forget(gone)
        owners = first_of(found)
        for one in sorted(found, key=lambda one: one.taken, reverse=True):
            if one.key not in known or known[one.key].fingerprint != one.fingerprint:
                self._take_in(one, owners[one.key])
                return True
        if gone:
            self.publish()
        return False

    def publish(self) -> None:
        """Give the plugin the index."""
        self._spool.write("index.jsonl", self.index.published(int(time.time())))

    def php_version(self) -> str:
        """What the PHP of the settings says that it is.

        Raises:
            Refused: it does not run.
        """
        said = output(self.guard, [*self._settings.php.command, "-r", "echo PHP_VERSION;"], what="php")
        return said.decode("utf-8", "replace")

    def _scan_when_due(self) -> bool:
        if time.monotonic() - self._scanned < self._settings.backups.every_minutes * 60 and self._scanned:
            return False
        try:
            if self.scan():
                return True
        except Refused as refused:
            say(f"backups cannot be looked for: {refused}")
        self._scanned = time.monotonic()
        self._spool.tidy(time.time(), self._settings.limits.keep_days * 86400)
        return False

    def _take_in(self, found: Found, owner: Found) -> None:
        read, problem, taken = None, "", int(found.taken.timestamp())
        if owner is not found:
            problem = f"the dump is that of {owner.name}: it was not made anew"
        else:
            reader = dump.dialect(self._settings.database.kind)
            settings = self._settings
            try:
                with self.sources[found.kind].dump(found) as stream:
                    read = contents.read(stream, reader, settings.database.prefix, settings.without_rows())
            except Refused as refused:
                problem = str(refused)
            if read is not None and not problem:
                problem = _problem(read)
                if read.ended:
                    taken = int(read.ended.replace(tzinfo=settings.zone()).astimezone(UTC).timestamp())
        self.index.put(found, read, taken, problem)
        say(f"{found.name}: " + (problem or f"{len(read.courses) if read else 0} courses"))
        self.publish()

    def _next(self) -> Request | None:
        """The request to do next: one for the loaded backup, else the oldest."""
        pending = self._spool.pending()
        same = [one for one in pending if self._extractor.holds(one.backup)]
        return next(iter(same or pending), None)

    def _beat(self) -> None:
        if time.monotonic() - self._beaten < BEAT and self._beaten:
            return
        self._beaten = time.monotonic()
        told = {"version": 1, "time": int(time.time()), "room": room(self._settings)}
        self._spool.write("status.json", [document(told)])


def first_of(found: Iterable[Found]) -> Mapping[str, Found]:
    """For each backup the oldest one that holds the same dump: `otlamp_savevhost` tags the dump of yesterday
    again when today's could not be made.
    """
    owners: dict[str, Found] = {}
    first: dict[tuple[str, str], Found] = {}
    for one in sorted(found, key=lambda one: (one.taken, one.name)):
        mark = (one.kind, one.fingerprint if one.fingerprint != "none" else one.key)
        owners[one.key] = first.setdefault(mark, one)
    return owners


def _problem(read: contents.Contents) -> str:
    if not read.complete:
        return "the dump's last line is missing: it was cut off"
    if not read.courses:
        return "no courses are in the dump; is [database] prefix right?"
    return ""


def _sources(settings: Settings, guard: Guard) -> dict[str, Source]:
    one, zone = settings.backups, settings.zone()
    name = "psql.sql" if settings.database.kind == "pgsql" else "mysql.sql"
    made: dict[str, Source] = {}
    if one.git:
        made["git"] = Git(one.git, name, zone, guard)
    if one.rotate and one.code:
        made["archive"] = Archives(one.rotate, one.code, name, zone, guard)
    return made


def _owner(name: str) -> int | None:
    if not name:
        return None
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise SettingsError(f"[site] requests_from: there is no user {name}") from error


def _lock(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise SettingsError(f"{path} is locked: another otbridge-extract works for this site") from error
    return handle
