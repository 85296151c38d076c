"""otbridge assign: an operator gives a ticket its order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bridge import plain
from bridge.cli.common import reports_errors, settings_of
from bridge.cli.deciding import desk_of, report
from bridge.domain.lifecycle import OrderFault
from bridge.errors import UserError
from bridge.flow.orders import LARGEST_FILE, allowed_unattended, read_params
from bridge.i18n import tr
from bridge.operators.decisions import DecisionRefused
from bridge.settings import unreadable


def _file(_ctx: click.Context, _option: click.Parameter, given: Path | None) -> Path | None:
    if given is not None and not given.is_file():
        raise click.BadParameter(tr("{path}: there is no such file").format(path=plain.line(given)))
    return given


def _quantity(_ctx: click.Context, _option: click.Parameter, given: str) -> int:
    if not (given.isascii() and given.isdigit() and len(given) < 7):
        raise click.BadParameter(tr("“{given}” is not a whole number").format(given=plain.line(given)))
    return int(given)


def _pairs(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(one.partition("=")[::2] for one in given)
    if not all("=" in one for one in given) or "" in pairs or len(pairs) < len(given):
        raise click.BadParameter(tr("write NAME=VALUE, each name once"))
    return pairs


@click.command(
    "assign",
    help=tr(
        "Give a ticket its order: a service of the catalogue and its parameters. It wins over "
        "the form and the files."
    ),
)
@click.argument("ticket", metavar="TICKET")
@click.argument("service", metavar="SERVICE")
@click.option("--variant", metavar="VARIANT", default="", help=tr("Variant of the service."))
@click.option("--quantity", metavar="N", default="1", callback=_quantity, help=tr("How many; 1 if left out."))
@click.option(
    "--action",
    metavar="ACTION",
    default="",
    help=tr("Which of the service's actions; the first one that the bridge has if left out."),
)
@click.option(
    "--param",
    "params",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_pairs,
    help=tr("A parameter; goes before the file's."),
)
@click.option(
    "--params-file", metavar="FILE", type=Path, callback=_file, help=tr("Parameters as TOML or YAML.")
)
@click.pass_context
@reports_errors
def command(
    ctx: click.Context,
    ticket: str,
    service: str,
    variant: str,
    quantity: int,
    action: str,
    params: dict[str, str],
    params_file: Path | None,
) -> None:
    settings = settings_of(ctx, tokens=False)
    unattended = allowed_unattended(settings.policy.unattended)
    with desk_of(ctx, settings, ticket) as desk:
        order = {
            "service": service,
            "variant": variant,
            "quantity": quantity,
            "action": action or None,
            "params": {**_read(params_file), **params},
        }
        decision = desk.assign(order, settings.catalogue, unattended)
        known = settings.catalogue.get(service)
        alone = known is not None and unattended(known)
        report(
            ticket,
            desk,
            decision,
            tr("the next pass works on this order")
            if alone
            else tr("has its order; a specialist works on it"),
        )


def _read(path: Path | None) -> dict[str, Any]:
    """The parameters of a file.

    Raises:
        DecisionRefused: with its faults.
    """
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            found = read_params(path.name, file.read(LARGEST_FILE + 1))
    except OSError as error:
        raise UserError(tr("{path} cannot be read").format(path=path), [unreadable(error)]) from error
    if isinstance(found, OrderFault):
        raise DecisionRefused(tr("{path} cannot be read").format(path=path), found.problems)
    return found
