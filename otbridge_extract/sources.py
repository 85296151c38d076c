"""Whole-site backups as 3KL makes them: tags in git, and rotated archives.

Source: `otlamp_savevhost`, `otlamp_savedb`, `otlamp_rotatebackup` of 3KL (github.com/Vladbooka/otlamp):
- git: `git add www; git add sqldump; git tag -a %y%m%d%H%M%S[_suffix]`; .gitignore leaves out caches,
  trashdir, sessions, www/local and www/tmp. `www/data/filedir` and `www/htdocs` are in it.
- archives: a folder %Y%m%d%H%M%S with `sql.tar.gz` (./sqldump) and `data.tar.gz` (./data).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol, cast
from zoneinfo import ZoneInfo

from otbridge_extract.commands import output, running
from otbridge_extract.errors import Refused
from otbridge_extract.guard import Guard

CHUNK = 1024 * 1024
BROKEN = (tarfile.TarError, EOFError, zlib.error, OSError)
TAG = re.compile(r"(\d{12})(_[^/]{1,100})?")
VERSION = re.compile(rb"^\s*\$version\s*=\s*([0-9.]+)", re.MULTILINE)


@dataclass(frozen=True)
class Found:
    """A whole-site backup, before it is read.

    Attributes:
        key: by which requests name it: 16 hex digits.
        name: tag or folder.
        taken: when it was made, as its name tells.
        fingerprint: another one for another dump.
    """

    key: str
    kind: str
    name: str
    taken: datetime
    fingerprint: str


class Source(Protocol):
    """Where whole-site backups lie."""

    def found(self) -> list[Found]:
        """Those that are there, the oldest first."""

    def dump(self, backup: Found) -> AbstractContextManager[Iterable[bytes]]:
        """The lines of its dump."""

    def files(
        self, backup: Found, hashes: Iterable[str], into: Path, moved: Callable[[int], None]
    ) -> set[str]:
        """Put files of its pool there, as `ab/cd/<hash>`; returns those that are missing or wrong."""

    def code_id(self, backup: Found, version: str) -> str:
        """A name for its code; the same for the same code."""

    def code(self, backup: Found, into: Path) -> None:
        """Put its code there."""


def key_of(kind: str, name: str) -> str:
    """The key of a backup."""
    return hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()[:16]


def tag_time(name: str, zone: ZoneInfo) -> datetime | None:
    """The moment that a tag's name tells; None for a tag of another kind."""
    found = TAG.fullmatch(name)
    return _moment(found[1], "%y%m%d%H%M%S", zone) if found else None


def folder_time(name: str, zone: ZoneInfo) -> datetime | None:
    """The moment that a folder's name tells."""
    return _moment(name, "%Y%m%d%H%M%S", zone) if re.fullmatch(r"\d{14}", name) else None


def _moment(text: str, form: str, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=zone)
    except ValueError:
        return None


