"""The contract's JSON of what the embedded portal keeps."""

from __future__ import annotations

import json
import re
from typing import Any

from bridge.domain.tickets import within_category
from bridge.sandbox.portal.problems import invalid, not_found
from bridge.sandbox.portal.store import Store

_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_BALANCE = """
SELECT COALESCE(SUM(CASE WHEN kind = 'top_up' THEN amount_mh END), 0) AS granted_mh,
    COALESCE(SUM(CASE kind WHEN 'capture' THEN amount_mh WHEN 'reversal' THEN -amount_mh END), 0)
        AS posted_mh,
    COALESCE(SUM(CASE WHEN kind = 'hold' AND NOT EXISTS (
        SELECT 1 FROM ledger AS ended WHERE ended.hold_id = entry.hold_id
            AND ended.kind IN ('capture', 'void')) THEN amount_mh END), 0) AS held_mh,
    COALESCE(MAX(n), 0) AS version
FROM ledger AS entry WHERE account_id = ?
"""


class Documents:
    """Reads; nothing here changes anything."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ticket_row(self, ticket_id: str) -> dict[str, Any]:
        """The ticket's own row."""
        row = self._store.row("SELECT * FROM ticket WHERE id = ?", ticket_id)
        if row is None or row["gone"] is not None:
            raise not_found("ticket", ticket_id)
        return row

    def stage_row(self, ticket_id: str, stage_id: str) -> dict[str, Any]:
        """A stage's own row."""
        row = self._store.row(
            "SELECT * FROM stage WHERE ticket_id = ? AND n = ?", ticket_id, number_of("s", stage_id)
        )
        if row is None:
            raise not_found(f"stage of ticket {ticket_id}:", stage_id)
        return row

    def attachment_row(self, ticket_id: str, attachment_id: str) -> dict[str, Any]:
        """An attachment with its content."""
        row = self._store.row(
            "SELECT *, LENGTH(content) AS size FROM attachment WHERE ticket_id = ? AND n = ?",
            ticket_id,
            number_of("a", attachment_id),
        )
        if row is None:
            raise not_found(f"attachment of ticket {ticket_id}:", attachment_id)
        return row

    def ticket(self, ticket_id: str) -> dict[str, Any]:
        """A Ticket as it should be, also where the bridge gets a broken one."""
        with self._store.snapshot():
            return self._ticket(self.ticket_row(ticket_id))

    def shown_ticket(self, ticket_id: str) -> dict[str, Any]:
        """A Ticket as the bridge gets it."""
        with self._store.snapshot():
            row = self.ticket_row(ticket_id)
            return _broken(self._ticket(row), row["broken"])

    def tickets(self) -> list[dict[str, Any]]:
        """All tickets that are there, oldest first, as they should be."""
        with self._store.snapshot():
            return [
                self._ticket(row)
                for row in self._store.rows("SELECT * FROM ticket WHERE gone IS NULL ORDER BY n")
            ]

    def page(
        self, category_prefix: str, cursor: str | None, limit: int, *, thread: bool = True
    ) -> dict[str, Any]:
        """`GET /tickets`; the cursor also passes what the prefix leaves out."""
        place = read_cursor(cursor)
        tickets: list[dict[str, Any]] = []
        gone: list[dict[str, Any]] = []
        has_more = False
        with self._store.snapshot():
            for row in self._store.rows("SELECT * FROM ticket WHERE change > ? ORDER BY change", place):
                is_listed = row["gone"] is None and within_category(row["category"], category_prefix)
                left = None if is_listed else _gone(row, category_prefix)
                if (is_listed or left) and len(tickets) + len(gone) == limit:
                    has_more = True
                    break
                if is_listed:
                    tickets.append(_broken(self._ticket(row, thread=thread), row["broken"]))
                elif left:
                    gone.append(left)
                place = row["change"]
        return {"tickets": tickets, "gone": gone, "next_cursor": f"c{place}", "has_more": has_more}

    def notes(self, ticket_id: str) -> list[dict[str, Any]]:
        """What the bridge wrote into the ticket's thread."""
        self.ticket_row(ticket_id)
        return [entry for entry in self._thread(ticket_id) if entry["author"] == "bridge"]

    def _thread(self, ticket_id: str) -> list[dict[str, Any]]:
        rows = self._store.rows("SELECT * FROM note WHERE ticket_id = ? ORDER BY n", ticket_id)
        return [
            {"id": f"n{row['n']}", **{name: row[name] for name in ("author", "visibility", "at", "text")}}
            for row in rows
        ]

    def account(self, account_id: str) -> dict[str, Any]:
        """An Account; its sums are those of its ledger."""
        row = self._store.row("SELECT * FROM account WHERE id = ?", account_id)
        if row is None:
            raise not_found("account", account_id)
        balance = self._store.row(_BALANCE, account_id) or {}
        return {
            "id": row["id"],
            **balance,
            "available_mh": balance["granted_mh"] - balance["posted_mh"] - balance["held_mh"],
            "overdraft_limit_mh": row["overdraft_limit_mh"],
            "hour_price_kopecks": row["hour_price_kopecks"],
        }

    def ledger_page(self, account_id: str, cursor: str | None, limit: int) -> dict[str, Any]:
        """`GET /ledger`."""
        self.account(account_id)
        place = read_cursor(cursor)
        rows = self._store.rows(
            "SELECT * FROM ledger WHERE account_id = ? AND n > ? ORDER BY n LIMIT ?",
            account_id,
            place,
            limit + 1,
        )
        shown = rows[:limit]
        return {
            "entries": [ledger_entry(row) for row in shown],
            "next_cursor": f"c{shown[-1]['n'] if shown else place}",
            "has_more": len(rows) > limit,
        }

    def ledger(self) -> list[dict[str, Any]]:
        """All entries of all accounts, oldest first."""
        return [ledger_entry(row) for row in self._store.rows("SELECT * FROM ledger ORDER BY n")]

    def attachment(self, row: dict[str, Any]) -> dict[str, Any]:
        """An Attachment."""
        return {
            "id": f"a{row['n']}",
            **{member: row[member] for member in ("name", "size", "sha256", "media_type")},
        }

    def _ticket(self, row: dict[str, Any], *, thread: bool = True) -> dict[str, Any]:
        id_ = row["id"]
        name = (self._store.row("SELECT customer FROM account WHERE id = ?", row["account_id"]) or {})[
            "customer"
        ]
        stages = self._store.rows("SELECT * FROM stage WHERE ticket_id = ? ORDER BY position", id_)
        times = self._store.rows("SELECT * FROM time_entry WHERE ticket_id = ? ORDER BY n", id_)
        attachments = self._store.rows(
            (
                "SELECT n, name, media_type, sha256, LENGTH(content) AS size FROM attachment WHERE "
                "ticket_id = ? ORDER BY n"
            ),
            id_,
        )
        own = (
            "id",
            "number",
            "version",
            "category",
            "subject",
            "account_id",
            "installation",
            "state",
            "created_at",
            "updated_at",
            "agreed_at",
            "withdrawn_at",
        )
        return {
            **{member: row[member] for member in own},
            "customer": {"id": row["account_id"], "name": name},
            "agreement_required": bool(row["agreement_required"]),
            "fields": json.loads(row["fields"]),
            **({"thread": self._thread(id_)} if thread else {}),
            "attachments": [self.attachment(one) for one in attachments],
            "stages": [_stage(one) for one in stages],
            "time_entries": [_time_entry(one) for one in times],
        }


