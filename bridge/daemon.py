"""The service: passes on a clock (APScheduler), a clean stop on SIGTERM and SIGINT, and word to systemd.

APScheduler is only the clock: what is to be done stands in the journal, so nothing is lost when a tick is missed. A stop ends the
pass as soon as the step that is running is on disk; an operation that runs in Moodle goes on there and is asked for later.

A signal may come just before the main thread begins to wait, or while it holds the lock that a handler would need. So the interpreter
itself writes the signal's number into a pipe that the main thread reads; the handlers have nothing to do but to stand there.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from dataclasses import replace
from datetime import timedelta

from bridge.errors import BridgeError
from bridge.journal import JournalError
from bridge.perform import Bridge
from bridge.reconciliation import reconcile_accounts
from bridge.scope import Exit
from bridge.sync import Pass

log = logging.getLogger("bridge.daemon")

RECONCILE_EVERY = timedelta(days=1)
"""How often the ledger is compared with the portal's; the first time with the first pass."""

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(bridge: Bridge, poll_seconds: float) -> int:
    """Run passes every `poll_seconds` until a signal comes; returns the exit code (0: stopped on request, 2: the journal failed)."""
    from apscheduler.schedulers.background import BackgroundScheduler

    stop = threading.Event()
    failed = threading.Event()
    reconcile_at = bridge.clock()
    asked, wake = os.pipe()
    os.set_blocking(wake, False)

    def reconcile() -> None:
        nonlocal reconcile_at
        if stop.is_set() or bridge.clock() < reconcile_at:
            return
        reconcile_at = bridge.clock() + RECONCILE_EVERY
        differing = [account.account_id for account in reconcile_accounts(stoppable).accounts if account.differences]
        if differing:
            log.error("the ledger differs from the portal's for %s: otbridge reconcile", ", ".join(differing))

    def tick() -> None:
        try:
            report = Pass(stoppable).run()
            if report.exit is not Exit.UNREACHABLE:
                reconcile()
        except JournalError:
            log.exception("the journal cannot be used; stopping")
            failed.set()
            os.write(wake, bytes([signal.SIGTERM]))
        except BridgeError:
            log.exception("this pass failed; the next one tries again")
        else:
            log.info("pass: %d tickets, exit code %d", len(report.tickets), report.exit)

    stoppable = replace(bridge, stopping=stop.is_set)
    wake_before = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    handlers_before = {signum: signal.signal(signum, lambda *_: None) for signum in STOP_SIGNALS}
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        tick, "interval", seconds=poll_seconds, next_run_time=bridge.clock(), max_instances=1, coalesce=True, misfire_grace_time=None
    )
    scheduler.start()
    notify("READY=1")
    log.info("polling %s every %g s", bridge.portal.name, poll_seconds)
    signum = os.read(asked, 1)[0]
    log.info("%s: stopping", signal.Signals(signum).name)
    stop.set()
    notify("STOPPING=1")
    scheduler.shutdown(wait=True)
    for signum, handler in handlers_before.items():
        signal.signal(signum, handler)
    signal.set_wakeup_fd(wake_before)
    os.close(wake)
    os.close(asked)
    return 2 if failed.is_set() else 0


def notify(state: str) -> None:
    """Tell systemd (sd_notify); does nothing where no $NOTIFY_SOCKET asks for it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), address)
