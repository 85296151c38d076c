"""Reading both ledgers of each account and keeping what their comparison found.

An account whose ledger differs is kept as a drift in the journal: nothing is written off for it until the
ledgers agree again.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bridge.domain.hours import from_milli, text
from bridge.domain.tickets import Account, Ticket, within_category
from bridge.errors import BridgeError
from bridge.flow.context import Bridge
from bridge.flow.scope import Exit
from bridge.journal import JournalUnusable, TicketRecord, Unit
from bridge.operators.reconcile import (
    Comparison,
    Difference,
    Entry,
    Mend,
    Stranded,
    Stray,
    compare,
    compare_sums,
    stray,
)
from bridge.portal import (
    LedgerEntry,
    PortalError,
    PortalForbidden,
    PortalNotFound,
    PortalUnauthorized,
    PortalUnreachable,
    ledger_entries,
)

log = logging.getLogger("bridge.operators.reconciliation")

_LOOKS = 3
"""How often an account that changes while it is read is read again before its sums are left for the next
time.
"""


UNRESTING = frozenset({"queued", "running", "writing-off"})
"""Where a ticket stands that every pass looks at."""


@dataclass(frozen=True, slots=True)
class AccountReport:
    """What the comparison of one account came to; `error` says why there is none.

    Attributes:
        numbers: what people call the tickets of its entries, by identifier.
        sums: where the portal's account differs from the portal's own ledger.
        stranded: holds that nobody is going to write off; they stop nothing, but their hours are kept from
            the customer.
    """

    account_id: str
    comparison: Comparison | None = None
    sums: tuple[Difference, ...] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)
    error: PortalError | None = None
    stranded: tuple[Stranded, ...] = ()

    @property
    def needs_operator(self) -> bool:
        """Whether something waits for an operator's word: a difference, or a hold that no pass returns."""
        return bool(self.differences) or any(one.mend is not Mend.SYNC for one in self.stranded)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Everything that stops the account's write-offs."""
        return (*(self.comparison.differences if self.comparison else ()), *self.sums)


@dataclass(slots=True)
class Report:
    """What the comparison of several accounts came to."""

    accounts: list[AccountReport] = field(default_factory=list)

    @property
    def exit(self) -> Exit:
        """The exit code; of several the highest."""
        codes = [Exit.WELL]
        for account in self.accounts:
            if account.needs_operator:
                codes.append(Exit.OPERATOR)
            if account.error is not None:
                codes.append(
                    Exit.CONFIGURATION
                    if isinstance(account.error, (PortalUnauthorized, PortalForbidden))
                    else Exit.UNREACHABLE
                )
        return max(codes)


def reconcile_accounts(bridge: Bridge, account_ids: Collection[str] | None = None) -> Report:
    """Compare the ledgers of these accounts, or of all that the journal knows, keep or clear their drifts,
    and look for stranded holds.

    A ticket whose hold is stranded is woken where the journal did not know that ticket or stage are gone: the
    next pass returns the hold.

    A fault of one account does not stop the others; a portal that cannot be reached, or that refuses the
    token, ends the comparison with the account at which it was met. Accounts that could not be compared keep
    what was known of them.

    Raises:
        JournalError: the journal cannot be used.
    """
    portal = bridge.portal.name
    if account_ids is None:
        with bridge.journal.transaction(read_only=True) as unit:
            account_ids = unit.ledger.accounts(portal)
    report = Report()
    for account_id in sorted(account_ids):
        try:
            found = _account(bridge, account_id)
        except PortalError as error:
            log.error("account %s: %s", account_id, error)  # noqa: TRY400 (the message says all)
            report.accounts.append(AccountReport(account_id, error=error))
            if isinstance(error, (PortalUnreachable, PortalUnauthorized)):
                break
            continue
        report.accounts.append(found)
        _keep(bridge, found)
    return report


def watch_ledgers(bridge: Bridge) -> None:
    """Compare the ledgers of all accounts and log what needs an operator: what the service does once a day.

    Raises:
        JournalUnusable: the next pass meets it too.
    """
    try:
        compared = reconcile_accounts(bridge).accounts
    except JournalUnusable:
        raise
    except BridgeError as error:
        log.error("the ledgers could not be compared: %s", error)  # noqa: TRY400 (the message says all)
        return
    if differing := [account.account_id for account in compared if account.differences]:
        log.error("the ledger differs from the portal's for %s: otbridge reconcile", ", ".join(differing))
    if stranded := [
        account.account_id for account in compared if account.needs_operator and not account.differences
    ]:
        log.error(
            "hours are held that nobody is going to write off, for %s: otbridge reconcile",
            ", ".join(stranded),
        )


