"""The service: passes one after another, through outages of portal, Moodle and journal, until a signal ends
it.

The main thread waits: for the next pass, for the pass that is under way, and for signals, always on the
monotonic clock, so that a machine whose clock jumps misses no pass. APScheduler runs each pass in its own
thread. What is to be done stands in the journal, so nothing is lost when the service ends in the middle of a
pass.

A signal may come just before the main thread begins to wait, or while it holds the lock that a handler would
need. So the interpreter itself writes the signal's number into a pipe that the main thread reads; the
handlers have nothing to do but to stand there.
"""

from __future__ import annotations

import logging
import os
import random
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from bridge import plain
from bridge.errors import BridgeError, UserError
from bridge.flow.context import Bridge
from bridge.flow.outages import Outages
from bridge.flow.report import PassReport
from bridge.flow.scope import Exit
from bridge.flow.sync import Pass
from bridge.i18n import tr
from bridge.journal import JournalError, JournalUnusable
from bridge.settings import Settings

log = logging.getLogger("bridge.daemon")

WATCH_EVERY = 24 * 60 * 60.0
"""Seconds between two comparisons of the ledger with the portal's; the first comes with the first pass."""

FIRST_PAUSE = 1.0
"""Seconds after which a pass that met an outage is tried again; doubled each time, up to the rhythm of the
passes.
"""

LONGEST_ASKED_PAUSE = 3600.0
"""Seconds that the service waits at most because a server asked it to."""

