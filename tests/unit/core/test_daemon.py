"""The service: passes in their rhythm, through every outage, until a signal ends it; what systemd is told
of it.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bridge import daemon
from bridge.errors import UserError
from bridge.flow.context import Bridge
from bridge.flow.report import PassReport
from bridge.flow.scope import Exit
from bridge.journal import JournalUnavailable, SchemaTooOld

POLL = 60.0
ROUNDS = 40


def settings(poll_seconds: float = POLL) -> Any:
    return SimpleNamespace(bridge=SimpleNamespace(poll_seconds=poll_seconds))


@contextmanager
def opened(found: Any) -> Iterator[Bridge]:
    parts: dict[str, Any] = dict.fromkeys(("messages", "journal", "connect_moodle"))
    portal: Any = SimpleNamespace(name="p")
    yield Bridge(settings=found, **parts, portal=portal, owner="w", clock=lambda: datetime.now(UTC))


class Pass:
    """A pass that finds nothing to do."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge

    def run(self, *, poll: bool = True) -> PassReport:
        return PassReport()


@pytest.fixture(autouse=True)
def _no_real_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "Pass", Pass)


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    channel.bind(str(tmp_path / "notify"))
    channel.settimeout(10)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    return channel


def no_watch(_bridge: Bridge) -> None:
    """Whoever watches the ledgers once a day has a day off."""


@dataclass
class Script:
    """An inbox on a clock of its own: passes take no time, and pauses end at once; signals come before the
    pass of a number.

    Attributes:
        passes: what each pass comes to, one after another; the service is stopped when there is no more.
        pauses: seconds that were waited before each pass but the first.
        polled: whether each pass polled the portal.
    """

    passes: list[PassReport | Exception | Callable[[], None]]
    signals: dict[int, int] = field(default_factory=dict)
    pauses: list[float] = field(default_factory=list)
    polled: list[bool] = field(default_factory=list)
    watch: Callable[[Bridge], None] = no_watch
    at: float = 0.0
    begun: int = 0
    _waited: float = 0.0
    _ended: bool = False

    def now(self) -> float:
        return self.at

    def start(self, work: Callable[[], None]) -> None:
        self.begun += 1
        if self.begun > 1:
            self.pauses.append(self._waited)
        self._waited = 0.0
        work()
        self._ended = True

    def wait(self, seconds: float | None) -> int:
        if self._ended:
            self._ended = False
            return daemon.ENDED
        if self.begun in self.signals:
            return self.signals.pop(self.begun)
        if self.begun >= len(self.passes):
            return signal.SIGTERM
        assert seconds is not None
        self.at += seconds
        self._waited += seconds
        return daemon.TIMEOUT

    def run(
        self, monkeypatch: pytest.MonkeyPatch, load: Callable[[], Any] = settings, open_: Any = opened
    ) -> bool:
        script = self

        class Scripted(Pass):
            def run(self, *, poll: bool = True) -> PassReport:
                script.polled.append(poll)
                result = script.passes[script.begun - 1]
                if isinstance(result, Exception):
                    raise result
                if isinstance(result, PassReport):
                    if result.outage:
                        self.bridge.outages.met("portal p", "portal p: no connection")
                    else:
                        self.bridge.outages.passed("portal p")
                    return result
                result()
                return PassReport()

        monkeypatch.setattr(daemon, "Pass", Scripted)
        return daemon.Service(load, open_, self.watch, self).run()


def well() -> PassReport:
    return PassReport()


def down() -> PassReport:
    return PassReport(exit=Exit.UNREACHABLE, outage=True)


# --- operations that run in Moodle


def test_a_running_operation_is_looked_at_when_it_is_due_and_the_rhythm_of_polls_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)

    @contextmanager
    def open_(found: Any) -> Iterator[Any]:
        with opened(found) as bridge:
            yield replace(bridge, clock=lambda: now)

    def due(*seconds: float) -> PassReport:
        return PassReport(due=[now + timedelta(seconds=one) for one in seconds])

    script = Script([due(5, 20), due(10, 15), due(5), well(), well(), well()])
    assert script.run(monkeypatch, lambda: settings(60), open_) is True
    assert script.polled == [True, False, False, False, True, True]
    assert script.pauses == pytest.approx([5, 10, 5, 40, 60])


