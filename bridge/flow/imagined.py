"""A portal and a Moodle that are read as they are, and whose writes are only imagined.

What a write would change of a balance is kept in memory, so that the next ticket finds the hours held. A
write in Moodle raises `Imagined`, for what it would make is not known before it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import Charge
from bridge.domain.tickets import Account, Attachment, StageState, Ticket, TicketState
from bridge.errors import BridgeError
from bridge.moodle_ws import Moodle
from bridge.portal import (
    InsufficientBalance,
    LedgerEntry,
    LedgerPage,
    Meta,
    Portal,
    PortalNotFound,
    TicketPage,
)


class Imagined(BridgeError):
    """A write in Moodle that was not sent."""


class ImaginedMoodle:
    """A Moodle that is only read."""

    def __init__(self, moodle: Moodle) -> None:
        self._moodle = moodle
        self.base_url = moodle.base_url

    def read(self, function: str, /, **params: Any) -> Any:
        """As `Moodle.read`."""
        return self._moodle.read(function, **params)

    def write(self, function: str, /, **_params: Any) -> Any:
        """Sends nothing.

        Raises:
            Imagined: always.
        """
        raise Imagined(function)

    def upload(self, path: Path, name: str | None = None, itemid: int = 0) -> int:
        """Sends nothing.

        Raises:
            Imagined: always.
        """
        raise Imagined(f"upload of {name or path.name}")

    def download(self, url: str, target: BinaryIO, *, limit: int) -> int:
        """As `Moodle.download`."""
        return self._moodle.download(url, target, limit=limit)


@dataclass(frozen=True, slots=True)
class _Change:
    """By how many norm-hours imagined writes change a balance."""

    held: Decimal = Decimal(0)
    written_off: Decimal = Decimal(0)


class ImaginedPortal:
    """A portal that is only read; its balances are as they would be after the writes.

    Parameters:
        clock: aware UTC, for the moments of what is imagined.
    """

    def __init__(self, portal: Portal, clock: Callable[[], datetime]) -> None:
        self._portal = portal
        self._clock = clock
        self.name = portal.name
        self._changes: dict[str, _Change] = {}
        self._holds: dict[str, LedgerEntry] = {}
        self._written_off: dict[str, LedgerEntry] = {}

    def remember(self, effect: Effect, account_id: str) -> None:
        """Know a hold or a write-off that the portal has, by the effect that made it.

        Parameters:
            account_id: the ticket's account, where the effect does not name one.
        """
        outcome = effect.outcome or {}
        if effect.state is not EffectState.DONE or not {"hold_id", "amount", "at"} <= set(outcome):
            return
        entry = LedgerEntry(
            str(outcome.get("entry_id", "")),
            effect.key,
            "capture" if "charges" in outcome else "hold",
            outcome.get("account_id") or account_id,
            effect.ticket_id,
            effect.stage_id,
            Decimal(outcome["amount"]),
            datetime.fromisoformat(outcome["at"]),
            outcome["hold_id"],
        )
        if entry.kind == "capture":
            self._written_off[entry.id] = entry
        elif "amount" in effect.request:
            self._holds[str(entry.hold_id)] = entry

    # --- read as they are

    def meta(self) -> Meta:
        """As `Portal.meta`."""
        return self._portal.meta()

    def changed_tickets(self, cursor: str | None, etag: str | None = None) -> TicketPage | None:
        """As `Portal.changed_tickets`."""
        return self._portal.changed_tickets(cursor, etag)

    def ticket(self, ticket_id: str) -> Ticket:
        """As `Portal.ticket`."""
        return self._portal.ticket(ticket_id)

    def download(self, ticket_id: str, attachment: Attachment, target: BinaryIO) -> None:
        """As `Portal.download`."""
        self._portal.download(ticket_id, attachment, target)

    def ledger(self, account_id: str, cursor: str | None = None) -> LedgerPage:
        """As `Portal.ledger`."""
        return self._portal.ledger(account_id, cursor)

    def find(self, key: str) -> Mapping[str, Any] | None:
        """As `Portal.find`."""
        return self._portal.find(key)

    def account(self, account_id: str) -> Account:
        """As `Portal.account`, after the imagined writes."""
        account = self._portal.account(account_id)
        change = self._changes.get(account_id, _Change())
        return replace(
            account,
            held=account.held + change.held,
            written_off=account.written_off + change.written_off,
            available=account.available - change.held - change.written_off,
        )

    # --- imagined

    def attach(self, key: str, ticket_id: str, name: str, media_type: str, content: bytes) -> Attachment:
        """Sends nothing."""
        return Attachment("", name, len(content), "", media_type)

    def note(self, key: str, ticket_id: str, text: str, *, internal: bool = False) -> str:
        """Sends nothing."""
        return ""

    def set_ticket_state(
        self, key: str, ticket_id: str, state: TicketState, expected: Sequence[TicketState]
    ) -> None:
        """Sends nothing."""

    def set_stage_state(
        self,
        key: str,
        ticket_id: str,
        stage_id: str,
        state: StageState,
        expected: Sequence[StageState],
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        """Sends nothing."""

    def hold(self, key: str, account_id: str, ticket_id: str, stage_id: str, amount: Decimal) -> LedgerEntry:
        """Sends nothing; the balance has the hours held from now on.

        Raises:
            InsufficientBalance: the hours do not fit.
        """
        account = self.account(account_id)
        if not account.covers(amount):
            raise InsufficientBalance(
                "hold",
                "it does not fit the balance",
                available=account.available + account.overdraft_limit,
                needed=amount,
                code="insufficient_balance",
                portal=self.name,
            )
        entry = self._entry(key, "hold", account_id, ticket_id, stage_id, amount, hold_id=key)
        self._holds[key] = entry
        self._change(account_id, held=amount)
        return entry

    def capture(
        self,
        key: str,
        hold_id: str,
        charges: Sequence[Charge],
        amount: Decimal,
        evidence: Mapping[str, Any],
        accepted_by: str = "customer",
    ) -> LedgerEntry:
        """Sends nothing; the balance has the hours written off from now on."""
        hold = self._known(self._holds, hold_id)
        self._change(hold.account_id, held=-hold.amount, written_off=amount)
        entry = self._entry(
            key, "capture", hold.account_id, hold.ticket_id, hold.stage_id, amount, hold_id=hold_id
        )
        self._written_off[entry.id] = entry
        return entry

    def void(self, key: str, hold_id: str) -> LedgerEntry:
        """Sends nothing; the balance has the hours back from now on."""
        hold = self._known(self._holds, hold_id)
        self._change(hold.account_id, held=-hold.amount)
        return self._entry(
            key, "void", hold.account_id, hold.ticket_id, hold.stage_id, hold.amount, hold_id=hold_id
        )

    def reverse(self, key: str, entry_id: str, reason: str) -> LedgerEntry:
        """Sends nothing; the balance has the hours back from now on."""
        entry = self._known(self._written_off, entry_id)
        self._change(entry.account_id, written_off=-entry.amount)
        return self._entry(
            key,
            "reversal",
            entry.account_id,
            entry.ticket_id,
            entry.stage_id,
            entry.amount,
            reverses=entry_id,
        )

    def _known(self, entries: Mapping[str, LedgerEntry], id_: str) -> LedgerEntry:
        if id_ not in entries:
            raise PortalNotFound("ledger", f"the journal knows no entry {id_}", portal=self.name)
        return entries[id_]

    def _entry(
        self,
        key: str,
        kind: str,
        account_id: str,
        ticket_id: str | None,
        stage_id: str | None,
        amount: Decimal,
        *,
        hold_id: str | None = None,
        reverses: str | None = None,
    ) -> LedgerEntry:
        at = self._clock()
        return LedgerEntry(key, key, kind, account_id, ticket_id, stage_id, amount, at, hold_id, reverses)

    def _change(
        self, account_id: str, *, held: Decimal = Decimal(0), written_off: Decimal = Decimal(0)
    ) -> None:
        known = self._changes.get(account_id, _Change())
        self._changes[account_id] = _Change(known.held + held, known.written_off + written_off)
