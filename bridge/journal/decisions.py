"""A unit's decisions: what operators decided about a ticket, and the order files that came with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from bridge.journal.records import Decision, DecisionKind
from bridge.journal.subject import Subject
from bridge.journal.tables import decisions, order_files
from bridge.journal.tickets import Tickets


class Decisions(Subject):
    """`unit.decisions`: what operators decided about tickets."""

    def add(
        self,
        portal: str,
        ticket_id: str,
        kind: DecisionKind,
        document: Mapping[str, Any],
        by: str,
        now: datetime,
    ) -> Decision:
        """Add a decision and wake the ticket, so that the next pass acts on it.

        Raises:
            JournalError: there is no such ticket.
            TypeError: the document is not a JSON object.
        """
        Tickets(self._connection, self._clock, read_only=self._read_only).wake(portal, ticket_id)
        values = {
            "portal": portal,
            "ticket_id": ticket_id,
            "kind": kind,
            "document": dict(document),
            "by": by,
            "at": now,
        }
        return _decision(
            self._connection.execute(insert(decisions).values(**values).returning(*decisions.c)).one()
        )

    def of(self, portal: str, ticket_id: str) -> list[Decision]:
        """The ticket's decisions, oldest first."""
        query = (
            select(decisions)
            .where(decisions.c.portal == portal, decisions.c.ticket_id == ticket_id)
            .order_by(decisions.c.seq)
        )
        return [_decision(row) for row in self._connection.execute(query)]


class OrderFiles(Subject):
    """`unit.order_files`: the files of which orders are read."""

    def keep(
        self, portal: str, ticket_id: str, attachment_id: str, sha256: str, text: str, now: datetime
    ) -> None:
        """Keep an order file's content; under an attachment's id that is there already the later content
        counts.
        """
        values = {"sha256": sha256, "text": text, "fetched_at": now}
        name = {"portal": portal, "ticket_id": ticket_id, "attachment_id": attachment_id}
        if not self._insert_new(order_files, **name, **values):
            this = [order_files.c[column] == value for column, value in name.items()]
            self._connection.execute(update(order_files).where(*this).values(**values))

    def of(self, portal: str, ticket_id: str) -> dict[str, str]:
        """Contents of the ticket's order files that were fetched, by attachment id."""
        query = select(order_files.c.attachment_id, order_files.c.text).where(
            order_files.c.portal == portal, order_files.c.ticket_id == ticket_id
        )
        return {row.attachment_id: row.text for row in self._connection.execute(query)}


def _decision(row: Row[Any]) -> Decision:
    return Decision(row.seq, row.portal, row.ticket_id, row.kind, row.document, row.by, row.at)
