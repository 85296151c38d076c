"""The spool: requests of the plugin, answers of the helper. Each side writes its own folder.

Nothing in a request is trusted: it names a backup and a course, both are looked up, and its file is read only
if it is a plain, small file of the site's user under the name that its key makes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otbridge_extract.moodle import document

LARGEST = 4096
FORGOTTEN = 6 * 86400
"""Seconds after which nobody waits for a request any more; the plugin asks anew after five days."""
NAME = re.compile(r"([0-9a-f]{32})\.json")
ENDED = frozenset({"done", "failed"})


@dataclass(frozen=True)
class Request:
    """A course that is asked for.

    Attributes:
        key: made from backup and course, see `key_of`.
        backup: the backup's key.
        asked: the plugin's mark of this asking; the same key may be asked again after a failure.
    """

    key: str
    backup: str
    course: int
    asked: str


def key_of(backup: str, course: int) -> str:
    """The key of a request: the same for everybody who wants this course out of this backup."""
    return hashlib.sha256(f"{backup} {course}".encode()).hexdigest()[:32]


def parse(name: str, text: bytes) -> Request | None:
    """A request, None where the document is none."""
    try:
        found = json.loads(text.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or set(found) != {"version", "key", "backup", "course", "asked"}:
        return None
    backup, course, asked = found["backup"], found["course"], found["asked"]
    if found["version"] != 1 or not isinstance(backup, str) or not re.fullmatch(r"[0-9a-f]{16}", backup):
        return None
    if type(course) is not int or not 0 < course < 2**63:
        return None
    if not isinstance(asked, str) or not re.fullmatch(r"[0-9a-f]{1,32}", asked):
        return None
    key = key_of(backup, course)
    if found["key"] != key or name != f"{key}.json":
        return None
    return Request(key, backup, course, asked)


class Spool:
    """The two folders.

    Args:
        owner: number of the user whose requests count; None: anybody's.
    """

    def __init__(
        self, folder: Path, owner: int | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._requests = folder / "requests"
        self.answers = folder / "answers"
        self._owner = owner

    def requests(self) -> Sequence[Request]:
        """What is asked for now, the oldest first. Files that are no requests are passed over."""
        found: list[tuple[float, Request]] = []
        for name in sorted(one.name for one in self._requests.iterdir()):
            if NAME.fullmatch(name):
                read = self._read(name)
                if read is not None:
                    found.append(read)
        return [one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].key))]

    def pending(self) -> Sequence[Request]:
        """Requests that have no answer yet."""
        waiting = []
        for one in self.requests():
            answer = self.answer(one.key)
            ended = answer.get("state") in ENDED and answer.get("asked") == one.asked
            if not ended or (answer.get("state") == "done" and not self.file(one.key).is_file()):
                waiting.append(one)
        return waiting

    def file(self, key: str) -> Path:
        """Where the extracted course of a request lies."""
        return self.answers / f"{key}.mbz"

    def answer(self, key: str) -> Mapping[str, Any]:
        """What was answered, empty where nothing was."""
        try:
            found = json.loads((self.answers / f"{key}.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def tell(self, key: str, answer: Mapping[str, object]) -> None:
        """Answer, whole or not at all."""
        self.write(f"{key}.json", [document({"version": 1, "key": key, **answer})])

    def write(self, name: str, lines: Iterable[str]) -> None:
        """Put a file of lines into the answers, whole or not at all."""
        part = self.answers / f".{name}.part"
        with part.open("w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.answers / name)

    def tidy(self, now: float, keep_seconds: float) -> None:
        """Remove what a killed writer left, and answers that are old and no longer asked for."""
        asked = {one.key for one in self.requests()}
        for one in self.answers.iterdir():
            key = one.name.partition(".")[0]
            if one.name.startswith(".") and one.name.endswith(".part"):
                one.unlink(missing_ok=True)
            elif NAME.fullmatch(f"{key}.json") and key not in asked:
                told = self.answer(key)
                if one.stat().st_mtime < now - keep_seconds or told.get("state") != "done":
                    one.unlink(missing_ok=True)

    def _read(self, name: str) -> tuple[float, Request] | None:
        try:
            handle = os.open(
                self._requests / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            )
        except OSError:
            return None
        try:
            about = os.fstat(handle)
            mine = self._owner is None or about.st_uid == self._owner
            old = about.st_mtime < self._clock() - FORGOTTEN
            if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST or not mine or old:
                return None
            request = parse(name, os.read(handle, LARGEST))
        finally:
            os.close(handle)
        return None if request is None else (about.st_mtime, request)
