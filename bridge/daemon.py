"""The service: passes on a clock (APScheduler), a clean stop on SIGTERM and SIGINT, and word to systemd.

APScheduler is only the clock: what is to be done stands in the journal, so nothing is lost when a tick is missed. A stop ends the
pass as soon as the step that is running is on disk; an operation that runs in Moodle goes on there and is asked for later.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from dataclasses import replace
from datetime import timedelta
from types import FrameType

from bridge.errors import BridgeError
from bridge.journal import JournalError
from bridge.perform import Bridge
from bridge.reconciliation import reconcile_accounts
from bridge.sync import Exit, Pass

log = logging.getLogger("bridge.daemon")

RECONCILE_EVERY = timedelta(days=1)
"""How often the ledger is compared with the portal's; the first time with the first pass."""


def serve(bridge: Bridge, poll_seconds: float) -> int:
    """Run passes every `poll_seconds` until a signal comes; returns the exit code (0: stopped on request, 2: the journal failed)."""
    from apscheduler.schedulers.background import BackgroundScheduler

    stop = threading.Event()
    failed = threading.Event()
    reconcile_at = bridge.clock()

    def ask_to_stop(signum: int, _frame: FrameType | None) -> None:
        log.info("signal %s: stopping", signal.Signals(signum).name)
        stop.set()

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
            stop.set()
        except BridgeError:
            log.exception("this pass failed; the next one tries again")
        else:
            log.info("pass: %d tickets, exit code %d", len(report.tickets), report.exit)

    stoppable = replace(bridge, stopping=stop.is_set)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, ask_to_stop)
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        tick, "interval", seconds=poll_seconds, next_run_time=bridge.clock(), max_instances=1, coalesce=True, misfire_grace_time=None
    )
    scheduler.start()
    notify("READY=1")
    log.info("polling %s every %g s", bridge.portal.name, poll_seconds)
    stop.wait()
    notify("STOPPING=1")
    scheduler.shutdown(wait=True)
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
