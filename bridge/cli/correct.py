"""otbridge correct: a stage's write-off is replaced by another one, or by nothing."""

from __future__ import annotations

from decimal import Decimal

import click

from bridge import plain
from bridge.cli.common import open_portal, reports_errors, settings_of
from bridge.cli.deciding import desk_of, reason_option, report
from bridge.cli.usage import Fault
from bridge.domain.hours import Charge, InexactHours, exact, text, to_minutes
from bridge.domain.tickets import Stage
from bridge.i18n import tr
from bridge.operators.decisions import Desk, by_hours, by_minutes, recounted
from bridge.settings import Settings


def _hours(_ctx: click.Context, _option: click.Parameter, given: str | None) -> Decimal | None:
    if given is None:
        return None
    try:
        hours = exact(given.replace(",", "."))
        to_minutes(hours)
    except InexactHours as error:
        raise click.BadParameter(str(error)) from error
    if hours < 0:
        raise click.BadParameter(tr("must not be negative"))
    return hours


def _minutes(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    pairs = dict(one.rpartition("=")[::2] for one in given)
    if len(pairs) < len(given) or not all(
        name and minutes.isascii() and minutes.isdigit() and len(minutes) < 7
        for name, minutes in pairs.items()
    ):
        raise click.BadParameter(tr("write CATEGORY=MINUTES, each category once"))
    return {name: int(minutes) for name, minutes in pairs.items()}


@click.command(
    "correct",
    help=tr(
        "Replace what was written off for a stage: it is given back, then the right amount is written off."
    ),
)
@click.argument("ticket", metavar="TICKET")
@click.option(
    "--stage",
    "wanted",
    metavar="STAGE",
    help=tr("The stage: its number or its title; needed where there are several."),
)
@click.option(
    "--hours", metavar="HOURS", callback=_hours, help=tr("Write off so many norm-hours at the stage's K.")
)
@click.option(
    "--minutes",
    metavar="CATEGORY=MINUTES",
    multiple=True,
    callback=_minutes,
    help=tr("Write off so many minutes of a category."),
)
@click.option("--recount", is_flag=True, help=tr("Write off what the time entries on the portal make now."))
@click.option("--nothing", is_flag=True, help=tr("Write off nothing."))
@reason_option(tr("Why; the customer reads it."))
@click.pass_context
@reports_errors
def command(
    ctx: click.Context,
    ticket: str,
    wanted: str | None,
    hours: Decimal | None,
    minutes: dict[str, int],
    recount: bool,
    nothing: bool,
    reason: str,
) -> None:
    if [hours is not None, bool(minutes), recount, nothing].count(True) != 1:
        raise Fault(tr("give one of --hours, --minutes, --recount, --nothing"))
    settings = settings_of(ctx, tokens=recount)
    with desk_of(ctx, settings, ticket) as desk:
        stage = desk.stage(wanted)
        charges: tuple[Charge, ...] = ()
        if hours is not None:
            standing = desk.standing()
            charges = by_hours(stage, hours, standing.charges(standing.last_write_off(stage)))
        elif minutes:
            charges = by_minutes(settings.catalogue, minutes)
        elif recount:
            charges = _recounted(settings, desk, stage)
        correction = desk.correct(stage, charges, reason)
        then = tr("the next pass writes off {after} norm-hours for stage “{stage}” instead of {before}")
        facts = {
            "stage": plain.line(stage.title),
            "before": text(correction.before),
            "after": text(correction.after),
        }
        report(ticket, desk, correction.decision, then.format_map(facts))


def _recounted(settings: Settings, desk: Desk, stage: Stage) -> tuple[Charge, ...]:
    standing = desk.standing()
    with open_portal(settings) as portal:
        ticket = portal.ticket(standing.ticket.id)
    return recounted(standing, stage, ticket, settings.catalogue)
