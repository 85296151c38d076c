"""The Portal protocol: what the bridge asks of a portal on any engine.

The wire form is docs/portal-api.md and bridge/portal/openapi.yaml. Hours are `Decimal` norm-hours, times
aware UTC. Every write takes a `key`: the same key with the same content gives the first result again and does
nothing. All methods raise `bridge.portal.errors.PortalError`s; writes raise `PortalOutcomeUnknown` when they
may have happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO, Protocol

from bridge.domain.hours import Charge
from bridge.domain.tickets import Account, Attachment, StageState, Ticket, TicketState

CONTRACT = "1."
"""Versions of the contract that this bridge speaks begin so."""

SCOPES = frozenset({"tickets:read", "tickets:write", "ledger:read", "ledger:write"})
CAPABILITIES = frozenset(
    {"ledger", "holds", "idempotent_writes", "compare_and_set", "reversals", "private_notes", "change_cursor"}
)
"""What the bridge needs of any portal, from its engine or made up for by an adapter; `tacit_acceptance` is
needed only where the site's policy accepts for the customer.
"""


@dataclass(frozen=True, slots=True)
class Meta:
    """What the portal says of itself.

    Attributes:
        capabilities: what the engine can do, by the names of docs/portal-api.md.
        made_up: what it cannot do and its adapter makes up for.
    """

    contract: str
    engine: str
    time: datetime
    capabilities: frozenset[str]
    scopes: frozenset[str]
    rounding_unit: Decimal
    made_up: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TicketFault:
    """A ticket of a page that cannot be read: its id (or "sha256:" and a hash, where it has none), its
    JSON text, and every fault.
    """

    ref: str
    payload: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """A ticket that the portal's filter lets through no longer.

    Attributes:
        reason: moved (to another category), merged (into another ticket) or deleted.
        into: number of the ticket that it was merged into.
    """

    id: str
    reason: str
    at: datetime
    into: str | None = None


@dataclass(frozen=True, slots=True)
class TicketPage:
    """Changed tickets since a cursor. `cursor` is opaque; `etag` belongs to this page's request.

    Attributes:
        gone: those that the filter lets through no longer; also some that were never sent.
    """

    tickets: tuple[Ticket, ...]
    faults: tuple[TicketFault, ...]
    cursor: str
    etag: str | None
    has_more: bool
    gone: tuple[Gone, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A row of the portal's ledger.

    Attributes:
        kind: top_up, hold, capture, void or reversal.
        amount: norm-hours, after K; a capture's is what left the balance.
        hold_id: the hold that it makes, captures or voids.
        reverses: id of the entry that a reversal takes back.
        price: roubles, captures only.
    """

    id: str
    key: str
    kind: str
    account_id: str
    ticket_id: str | None
    stage_id: str | None
    amount: Decimal
    at: datetime
    hold_id: str | None = None
    reverses: str | None = None
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Ledger rows of an account, oldest first, since a cursor."""

    entries: tuple[LedgerEntry, ...]
    cursor: str
    has_more: bool


class Portal(Protocol):
    """A client portal that carries tickets and keeps balances of norm-hours."""

    name: str

    def meta(self) -> Meta:
        """The portal's contract version, engine, clock, capabilities and the scopes of the bridge's token."""

    def changed_tickets(self, cursor: str | None, etag: str | None = None) -> TicketPage | None:
        """The next page of tickets changed since `cursor` (None: from the beginning); None when nothing has
        changed.

        A ticket may come again; one that cannot be read is among the page's faults, and stops nothing.
        """

    def ticket(self, ticket_id: str) -> Ticket:
        """One ticket as it is now."""

    def account(self, account_id: str) -> Account:
        """The account's balance as it is now."""

    def download(self, ticket_id: str, attachment: Attachment, target: BinaryIO) -> None:
        """Write the attachment's content to `target`; a content that does not match its size, and its
        sha256 where it has one, is an error.
        """

    def attach(self, key: str, ticket_id: str, name: str, media_type: str, content: bytes) -> Attachment:
        """Add a file to the ticket."""

    def note(self, key: str, ticket_id: str, text: str, *, internal: bool = False) -> str:
        """Add a message to the ticket's thread, for the customer or internal; returns its id."""

    def set_ticket_state(
        self, key: str, ticket_id: str, state: TicketState, expected: Sequence[TicketState]
    ) -> None:
        """Set the ticket's state if it is one of `expected` (or `state` already), else raise
        `StateConflict`.
        """

    def set_stage_state(
        self,
        key: str,
        ticket_id: str,
        stage_id: str,
        state: StageState,
        expected: Sequence[StageState],
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        """Set a stage's state if it is one of `expected` (or `state` already), else raise `StateConflict`."""

    def hold(self, key: str, account_id: str, ticket_id: str, stage_id: str, amount: Decimal) -> LedgerEntry:
        """Hold `amount` norm-hours for a stage; the entry's `hold_id` names the hold.

        Raises:
            InsufficientBalance: it does not fit; nothing was held and the key is free again.
        """

    def capture(
        self,
        key: str,
        hold_id: str,
        charges: Sequence[Charge],
        amount: Decimal,
        evidence: Mapping[str, Any],
        accepted_by: str = "customer",
    ) -> LedgerEntry:
        """Write `amount` ≤ the hold off (the rest returns to the balance); the stage must have been accepted.

        Parameters:
            accepted_by: customer; or silence or policy, which also take a stage that is ready, where the
                portal has `tacit_acceptance`.
        """

    def void(self, key: str, hold_id: str) -> LedgerEntry:
        """Return the whole hold to the balance."""

    def reverse(self, key: str, entry_id: str, reason: str) -> LedgerEntry:
        """Take a capture back with one reversal that names it."""

    def ledger(self, account_id: str, cursor: str | None = None) -> LedgerPage:
        """A page of the account's ledger."""

    def find(self, key: str) -> Mapping[str, Any] | None:
        """What the portal stored as the answer to the write with this key; None when it never saw one
        succeed.
        """
