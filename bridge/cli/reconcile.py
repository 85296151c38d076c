"""otbridge reconcile: the journal's ledger against the portal's, and what mends each difference."""

from __future__ import annotations

import sys
from typing import Any

import click

from bridge import plain
from bridge.cli.common import open_bridge, reports_errors, settings_of
from bridge.cli.deciding import deciding_person
from bridge.cli.ledger import KINDS
from bridge.cli.usage import Fault
from bridge.domain.hours import from_milli, text
from bridge.i18n import tr
from bridge.operators.mend import mend
from bridge.operators.reconcile import Difference, Entry, Kind, Mend, Stray
from bridge.operators.reconciliation import AccountReport, Report, reconcile_accounts

DIFFERENCES = {
    Kind.MISSING_HERE: tr("missing in the journal"),
    Kind.MISSING_THERE: tr("missing on the portal"),
    Kind.DIFFERENT: tr("different: {members}"),
    Kind.REPEATED: tr("more than once on the portal"),
    Kind.SUMS: tr("{name}: the portal says {stated}, its ledger makes {made}"),
}

MENDS = {
    Mend.ACCEPT: 'otbridge reconcile --accept {key} --reason "…"',
    Mend.RESEND: 'otbridge reconcile --resend {key} --reason "…"',
    Mend.CORRECT: "otbridge correct {number}",
    Mend.PORTAL: tr("whoever keeps the portal has to look into its ledger (docs/ledger.md)"),
    Mend.SYNC: tr("the next pass returns it: otbridge sync --ticket {number}"),
    Mend.TICKET: tr("its ticket waits, and says for what: otbridge show {number}"),
    Mend.RELEASE: 'otbridge reconcile --release {key} --reason "…"',
}

STRAYS = {
    Stray.DELETED: tr("the portal no longer has its ticket"),
    Stray.MOVED: tr("its ticket has left the paid category"),
    Stray.STAGE: tr("its ticket no longer has the stage"),
    Stray.UNEXPLAINED: tr("the journal does not know what it is held for"),
}