class Git:
    """The repository of a virtual host. It is the site's user's: nothing in its settings is run."""

    def __init__(self, folder: Path, dump_name: str, zone: ZoneInfo, guard: Guard) -> None:
        self._git = (
            *("git", f"--git-dir={folder / '.git'}", "-c", f"safe.directory={folder}"),
            *("-c", f"safe.directory={folder / '.git'}", "-c", "core.fsmonitor=false"),
            *("-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never", "-c", "core.pager=cat"),
            *("-c", "core.attributesFile=/dev/null", "-c", "tar.umask=0022"),
        )
        self._dump_name = dump_name
        self._zone = zone
        self._guard = guard

    def found(self) -> list[Found]:
        """See `Source`."""
        said = output(
            self._guard, [*self._git, "for-each-ref", "--format=%(refname:strip=2)", "refs/tags"], what="git"
        )
        tags = [one for one in said.decode("utf-8", "replace").splitlines() if tag_time(one, self._zone)]
        asked = "".join(f"refs/tags/{one}:sqldump/{self._dump_name}\n" for one in tags).encode()
        blobs = output(self._guard, [*self._git, "cat-file", "--batch-check"], what="git", given=asked)
        found: list[Found] = []
        for tag, told in zip(tags, blobs.decode("utf-8", "replace").splitlines(), strict=True):
            taken = tag_time(tag, self._zone)
            blob = told.split(" ")[0] if " blob " in told else "none"
            if taken:
                found.append(Found(key_of("git", tag), "git", tag, taken, blob))
        return sorted(found, key=lambda one: (one.taken, one.name))

    @contextmanager
    def dump(self, backup: Found) -> Iterator[Iterable[bytes]]:
        """See `Source`."""
        if backup.fingerprint == "none":
            raise Refused("wrongdump", f"{backup.name} holds no sqldump/{self._dump_name}", name=backup.name)
        with running(
            self._guard, [*self._git, "cat-file", "blob", backup.fingerprint], what="git"
        ) as process:
            assert process.stdout
            yield process.stdout

    def files(
        self, backup: Found, hashes: Iterable[str], into: Path, moved: Callable[[int], None]
    ) -> set[str]:
        """See `Source`."""
        wanted = sorted(set(hashes))
        missing: set[str] = set()
        asked = into / "asked"
        asked.write_text(
            "".join(
                f"refs/tags/{backup.name}:www/data/filedir/{one[:2]}/{one[2:4]}/{one}\n" for one in wanted
            )
        )
        with (
            asked.open("rb") as stdin,
            running(self._guard, [*self._git, "cat-file", "--batch"], what="git", stdin=stdin) as process,
        ):
            stream = cast("IO[bytes]", process.stdout)
            for one in wanted:
                told = stream.readline().decode("utf-8", "replace").rstrip("\n")
                parts = told.split(" ")
                if len(parts) != 3 or parts[1] != "blob":
                    missing.add(one)
                    continue
                size = int(parts[2])
                if not _store(stream, size, one, into, moved):
                    missing.add(one)
                stream.read(1)
        asked.unlink()
        return missing

    def code_id(self, backup: Found, version: str) -> str:
        """See `Source`: the tree's."""
        said = output(
            self._guard,
            [*self._git, "rev-parse", "--verify", f"refs/tags/{backup.name}:www/htdocs"],
            what="git",
        )
        return said.decode().strip()

    def code(self, backup: Found, into: Path) -> None:
        """See `Source`; blob by blob, for `git archive` and a checkout would run the repository's filters."""
        said = output(
            self._guard,
            [*self._git, "ls-tree", "-r", "-z", f"refs/tags/{backup.name}:www/htdocs"],
            what="git",
        )
        entries = [(one.split(b" ")[0], *one.split(b" ", 2)[2].split(b"\t", 1)) for one in _entries(said)]
        asked = into / "asked"
        asked.write_bytes(b"".join(oid + b"\n" for _, oid, _ in entries))
        with (
            asked.open("rb") as stdin,
            running(self._guard, [*self._git, "cat-file", "--batch"], what="git", stdin=stdin) as process,
        ):
            stream = cast("IO[bytes]", process.stdout)
            for _, oid, name in entries:
                parts = stream.readline().split()
                if len(parts) != 3:
                    raise Refused("failed", f"git: {oid.decode()} is missing", what="git", reason="missing")
                path = _inside(into, name.decode("utf-8", "surrogateescape"))
                path.parent.mkdir(parents=True, exist_ok=True)
                _copy(stream, int(parts[2]), path)
                stream.read(1)
        asked.unlink()