def ledger_entry(row: dict[str, Any]) -> dict[str, Any]:
    """A LedgerEntry."""
    own = (
        "key",
        "kind",
        "account_id",
        "ticket_id",
        "stage_id",
        "amount_mh",
        "hold_id",
        "reverses",
        "price_kopecks",
        "at",
    )
    return {
        "id": f"l{row['n']}",
        **{member: row[member] for member in own},
        "charges": json.loads(row["charges"]),
    }


def read_cursor(cursor: str | None) -> int:
    """The place that a cursor names; the beginning when there is none."""
    if cursor is None:
        return 0
    place = number_of("c", cursor)
    if place is None:
        raise invalid("cursor: is none of this portal's")
    return place


def number_of(letter: str, id_: str) -> int | None:
    """The number in an id or a cursor of the form that the portal gives out: a letter and a number that
    SQLite can hold.
    """
    return int(id_[1:]) if id_[:1] == letter and _NUMBER.fullmatch(id_[1:]) else None


def _gone(row: dict[str, Any], prefix: str) -> dict[str, Any] | None:
    """The ticket as one that the prefix lets through no longer; None where it never did."""
    if not any(
        within_category(category, prefix) for category in (row["category"], *json.loads(row["left_from"]))
    ):
        return None
    gone = json.loads(row["gone"] or '{"reason": "moved", "into": null}')
    return {"id": row["id"], "at": row["updated_at"], **gone}


def _stage(row: dict[str, Any]) -> dict[str, Any]:
    own = (
        "title",
        "estimate_mh",
        "coefficient_milli",
        "state",
        "revision",
        "accepted_at",
        "rejected_at",
        "comment",
    )
    return {"id": f"s{row['n']}", **{member: row[member] for member in own}}


def _time_entry(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"w{row['n']}",
        **{member: row[member] for member in ("stage_id", "specialist", "category", "minutes", "at", "note")},
    }


def _broken(document: dict[str, Any], changes: str | None) -> dict[str, Any]:
    """The document with the changes that were asked for; a None takes a member away."""
    if changes is None:
        return document
    changed = {**document, **json.loads(changes)}
    return {
        member: value
        for member, value in changed.items()
        if value is not None or member not in json.loads(changes)
    }
