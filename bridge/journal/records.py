"""What the journal answers with: plain frozen values. Moments are aware UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from bridge.domain.hours import from_milli
from bridge.domain.tickets import Ticket

NEW = "new"
"""The projection of a ticket that no pass has looked at yet."""

LedgerKind = Literal["hold", "capture", "void", "reversal"]

DecisionKind = Literal["assign", "pause", "resume", "withdraw", "undo", "correct"]


@dataclass(frozen=True, slots=True)
class CursorRecord:
    """Where the polling of a portal stands; both are None before the first page."""

    cursor: str | None
    etag: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A ticket that cannot be read: which one (as far as it says), its raw text, and every problem."""

    portal: str
    ref: str
    payload: str
    problems: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class TicketRecord:
    """A ticket and what the bridge makes of it.

    Attributes:
        ticket: as the portal last sent it; a state that this program does not know stands there under its own
            name.
        state, reason: the projection that the last pass left, for people and for lists; `NEW` before the
            first.
        due_at: when the ticket is looked at again even if nobody changes it.
        dirty: it was changed or woken since a pass last looked at it.
        revisions: by stage id, where it is not 1.
        damage: why the stored ticket cannot be read, "" where it can; `ticket` then holds what the columns
            tell.
    """

    portal: str
    ticket: Ticket
    state: str
    reason: str
    due_at: datetime | None
    dirty: bool
    revisions: Mapping[str, int]
    first_seen: datetime
    updated_at: datetime
    damage: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a ticket stands, without the ticket; see `TicketRecord`."""

    id: str
    number: str
    state: str
    reason: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's lease of a ticket.

    Attributes:
        record: the ticket when it was claimed.
        fence: grows with every claim of the ticket; whoever comes with a smaller one has lost it.
        owner: the worker.
        changes: the ticket's count of changes when it was claimed, so that a release does not forget one made
            meanwhile.
    """

    record: TicketRecord
    fence: int
    owner: str
    changes: int


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the log for people; `ticket_id` is None where it concerns the portal as a whole."""

    seq: int
    portal: str
    ticket_id: str | None
    kind: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What an operator decided about a ticket; never changed, a later one goes before it.

    Attributes:
        seq: grows with every decision of the journal.
        kind, document: what was decided (docs/cli.md): `assign` an order, `pause` and `resume` the ticket,
            `withdraw` it, `undo` an attempt's work, `correct` a write-off.
        by: who, as login@host.
    """

    seq: int
    portal: str
    ticket_id: str
    kind: DecisionKind
    document: Mapping[str, Any]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Drift:
    """An account whose ledger was found to differ from the portal's, and each difference in words."""

    portal: str
    account_id: str
    problems: tuple[str, ...]
    found_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLedgerRow:
    """A row for the ledger.

    Attributes:
        kind: hold; capture or void of a hold, one of them once; reversal of a hold's capture, once.
        key: the effect's key, the row's own name.
        hold_key: key of the hold that is captured, voided or whose capture is reversed; None for a hold.
        spent_minutes: time really spent, in minutes; 0 where the row is not a capture.
        charged_minutes: time charged under the service's terms, in minutes; 0 where the row is not a capture.
        coefficient_milli: K in thousandths; None where several categories worked or none did.
        amount_mh: milli-hours after K: what is held; what a capture takes from the balance, at most the hold
            (all of the hold is closed); what a reversal gives back, all of the capture. A void closes all of
            its hold, its amount is what the portal answered.
        price_kopecks: captures and reversals only, where the account has a price.
        at: when it happened, by the portal's clock where the portal has a ledger.
    """

    portal: str
    account_id: str
    ticket_id: str
    stage_id: str
    revision: int
    kind: LedgerKind
    key: str
    hold_key: str | None
    spent_minutes: int
    charged_minutes: int
    coefficient_milli: int | None
    amount_mh: int
    price_kopecks: int | None
    at: datetime

    @property
    def amount(self) -> Decimal:
        """`amount_mh` as norm-hours."""
        return from_milli(self.amount_mh)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow(NewLedgerRow):
    """A row of the ledger.

    Attributes:
        seq: its place in the account's chain, from 1.
        recorded_at: when the journal wrote it.
        previous, hash: the hash of the row before, and its own (bridge/journal/chain.py).
    """

    seq: int
    recorded_at: datetime
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A row of the ledger with the names that people know it by, and what it does to the sums.

    Attributes:
        number, customer, stage: of its ticket; identifiers where the journal does not know the ticket.
        hold_mh: amount of the hold that the row names; 0 for a hold.
        captured_kopecks: price of the capture that a reversal takes back, None where there is none.
    """

    row: LedgerRow
    number: str
    customer: str
    stage: str
    hold_mh: int
    captured_kopecks: int | None

    @property
    def held_mh(self) -> int:
        """By how many milli-hours the row changes what is held."""
        if self.row.kind == "hold":
            return self.row.amount_mh
        return 0 if self.row.kind == "reversal" else -self.hold_mh

    @property
    def written_off_mh(self) -> int:
        """Milli-hours that a capture takes from the balance."""
        return self.row.amount_mh if self.row.kind == "capture" else 0

    @property
    def returned_mh(self) -> int:
        """Milli-hours that a reversal gives back to the balance."""
        return self.row.amount_mh if self.row.kind == "reversal" else 0

    @property
    def price_kopecks(self) -> int | None:
        """The price of what was written off; below zero for what was given back."""
        if self.row.kind != "reversal":
            return self.row.price_kopecks
        price = self.captured_kopecks if self.row.price_kopecks is None else self.row.price_kopecks
        return None if price is None else -price