class Archives:
    """Folders of `otlamp_rotatebackup`."""

    def __init__(self, folder: Path, code: Path, dump_name: str, zone: ZoneInfo, guard: Guard) -> None:
        self._folder = folder
        self._code = code
        self._dump_name = dump_name
        self._zone = zone
        self._guard = guard

    def found(self) -> list[Found]:
        """See `Source`; one without files (`--dbonly`) is none."""
        found: list[Found] = []
        for one in sorted(self._folder.iterdir()) if self._folder.is_dir() else []:
            taken = folder_time(one.name, self._zone)
            dump, data = one / "sql.tar.gz", one / "data.tar.gz"
            if taken and dump.is_file() and data.is_file():
                said = [f"{part.stat().st_size}-{part.stat().st_mtime_ns}" for part in (dump, data)]
                key = key_of("archive", one.name)
                found.append(Found(key, "archive", one.name, taken, "+".join(said)))
        return found

    @contextmanager
    def dump(self, backup: Found) -> Iterator[Iterable[bytes]]:
        """See `Source`."""
        try:
            with tarfile.open(self._folder / backup.name / "sql.tar.gz", "r|gz") as archive:
                for member in archive:
                    if member.isfile() and member.name == f"./sqldump/{self._dump_name}":
                        yield cast("IO[bytes]", archive.extractfile(member))
                        return
        except BROKEN as error:
            _judge(error)
            raise Refused(
                "wrongdump", f"{backup.name}: sql.tar.gz is cut off or broken: {error}", name=backup.name
            ) from error
        raise Refused("wrongdump", f"{backup.name} holds no sqldump/{self._dump_name}", name=backup.name)

    def files(
        self, backup: Found, hashes: Iterable[str], into: Path, moved: Callable[[int], None]
    ) -> set[str]:
        """See `Source`."""
        wanted = set(hashes)
        try:
            with tarfile.open(self._folder / backup.name / "data.tar.gz", "r|gz") as archive:
                for member in archive:
                    self._guard.judge()
                    name = member.name.rpartition("/")[2]
                    if name in wanted and member.isfile() and member.name.startswith("./data/filedir/"):
                        if _store(
                            cast("IO[bytes]", archive.extractfile(member)), member.size, name, into, moved
                        ):
                            wanted.discard(name)
                        if not wanted:
                            break
        except BROKEN as error:
            _judge(error)
            raise Refused(
                "wrongdump", f"{backup.name}: data.tar.gz is cut off or broken: {error}", name=backup.name
            ) from error
        return wanted

    def code_id(self, backup: Found, version: str) -> str:
        """See `Source`; the site's own code, where it is of the dump's version.

        Raises:
            Refused: `upgraded`.
        """
        try:
            text = (self._code / "version.php").read_bytes()
        except OSError as error:
            raise Refused(
                "failed", f"the site's code cannot be read: {error}", what="code", reason=str(error)
            ) from error
        found = VERSION.search(text)
        own = found[1].decode() if found else ""
        if _number(own) != _number(version):
            raise Refused(
                "upgraded",
                f"the site was upgraded since {backup.name}: version {own}, in the backup {version}",
                name=backup.name,
                version=version,
                now=own,
            )
        return hashlib.sha256(f"{self._code} {own}".encode()).hexdigest()[:40]

    def code(self, backup: Found, into: Path) -> None:
        """See `Source`."""
        shutil.copytree(
            self._code,
            into,
            symlinks=True,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns(".git", "rotate"),
        )


def _judge(error: Exception) -> None:
    """Let an error of this machine (a full disk) be one: what reading the archive tells is the archive's."""
    if isinstance(error, OSError) and error.errno:
        raise error


def _entries(said: bytes) -> Iterator[bytes]:
    """Entries of `git ls-tree -z` that are plain files: a link may point anywhere."""
    return (one for one in said.split(b"\0") if one.startswith((b"100644 blob ", b"100755 blob ")))


def _inside(folder: Path, name: str) -> Path:
    parts = name.split("/")
    if any(one in {"", ".", "..", ".git"} for one in parts):
        raise Refused("failed", f"git: the name {name!r} leads elsewhere", what="git", reason="name")
    return folder.joinpath(*parts)


def _copy(stream: IO[bytes], size: int, path: Path) -> None:
    with path.open("wb") as file:
        while size:
            piece = stream.read(min(CHUNK, size))
            if not piece:
                raise BrokenPipeError
            size -= len(piece)
            file.write(piece)


def _number(version: str) -> float:
    try:
        return float(version)
    except ValueError:
        return -1.0


def _store(stream: IO[bytes], size: int, name: str, into: Path, moved: Callable[[int], None]) -> bool:
    """Write a file of the pool; returns whether it is what its name says."""
    folder = into / name[:2] / name[2:4]
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha1(usedforsecurity=False)
    path = folder / name
    with path.open("wb") as file:
        left = size
        while left:
            piece = stream.read(min(CHUNK, left))
            if not piece:
                break
            left -= len(piece)
            digest.update(piece)
            file.write(piece)
            moved(len(piece))
    if left or digest.hexdigest() != name:
        path.unlink()
        return False
    return True