@click.command(
    "reconcile",
    help=tr(
        "Compare the journal's ledger with the portal's, both ways, and find holds that nobody "
        "is going to write off. Exit codes: 0 they agree, "
        "1 they differ or an operator has to return a hold, 2 settings, 3 the portal cannot be read."
    ),
)
@click.option("--account", metavar="ID", help=tr("Only this account of the portal."))
@click.option("--accept", metavar="KEY", help=tr("Let the portal's word count for the row under this key."))
@click.option(
    "--resend", metavar="KEY", help=tr("Send the write under this key again: the portal has lost it.")
)
@click.option("--release", metavar="KEY", help=tr("Return the stranded hold under this key to the balance."))
@click.option(
    "--reason",
    metavar="TEXT",
    help=tr("Why; kept in the journal. The portal keeps it with a reversal that is sent again."),
)
@click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON document."))
@click.pass_context
@reports_errors
def command(
    ctx: click.Context,
    account: str | None,
    accept: str | None,
    resend: str | None,
    release: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    accounts = None if account is None else [account]
    asked = {
        how: key
        for how, key in ((Mend.ACCEPT, accept), (Mend.RESEND, resend), (Mend.RELEASE, release))
        if key
    }
    if len(asked) > 1:
        raise Fault(tr("--accept, --resend and --release exclude each other"))
    if bool(asked) != bool(reason and reason.strip()):
        raise Fault(tr("--accept, --resend and --release need a --reason, and only they do"))
    with open_bridge(settings_of(ctx)) as bridge:
        if asked and reason:
            ((how, key),) = asked.items()
            report = mend(bridge, accounts, key, how, reason.strip(), deciding_person(ctx))
        else:
            report = reconcile_accounts(bridge, accounts)
    if as_json:
        click.echo(plain.document(_json(report)))
    else:
        _print(report)
    sys.exit(int(report.exit))


def _print(report: Report) -> None:
    from rich.markup import escape

    from bridge.cli.tables import Screen, cell, fault, table

    console = Screen()
    for account in report.accounts:
        compared = account.comparison
        if compared is None:
            console.print(
                fault(tr("An account cannot be compared"), f"{account.account_id}: {account.error}")
            )
            continue
        said = tr(
            "Account {account}: {agreeing} rows agree, {differing} differ, {cancelled} differ "
            "without effect, {open} under way, {foreign} foreign."
        )
        console.print(
            said.format(
                account=cell(account.account_id),
                agreeing=compared.agreeing,
                differing=len(account.differences),
                cancelled=len(compared.cancelled),
                open=len(compared.open),
                foreign=compared.foreign,
            )
        )
        for entry in compared.open:
            number = account.numbers.get(entry.ticket_id, entry.ticket_id)
            console.print(
                cell(_row(entry, number))
                + ": "
                + tr("under way: otbridge sync --ticket {number}").format(number=cell(number))
            )
        if account.differences:
            rows = table(tr("Row"), tr("Difference"), tr("What mends it"))
            for one in account.differences:
                number = _number(account, one)
                rows.add_row(
                    escape(
                        ""
                        if one.entry is None
                        else f"{plain.line(_row(one.entry, number))}\n{plain.line(one.key)}"
                    ),
                    cell(_difference(one)),
                    cell(MENDS[one.mend].format(key=one.key, number=number)),
                )
            console.print(rows)
            console.print(
                tr("Nothing is written off for account {account} meanwhile.").format(
                    account=cell(account.account_id)
                )
            )
        if account.stranded:
            rows = table(tr("Held"), tr("Why nobody takes it"), tr("What returns it"))
            for stranded in account.stranded:
                hold = stranded.hold
                number = account.numbers.get(hold.ticket_id, hold.ticket_id)
                rows.add_row(
                    escape(f"{plain.line(_row(hold, number))}\n{plain.line(hold.key)}"),
                    STRAYS[stranded.why],
                    cell(MENDS[stranded.mend].format(key=hold.key, number=number)),
                )
            console.print(rows)
    if not report.accounts:
        console.print(tr("The journal knows no account yet."))


def _number(account: AccountReport, difference: Difference) -> str:
    ticket_id = "" if difference.entry is None else difference.entry.ticket_id
    return account.numbers.get(ticket_id, ticket_id)


def _row(entry: Entry, number: str) -> str:
    return f"{number}, {KINDS.get(entry.kind, entry.kind)}, {text(from_milli(entry.amount_mh))}"


def _difference(one: Difference) -> str:
    if one.entry is None:
        stated, made = (text(from_milli(int(amount))) for amount in one.members)
        return DIFFERENCES[one.kind].format(name=one.key, stated=stated, made=made)
    pairs = [f"{name}: {getattr(one.here, name)} ≠ {getattr(one.there, name)}" for name in one.members]
    return DIFFERENCES[one.kind].format(members="; ".join(pairs))


def _json(report: Report) -> dict[str, Any]:
    return {
        "exit": int(report.exit),
        "accounts": [
            {
                "account": account.account_id,
                "error": None if account.error is None else str(account.error),
                "agreeing": account.comparison.agreeing if account.comparison else 0,
                "foreign": account.comparison.foreign if account.comparison else 0,
                "open": [entry.key for entry in account.comparison.open] if account.comparison else [],
                "cancelled": [one.key for one in account.comparison.cancelled] if account.comparison else [],
                "differences": [
                    {
                        "kind": one.kind.value,
                        "key": one.key,
                        "ticket": _number(account, one),
                        "members": list(one.members),
                        "mend": one.mend.value,
                        "here": _entry(one.here),
                        "there": _entry(one.there),
                    }
                    for one in account.differences
                ],
                "stranded": [
                    {
                        "key": one.hold.key,
                        "ticket": account.numbers.get(one.hold.ticket_id, one.hold.ticket_id),
                        "why": one.why.value,
                        "mend": one.mend.value,
                        "there": _entry(one.hold),
                    }
                    for one in account.stranded
                ],
            }
            for account in report.accounts
        ],
    }


def _entry(entry: Entry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {
        "kind": entry.kind,
        "ticket_id": entry.ticket_id,
        "stage_id": entry.stage_id,
        "amount_mh": entry.amount_mh,
        "price_kopecks": entry.price_kopecks,
        "hold_key": entry.hold_key,
        "at": entry.at.isoformat(),
    }
