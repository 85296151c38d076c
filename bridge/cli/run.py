"""otbridge run: the service."""

from __future__ import annotations

import logging
import os
import sys

import click

from bridge.cli.common import open_bridge, reports_errors, settings_of
from bridge.i18n import tr


@click.command(
    "run",
    help=tr(
        "Poll and work until stopped (the service). SIGTERM ends it after the step that is "
        "running, SIGHUP reads the settings anew."
    ),
)
@click.pass_context
@reports_errors
def command(ctx: click.Context) -> None:
    from bridge.daemon import serve
    from bridge.operators.reconciliation import watch_ledgers

    if serve(lambda: settings_of(ctx), open_bridge, watch_ledgers):
        return
    # A thread is in the middle of a call that does not end. Its intent is on disk, and the interpreter would
    # wait for it.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)
