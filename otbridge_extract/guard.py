"""Watches disk, time and the wish to stop, while children work; ends them when it is too much."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from otbridge_extract.errors import Refused, Stopping

MEGABYTE = 1024 * 1024


def free_bytes(folder: Path) -> int:
    """What is free for ordinary users on a folder's disk."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Guard:
    """A thread that looks every `every` seconds; what it found is raised by `judge`."""

    def __init__(
        self,
        folders: Sequence[Path],
        free_mb: int,
        *,
        beat: Callable[[], None] = lambda: None,
        every: float = 1.0,
    ) -> None:
        self._folders = folders
        self._least = free_mb * MEGABYTE
        self._beat = beat
        self._every = every
        self._children: set[subprocess.Popen[Any]] = set()
        self._lock = threading.Lock()
        self._found: Refused | None = None
        self._deadline: float | None = None
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)
        self._thread.start()

    @contextmanager
    def over(self, child: subprocess.Popen[Any]) -> Iterator[None]:
        """Watch a child."""
        with self._lock:
            self._children.add(child)
        try:
            yield
        finally:
            with self._lock:
                self._children.discard(child)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Watch a piece of work: its time, and the disk."""
        self._found = None
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        try:
            yield
        finally:
            self._deadline = None
            self._found = None  # What comes next is cleaning up, which a full disk must not hinder.

    def judge(self) -> None:
        """Go on, unless something was found.

        Raises:
            Refused: `diskfull`, `toolong`.
            Stopping: the service was told to stop.
        """
        if self._found is not None:
            raise self._found
        if self.stopping.is_set():
            raise Stopping

    def _watch(self) -> None:
        while True:
            try:
                self._beat()
                self._look()
            except OSError:
                pass  # A full disk may keep the beat from being written; the look comes again.
            if self._found is not None or self.stopping.is_set():
                with self._lock:
                    for child in self._children:
                        child.kill()
            self.stopping.wait(self._every)
            if self.stopping.is_set():
                time.sleep(self._every)

    def _look(self) -> None:
        if self._deadline is None or self._found is not None:
            return
        self._judge_disk_and_time(self._deadline)
        if self._deadline is None:
            self._found = None  # The work ended meanwhile.

    def _judge_disk_and_time(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            self._found = Refused(
                "toolong", f"it took longer than {self._seconds:.0f} s", seconds=int(self._seconds)
            )
        for folder in self._folders:
            free = free_bytes(folder)
            if free < self._least:
                self._found = Refused(
                    "diskfull",
                    f"{folder}: {free // MEGABYTE} MB are free, {self._least // MEGABYTE} have to stay so",
                    free=free // MEGABYTE,
                    least=self._least // MEGABYTE,
                )
