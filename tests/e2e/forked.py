"""`otbridge` as a process that is forked from one in which its modules are imported.

It is a process all the same, with its own environment, signals and exit code. A start takes some
milliseconds: to start the interpreter and to import the program was most of what these tests took.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")


class Forked:
    """A process of the command; it has what these tests use of `subprocess.Popen`.

    Parameters:
        arguments: of the command line.
        environ: its whole environment.
    """

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
        self.args = ["otbridge", *arguments]
        self._said = [Path(tempfile.mkstemp(prefix=f"otbridge-{name}-")[1]) for name in ("out", "err")]
        out, err = map(str, self._said)
        self._process = _CONTEXT.Process(
            target=_run, args=(tuple(arguments), dict(environ), str(Path.cwd()), out, err)
        )
        self._process.start()

    @property
    def returncode(self) -> int | None:
        """The exit code, the negative number of the signal that ended it, None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """`returncode`."""
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def communicate(self, timeout: float = 90) -> tuple[str, str]:
        """Wait for its end; returns what it said on standard output and on standard error.

        Raises:
            subprocess.TimeoutExpired: it has not ended after `timeout` seconds.
        """
        self._process.join(timeout)
        if self.returncode is None:
            self._process.kill()
            raise subprocess.TimeoutExpired(self.args, timeout)
        out, err = (path.read_text(encoding="utf-8") for path in self._said)
        for path in self._said:
            path.unlink()
        return out, err


def start_origin(environ: Mapping[str, str]) -> None:
    """Start the process from which the others are forked, once; the language of texts that are made when a
    module is imported is that of this environment.
    """
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environ)
    try:
        _CONTEXT.set_forkserver_preload(["tests.e2e.program"])
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)


def _run(arguments: tuple[str, ...], environ: dict[str, str], directory: str, out: str, err: str) -> None:
    """What the installed script does, in the forked process."""
    from bridge.cli import main

    os.environ.clear()
    os.environ.update(environ)
    os.chdir(directory)
    for number, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    sys.argv = ["otbridge", *arguments]
    main()
