"""`RedminePortal`: the Portal protocol on a Redmine, by the convention of docs/portals/redmine.md.

The adapter makes up for what Redmine cannot do. Keys and holds stand in the bridge's books
(`bridge.portal.books`). Every write carries its key into the record that it makes, and is looked for before
and after. A state is compared here, and by Redmine's workflow there. Changes are found by time stamps, which
are read again with an overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from types import TracebackType
from typing import Any, BinaryIO, Self

from bridge.domain.hours import Charge
from bridge.domain.tickets import Account, Attachment, StageState, Ticket, TicketState
from bridge.portal.books import Books, Once
from bridge.portal.errors import KeyReused, PortalNotFound, PortalRefused
from bridge.portal.http import LARGEST_ATTACHMENT
from bridge.portal.port import LedgerEntry, LedgerPage, Meta, Portal, TicketPage
from bridge.portal.redmine import records
from bridge.portal.redmine.alone import Alone
from bridge.portal.redmine.booking import Booking
from bridge.portal.redmine.changes import Changes
from bridge.portal.redmine.client import Client
from bridge.portal.redmine.convention import RedmineConvention
from bridge.portal.redmine.ledger import Ledger, of_hold
from bridge.portal.redmine.reader import Reader
from bridge.portal.redmine.reading import attachments_of
from bridge.portal.redmine.standing import standing
from bridge.portal.redmine.writes import Writes


class RedminePortal(Portal):
    """See `bridge.portal.port.Portal`. Several threads may use it; writes happen one at a time.

    Parameters:
        books: what the bridge writes down for Redmine.
        prefix: the paid category; "" for all.
        settle: after this time a request that was sent has surely ended on Redmine's side.
        clock: aware UTC.
        instance: the name of the journal, by which another bridge is recognised; "" lets any write.
    """

    def __init__(
        self,
        name: str,
        client: Client,
        convention: RedmineConvention,
        books: Books,
        *,
        prefix: str,
        settle: timedelta,
        clock: Callable[[], datetime],
        zone: tzinfo = UTC,
        instance: str = "",
    ) -> None:
        self.name = name
        self._client = client
        self._convention = convention
        self._books = books
        self._reader = Reader(name, client, convention)
        # Redmine sends whole seconds.
        once = Once(name, books, settle + timedelta(seconds=1), self._time)
        self._ledger = Ledger(name, client, self._reader, convention)
        self._changes = Changes(name, client, self._reader, convention, prefix, settle, books.open_holds)
        self._alone = Alone(name, client, convention, instance)
        self._writes = Writes(name, client, self._reader, convention, once, self._alone, books)
        self._booking = Booking(
            name,
            client,
            self._reader,
            convention,
            ledger=self._ledger,
            writes=self._writes,
            books=books,
            once=once,
            clock=clock,
            zone=zone,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def meta(self) -> Meta:
        """See `Portal.meta`; also that what the convention names is there."""
        return standing(self.name, self._client, self._reader, self._convention)

    def changed_tickets(self, cursor: str | None, etag: str | None = None) -> TicketPage | None:
        """See `Portal.changed_tickets`."""
        return self._changes.page(cursor, etag)

    def ticket(self, ticket_id: str) -> Ticket:
        """See `Portal.ticket`."""
        return self._reader.ticket(ticket_id)

    def account(self, account_id: str) -> Account:
        """See `Portal.account`."""
        return self._booking.account(account_id)

    def ledger(self, account_id: str, cursor: str | None = None) -> LedgerPage:
        """See `Portal.ledger`; everything behind the cursor is one page."""
        if cursor is not None and not cursor.isdecimal():
            raise PortalRefused(
                "ledger", f"{cursor!r} is not a cursor of a Redmine", code="invalid", portal=self.name
            )
        self._client.project(account_id)
        entries = [self._ledger.entry(row) for row in self._ledger.rows(account_id)]
        entries += [entry for hold in self._books.holds(account_id) for entry in of_hold(hold)]
        entries.sort(key=lambda entry: entry.at)
        return LedgerPage(tuple(entries[int(cursor or 0) :]), str(len(entries)), has_more=False)

    def find(self, key: str) -> Mapping[str, Any] | None:
        """See `Portal.find`."""
        written = self._books.written(key)
        if written is not None and written.answer is not None and written.answered_at is not None:
            return {
                "key": key,
                "status": 201,
                "body": dict(written.answer),
                "at": written.answered_at.isoformat(),
            }
        for logged in self._ledger.by_key(key):
            row = self._ledger.row(logged)
            if row is not None:
                entry = self._ledger.entry(row)
                return {
                    "key": key,
                    "status": 201,
                    "body": records.document(entry),
                    "at": entry.at.isoformat(),
                }
        return None

    def download(self, ticket_id: str, attachment: Attachment, target: BinaryIO) -> None:
        """See `Portal.download`. What was written before an error is to be thrown away."""
        endpoint = f"attachment {attachment.id}"
        if attachment.size > LARGEST_ATTACHMENT:
            detail = f"it has {attachment.size} bytes, more than the limit of {LARGEST_ATTACHMENT}"
            raise PortalRefused(endpoint, detail, code="too_large", portal=self.name)
        if attachment not in attachments_of(self._reader.issue(ticket_id)):
            raise PortalNotFound(
                endpoint, f"ticket {ticket_id} has no such file", code="not_found", portal=self.name
            )
        with self._client.file(attachment.id) as (answer, pieces):
            size = 0
            for piece in pieces:
                size += len(piece)
                if size > attachment.size:
                    answer.unbelievable(f"the attachment is larger than its {attachment.size} bytes")
                target.write(piece)
            if size != attachment.size:
                answer.unbelievable(f"the attachment has {size} bytes instead of {attachment.size}")

    def attach(self, key: str, ticket_id: str, name: str, media_type: str, content: bytes) -> Attachment:
        """See `Portal.attach`."""
        return self._writes.attach(self._own(key), ticket_id, name, media_type, content)

    def note(self, key: str, ticket_id: str, text: str, *, internal: bool = False) -> str:
        """See `Portal.note`."""
        return self._writes.note(self._own(key), ticket_id, text, internal=internal)

    def set_ticket_state(
        self, key: str, ticket_id: str, state: TicketState, expected: Sequence[TicketState]
    ) -> None:
        """See `Portal.set_ticket_state`."""
        self._writes.set_ticket_state(self._own(key), ticket_id, state, expected)

    def set_stage_state(
        self,
        key: str,
        ticket_id: str,
        stage_id: str,
        state: StageState,
        expected: Sequence[StageState],
        evidence: Mapping[str, Any] | None = None,  # noqa: ARG002 (Redmine has no place for it; the customer reads it in the bridge's message)
    ) -> None:
        """See `Portal.set_stage_state`."""
        self._writes.set_stage_state(self._own(key), ticket_id, stage_id, state, expected)

    def hold(self, key: str, account_id: str, ticket_id: str, stage_id: str, amount: Decimal) -> LedgerEntry:
        """See `Portal.hold`; the hold is kept in the bridge's books."""
        return self._booking.hold(self._own(key), account_id, ticket_id, stage_id, amount)

    def capture(
        self,
        key: str,
        hold_id: str,
        charges: Sequence[Charge],
        amount: Decimal,
        evidence: Mapping[str, Any],
        accepted_by: str = "customer",
    ) -> LedgerEntry:
        """See `Portal.capture`: a time entry on the stage, and the stage's status."""
        return self._booking.capture(self._own(key), hold_id, charges, amount, evidence, accepted_by)

    def void(self, key: str, hold_id: str) -> LedgerEntry:
        """See `Portal.void`."""
        return self._booking.void(self._own(key), hold_id)

    def reverse(self, key: str, entry_id: str, reason: str) -> LedgerEntry:
        """See `Portal.reverse`: a time entry that names the capture's, and the stage's status."""
        return self._booking.reverse(self._own(key), entry_id, reason)

    def _time(self) -> datetime:
        """Redmine's clock; where it sends none, this machine's."""
        return self._client.clock() or self._reader.introduce()

    def _own(self, key: str) -> str:
        """The key of a write that this bridge may make."""
        if key.startswith("top-up:"):
            raise KeyReused("key", f"the key {key} is a top-up's", code="key_reused", portal=self.name)
        self._alone.check()
        return key
