"""otbridge run: the service."""

from __future__ import annotations

import sys

import click

from bridge.cli.common import open_bridge, settings_of, told
from bridge.i18n import tr


@click.command("run", help=tr("Poll and work until stopped (the service). SIGTERM ends it after the step that is running."))
@click.pass_context
@told
def command(ctx: click.Context) -> None:
    from bridge.daemon import serve

    settings = settings_of(ctx)
    with open_bridge(settings) as bridge:
        sys.exit(serve(bridge, settings.bridge.poll_seconds))
