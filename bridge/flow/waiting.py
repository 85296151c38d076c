"""What a single pass does about operations that are still running in Moodle: it looks again when they are
due, for as long as the settings say, and then says what is still running. The service never waits; it comes
back (bridge/daemon.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.flow.context import Bridge
from bridge.flow.report import PassReport
from bridge.flow.sync import Pass


def wait_for_operations(
    bridge: Bridge,
    report: PassReport,
    number: str | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> PassReport:
    """Look again at tickets whose operation runs, until none does or the patience of the settings is over;
    returns the report of all passes together.

    Parameters:
        number: only the ticket that people call so.

    Raises:
        JournalUnusable: as `Pass.run`.
    """
    end = clock() + bridge.settings.bridge.operation_wait_seconds
    while report.due and not bridge.stopping() and (left := end - clock()) > 0:
        until_due = (min(report.due) - bridge.clock()).total_seconds()
        sleep(min(max(until_due, 0.0), left))
        report = report.followed_by(Pass(bridge).run(number, poll=False))
    return report
