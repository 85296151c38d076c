"""The embedded Moodle, served: a site, its worker and its HTTP server in threads of this process."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from bridge.sandbox.faults import Call, Faults, FaultyServer
from bridge.sandbox.moodle.operations import Worker
from bridge.sandbox.moodle.site import Site
from bridge.sandbox.moodle.web import application, describe


class SandboxMoodle(Site):
    """A running site; use `start`, and `with` or `stop` to end it.

    Attributes:
        url: its address on 127.0.0.1.
        faults: what shall go wrong.
    """

    faults: Faults
    _server: FaultyServer
    _worker: Worker

    @classmethod
    def start(
        cls,
        directory: Path | str,
        *,
        port: int = 0,
        token: str | None = None,
        restore_seconds: float = 0.3,
        debugging: bool = False,
        cron_seconds: float = 0.0,
    ) -> Self:
        """Open the site of a directory and serve it.

        Parameters:
            directory: holds everything that survives; made when it is missing.
            port: 0 for a free one.
            token: the web service token; None keeps the directory's own, or makes one.
            restore_seconds: how long a restore takes.
            debugging: whether errors tell their debuginfo.
            cron_seconds: how long a heavy program waits for cron.
        """
        moodle = cls(Path(directory), token=token, restore_seconds=restore_seconds, debugging=debugging)
        moodle.cron_seconds = cron_seconds
        moodle.faults = Faults()
        moodle._server = FaultyServer(application(moodle), moodle.faults, port=port, describe=describe)
        moodle.url = moodle._server.url
        moodle._worker = Worker(moodle)
        moodle._worker.start()
        moodle._server.start()
        return moodle

    def stop(self) -> None:
        """Stop serving; a restore that is under way goes on at the next start."""
        self._server.stop()
        self._worker.stop()
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def calls(self) -> list[Call]:
        """What was received, in order: the function's name and its parameters, without the token."""
        return self._server.calls()

    def wait_for_operations(self, timeout: float = 10.0) -> None:
        """Wait until no operation is queued or running.

        Raises:
            TimeoutError: after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while self.store.row("SELECT 1 FROM operation WHERE status IN ('queued', 'running', 'undoing')"):
            if time.monotonic() > deadline:
                raise TimeoutError("the embedded Moodle still has operations to do")
            time.sleep(0.01)
