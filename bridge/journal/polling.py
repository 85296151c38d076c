"""A unit's polling: where a portal's polling stands, tickets that came, tickets that cannot be
read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, delete, insert, or_, select, true, update

from bridge.domain.tickets import Ticket, same_category
from bridge.journal.codec import encode
from bridge.journal.errors import JournalError
from bridge.journal.records import NEW, CursorRecord, Fault
from bridge.journal.subject import Subject, batched
from bridge.journal.tables import cursors, faults, instance
from bridge.journal.tables import tickets as stored
from bridge.journal.types import storable


class Polling(Subject):
    """`unit.polling`: reads and writes the cursors, merges pages, parks what cannot be read."""

    def cursor(self, portal: str, category: str | None = None) -> CursorRecord:
        """Where the polling of `portal` stands; at the beginning, where it stood for another category, whose
        tickets it has sent.

        Parameters:
            category: the paid category that is asked for now.
        """
        query = select(cursors.c.cursor, cursors.c.etag).where(cursors.c.portal == portal)
        if category is not None:
            query = query.where(
                or_(cursors.c.category.is_(None), cursors.c.category == same_category(category))
            )
        row = self._connection.execute(query).one_or_none()
        return CursorRecord(None, None) if row is None else CursorRecord(row.cursor, row.etag)

    def instance(self) -> str:
        """The journal's own name: a UUID, by which a portal distinguishes its bridge from another one."""
        return str(self._connection.execute(select(instance.c.id)).scalar_one_or_none() or "")

    def merge(
        self,
        portal: str,
        tickets: Sequence[Ticket],
        cursor: str | None,
        etag: str | None,
        *,
        category: str | None = None,
    ) -> None:
        """Take in a page of tickets and the cursor behind it.

        Parameters:
            category: the paid category that was asked for; with another one than before, every ticket is
                looked at again.

        A ticket is stored when it is new or its version is greater than the stored one; it is dirty then. The
        same version again changes nothing, unless the ticket was gone or its category has another name now.
        That a ticket can be read resolves the fault that was parked under its id.

        Raises:
            ValueError: a ticket's moment is naive.
        """
        self._insert_new(cursors, portal=portal)
        # On PostgreSQL this row is the lock between two workers that poll the same portal.
        self._connection.execute(select(cursors.c.portal).where(cursors.c.portal == portal).with_for_update())
        if category is not None and self._is_another(portal, category):
            again = {"dirty": true(), "changes": stored.c.changes + 1, "updated_at": self._clock()}
            self._connection.execute(update(stored).where(stored.c.portal == portal).values(**again))
        newest: dict[str, Ticket] = {}
        for ticket in tickets:
            id_ = storable(ticket.id)
            if id_ not in newest or newest[id_].version < ticket.version:
                newest[id_] = ticket
        known = self._known(portal, list(newest))
        new = [ticket for id_, ticket in newest.items() if id_ not in known]
        changed = [ticket for id_, ticket in newest.items() if id_ in known and _is_news(known[id_], ticket)]
        self._store(portal, new, changed)
        place = {"cursor": cursor, "etag": etag} | (
            {} if category is None else {"category": same_category(category)}
        )
        self._connection.execute(update(cursors).where(cursors.c.portal == portal).values(**place))

    def _is_another(self, portal: str, category: str) -> bool:
        """Whether the portal was last asked for another category."""
        asked = self._connection.execute(
            select(cursors.c.category).where(cursors.c.portal == portal)
        ).scalar_one()
        return asked is not None and asked != same_category(category)

    def _known(self, portal: str, ids: list[str]) -> dict[str, Row[Any]]:
        """What is stored of these ids: version and document; the faults of the ids are resolved on the
        way.
        """
        known: dict[str, Row[Any]] = {}
        for some in batched(ids):
            query = select(stored.c.id, stored.c.version, stored.c.document).where(
                stored.c.portal == portal, stored.c.id.in_(some)
            )
            known.update((row.id, row) for row in self._connection.execute(query))
            self._connection.execute(delete(faults).where(faults.c.portal == portal, faults.c.ref.in_(some)))
        return known

    def _store(self, portal: str, new: list[Ticket], changed: list[Ticket]) -> None:
        now = self._clock()
        blank = {
            "state": NEW,
            "reason": "",
            "dirty": True,
            "changes": 1,
            "fence": 0,
            "first_seen": now,
            "updated_at": now,
        }
        if new:
            self._connection.execute(
                insert(stored),
                [{"portal": portal, "id": ticket.id, **_columns(ticket), **blank} for ticket in new],
            )
        for ticket in changed:
            self._connection.execute(
                update(stored)
                .where(stored.c.portal == portal, stored.c.id == ticket.id)
                .values(**_columns(ticket), dirty=true(), changes=stored.c.changes + 1, updated_at=now)
            )

    def depart(self, portal: str, ticket_id: str, why: str, into: str = "") -> bool:
        """Note that the portal's filter lets a ticket through no longer, and wake it; False where it is
        unknown or known as gone already.

        A fault that was parked under its id is resolved: the ticket is nobody's business any more.

        Parameters:
            why: moved, merged or deleted.
            into: number of the ticket that it was merged into.
        """
        this = (stored.c.portal == portal, stored.c.id == storable(ticket_id))
        self._connection.execute(
            delete(faults).where(faults.c.portal == portal, faults.c.ref == storable(ticket_id))
        )
        row = self._connection.execute(select(stored.c.document).where(*this).with_for_update()).one_or_none()
        if row is None:
            return False
        document = row.document if isinstance(row.document, dict) else {}  # of a damaged row
        if document.get("gone") == why:
            return False
        gone = {**document, "gone": why, "gone_into": into}
        self._connection.execute(
            update(stored)
            .where(*this)
            .values(document=gone, dirty=true(), changes=stored.c.changes + 1, updated_at=self._clock())
        )
        return True

    def refresh(self, portal: str, ticket: Ticket, *, anew: bool = False) -> None:
        """Store a newer version of a known ticket without waking it: for the worker that has claimed it and
        goes on with it.

        Parameters:
            anew: store it also when the version is not newer, in the place of a document that is damaged or
                says that the ticket is gone.

        Raises:
            JournalError: there is no such ticket.
        """
        if not self._known(portal, [storable(ticket.id)]):
            raise JournalError(f"the journal knows no ticket {ticket.id} of portal {portal}")
        newer = update(stored).where(stored.c.portal == portal, stored.c.id == ticket.id)
        if not anew:
            newer = newer.where(stored.c.version < ticket.version)
        self._connection.execute(newer.values(**_columns(ticket), updated_at=self._clock()))

    def park(self, portal: str, ref: str, payload: str, problems: Sequence[str]) -> bool:
        """Keep a ticket that cannot be read, as it came; True when its `ref` was not parked already."""
        now = self._clock()
        values = {"payload": payload, "problems": list(problems), "last_seen": now}
        if self._insert_new(faults, portal=portal, ref=ref, first_seen=now, **values):
            return True
        self._connection.execute(
            update(faults).where(faults.c.portal == portal, faults.c.ref == ref).values(**values)
        )
        return False

    def faults(self, portal: str | None = None) -> list[Fault]:
        """The tickets that cannot be read, oldest first."""
        query = select(faults).order_by(faults.c.first_seen, faults.c.portal, faults.c.ref)
        if portal is not None:
            query = query.where(faults.c.portal == portal)
        return [
            Fault(row.portal, row.ref, row.payload, tuple(row.problems), row.first_seen, row.last_seen)
            for row in self._connection.execute(query)
        ]


def _is_news(known: Row[Any], ticket: Ticket) -> bool:
    if known.version != ticket.version:
        return bool(known.version < ticket.version)
    document = known.document if isinstance(known.document, dict) else {}
    return bool(document.get("gone")) or same_category(str(document.get("category", ""))) != same_category(
        ticket.category
    )


def _columns(ticket: Ticket) -> dict[str, Any]:
    """The columns that the portal fills. The thread is not kept: nobody reads it, and it holds personal
    data.
    """
    return {
        "number": ticket.number,
        "version": ticket.version,
        "queued_at": ticket.queued_at,
        "document": encode(replace(ticket, thread=())),
    }
