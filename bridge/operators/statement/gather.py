"""What a statement says: the portal's ledger, read through the portal contract, joined with what the journal
knows of the work.

The portal's word counts for every sum. Where the journal or the portal's own account says otherwise, there is
no statement: both would have to be explained to the customer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from bridge.domain import billing
from bridge.domain.catalogue import BillingKind, Catalogue
from bridge.domain.effects import Effect
from bridge.domain.hours import Charge, from_milli, text, write_off
from bridge.domain.lifecycle import charges_from
from bridge.domain.statement import (
    BrokenLedger,
    Forecast,
    Movement,
    MovementKind,
    Period,
    Statement,
    Work,
    forecast,
    make_statement,
)
from bridge.domain.tickets import Account, Ticket
from bridge.errors import BridgeError
from bridge.i18n import tr
from bridge.journal import Journal, LedgerRow
from bridge.operators.reconcile import Difference, compare, compare_sums
from bridge.portal import LedgerEntry, Portal, PortalNotFound, ledger_entries

_LOOKS = 3
"""How often an account that changes while it is read is read again."""

CATEGORIES: Mapping[str, str] = {
    billing.UNATTENDED: "Автоматическое выполнение",
    billing.TIME: "Специалист",
    "minimum": "Минимум по условиям сервиса",
    BillingKind.FIXED.value: "Фиксированная стоимость",
    BillingKind.AGREED.value: "Согласованная стоимость",
}
"""Lines of write-offs that are no category of the catalogue, as a customer reads them."""


class NoStatement(BridgeError):
    """There can be no statement now."""


class LedgersDiffer(NoStatement):
    """The portal's ledger is not what the journal, or the portal's own account, says.

    Attributes:
        differences: between the two ledgers, or between the portal's account and its ledger.
        numbers: what people call the tickets of the differences, by identifier.
        problems: what else contradicts itself, one line each.
    """

    def __init__(
        self,
        account_id: str,
        differences: Sequence[Difference] = (),
        numbers: Mapping[str, str] | None = None,
        problems: Sequence[str] = (),
    ) -> None:
        self.account_id = account_id
        self.differences = tuple(differences)
        self.numbers = dict(numbers or {})
        self.problems = tuple(problems)
        super().__init__(f"the ledgers of account {account_id} differ")


@dataclass(frozen=True, slots=True)
class Gathered:
    """A statement, and the customer's name as the account's tickets tell it ("" where none does)."""

    statement: Statement
    customer: str


def gather(
    journal: Journal,
    portal: Portal,
    catalogue: Catalogue,
    account_id: str,
    period: Period,
    now: Callable[[], datetime],
) -> Gathered:
    """The statement of an account; `now` is the clock (aware UTC).

    Raises:
        LedgersDiffer: the ledgers differ up to the period's end.
        NoStatement: the account never stands still.
        PortalError: the portal cannot be read; `PortalNotFound` where it has no such account.
        JournalError: the journal cannot be used.
    """
    with journal.transaction(read_only=True) as unit:
        settled = unit.ledger.length(portal.name, account_id)
    account, entries = _portal_side(portal, account_id)
    # The journal is read after the portal: what the portal told is either booked by then, or still intended.
    with journal.transaction(read_only=True) as unit:
        ours = unit.ledger.rows(portal.name, account_id)
        intended = {effect.key for effect in unit.effects.open() if effect.portal == portal.name}
        tickets = {entry.ticket_id for entry in entries if entry.ticket_id} | {row.ticket_id for row in ours}
        numbers = unit.tickets.numbers(portal.name, tickets)
    found = compare(ours, entries, tickets=numbers, intended=intended, settled=settled)
    differences = [
        one for one in (*found.differences, *compare_sums(account, entries)) if _concerns(one, period)
    ]
    if differences:
        raise LedgersDiffer(account_id, differences, numbers)
    made_at = max([now(), *(entry.at for entry in entries)])
    movements = [_movement(entry) for entry in entries]
    undated = Decimal(0) if any(row.kind == "top_up" for row in movements) else account.granted

    def made(rows: Iterable[Movement]) -> Statement:
        return make_statement(
            account_id, rows, period, made_at, undated=undated, hour_price=account.hour_price
        )

    try:
        shown = {row.id for row in _shown(made(movements))}
    except BrokenLedger as error:
        raise LedgersDiffer(account_id, problems=error.problems) from error
    works = _Works(journal, portal, catalogue, {row.key: row for row in ours})
    ticket_of = {entry.id: entry for entry in entries}
    filled = [replace(row, work=works.of(ticket_of[row.id])) if row.id in shown else row for row in movements]
    if unlike := [_unlike(row) for row in filled if not _adds_up(row)]:
        raise LedgersDiffer(account_id, problems=unlike)
    return Gathered(made(filled), works.customer)


def outlook(portal: Portal, account_id: str, period: Period, now: datetime) -> tuple[Account, Forecast]:
    """An account, and how long what it has available lasts from the period's last day on.

    Raises:
        PortalError: the portal cannot be read.
    """
    account = portal.account(account_id)
    rows = [_movement(entry) for entry in _entries(portal, account_id) if entry.at <= now]
    return account, forecast(rows, account.available, period.last, period.zone)


def _portal_side(portal: Portal, account_id: str) -> tuple[Account, list[LedgerEntry]]:
    """The account, and its ledger as it was all the while."""
    for _ in range(_LOOKS):
        before = portal.account(account_id)
        entries = _entries(portal, account_id)
        if portal.account(account_id).version == before.version:
            return before, entries
    raise NoStatement(
        tr("account {account} changes while it is read; try again in a minute").format(account=account_id)
    )


def _entries(portal: Portal, account_id: str) -> list[LedgerEntry]:
    """The ledger; an entry that came on two pages counts once."""
    return list({entry.id: entry for entry in ledger_entries(portal, account_id)}.values())


def _movement(entry: LedgerEntry) -> Movement:
    kinds: dict[str, MovementKind] = {
        "top_up": "top_up",
        "hold": "hold",
        "capture": "capture",
        "void": "void",
        "reversal": "reversal",
    }
    return Movement(
        entry.id,
        entry.key,
        kinds[entry.kind],
        entry.at,
        entry.amount,
        entry.price,
        entry.hold_id,
        entry.reverses,
    )


def _shown(statement: Statement) -> Iterator[Movement]:
    """The rows whose work a statement tells."""
    yield from (one.row for one in statement.write_offs)
    yield from (one.of for one in statement.reversals)
    yield from statement.holds


def _adds_up(row: Movement) -> bool:
    return row.kind != "capture" or not row.work.lines or write_off(row.work.lines) == row.amount


def _unlike(row: Movement) -> str:
    return tr(
        "ticket {number}, key {key}: the journal's minutes make {here} norm-hours, the portal took {there}"
    ).format(
        number=row.work.number, key=row.key, here=text(write_off(row.work.lines)), there=text(row.amount)
    )


def _concerns(difference: Difference, period: Period) -> bool:
    """Whether a difference is of the period or of what came before it; one of sums always is."""
    sides = [side for side in (difference.here, difference.there) if side is not None]
    return not sides or min(side.at for side in sides) < period.end


@dataclass
class _Works:
    """What hours were taken for; each ticket is looked up once, in the journal, else on the portal."""

    journal: Journal
    portal: Portal
    catalogue: Catalogue
    rows: Mapping[str, LedgerRow]
    customer: str = ""
    _known: dict[str, tuple[Ticket | None, list[Effect]]] = field(default_factory=dict)

    def of(self, entry: LedgerEntry) -> Work:
        """The work behind a row of the portal's ledger."""
        if entry.ticket_id is None:
            return Work()
        ticket, effects = self._ticket(entry.ticket_id)
        effect = next((one for one in effects if one.key == entry.key), None)
        stages = {} if ticket is None else {stage.id: stage.title for stage in ticket.stages}
        service_id = _service_of(effect, effects)
        service = self.catalogue.get(service_id)
        return Work(
            number=entry.ticket_id if ticket is None else ticket.number,
            subject="" if ticket is None else ticket.subject,
            service_id=service_id,
            service=service_id if service is None else service.name,
            stage=stages.get(entry.stage_id or "", entry.stage_id or ""),
            lines=tuple(self._lines(entry, effect)),
        )

    def _ticket(self, ticket_id: str) -> tuple[Ticket | None, list[Effect]]:
        if ticket_id not in self._known:
            with self.journal.transaction(read_only=True) as unit:
                record = unit.tickets.get(self.portal.name, ticket_id)
                effects = unit.effects.of(self.portal.name, ticket_id)
            ticket = record.ticket if record is not None and not record.damage else self._asked(ticket_id)
            self._known[ticket_id] = ticket, effects
            if ticket is not None and ticket.customer_name:
                self.customer = ticket.customer_name
        return self._known[ticket_id]

    def _asked(self, ticket_id: str) -> Ticket | None:
        """A ticket that the journal does not know: somebody booked it by hand."""
        try:
            return self.portal.ticket(ticket_id)
        except PortalNotFound:
            return None

    def _lines(self, entry: LedgerEntry, effect: Effect | None) -> Iterator[Charge]:
        if entry.kind != "capture":
            return
        charges = charges_from(effect.request.get("charges", ())) if effect is not None else ()
        row = self.rows.get(entry.key)
        if not charges and row is not None and row.coefficient_milli is not None:
            k = from_milli(row.coefficient_milli)
            charges = (Charge(billing.TIME, row.spent_minutes, row.charged_minutes, k),)
        for line in charges:
            category = self.catalogue.category(line.category)
            name = CATEGORIES.get(line.category, line.category) if category is None else category.name
            yield replace(line, category=name)


def _service_of(effect: Effect | None, effects: Iterable[Effect]) -> str:
    """Id of the service for which a hold was made, or the hold that a write-off captures; "" where the
    journal does not know it.

    A hold for a correction names no order: it is for what the stage was begun with.
    """
    if effect is None:
        return ""
    kind = effect.request.get("hold_kind", effect.kind)
    found = ""
    for one in effects:
        if one.stage_id == effect.stage_id and "order" in one.request:
            found = str(one.request["order"]["service"])
            if (one.revision, one.kind) == (effect.revision, kind):
                return found
    return found