def _account(bridge: Bridge, account_id: str) -> AccountReport:
    portal = bridge.portal.name
    with bridge.journal.transaction(read_only=True) as unit:
        settled = unit.ledger.length(portal, account_id)
    theirs, account = _portal_side(bridge, account_id)
    # The journal is read after the portal: what the portal sent is either booked by then, or still intended.
    with bridge.journal.transaction(read_only=True) as unit:
        ours = unit.ledger.rows(portal, account_id)
        intended = {effect.key for effect in unit.effects.open() if effect.portal == portal}
        numbers = unit.tickets.numbers(
            portal, {entry.ticket_id for entry in theirs if entry.ticket_id} | {row.ticket_id for row in ours}
        )
    comparison = compare(ours, theirs, tickets=numbers, intended=intended, settled=settled)
    sums = () if account is None else tuple(compare_sums(account, theirs))
    stranded = tuple(_stranded(bridge, comparison.holds))
    return AccountReport(account_id, comparison, sums, numbers, stranded=stranded)


def _stranded(bridge: Bridge, holds: Iterable[Entry]) -> Iterator[Stranded]:
    """Those of the open holds that nobody is going to write off; the portal is asked once for each of
    their tickets.
    """
    portal = bridge.portal.name
    tickets: dict[str, Ticket | None] = {}
    for hold in holds:
        with bridge.journal.transaction(read_only=True) as unit:
            record = unit.tickets.get(portal, hold.ticket_id)
            explained = record is not None and any(
                effect.key == hold.key for effect in unit.effects.of(portal, hold.ticket_id)
            )
        if record is None or not explained:
            yield Stranded(hold, Stray.UNEXPLAINED, Mend.RELEASE)
            continue
        try:
            if hold.ticket_id not in tickets:
                tickets[hold.ticket_id] = _now(bridge, hold.ticket_id)
        except PortalError as error:
            log.warning(
                "ticket %s: whether its hold is stranded cannot be told: %s", record.ticket.number, error
            )
            continue
        ticket = tickets[hold.ticket_id]
        why = stray(hold, ticket, paid=_is_paid(bridge, ticket))
        if why is not None:
            with bridge.journal.transaction() as unit:
                mend = _given_back_by(bridge, unit, record, hold, why, ticket)
            yield Stranded(hold, why, mend)


def _now(bridge: Bridge, ticket_id: str) -> Ticket | None:
    """The ticket as the portal has it, None where it no longer has it."""
    try:
        return bridge.portal.ticket(ticket_id)
    except PortalNotFound:
        return None


def _is_paid(bridge: Bridge, ticket: Ticket | None) -> bool:
    return ticket is not None and within_category(ticket.category, bridge.settings.portal.category_prefix)


def _given_back_by(
    bridge: Bridge, unit: Unit, record: TicketRecord, hold: Entry, why: Stray, ticket: Ticket | None
) -> Mend:
    """What returns the stranded hold of a ticket that the journal knows; a pass, once the journal knows
    what is gone.
    """
    known = record.ticket
    gone = bool(known.gone) or not _is_paid(bridge, known)
    is_known = all(stage.id != hold.stage_id for stage in known.stages) if why is Stray.STAGE else gone
    if is_known and not record.dirty and record.state not in UNRESTING:
        return Mend.TICKET
    if not is_known:
        if ticket is None:
            unit.polling.depart(record.portal, known.id, "deleted")
        else:
            unit.polling.refresh(record.portal, ticket, anew=True)
            unit.tickets.wake(record.portal, known.id)
    return Mend.SYNC


def _portal_side(bridge: Bridge, account_id: str) -> tuple[list[LedgerEntry], Account | None]:
    """The portal's ledger, and its account as it was all the while; None when it never stood still."""
    for _ in range(_LOOKS):
        before = bridge.portal.account(account_id)
        entries = list(ledger_entries(bridge.portal, account_id))
        if bridge.portal.account(account_id).version == before.version:
            return entries, before
    return entries, None


def _keep(bridge: Bridge, found: AccountReport) -> None:
    portal, now = bridge.portal.name, bridge.clock()
    problems = tuple(sentence(difference, found.numbers) for difference in found.differences)
    with bridge.journal.transaction() as unit:
        if problems:
            if unit.drifts.of(portal, found.account_id) != problems:
                unit.events.log(
                    portal, None, "drift", f"account {found.account_id}: {'; '.join(problems)}", now
                )
            unit.drifts.set(portal, found.account_id, problems, now)
        elif unit.drifts.clear(portal, found.account_id):
            unit.events.log(
                portal, None, "drift-cleared", f"account {found.account_id}: both ledgers agree again", now
            )


def sentence(difference: Difference, numbers: Mapping[str, str]) -> str:
    """A difference as the journal keeps it: one line of plain words."""
    entry = difference.entry
    if entry is None:
        stated, made = difference.members
        return (
            f"{difference.kind}: {difference.key}: the portal says {stated} milli-hours, its ledger "
            f"makes {made}"
        )
    name = (
        f"ticket {numbers.get(entry.ticket_id, entry.ticket_id)}, {entry.kind} of "
        f"{text(from_milli(entry.amount_mh))} norm-hours"
    )
    members = f" ({', '.join(difference.members)})" if difference.members else ""
    return f"{difference.kind}: {name}, key {difference.key}{members}"
