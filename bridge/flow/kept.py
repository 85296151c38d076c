"""The case of one ticket, kept from step to step of its turn in a pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bridge.domain.effects import Effect
from bridge.domain.lifecycle import Case
from bridge.domain.tickets import Account
from bridge.flow.case import Papers, build_case, papers_of
from bridge.flow.context import Bridge
from bridge.flow.perform import Performer
from bridge.flow.report import TicketReport
from bridge.journal import Claim, TicketRecord, Unit


class Kept:
    """A ticket's case: read from the journal when the ticket was changed or woken, otherwise carried on by
    what its steps came to.

    Nobody but the worker that has claimed a ticket writes to its effects without waking it, so the ticket's
    count of changes says whether the case still stands.

    Attributes:
        record: the ticket as it was last read.
        account, portal_time: as they were just read, None where nobody has asked.
        refreshed: whether the ticket was looked at once more on the portal.
    """

    def __init__(self, bridge: Bridge, claim: Claim) -> None:
        self._bridge = bridge
        self._changes = claim.changes
        self._case: Case | None = None
        self.record: TicketRecord = claim.record
        self.account: Account | None = None
        self.portal_time: datetime | None = None
        self.refreshed = False

    @property
    def is_read(self) -> bool:
        """Whether there is a case that may still stand."""
        return self._case is not None

    def case(self) -> Case:
        """The case at this moment."""
        assert self._case is not None, "it is read first"
        return replace(
            self._case, now=self._bridge.clock(), account=self.account, portal_time=self.portal_time
        )

    def put(self, record: TicketRecord, papers: Papers) -> None:
        """Put the case together from what was read."""
        self.record = record
        self._case = build_case(self._bridge, record, papers)

    def read(self, unit: Unit, record: TicketRecord | None = None) -> None:
        """Put the case together anew.

        Parameters:
            record: the ticket where it was read just now.
        """
        portal = self._bridge.portal.name
        record = record or unit.tickets.get(portal, self.record.ticket.id) or self.record
        self.put(record, papers_of(unit, portal, record.ticket))

    def bring_up(self, unit: Unit, changes: int) -> None:
        """Read the case anew where it does not stand any more.

        Parameters:
            changes: the ticket's count of changes within this transaction.
        """
        if self._case is None or changes != self._changes:
            self.read(unit)
            self._changes = changes

    def forget(self) -> None:
        """What is known of the ticket does not stand any more."""
        self._case = None

    def take_in(self, effect: Effect) -> None:
        """Carry the case on by a settled effect. The balance and the clock are asked for anew."""
        self.account = None
        if self._case is not None:
            self._case = replace(self._case, history=self._case.history.followed_by(effect))

    def compare_ledgers(self, unit: Unit) -> None:
        """Look whether the account's ledger was found to differ since the case was read, for that wakes no
        ticket.
        """
        assert self._case is not None, "it is read first"
        drift = unit.drifts.of(self._bridge.portal.name, self.record.ticket.account_id)
        self._case = replace(self._case, drift=drift)


@dataclass(frozen=True, slots=True)
class Turn:
    """One ticket's turn in a pass."""

    bridge: Bridge
    claim: Claim
    kept: Kept
    accounts: dict[str, Account]
    report: TicketReport

    @property
    def performer(self) -> Performer:
        """Performs the steps of the ticket as it is known now."""
        return Performer(
            self.bridge, self.kept.record.ticket, self.accounts, lambda unit: unit.queue.guard(self.claim)
        )
