"""The service's clock: it stops whenever the signal comes, and says so to systemd."""

from __future__ import annotations

import os
import signal
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge import daemon
from bridge.journal import JournalUnavailable
from bridge.perform import Bridge
from bridge.reconciliation import Report
from bridge.scope import Exit
from bridge.sync import PassReport

ROUNDS = 60


class IdlePass:
    """A pass that finds nothing to do."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge

    def run(self) -> PassReport:
        return PassReport()


class BrokenPass(IdlePass):
    def run(self) -> PassReport:
        raise JournalUnavailable("the disk is full")


@pytest.fixture
def bridge(monkeypatch: pytest.MonkeyPatch) -> Bridge:
    monkeypatch.setattr(daemon, "Pass", IdlePass)
    monkeypatch.setattr(daemon, "reconcile_accounts", lambda _bridge: Report())
    parts: dict[str, Any] = dict.fromkeys(("settings", "messages", "journal", "connect_moodle"))
    return Bridge(**parts, portal=type("Portal", (), {"name": "p"})(), owner="w", clock=lambda: datetime.now(UTC))


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    channel.bind(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    return channel


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_service_whenever_it_comes(bridge, systemd, signum):
    """Also right after the start, when the main thread is just about to wait: a handler alone would then hang the service."""

    def stop_it() -> None:
        assert systemd.recv(100) == b"READY=1"
        os.kill(os.getpid(), signum)

    for _ in range(ROUNDS):
        killer = threading.Thread(target=stop_it)
        killer.start()
        assert daemon.serve(bridge, 3600) == 0
        killer.join()
        assert systemd.recv(100) == b"STOPPING=1"


def test_a_journal_that_fails_stops_the_service(bridge, systemd, monkeypatch):
    monkeypatch.setattr(daemon, "Pass", BrokenPass)
    assert daemon.serve(bridge, 3600) == 2


def comparisons(bridge: Bridge, monkeypatch: pytest.MonkeyPatch, exit_code: Exit = Exit.WELL) -> list[int]:
    """Serve with passes ten hours apart; returns after which of the first five the ledgers were compared."""
    now, passes = datetime.now(UTC), 0
    compared: list[int] = []

    class LongPass(IdlePass):
        def run(self) -> PassReport:
            nonlocal now, passes
            now, passes = now + timedelta(hours=10), passes + 1
            if passes == 6:
                os.kill(os.getpid(), signal.SIGTERM)
            return PassReport(exit=exit_code)

    def compare(_bridge: Bridge) -> Report:
        compared.append(passes)
        return Report()

    monkeypatch.setattr(daemon, "Pass", LongPass)
    monkeypatch.setattr(daemon, "reconcile_accounts", compare)
    assert daemon.serve(replace(bridge, clock=lambda: now), 0.01) == 0
    return [number for number in compared if number < 6]


def test_the_ledger_is_compared_with_the_portals_with_the_first_pass_and_then_once_a_day(bridge, monkeypatch):
    assert comparisons(bridge, monkeypatch) == [1, 4]


def test_a_portal_that_does_not_answer_is_not_asked_for_its_ledger(bridge, monkeypatch):
    assert comparisons(bridge, monkeypatch, Exit.UNREACHABLE) == []