# --- signals


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_service_whenever_it_comes(systemd: socket.socket, signum: Any) -> None:
    """Also right after the start, when the main thread is just about to wait: a handler alone would then
    hang the service.
    """

    def stop_it() -> None:
        assert systemd.recv(100) == b"READY=1"
        os.kill(os.getpid(), signum)

    for _ in range(ROUNDS):
        killer = threading.Thread(target=stop_it)
        killer.start()
        assert daemon.serve(lambda: settings(3600), opened, no_watch) is True
        killer.join()
        told = systemd.recv(100)
        while told.startswith(b"STATUS="):
            told = systemd.recv(100)
        assert told == b"STOPPING=1"
        systemd.setblocking(False)
        while _pending(systemd):
            pass
        systemd.settimeout(10)


def _pending(channel: socket.socket) -> bytes:
    try:
        return channel.recv(100)
    except BlockingIOError:
        return b""


def test_a_stop_leaves_a_call_that_does_not_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hanging = threading.Event()

    class HangingPass(Pass):
        def run(self, *, poll: bool = True) -> PassReport:
            os.kill(os.getpid(), signal.SIGTERM)
            hanging.wait(30)
            return PassReport()

    monkeypatch.setattr(daemon, "Pass", HangingPass)
    monkeypatch.setattr(daemon, "GRACE", 0.05)
    began = time.monotonic()
    assert daemon.serve(settings, opened, no_watch) is False
    assert time.monotonic() - began < 5
    assert "the next start asks what became of it" in caplog.text
    hanging.set()


def test_a_pass_learns_that_it_is_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class LongPass(Pass):
        def run(self, *, poll: bool = True) -> PassReport:
            os.kill(os.getpid(), signal.SIGTERM)
            while not self.bridge.stopping():
                time.sleep(0.001)
            seen.append(True)
            return PassReport()

    monkeypatch.setattr(daemon, "Pass", LongPass)
    assert daemon.serve(settings, opened, no_watch) is True
    assert seen == [True]


# --- the rhythm


