"""otbridge portal check: does a server keep the portal contract? For owners of portals; needs no settings
file.
"""

from __future__ import annotations

import os
import sys
import uuid

import click

from bridge import plain
from bridge.cli import technical
from bridge.cli.common import fail, reports_errors
from bridge.cli.usage import Commands
from bridge.flow.scope import Exit
from bridge.i18n import tr
from bridge.portal import BearerAuth, HttpPortal, PortalError, PortalForbidden, PortalUnauthorized


@click.group("portal", cls=Commands, help=tr("Check whether a server keeps the portal contract."))
def command() -> None:
    """The group; its one command is below."""


@command.command(
    "check",
    help=tr(
        "Check the server at URL, the contract's base address, with the token in "
        "OTBRIDGE_PORTAL_TOKEN. Reads only, unless a ticket is named."
    ),
)
@click.argument("url", metavar="URL")
@click.option("--category", default="", help=tr("Only tickets of this category and those below it."))
@click.option(
    "--ticket",
    metavar="ID",
    help=tr(
        "Check the writes too, on this test ticket, by its id: agreed, with hours on its "
        "account. What is held goes back; notes stay."
    ),
)
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON document."))
@reports_errors
def check(url: str, category: str, ticket: str | None, as_json: bool) -> None:
    from bridge.flow.context import utc_now
    from bridge.portal.check import Reads
    from bridge.portal.check_writes import Writes

    token = os.environ.get("OTBRIDGE_PORTAL_TOKEN", "")
    if not token:
        fail(tr("OTBRIDGE_PORTAL_TOKEN: missing; set it in the environment"), Exit.CONFIGURATION)
    with (
        _open(url, token, category) as portal,
        _open(url, f"nobody-{uuid.uuid4().hex}", category) as stranger,
    ):
        try:
            portal.meta()
        except (PortalUnauthorized, PortalForbidden) as error:
            fail(str(error), Exit.CONFIGURATION)
        except PortalError as error:
            fail(str(error), Exit.UNREACHABLE)
        findings = list(Reads(portal, stranger, utc_now).findings())
        if ticket is not None:
            findings += Writes(portal).findings(ticket)
    code = Exit.OPERATOR if any(one.fault for one in findings) else Exit.WELL
    if as_json:
        rules = [{"rule": one.rule, "ok": not one.fault, "fault": one.fault} for one in findings]
        click.echo(plain.document({"exit": int(code), "rules": rules}))
    else:
        _print([(one.rule, one.fault) for one in findings])
    sys.exit(int(code))


def _open(url: str, token: str, category: str) -> HttpPortal:
    return HttpPortal(
        "check", url, BearerAuth(token), category_prefix=category, connect_timeout=10, read_timeout=60
    )


def _print(findings: list[tuple[str, str]]) -> None:
    from bridge.cli.tables import Screen, cell, table

    rows = table(tr("Rule of the contract"), "", tr("What the portal does instead"))
    for rule, fault in findings:
        good, bad = tr("ok"), tr("FAULT")
        mark = f"[bold red]{bad}[/bold red]" if fault else f"[green]{good}[/green]"
        rows.add_row(cell(technical.shown(rule)), mark, cell(technical.shown(fault)))
    Screen().print(rows)
