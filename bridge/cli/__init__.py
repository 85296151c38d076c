"""Commands; thin. Each is imported only when it is run, so that `otbridge --help` costs next to nothing."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from bridge.cli.usage import Commands, in_our_words
from bridge.i18n import tr
from bridge.version import __version__

COMMANDS = {
    "accounts": tr("Show what each customer has left, and how long it lasts."),
    "assign": tr("Give a ticket its order."),
    "catalogue": tr("List and search the services; check a site's own catalogue."),
    "checksums": tr("Make the list of checksums of a release of Moodle, for audits."),
    "correct": tr("Replace what was written off for a stage."),
    "doctor": tr("Check the settings, the portal, Moodle and the journal; say what to do."),
    "init-redmine": tr("Print the script that sets a Redmine up as a portal."),
    "ledger": tr("Show holds and write-offs; check their chain."),
    "migrate": tr("Bring the journal's schema up to date."),
    "pause": tr("Let the bridge do nothing for a ticket until it is resumed."),
    "portal": tr("Check whether a server keeps the portal contract."),
    "quote": tr("Price a list of services."),
    "reconcile": tr("Compare the ledger with the portal's, both ways."),
    "resume": tr("Let a paused ticket go on."),
    "retry": tr("Let a failed ticket go on."),
    "run": tr("Poll and work until stopped (the service)."),
    "show": tr("Show one ticket: its stages, effects and log."),
    "statement": tr("Write a customer's statement for a month: a page, a PDF, a workbook, a table."),
    "status": tr("Show the tickets and where each stands."),
    "sync": tr("Do one pass: poll, act, report, write off."),
    "undo": tr("Take back what the bridge made for a stage, as long as it is not accepted."),
    "withdraw": tr("Withdraw a ticket in the customer's stead; this cannot be taken back."),
}


class _Lazy(Commands):
    """A group whose commands are modules of this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"bridge.cli.{cmd_name.replace('-', '_')}").command
        return in_our_words(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(tr("Commands")):
            formatter.write_dl(sorted(COMMANDS.items()))


def _person(_ctx: click.Context, _option: click.Parameter, given: str | None) -> str:
    name = " ".join((given or "").split())
    if (given is not None and not name) or len(name) > 100 or not name.isprintable():
        raise click.BadParameter(tr("write a name, on one line of at most 100 characters"))
    return name


@click.group(
    "otbridge",
    cls=_Lazy,
    help=tr(
        "Turns paid tickets of the client portal into actions in Moodle and writes their norm-hours off once."
    ),
)
@click.version_option(__version__, prog_name="otbridge", message="%(prog)s %(version)s")
@click.option("--config", metavar="FILE", type=Path, help=tr("Settings file (bridge.toml)."))
@click.option(
    "--as",
    "operator",
    metavar="NAME",
    envvar="OTBRIDGE_OPERATOR",
    callback=_person,
    help=tr(
        "Who decides, for an account that several people use; stands in the journal beside the "
        "login. Also: $OTBRIDGE_OPERATOR."
    ),
)
@click.option("-v", "--verbose", count=True, help=tr("Say more; twice: everything."))
@click.pass_context
def main(ctx: click.Context, config: Path | None, operator: str, verbose: int) -> None:
    ctx.obj = {"config": config, "verbose": verbose, "operator": operator}
