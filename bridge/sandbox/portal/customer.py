"""The customer's and the specialist's side: what people do on a portal, for the tests and the demo."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

from bridge.domain.hours import exact, to_kopecks, to_milli
from bridge.sandbox.portal.documents import Documents
from bridge.sandbox.portal.keys import Keys
from bridge.sandbox.portal.ledger import Ledger
from bridge.sandbox.portal.problems import conflict, invalid, not_found
from bridge.sandbox.portal.store import Store
from bridge.sandbox.portal.tickets import Tickets, touch

Hours = Decimal | int | str
_LONGEST_ID = 200


class Customer:
    """Everything that is not the bridge's. Ids are the portal's; `stage` counts from 1; hours are norm-hours.

    Raises:
        Problem: what the portal refuses, as it refuses the bridge.
    """

    def __init__(
        self, store: Store, documents: Documents, tickets: Tickets, ledger: Ledger, keys: Keys
    ) -> None:
        self._store = store
        self._documents = documents
        self._tickets = tickets
        self._ledger = ledger
        self._keys = keys

    def open_account(
        self,
        id: str,  # noqa: A002 (the contract's word)
        customer: str,
        *,
        granted: Hours = 0,
        hour_price: Hours | None = None,
        overdraft: Hours = 0,
    ) -> None:
        """Open an account; `id` has no slash, which no web server keeps apart in an address; `hour_price`
        is roubles a norm-hour.
        """
        if not 0 < len(id) <= _LONGEST_ID or id in (".", "..") or "/" in id:
            raise invalid(f"id: must be 1 to {_LONGEST_ID} characters without slashes, and neither . nor ..")
        with self._store.transaction():
            self._store.insert(
                "account",
                id=id,
                customer=customer,
                overdraft_limit_mh=to_milli(exact(overdraft)),
                hour_price_kopecks=None if hour_price is None else to_kopecks(exact(hour_price)),
            )
            if exact(granted):
                self.top_up(id, granted)

    def top_up(self, account: str, hours: Hours) -> None:
        """Buy more hours."""
        key, amount_mh = f"top-up:{uuid4()}", to_milli(exact(hours))
        self._keys.once(key, "top_up", lambda: (201, self._ledger.top_up(key, account, amount_mh)))

    def open_ticket(
        self,
        *,
        account: str,
        category: str,
        subject: str,
        text: str = "",
        fields: Mapping[str, str] | None = None,
        installation: str | None = None,
        number: str | None = None,
        agreement_required: bool = True,
    ) -> str:
        """Open a ticket; returns its id."""
        with self._store.transaction():
            self._documents.account(account)
            n = self._store.number("SELECT COALESCE(MAX(n), 0) + 1 FROM ticket")
            id_, now = f"t{n}", self._store.now()
            self._store.insert(
                "ticket",
                n=n,
                id=id_,
                number=number or str(100_000 + n),
                version=0,
                change=self._next_change(),
                category=category,
                subject=subject,
                account_id=account,
                installation=installation,
                state="open",
                created_at=now,
                updated_at=now,
                agreement_required=agreement_required,
                fields=json.dumps(dict(fields or {}), ensure_ascii=False),
            )
            if text:
                self.say(id_, text)
            else:
                touch(self._store, id_)
        return id_

    def put_broken_ticket(self, changes: Mapping[str, Any], **ticket: Any) -> str:
        """Open a ticket that the bridge gets with members changed, or left out where the change is
        None; returns its id.
        """
        given = {"category": "Выделенный специалист (н.часы)", "subject": "Заявка", **ticket}
        with self._store.transaction():
            given.setdefault(
                "account", (self._store.row("SELECT id FROM account ORDER BY rowid") or {"id": ""})["id"]
            )
            id_ = self.open_ticket(**given)
            self._store.execute(
                "UPDATE ticket SET broken = ? WHERE id = ?", json.dumps(changes, ensure_ascii=False), id_
            )
        return id_

    def mend_ticket(self, ticket: str) -> None:
        """Send the bridge a broken ticket as it should be."""
        self._change(ticket, "broken = NULL")

    def edit_fields(self, ticket: str, fields: Mapping[str, str]) -> None:
        """Put other fields in the place of the form's."""
        self._change(ticket, "fields = ?", json.dumps(dict(fields), ensure_ascii=False))

    def say(self, ticket: str, text: str, *, author: str = "customer", visibility: str = "customer") -> str:
        """Write into the thread; returns the message's id."""
        with self._store.transaction():
            return str(self._tickets.note(ticket, text, visibility, author=author)["id"])

    def add_attachment(
        self, ticket: str, name: str, content: bytes | str, *, media_type: str = "application/octet-stream"
    ) -> str:
        """Add a file; returns its id."""
        with self._store.transaction():
            return str(
                self._tickets.attach(
                    ticket, name, media_type, content.encode() if isinstance(content, str) else content
                )["id"]
            )

    def agree(self, ticket: str, stages: Sequence[tuple[str, Hours, Hours]]) -> None:
        """Agree finally on stages: title, estimate, coefficient. Agreeing again changes the estimates and
        adds stages; states stay.
        """
        with self._store.transaction():
            if self._documents.ticket_row(ticket)["withdrawn_at"]:
                raise conflict("the ticket is withdrawn", "withdrawn")
            for position, (title, estimate, coefficient) in enumerate(stages, 1):
                if to_milli(exact(estimate)) % 50:
                    raise invalid(
                        f"stages.{position}: {estimate} norm-hours are not a whole number of minutes"
                    )
                self._store.execute(
                    "INSERT INTO stage (ticket_id, position, title, estimate_mh, coefficient_milli, state, "
                    "revision, comment, evidence) "
                    "VALUES (?, ?, ?, ?, ?, 'planned', 1, '', '{}') ON CONFLICT (ticket_id, position) DO "
                    "UPDATE SET "
                    "title = excluded.title, estimate_mh = excluded.estimate_mh, coefficient_milli = "
                    "excluded.coefficient_milli",
                    ticket,
                    position,
                    title,
                    to_milli(exact(estimate)),
                    to_milli(exact(coefficient)),
                )
            self._change(ticket, "agreed_at = ?", self._store.now())

    def accept(self, ticket: str, stage: int = 1, comment: str = "") -> None:
        """Accept a stage that is ready."""
        self._judge(ticket, stage, "state = 'accepted', accepted_at = ?, comment = ?", comment)

    def reject(self, ticket: str, stage: int = 1, comment: str = "") -> None:
        """Reject a stage that is ready; its revision grows."""
        self._judge(
            ticket,
            stage,
            "state = 'rejected', revision = revision + 1, rejected_at = ?, comment = ?",
            comment,
        )

    def withdraw(self, ticket: str) -> None:
        """Withdraw a ticket that is not done."""
        with self._store.transaction():
            state = self._documents.ticket_row(ticket)["state"]
            if state in ("done", "withdrawn"):
                raise conflict(f"the ticket is {state}", state)
            self._change(ticket, "state = 'withdrawn', withdrawn_at = ?", self._store.now())

    def move(self, ticket: str, category: str) -> None:
        """Put a ticket into another category."""
        with self._store.transaction():
            row = self._documents.ticket_row(ticket)
            left = json.dumps([*json.loads(row["left_from"]), row["category"]], ensure_ascii=False)
            self._change(ticket, "category = ?, left_from = ?", category, left)

    def merge(self, ticket: str, into: str) -> None:
        """Merge a ticket into another one, of which the number is given; it is no longer a ticket of its
        own.
        """
        self._leave(ticket, {"reason": "merged", "into": self._documents.ticket(into)["number"]})

    def delete(self, ticket: str) -> None:
        """Delete a ticket; the ledger keeps what was booked for it."""
        self._leave(ticket, {"reason": "deleted", "into": None})

    def _leave(self, ticket: str, gone: Mapping[str, Any]) -> None:
        with self._store.transaction():
            self._change(ticket, "gone = ?", json.dumps(dict(gone), ensure_ascii=False))

    def log_time(
        self,
        ticket: str,
        minutes: int,
        category: str = "development",
        stage: int | None = None,
        *,
        specialist: str = "Иванов",
        note: str = "",
    ) -> None:
        """Log a specialist's time."""
        with self._store.transaction():
            stage_id = None if stage is None else f"s{self._stage(ticket, stage)['n']}"
            self._store.insert(
                "time_entry",
                ticket_id=ticket,
                stage_id=stage_id,
                specialist=specialist,
                category=category,
                minutes=minutes,
                at=self._store.now(),
                note=note,
            )
            touch(self._store, ticket)

    def report_ready(self, ticket: str, stage: int = 1) -> None:
        """Report a stage ready, as specialists do for what they did by hand."""
        with self._store.transaction():
            row = self._stage(ticket, stage)
            if row["state"] not in ("planned", "in_progress", "rejected"):
                raise conflict(f"the stage is {row['state']}", row["state"])
            self._store.execute("UPDATE stage SET state = 'ready' WHERE n = ?", row["n"])
            touch(self._store, ticket)

    def _judge(self, ticket: str, number: int, change: str, comment: str) -> None:
        with self._store.transaction():
            stage = self._stage(ticket, number)
            if stage["state"] != "ready":
                raise conflict(f"the stage is {stage['state']}, not ready", stage["state"])
            self._store.execute(
                f"UPDATE stage SET {change} WHERE n = ?", self._store.now(), comment, stage["n"]
            )
            touch(self._store, ticket)

    def _stage(self, ticket: str, number: int) -> dict[str, Any]:
        row = self._store.row("SELECT * FROM stage WHERE ticket_id = ? AND position = ?", ticket, number)
        if row is None:
            raise not_found(f"stage of ticket {ticket}:", str(number))
        return row

    def _change(self, ticket: str, change: str, *values: Any) -> None:
        with self._store.transaction():
            self._documents.ticket_row(ticket)
            self._store.execute(f"UPDATE ticket SET {change} WHERE id = ?", *values, ticket)
            touch(self._store, ticket)

    def _next_change(self) -> int:
        return self._store.number("SELECT COALESCE(MAX(change), 0) + 1 FROM ticket")
