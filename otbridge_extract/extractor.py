"""One course out of one backup, from the request to the archive; requests for one backup share a database."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from otbridge_extract import archive, dump, moodle
from otbridge_extract.database import Scratch
from otbridge_extract.errors import Refused, Stopping
from otbridge_extract.guard import MEGABYTE, Guard, free_bytes
from otbridge_extract.index import Backup, Index
from otbridge_extract.settings import Settings
from otbridge_extract.sources import Found, Source
from otbridge_extract.spool import Request, Spool

PHASES = {"code": 0.0, "load": 0.1, "files": 0.6, "backup": 0.8, "archive": 0.95}
"""Where each phase of the work begins, as a part of the whole."""
MOST_NAMES = 5
"""How many missing files are named."""


@dataclass
class Loaded:
    """A scratch database with a backup in it, and the folder that belongs to it."""

    backup: str
    database: str
    folder: Path
    used: float


class Extractor:
    """Does the work; what is left of a dead one is removed by `clean_up`."""

    def __init__(
        self,
        settings: Settings,
        sources: Mapping[str, Source],
        index: Index,
        spool: Spool,
        database: Scratch,
        guard: Guard,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._index = index
        self._spool = spool
        self._guard = guard
        self._clock = clock
        self._scratches = settings.site.state / "scratch"
        self._code = settings.site.state / "code"
        self._tries = settings.site.state / "tries.json"
        for folder in (self._scratches, self._code):
            folder.mkdir(exist_ok=True)
        self._database = database
        self._loaded: Loaded | None = None
        self._told = 0.0

    def clean_up(self) -> Sequence[str]:
        """Remove databases and folders, also of a helper that was killed; returns names of databases."""
        self._loaded = None
        dropped = self._database.drop_all()
        for one in (*self._scratches.iterdir(), *self._code.glob(".*")):
            shutil.rmtree(one, ignore_errors=True)
        return dropped

    def clean_up_idle(self, *, asked_for: bool) -> None:
        """Drop the scratch database that nobody has used for a while."""
        one, limits = self._loaded, self._settings.limits
        if one and not asked_for and self._clock() - one.used >= limits.linger_seconds:
            self.clean_up()

    def holds(self, backup: str) -> bool:
        """Whether this backup is the one that is loaded."""
        return self._loaded is not None and self._loaded.backup == backup

    def extract(self, request: Request) -> None:
        """Do a request, and answer it; an error of the request never leaves this function."""
        begun = self._clock()
        try:
            self._count_try(request)
            backup = self._judge(request)
            with self._guard.within(self._settings.limits.seconds):
                missing = self._work(request, backup)
            self._tell_done(request, backup, missing, begun)
        except Refused as refused:
            self._give_up(request)
            self._answer(
                request, "failed", code=refused.code, message=str(refused), facts=dict(refused.facts)
            )
        except OSError as error:
            self._give_up(request)
            full = error.errno == 28  # ENOSPC: the guard had no time to look
            code = "diskfull" if full else "failed"
            facts = {"what": "disk", "reason": str(error), "free": 0, "least": self._settings.limits.free_mb}
            self._answer(request, "failed", code=code, message=str(error), facts=facts)
        except Stopping:
            raise
        except Exception as error:  # One bad request must not stop the others.
            traceback.print_exc()
            self._give_up(request)
            facts = {"what": "otbridge-extract", "reason": repr(error)}
            self._answer(request, "failed", code="failed", message=repr(error), facts=facts)
        self._forget_tries(request)

    def busy(self) -> bool:
        """Whether the machine has enough to do without this."""
        most = self._settings.limits.load
        return bool(most) and os.getloadavg()[0] > most

    def wait(self, request: Request) -> None:
        """Say that it waits for a quieter machine."""
        if self._spool.answer(request.key).get("state") != "queued":
            self._answer(request, "queued", phase="busy", progress=0.0)

    def _judge(self, request: Request) -> Backup:
        backup = self._index.backup(request.backup)
        if backup is None:
            raise Refused("nobackup", f"there is no backup {request.backup}", backup=request.backup)
        if backup.problem:
            raise Refused("wrongdump", f"{backup.name}: {backup.problem}", name=backup.name)
        weight = self._index.holds(backup, request.course)
        if weight is None:
            raise Refused(
                "nocourse", f"course {request.course} is not in {backup.name}", course=request.course
            )
        limits = self._settings.limits
        need = self._index.estimate(backup, weight).bytes
        if need > limits.scratch_mb * MEGABYTE:
            raise Refused(
                "toolarge",
                f"about {need // MEGABYTE} MB are needed, {limits.scratch_mb} are allowed",
                need=need // MEGABYTE,
                most=limits.scratch_mb,
            )
        if not self.holds(backup.key):
            self.clean_up()
            left = room(self._settings)
            if need > left:
                raise Refused(
                    "diskfull",
                    f"about {need // MEGABYTE} MB are needed, {left // MEGABYTE} may be used",
                    free=left // MEGABYTE + limits.free_mb,
                    least=need // MEGABYTE + limits.free_mb,
                )
        return backup

    def _work(self, request: Request, backup: Backup) -> Sequence[str]:
        """The way from the dump to the archive; returns names of missing files."""
        source = self._sources[backup.kind]
        found = Found(
            backup.key,
            backup.kind,
            backup.name,
            datetime.fromtimestamp(backup.taken, UTC),
            backup.fingerprint,
        )
        self._phase(request, "code")
        code = self._take_code(source, found, backup)
        loaded = self._load(request, source, found, backup)
        loaded.used = self._clock()
        self._phase(request, "files")
        files = moodle.needed_files(
            self._database, loaded.database, self._settings.database.prefix, request.course
        )
        missing = self._take_files(
            request, source, found, loaded, {one.contenthash: one.name for one in files}
        )
        self._check_missing(missing, len(files))
        self._phase(request, "backup")
        data = loaded.folder / "data"
        text = moodle.configuration(self._settings, loaded.database, self._database.password, data)
        (code / "config.php").write_text(text, "utf-8")
        for again in (False, True):
            started = time.monotonic()
            made = moodle.back_up(self._settings, self._guard, code, data, request.course)
            self._index.measured("backup", time.monotonic() - started)
            self._phase(request, "archive")
            part = self._part(request)
            lost = archive.finish(made, part, backup.taken, request.course)
            unknown = {one: name for one, name in lost.items() if one not in missing}
            if not unknown or again:
                break
            # Some module keeps files where nobody would look: take these, too, and let Moodle begin anew.
            missing |= self._take_files(request, source, found, loaded, unknown)
        self._check_missing(
            {one: name for one, name in {**missing, **lost}.items() if one in lost}, len(files)
        )
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.chmod(0o640)
        part.replace(self._spool.file(request.key))
        made.unlink()
        loaded.used = self._clock()
        return sorted(lost.values())

    def _part(self, request: Request) -> Path:
        """Where the archive is written, before it is whole."""
        return self._spool.answers / f".{request.key}.mbz.part"

    def _give_up(self, request: Request) -> None:
        """Remove everything before it is answered: the disk may be full."""
        self._part(request).unlink(missing_ok=True)
        self.clean_up()

    def _check_missing(self, missing: Mapping[str, str], total: int) -> None:
        if len(missing) > self._settings.limits.missing_files:
            names = sorted(missing.values())[:MOST_NAMES]
            raise Refused(
                "filesmissing",
                f"{len(missing)} of {total} files are not in the backup: {', '.join(names)}",
                count=len(missing),
                total=total,
                names=", ".join(names),
            )

    def _take_code(self, source: Source, found: Found, backup: Backup) -> Path:
        """The code of that backup; the last one is kept."""
        identity = source.code_id(found, backup.version)
        folder = self._code / identity
        if folder.is_dir():
            return folder
        for one in self._code.iterdir():
            shutil.rmtree(one, ignore_errors=True)
        started = time.monotonic()
        part = self._code / f".{identity}"
        part.mkdir()
        source.code(found, part)
        if not (part / "admin" / "cli" / "backup.php").is_file():
            raise Refused(
                "failed", "the code holds no admin/cli/backup.php", what="code", reason="backup.php"
            )
        part.replace(folder)
        self._index.measured("code", time.monotonic() - started)
        return folder

    def _load(self, request: Request, source: Source, found: Found, backup: Backup) -> Loaded:
        if self._loaded and self._loaded.backup == backup.key:
            return self._loaded
        self._phase(request, "load")
        started = time.monotonic()
        database = self._database.make()
        folder = self._scratches / database
        for one in ("data/filedir", "data/temp"):
            (folder / one).mkdir(parents=True)
        reader = dump.dialect(self._settings.database.kind)
        done = 0

        def moved(size: int) -> None:
            nonlocal done
            done += size
            self._progress(request, "load", done / max(1, backup.load_bytes))

        with source.dump(found) as stream:
            lines = dump.loaded(reader, stream, self._settings.without_rows())
            if self._database.fill(database, lines, moved) is None:
                raise Refused(
                    "wrongdump", f"{backup.name}: the dump's last line is missing", name=backup.name
                )
        self._index.measured_load(backup.load_bytes, time.monotonic() - started)
        self._loaded = Loaded(backup.key, database, folder, self._clock())
        return self._loaded

    def _take_files(
        self, request: Request, source: Source, found: Found, loaded: Loaded, files: Mapping[str, str]
    ) -> dict[str, str]:
        """Put files into the scratch pool; returns those that are missing, by hash."""
        pool = loaded.folder / "data" / "filedir"
        wanted = [one for one in files if not (pool / one[:2] / one[2:4] / one).is_file()]
        if not wanted:
            return {}
        started, size = time.monotonic(), 0
        total = max(1, self._index.weight(loaded.backup, request.course))

        def moved(more: int) -> None:
            nonlocal size
            size += more
            self._guard.judge()
            self._progress(request, "files", size / total)

        missing = source.files(found, wanted, pool, moved)
        if size > MEGABYTE:
            self._index.measured("files", size / max(0.01, time.monotonic() - started))
        return {one: files[one] for one in sorted(missing)}

    def _phase(self, request: Request, phase: str) -> None:
        print(f"{request.key}: {phase}", file=sys.stderr, flush=True)
        self._told = 0.0
        self._progress(request, phase, 0.0)
        self._guard.judge()

    def _progress(self, request: Request, phase: str, part: float) -> None:
        if time.monotonic() - self._told < 1.0:
            return
        self._told = time.monotonic()
        order = list(PHASES)
        following = order.index(phase) + 1
        end = PHASES[order[following]] if following < len(order) else 1.0
        share = PHASES[phase] + (end - PHASES[phase]) * min(1.0, part)
        self._answer(request, "working", phase=phase, progress=round(share, 3))

    def _tell_done(self, request: Request, backup: Backup, missing: Sequence[str], begun: float) -> None:
        path = self._spool.file(request.key)
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while piece := file.read(MEGABYTE):
                digest.update(piece)
        self._answer(
            request,
            "done",
            progress=1.0,
            size=path.stat().st_size,
            sha256=digest.hexdigest(),
            name=backup.name,
            taken=backup.taken,
            course=request.course,
            missing=list(missing),
            seconds=round(self._clock() - begun, 1),
        )

    def _answer(self, request: Request, state: str, **told: object) -> None:
        self._spool.tell(
            request.key, {"asked": request.asked, "state": state, "updated": int(self._clock()), **told}
        )

    def _count_try(self, request: Request) -> None:
        """Count a beginning on disk: what kills its helper each time is given up.

        Raises:
            Refused: `interrupted`.
        """
        tries = self._read_tries()
        tries[request.key] = tries.get(request.key, 0) + 1
        self._write_tries(tries)
        if tries[request.key] > self._settings.limits.tries:
            raise Refused(
                "interrupted", f"begun {tries[request.key] - 1} times", tries=tries[request.key] - 1
            )

    def _forget_tries(self, request: Request) -> None:
        tries = self._read_tries()
        if tries.pop(request.key, None) is not None:
            self._write_tries(tries)

    def _read_tries(self) -> dict[str, int]:
        try:
            found = json.loads(self._tries.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write_tries(self, tries: Mapping[str, int]) -> None:
        part = self._tries.with_suffix(".part")
        part.write_text(json.dumps(tries), "utf-8")
        part.replace(self._tries)


def room(settings: Settings) -> int:
    """Bytes that an extraction may use now: what is free less what stays so, and no more than is allowed."""
    folders = [settings.site.state, settings.site.spool / "answers"]
    if settings.database.datadir:
        folders.append(settings.database.datadir)
    free = min(free_bytes(one) for one in folders) - settings.limits.free_mb * MEGABYTE
    return max(0, min(free, settings.limits.scratch_mb * MEGABYTE))
