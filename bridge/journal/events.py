"""A unit's events: a log for people, only ever added to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select

from bridge.journal.records import Event
from bridge.journal.subject import Subject
from bridge.journal.tables import events

_LINE = insert(events)


class Events(Subject):
    """`unit.events`: keeps the log."""

    def log(self, portal: str, ticket_id: str | None, kind: str, text: str, now: datetime) -> None:
        """Add a line; `kind` is a word to filter by, `text` one sentence for people."""
        line = {"portal": portal, "ticket_id": ticket_id, "kind": kind, "text": text, "at": now}
        self._connection.execute(_LINE, line)

    def latest(
        self, portal: str | None = None, ticket_id: str | None = None, limit: int = 200
    ) -> list[Event]:
        """The last `limit` lines, oldest first; of one portal or one ticket where they are given."""
        query = select(events).order_by(events.c.seq.desc()).limit(limit)
        if portal is not None:
            query = query.where(events.c.portal == portal)
        if ticket_id is not None:
            query = query.where(events.c.ticket_id == ticket_id)
        rows = self._connection.execute(query).all()
        return [
            Event(row.seq, row.portal, row.ticket_id, row.kind, row.text, row.at) for row in reversed(rows)
        ]
