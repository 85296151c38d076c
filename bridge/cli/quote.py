"""otbridge quote: what a list of services costs, before anything is agreed."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

import click

from bridge import plain
from bridge.cli.common import reports_errors, settings_of
from bridge.domain.catalogue import Catalogue
from bridge.domain.hours import InexactHours, exact, text, to_kopecks, to_milli, to_minutes
from bridge.domain.quote import Amount, Line, Quote, Wish, quote
from bridge.errors import UserError
from bridge.i18n import tr

_WISH = re.compile(r"([^:/=]+)(?:/([^:/=]+))?(?::([1-9]\d{0,3}))?(?:=([0-9.]+))?")


@click.command(
    "quote",
    help=tr("Price services: ID[/VARIANT][:QUANTITY][=HOURS], HOURS where the terms name none or less."),
)
@click.argument("services", nargs=-1, required=True, metavar="SERVICE...")
@click.option("--hour-price", metavar="ROUBLES", help=tr("Price of a norm-hour."))
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON document."))
@click.pass_context
@reports_errors
def command(ctx: click.Context, services: tuple[str, ...], hour_price: str | None, as_json: bool) -> None:
    catalogue = settings_of(ctx, tokens=False).catalogue
    wishes = [_wish(one, catalogue) for one in services]
    try:
        priced = quote(wishes, None if hour_price is None else exact(hour_price))
    except InexactHours as error:
        raise UserError(f"--hour-price: {error}") from error
    if as_json:
        click.echo(plain.document(_json(priced)))
    else:
        _print(priced)


def _wish(said: str, catalogue: Catalogue) -> Wish:
    """Read ID[/VARIANT][:QUANTITY][=HOURS]."""
    parts = _WISH.fullmatch(said)
    if parts is None:
        raise UserError(
            tr("“{said}” is not understood: write ID[/VARIANT][:QUANTITY][=HOURS]").format(said=said)
        )
    service_id, variant, quantity, hours = parts.groups()
    service = catalogue.get(service_id)
    if service is None:
        near = get_close_matches(service_id, [one.id for one in catalogue], 3) or [
            tr("otbridge catalogue lists them")
        ]
        raise UserError(
            tr("the catalogue has no service {id}; near: {near}").format(id=service_id, near=", ".join(near))
        )
    variants = [one.id for one in service.variants]
    if (variant or "") not in (variants or [""]):
        known = ", ".join(f"{service_id}/{one}" for one in variants) or tr("it has none")
        raise UserError(
            tr("service {id}: name one of its variants: {variants}").format(id=service_id, variants=known)
        )
    try:
        estimate = None if hours is None else exact(hours)
        if estimate is not None:
            to_minutes(estimate)
    except InexactHours as error:
        raise UserError(f"{said}: {error}") from error
    return Wish(service, variant or "", int(quantity or 1), estimate)


def _print(priced: Quote) -> None:
    from bridge.cli.tables import Screen, cell, table

    money = priced.least.roubles is not None
    columns = [tr("Service"), tr("Name"), tr("Norm-hours"), "K", tr("To write off")]
    rows = table(*columns, *([tr("Roubles")] if money else []))
    for line in priced.lines:
        wish = line.wish
        name = (
            wish.service.id
            + (f"/{wish.variant}" if wish.variant else "")
            + (f" × {wish.quantity}" if wish.quantity > 1 else "")
        )
        hours, write_off, roubles = _cells(line)
        rows.add_row(
            cell(name),
            cell(wish.service.name),
            hours,
            text(wish.service.coefficient),
            write_off,
            *([roubles] if money else []),
        )
    hours, write_off, roubles = _spans(priced.least, priced.most, open_end=priced.open_end)
    rows.add_row(tr("Total"), "", hours, "", write_off, *([roubles] if money else []))
    console = Screen()
    console.print(rows)
    if any(line.least is None for line in priced.lines):
        console.print(
            tr("Services billed by time spent or as agreed are not in the total; give an estimate: ID=HOURS")
        )


def _cells(line: Line) -> tuple[str, str, str]:
    if line.least is None:
        return tr("time spent"), "–", "–"
    return _spans(line.least, line.most or line.least, open_end=line.most is None)


def _spans(least: Amount, most: Amount, *, open_end: bool) -> tuple[str, str, str]:
    def span(low: Any, high: Any) -> str:
        hours = f"{low}…{high}" if low != high else str(low)
        return tr("from {hours}").format(hours=hours) if open_end else hours

    return (
        span(text(least.hours), text(most.hours)),
        span(text(least.write_off), text(most.write_off)),
        span(least.roubles, most.roubles),
    )


def _json(priced: Quote) -> dict[str, Any]:
    def amount(one: Amount | None) -> dict[str, Any] | None:
        if one is None:
            return None
        roubles = None if one.roubles is None else to_kopecks(one.roubles)
        return {
            "minutes": to_minutes(one.hours),
            "write_off_mh": to_milli(one.write_off),
            "price_kopecks": roubles,
        }

    return {
        "lines": [
            {
                "service": line.wish.service.id,
                "variant": line.wish.variant or None,
                "quantity": line.wish.quantity,
                "coefficient_milli": to_milli(line.wish.service.coefficient),
                "least": amount(line.least),
                "most": amount(line.most),
            }
            for line in priced.lines
        ],
        "least": amount(priced.least),
        "most": amount(priced.most),
        "open_end": priced.open_end,
    }
