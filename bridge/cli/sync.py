"""otbridge sync: one pass, for operators, cron and timers."""

from __future__ import annotations

import sys
from typing import Any, Self

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bridge import plain
from bridge.cli import technical, words
from bridge.cli.common import open_bridge, reports_errors, settings_of
from bridge.cli.tables import Screen, cell, fault, standing, table
from bridge.domain.hours import text, to_milli
from bridge.domain.lifecycle import Status
from bridge.domain.tickets import Ticket
from bridge.flow.preview import Forecast, preview
from bridge.flow.report import PassReport
from bridge.flow.sync import Pass
from bridge.flow.waiting import wait_for_operations
from bridge.i18n import tr

AT_REST = frozenset({Status.DONE, Status.WITHDRAWN, Status.NOT_PAID})
"""Tickets in these statuses are listed only when something was done for them."""


@click.command(
    "sync",
    help=tr(
        "Do one pass: poll, act, report, write off. Exit codes: 0 all well, 1 some tickets "
        "need an operator, 2 settings, 3 portal or Moodle cannot be reached."
    ),
)
@click.option(
    "--dry-run", is_flag=True, help=tr("Say what would be done, held and written off; touch nothing.")
)
@click.option("--ticket", metavar="NUMBER", help=tr("Work on this ticket only."))
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON document."))
@click.pass_context
@reports_errors
def command(ctx: click.Context, dry_run: bool, ticket: str | None, as_json: bool) -> None:
    settings = settings_of(ctx)
    console = Screen()
    with (
        _Bars(enabled=sys.stderr.isatty() and not as_json) as bars,
        open_bridge(settings, bars.show) as bridge,
    ):
        if dry_run:
            forecasts, problems, code = preview(bridge, ticket)
            if as_json:
                documents = [_forecast(one) for one in forecasts]
                click.echo(
                    plain.document(
                        {"dry_run": True, "tickets": documents, "problems": problems, "exit": code}
                    )
                )
            else:
                _print_forecasts(console, forecasts, problems)
            sys.exit(int(code))
        report = wait_for_operations(bridge, Pass(bridge).run(ticket), ticket)
    if as_json:
        click.echo(plain.document(_json(report)))
    else:
        _print(console, report)
    sys.exit(int(report.exit))


class _Bars:
    """A progress bar for each running operation, on standard error, when somebody is there to watch."""

    def __init__(self, *, enabled: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[step]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=not enabled,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, ticket: Ticket, share: float, step: str) -> None:
        if ticket.id not in self._tasks:
            self._tasks[ticket.id] = self._progress.add_task(
                cell(f"{ticket.number} {ticket.subject}"[:60]), total=1.0, step=""
            )
        self._progress.update(self._tasks[ticket.id], completed=share, step=step)


def _print(console: Screen, report: PassReport) -> None:
    moved = [one for one in report.tickets if one.done or one.status not in AT_REST]
    if moved:
        rows = table(
            tr("Ticket"), tr("Subject"), tr("Where it stands"), tr("Done in this pass"), tr("Written off")
        )
        for one in moved:
            done = [words.effect(kind) for kind in one.done] + [
                plain.line(words.evidence(found)) for found in one.evidence
            ]
            where = standing(one.status, one.reason, one.number)
            rows.add_row(
                cell(one.number),
                cell(one.subject),
                where,
                escape("\n".join(done) or "–"),
                text(one.written_off) if one.written_off else "–",
            )
        console.print(rows)
    else:
        console.print(tr("Nothing to do: no ticket has changed."))
    for ref, problems in report.faults:
        console.print(fault(tr("A ticket cannot be read"), plain.line(f"{ref}: {'; '.join(problems)}")))
    if report.operator:
        console.print(
            tr("These tickets need an operator: {numbers} (otbridge status)").format(
                numbers=cell(", ".join(report.operator))
            )
        )
    for problem in report.problems:
        console.print(fault(tr("Fault"), problem))


def _json(report: PassReport) -> dict[str, Any]:
    return {
        "exit": int(report.exit),
        "tickets": [
            {
                "id": one.id,
                "number": one.number,
                "subject": one.subject,
                "status": one.status.value,
                "reason": one.reason.code,
                "facts": dict(one.reason.facts),
                "done": one.done,
                "evidence": one.evidence,
                "written_off_mh": to_milli(one.written_off),
            }
            for one in report.tickets
        ],
        "faults": [{"ref": ref, "problems": list(problems)} for ref, problems in report.faults],
        "operator": report.operator,
        "problems": report.problems,
    }


def _forecast(one: Forecast) -> dict[str, Any]:
    return {
        "id": one.ticket.id,
        "number": one.ticket.number,
        "subject": one.ticket.subject,
        "status": one.status.value,
        "reason": one.reason.code,
        "facts": dict(one.reason.facts),
        "would": one.would,
        "hold_mh": to_milli(one.held),
        "write_off_mh": to_milli(one.write_off),
    }


def _print_forecasts(console: Screen, forecasts: list[Forecast], problems: list[str]) -> None:
    rows = table(tr("Ticket"), tr("Subject"), tr("Would be done"), tr("Held"), tr("Written off"), tr("Then"))
    for one in forecasts:
        then = standing(one.status, one.reason, one.ticket.number)
        rows.add_row(
            cell(one.ticket.number),
            cell(one.ticket.subject),
            escape(technical.shown("\n".join(one.would)) or "–"),
            text(one.held) if one.held else "–",
            text(one.write_off) if one.write_off else "–",
            then,
        )
    console.print(rows if forecasts else tr("Nothing to do: no ticket has changed."))
    for problem in problems:
        console.print(fault(tr("Fault"), problem))
    console.print(tr("Dry run: nothing was touched."))
