"""otbridge catalogue: what is sold, and the check of a site's own file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bridge import plain
from bridge.cli.common import reports_errors, settings_of
from bridge.domain.catalogue import Billing, BillingKind, Service
from bridge.domain.catalogue_file import read_catalogue
from bridge.domain.hours import text, to_milli, to_minutes
from bridge.errors import UserError
from bridge.i18n import tr
from bridge.settings import unreadable

HANDLING = {"auto": tr("automatic"), "assisted": tr("assisted"), "manual": tr("by hand")}


@click.command(
    "catalogue",
    help=tr(
        "List the services; WORDS search in ids, names and actions. “check [FILE]” checks a site's own file."
    ),
)
@click.argument("words", nargs=-1, metavar="[WORDS]... | check [FILE]")
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON document."))
@click.pass_context
@reports_errors
def command(ctx: click.Context, words: tuple[str, ...], as_json: bool) -> None:
    if words[:1] == ("check",) and len(words) <= 2:
        _check(ctx, *words[1:])
        return
    catalogue = settings_of(ctx, tokens=False).catalogue
    exact = catalogue.get(words[0]) if len(words) == 1 else None
    found = [exact] if exact else [service for service in catalogue if _fits(service, words)]
    if as_json:
        click.echo(plain.document([_json(service) for service in found]))
    elif exact:
        _show(exact)
    else:
        _list(found)


def _check(ctx: click.Context, file: str | None = None) -> None:
    if file is None:
        settings = settings_of(ctx, tokens=False)
        catalogue, source = settings.catalogue, str(settings.bridge.catalogue or "catalogue.toml")
    else:
        source = file
        try:
            catalogue = read_catalogue(Path(file).read_text(encoding="utf-8"), file)
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(tr("{path} cannot be read").format(path=file), [unreadable(error)]) from error
    click.echo(
        tr("{source}: {count} services, no faults").format(source=plain.line(source), count=len(catalogue))
    )


def _fits(service: Service, words: tuple[str, ...]) -> bool:
    searched = " ".join((service.id, service.name, *service.actions)).casefold()
    return all(word.casefold() in searched for word in words)


def _list(found: list[Service]) -> None:
    from bridge.cli.tables import Screen, cell, table

    rows = table(tr("Service"), tr("Name"), tr("Norm-hours"), "K", tr("Handling"), tr("Actions"))
    for service in found:
        rows.add_row(
            cell(service.id),
            cell(service.name),
            cell(_hours(service)),
            text(service.coefficient),
            HANDLING[service.handling],
            cell(", ".join(service.actions)) or "–",
        )
    Screen().print(rows if found else tr("The catalogue has no such service."))


def _show(service: Service) -> None:
    from bridge.cli.tables import Screen, cell, table

    rows = table("", "", show_header=False, title=cell(f"{service.id}: {service.name}"))
    limits = ", ".join(f"{name} {value}" for name, value in service.limits.items())
    for name, value in (
        (tr("Norm-hours"), _hours(service)),
        ("K", f"{text(service.coefficient)} ({service.category.name})"),
        (tr("Handling"), HANDLING[service.handling]),
        (tr("Actions"), ", ".join(service.actions)),
        (tr("Unattended run counts as"), text(service.unattended_hours) if service.unattended_hours else ""),
        (tr("Limits"), limits),
        (tr("Item of the regulation"), service.item),
    ):
        if value:
            rows.add_row(name, cell(value))
    Screen().print(rows)


def _hours(service: Service) -> str:
    if service.variants:
        return "; ".join(
            f"{_terms(service.billing_of(one.id))} ({one.id}: {one.name})" for one in service.variants
        )
    return _terms(service.billing)


def _terms(billing: Billing) -> str:
    hours = "" if billing.hours is None else text(billing.hours)
    match billing.kind:
        case BillingKind.FIXED:
            return hours
        case BillingKind.FROM:
            return tr("from {hours}").format(hours=hours)
        case BillingKind.RANGE:
            return f"{hours}…{text(billing.most) if billing.most is not None else ''}"
        case BillingKind.ACTUAL:
            return tr("time spent")
        case BillingKind.AGREED:
            return tr("as agreed")


def _json(service: Service) -> dict[str, Any]:
    billing = service.billing
    return {
        "id": service.id,
        "name": service.name,
        "item": service.item,
        "section": service.section,
        "category": service.category.id,
        "coefficient_milli": to_milli(service.coefficient),
        "billing": billing.kind.value,
        "minutes": None if billing.hours is None else to_minutes(billing.hours),
        "most_minutes": None if billing.most is None else to_minutes(billing.most),
        "handling": service.handling.value,
        "actions": service.actions,
        "limits": dict(service.limits),
        "unattended_minutes": to_minutes(service.unattended_hours),
        "variants": [
            {"id": one.id, "name": one.name, "minutes": to_minutes(one.hours)} for one in service.variants
        ],
    }
