"""Other programs: started so that they die with the helper, and give way to what the site does."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from otbridge_extract.errors import Refused
from otbridge_extract.guard import Guard

POLITE: Sequence[str] = ("setpriv", "--pdeathsig", "KILL", "nice", "-n", "10", "ionice", "-c", "3")
"""Killed with the helper; last in the queue for processor and disk."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a child sees of the environment."""
    kept = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    return {**kept, **(extra or {})}


@contextmanager
def running(
    guard: Guard,
    command: Sequence[str | Path],
    *,
    what: str,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A child under guard; it is gone when the block ends.

    Args:
        what: the program's name for messages.

    Raises:
        Refused: `failed`, with what the child said last; or what the guard found.
    """
    with tempfile.TemporaryFile() as said:
        prefix = list(POLITE) if shutil.which("setpriv") and shutil.which("ionice") else []
        try:
            process: subprocess.Popen[Any] = subprocess.Popen(
                [*prefix, *map(str, command)],
                stdin=stdin,
                stdout=stdout,
                stderr=said,
                cwd=cwd,
                env=environment(env),
            )
        except OSError as error:
            raise Refused(
                "failed", f"{what} cannot be started: {error}", what=what, reason=str(error)
            ) from error
        ended_well = False
        try:
            with guard.over(process):
                yield process
                if process.stdin and not process.stdin.closed:
                    process.stdin.close()
                process.wait()
            ended_well = process.returncode == 0
        except BrokenPipeError:
            process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    with suppress(BrokenPipeError):
                        pipe.close()
        guard.judge()
        if not ended_well:
            said.seek(0)
            reason = said.read()[-2000:].decode("utf-8", "replace").strip() or f"code {process.returncode}"
            raise Refused("failed", f"{what} failed: {reason}", what=what, reason=reason)


def output(guard: Guard, command: Sequence[str | Path], *, what: str, given: bytes = b"") -> bytes:
    """What a child writes.

    Raises:
        Refused: see `running`.
    """
    with tempfile.TemporaryFile() as stdin:
        stdin.write(given)
        stdin.seek(0)
        with running(guard, command, what=what, stdin=stdin) as process:
            assert process.stdout
            return process.stdout.read()