GRACE = 20.0
"""Seconds that a stop waits for the step that is under way. Its intent is on disk, so that the next start
asks what became of it.
"""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""A moment that has come, even if the wall clock is wrong or jumps."""

STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})
TIMEOUT, ENDED = -1, 0
"""What `Inbox.wait` gives beside the numbers of signals: nothing came in time; the pass has ended."""


class Inbox(Protocol):
    """Where the main thread waits, and where passes run meanwhile."""

    def wait(self, seconds: float | None) -> int:
        """The number of the signal that came, `ENDED` when a pass has ended, `TIMEOUT` when nothing came
        in so many seconds (None: without end).
        """

    def start(self, work: Callable[[], None]) -> None:
        """Begin the work beside the main thread; `wait` gives `ENDED` when it has ended."""

    def now(self) -> float:
        """Seconds on a clock that never jumps."""


@dataclass
class Service:
    """The service's own course of things.

    Parameters:
        load: reads the settings; raises `UserError` when they have faults.
        opened: opens journal and portal for settings.
        watch: what is done once a day beside the passes: the ledgers are compared.
    """

    load: Callable[[], Settings]
    opened: Callable[[Settings], AbstractContextManager[Bridge]]
    watch: Callable[[Bridge], None]
    inbox: Inbox
    outages: Outages = field(default_factory=Outages)
    _stopping: bool = False
    _reload: bool = False
    _left_running: bool = False
    _failures: int = 0
    _watch_at: float = float("-inf")
    _due: list[float] = field(default_factory=list)

    def run(self) -> bool:
        """Work until a signal ends it; returns whether everything has come to rest (False: a pass is left in
        the middle of a call).

        Raises:
            UserError: the settings have faults at the start.
        """
        settings = self.load()
        proven: Settings | None = None
        notify("READY=1")
        while not self._stopping:
            self._reload = False
            try:
                with self.opened(settings) as bridge:
                    proven = settings
                    self._serve(replace(bridge, stopping=lambda: self._stopping, outages=self.outages))
            except JournalUnusable as error:
                self._journal_failed(error)
                self._pause(settings.bridge.poll_seconds)
            except (
                UserError,
                JournalError,
            ) as error:  # a template with faults, a journal's address that is none
                if proven is None or proven is settings:
                    raise
                _refused(error)
                settings = proven
            if self._reload and not self._stopping:
                settings = self._reloaded(settings)
        return not self._left_running

    def _serve(self, bridge: Bridge) -> None:
        """Passes with one set of settings.

        Raises:
            JournalUnavailable …: the journal cannot be used.
        """
        log.info("polling %s every %g s", bridge.portal.name, bridge.settings.bridge.poll_seconds)
        while not (self._stopping or self._reload):
            self._one_pass(bridge)
            self._rest(bridge)

    def _rest(self, bridge: Bridge) -> None:
        """Wait for the next poll; meanwhile look at operations in Moodle when they are due."""
        poll_at = self.inbox.now() + self._pause_seconds(bridge.settings.bridge.poll_seconds)
        while not (self._stopping or self._reload):
            self._wait_until(min([poll_at, *self._due]))
            if self._stopping or self._reload or self.inbox.now() >= poll_at:
                return
            self._one_pass(bridge, poll=False)

    def _one_pass(self, bridge: Bridge, *, poll: bool = True) -> None:
        """One pass beside the main thread, which takes signals meanwhile."""
        box: list[PassReport | Exception] = []

        def work() -> None:
            try:
                report = Pass(bridge).run(poll=poll)
                box.append(report)
                if poll and report.exit is not Exit.UNREACHABLE:
                    self._watch(bridge)
            except Exception as error:  # noqa: BLE001 (the main thread judges it)
                box.append(error)

        self._due = [moment for moment in self._due if moment > self.inbox.now()]
        self.inbox.start(work)
        deadline: float | None = None
        while True:
            came = self.inbox.wait(None if deadline is None else max(deadline - self.inbox.now(), 0.0))
            if came == ENDED:
                break
            if came == TIMEOUT:
                log.warning(
                    (
                        "the step that is under way has not ended in %g s; it is left, the next start asks "
                        "what became of it"
                    ),
                    GRACE,
                )
                self._left_running = True
                return
            self._signalled(came)
            if self._stopping and deadline is None:
                deadline = self.inbox.now() + GRACE
        for result in box:
            self._judge(result)
            if isinstance(result, PassReport):
                self._due = [self.inbox.now() + (one - bridge.clock()).total_seconds() for one in result.due]

    def _judge(self, result: PassReport | Exception) -> None:
        if isinstance(result, JournalUnusable):
            raise result
        if isinstance(result, Exception):
            self._failures += 1
            log.error("this pass failed; the next one tries again", exc_info=result)
            return
        self.outages.passed("journal")
        self._failures = self._failures + 1 if result.outage else 0
        log.info("pass: %d tickets, exit code %d", len(result.tickets), result.exit)
        standing = self.outages.description() or (
            tr("{count} tickets need an operator").format(count=len(result.operator))
            if result.operator
            else tr("all well")
        )
        notify(f"STATUS={plain.line(standing)}")

    def _watch(self, bridge: Bridge) -> None:
        if self._stopping or self.inbox.now() < self._watch_at:
            return
        self._watch_at = self.inbox.now() + WATCH_EVERY
        self.watch(bridge)

    def _journal_failed(self, error: Exception) -> None:
        self._failures += 1
        self.outages.met("journal", str(error))
        notify(f"STATUS={plain.line(self.outages.description())}")

    def _pause(self, poll_seconds: float) -> None:
        """Wait as long as nothing can be done."""
        self._wait_until(self.inbox.now() + self._pause_seconds(poll_seconds))

    def _pause_seconds(self, poll_seconds: float) -> float:
        """How long to wait for the next poll: its rhythm, or less as long as an outage is young, or what a
        server asked for.
        """
        seconds = poll_seconds
        if self._failures:
            seconds = min(FIRST_PAUSE * 2.0 ** min(self._failures - 1, 20), poll_seconds)
            seconds *= 0.9 + 0.1 * random.random()  # noqa: S311 (so that many bridges do not come back at the same moment)
        return max(seconds, min(self.outages.asked_pause(), LONGEST_ASKED_PAUSE))

    def _wait_until(self, until: float) -> None:
        """Take signals until a moment of the clock that never jumps."""
        while not (self._stopping or self._reload) and (left := until - self.inbox.now()) > 0:
            came = self.inbox.wait(left)
            if came not in (TIMEOUT, ENDED):
                self._signalled(came)

    def _signalled(self, signum: int) -> None:
        if signum in STOP_SIGNALS:
            if not self._stopping:
                log.info("%s: stopping", signal.Signals(signum).name)
                notify("STOPPING=1")
            self._stopping = True
        elif signum == signal.SIGHUP:
            self._reload = True

    def _reloaded(self, before: Settings) -> Settings:
        """The settings as they are now; those of before, with a word, when the new ones have faults."""
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            settings = self.load()
        except UserError as error:
            _refused(error)
            settings = before
        else:
            log.info("SIGHUP: the settings were read anew")
        notify("READY=1")
        return settings


def _refused(error: BridgeError) -> None:
    log.error("SIGHUP: the settings have faults, so the earlier ones stay in force: %s", error)


def serve(
    load: Callable[[], Settings],
    opened: Callable[[Settings], AbstractContextManager[Bridge]],
    watch: Callable[[Bridge], None],
) -> bool:
    """Run the service until SIGTERM or SIGINT; SIGHUP reads the settings anew. Returns whether everything has
    come to rest.

    See `Service` for the parameters.

    Raises:
        UserError: the settings have faults at the start.
    """
    with _signals() as inbox:
        return Service(load, opened, watch, inbox).run()


class _Pipe:
    """Signals and the ends of passes, in one pipe."""

    def __init__(self) -> None:
        from apscheduler.schedulers.background import BackgroundScheduler

        self._read, self.write = os.pipe()
        os.set_blocking(self.write, False)
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._scheduler.start()
        self._work: Callable[[], None] = lambda: None
        # One job for all passes, which `start` makes due: a job that runs once may be removed twice when the
        # scheduler is shut down meanwhile.
        self._job = self._scheduler.add_job(
            self._run, "interval", weeks=52, next_run_time=None, misfire_grace_time=None, coalesce=True
        )

    def wait(self, seconds: float | None) -> int:
        readable, _, _ = select.select([self._read], [], [], seconds)
        return os.read(self._read, 1)[0] if readable else TIMEOUT

    def start(self, work: Callable[[], None]) -> None:
        self._work = work
        self._job.modify(next_run_time=LONG_AGO)

    def _run(self) -> None:
        try:
            self._work()
        finally:
            os.write(self.write, bytes([ENDED]))

    def now(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        self._scheduler.shutdown(wait=False)


@contextmanager
def _signals() -> Iterator[_Pipe]:
    """Let signals come through the pipe within the block."""
    pipe = _Pipe()
    wake_before = signal.set_wakeup_fd(pipe.write, warn_on_full_buffer=False)
    handlers_before = {
        signum: signal.signal(signum, lambda *_: None) for signum in (*STOP_SIGNALS, signal.SIGHUP)
    }
    try:
        yield pipe
    finally:
        for signum, handler in handlers_before.items():
            signal.signal(signum, handler)
        signal.set_wakeup_fd(wake_before)
        pipe.close()


def notify(state: str) -> None:
    """Report to systemd (sd_notify); does nothing where no $NOTIFY_SOCKET asks for it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel,
        suppress(OSError),
    ):  # word to systemd ends no service
        channel.sendto(state.encode(), address)