def test_passes_come_in_their_rhythm(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script([well(), well(), well()])
    assert script.run(monkeypatch) is True
    assert script.pauses == [POLL, POLL]


def test_an_outage_is_tried_again_soon_and_then_in_the_rhythm_of_the_passes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = Script([*[down() for _ in range(12)], well(), well()])
    script.run(monkeypatch)
    growing, last = script.pauses[:-1], script.pauses[-1]
    assert 0.9 <= growing[0] <= 1
    assert all(
        0.9 * 2**number <= pause <= 2**number for number, pause in enumerate(growing) if 2**number < POLL
    )
    assert all(pause <= POLL for pause in growing)
    assert last == POLL


def test_a_pause_that_a_server_asks_for_is_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> None:
        service.outages.met("portal p", "429", 300.0)

    script = Script([asked, well()])
    service = daemon.Service(settings, opened, script.watch, script)

    class Scripted(Pass):
        def run(self, *, poll: bool = True) -> PassReport:
            asked()
            return down()

    monkeypatch.setattr(daemon, "Pass", Scripted)
    service.run()
    assert script.pauses == [300.0]


@pytest.mark.parametrize(
    "error", [JournalUnavailable("the disk is full"), SchemaTooOld("j", "0001", "0004")], ids=repr
)
def test_a_journal_that_comes_and_goes_does_not_end_the_service(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Any
) -> None:
    caplog.set_level(logging.INFO)
    script = Script([error, error, error, well(), error, well()])
    assert script.run(monkeypatch) is True
    assert script.begun == 6
    assert [record.levelname for record in caplog.records if str(error) in record.message] == [
        "ERROR",
        "ERROR",
    ], "once each time it begins"
    assert caplog.text.count("journal: reachable again") == 2


def test_a_journal_that_is_not_there_at_the_start_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = []

    @contextmanager
    def later(found: Any) -> Iterator[Bridge]:
        attempts.append(1)
        if len(attempts) < 4:
            raise JournalUnavailable("no server")
        with opened(found) as bridge:
            yield bridge

    script = Script([well()])
    assert script.run(monkeypatch, open_=later) is True
    assert len(attempts) == 4


def test_an_error_of_the_program_ends_one_pass_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    script = Script([RuntimeError("a fault of the program"), well()])
    assert script.run(monkeypatch) is True
    assert (script.begun, "Traceback" in caplog.text) == (2, True)


# --- settings


def test_a_hangup_reads_the_settings_anew(monkeypatch: pytest.MonkeyPatch, systemd: socket.socket) -> None:
    kept = iter([settings(60), settings(7)])
    script = Script([well(), well(), well()], signals={1: signal.SIGHUP})
    script.run(monkeypatch, load=lambda: next(kept))
    assert script.pauses == [0, 7]
    told = [systemd.recv(200) for _ in range(5)]
    assert told[0] == b"READY=1"
    assert any(one.startswith(b"RELOADING=1\nMONOTONIC_USEC=") for one in told)
    assert told.count(b"READY=1") == 2


def test_settings_with_faults_leave_the_earlier_ones_in_force(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept: Iterator[Any] = iter(
        [settings(60), UserError("bridge.toml: the settings have faults", ["poll_seconds: must be a number"])]
    )

    def load() -> Any:
        found = next(kept)
        if isinstance(found, Exception):
            raise found
        return found

    script = Script([well(), well(), well()], signals={1: signal.SIGHUP})
    assert script.run(monkeypatch, load=load) is True
    assert script.pauses == [0, 60]
    assert "poll_seconds: must be a number" in caplog.text


def test_settings_that_cannot_be_opened_leave_the_earlier_ones_in_force(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = settings(60), settings(7)
    kept = iter([good, bad])

    @contextmanager
    def strict(found: Any) -> Iterator[Bridge]:
        if found is bad:
            raise UserError("templates have faults", ["ready.txt.j2: unexpected end"])
        with opened(found) as bridge:
            yield bridge

    script = Script([well(), well(), well()], signals={1: signal.SIGHUP})
    assert script.run(monkeypatch, load=lambda: next(kept), open_=strict) is True
    assert script.pauses == [0, 60]
    assert "ready.txt.j2: unexpected end" in caplog.text


def test_settings_with_faults_at_the_start_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> Any:
        raise UserError("faults")

    with pytest.raises(UserError):
        Script([well()]).run(monkeypatch, load=load)


# --- what is told


def test_an_outage_is_told_when_it_begins_and_when_it_ends(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, systemd: socket.socket
) -> None:
    Script([down(), down(), down(), well(), well()]).run(monkeypatch)
    assert [record.message for record in caplog.records] == [
        "portal p: no connection",
        "portal p: reachable again",
    ]
    told = [systemd.recv(200).decode() for _ in range(7)]
    assert told[1:] == [*["STATUS=portal p: no connection"] * 3, *["STATUS=all well"] * 2, "STOPPING=1"]


# --- the ledger


def comparisons(monkeypatch: pytest.MonkeyPatch, report: Callable[[], PassReport]) -> list[int]:
    """Passes ten hours apart; returns after which of the first five the ledgers were compared."""
    compared: list[int] = []
    script = Script([report() for _ in range(5)])

    script.watch = lambda _bridge: compared.append(script.begun)
    script.run(monkeypatch, load=lambda: settings(10 * 60 * 60))
    return compared


def test_the_ledger_is_compared_with_the_portals_with_the_first_pass_and_then_once_a_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert comparisons(monkeypatch, well) == [1, 4]


def test_a_portal_that_does_not_answer_is_not_asked_for_its_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    assert comparisons(monkeypatch, down) == []
