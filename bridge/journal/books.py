"""A unit's books for portals whose engine cannot refuse a repeated key or hold hours: the writer's lease,
keys, holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, null, select, update

from bridge.domain.hours import from_milli, to_milli
from bridge.domain.kept import KeptHold, Written
from bridge.journal.errors import LedgerConflict, LostClaim
from bridge.journal.subject import Subject
from bridge.journal.tables import portal_holds, portal_writers, portal_writes


class Writer(Subject):
    """`unit.writer`: the lease of writing to a portal. Its number is the fence that guards what changes keys
    and holds.
    """

    def lease(
        self, portal: str, owner: str, now: datetime, ttl: timedelta, is_stale: Callable[[str], bool]
    ) -> int | None:
        """Lease the writing to `portal` to `owner` until `now` + `ttl`; returns the lease's number, None
        while another one has it.
        """
        self._insert_new(portal_writers, portal=portal, fence=0)
        row = self._connection.execute(
            select(portal_writers).where(portal_writers.c.portal == portal).with_for_update()
        ).one()
        # A lease that ends later than any lease may was written by a clock that was ahead.
        if row.owner is not None and now < row.until <= now + 2 * ttl and not is_stale(row.owner):
            return None
        fence = int(row.fence) + 1
        self._connection.execute(
            update(portal_writers)
            .where(portal_writers.c.portal == portal)
            .values(owner=owner, until=now + ttl, fence=fence)
        )
        return fence

    def release(self, portal: str, fence: int) -> None:
        """Give the lease back; one that has passed on stays where it is."""
        mine = update(portal_writers).where(
            portal_writers.c.portal == portal, portal_writers.c.fence == fence
        )
        self._connection.execute(mine.values(owner=null(), until=null()))

    def guard(self, portal: str, fence: int) -> None:
        """Make sure that the rest of this transaction is still this writer's.

        Raises:
            LostClaim: the lease has passed to another writer; the transaction must not go on.
        """
        mine = select(portal_writers.c.fence).where(
            portal_writers.c.portal == portal,
            portal_writers.c.fence == fence,
            portal_writers.c.owner.is_not(None),
        )
        if self._connection.execute(mine.with_for_update()).one_or_none() is None:
            raise LostClaim(f"the lease of writing to portal {portal} has ended; nothing was written")


class PortalWrites(Subject):
    """`unit.portal_writes`: what is known of the keys of writes."""

    def get(self, portal: str, key: str) -> Written | None:
        """What is known of a key."""
        row = self._connection.execute(select(portal_writes).where(*_key(portal, key))).one_or_none()
        return None if row is None else Written(row.fingerprint, row.sent_at, row.answer, row.answered_at)

    def sending(self, portal: str, key: str, fingerprint: str, now: datetime) -> None:
        """A request under the key is about to be sent; an answer that is there stays."""
        if not self._insert_new(portal_writes, portal=portal, key=key, fingerprint=fingerprint, sent_at=now):
            unanswered = update(portal_writes).where(
                *_key(portal, key), portal_writes.c.answered_at.is_(None)
            )
            self._connection.execute(unanswered.values(fingerprint=fingerprint, sent_at=now))

    def forget(self, portal: str, key: str) -> None:
        """Nothing is under way under the key, which is free again unless it was answered."""
        free = portal_writes.delete().where(*_key(portal, key), portal_writes.c.answered_at.is_(None))
        self._connection.execute(free)

    def answered(
        self, portal: str, key: str, fingerprint: str, answer: Mapping[str, Any], now: datetime
    ) -> None:
        """What came of the key; the first answer stays."""
        answered = {"answer": dict(answer), "answered_at": now}
        if not self._insert_new(portal_writes, portal=portal, key=key, fingerprint=fingerprint, **answered):
            unanswered = update(portal_writes).where(
                *_key(portal, key), portal_writes.c.answered_at.is_(None)
            )
            self._connection.execute(unanswered.values(fingerprint=fingerprint, **answered))


class PortalHolds(Subject):
    """`unit.portal_holds`: the holds that the bridge keeps for a portal."""

    def add(self, portal: str, hold: KeptHold) -> None:
        """Keep a hold; one of that id that is there stays."""
        self._insert_new(
            portal_holds,
            portal=portal,
            id=hold.id,
            key=hold.key,
            account_id=hold.account_id,
            ticket_id=hold.ticket_id,
            stage_id=hold.stage_id,
            amount_mh=to_milli(hold.amount),
            at=hold.at,
        )

    def end(self, portal: str, hold_id: str, ended: str, key: str, at: datetime) -> None:
        """End a hold; one that this key has ended stays as it is.

        Raises:
            LedgerConflict: there is no such hold, or another key has ended it.
        """
        hold = self.get(portal, hold_id)
        if hold is None or hold.ended_key not in (None, key):
            raise LedgerConflict(f"hold {hold_id} of portal {portal} is not there to end, or has ended")
        open_ = update(portal_holds).where(*_hold(portal, hold_id), portal_holds.c.ended.is_(None))
        self._connection.execute(open_.values(ended=ended, ended_key=key, ended_at=at))

    def get(self, portal: str, hold_id: str) -> KeptHold | None:
        """One hold."""
        row = self._connection.execute(select(portal_holds).where(*_hold(portal, hold_id))).one_or_none()
        return None if row is None else _held(row)

    def of(self, portal: str, account_id: str) -> list[KeptHold]:
        """All holds of an account, oldest first."""
        query = select(portal_holds).where(
            portal_holds.c.portal == portal, portal_holds.c.account_id == account_id
        )
        return [
            _held(row)
            for row in self._connection.execute(query.order_by(portal_holds.c.at, portal_holds.c.id))
        ]

    def open(self, portal: str) -> list[KeptHold]:
        """The holds of all accounts that have not ended, oldest first."""
        query = select(portal_holds).where(portal_holds.c.portal == portal, portal_holds.c.ended.is_(None))
        return [
            _held(row)
            for row in self._connection.execute(query.order_by(portal_holds.c.at, portal_holds.c.id))
        ]


def _key(portal: str, key: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return portal_writes.c.portal == portal, portal_writes.c.key == key


def _hold(portal: str, hold_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return portal_holds.c.portal == portal, portal_holds.c.id == hold_id


def _held(row: Row[Any]) -> KeptHold:
    return KeptHold(
        row.id,
        row.key,
        row.account_id,
        row.ticket_id,
        row.stage_id,
        from_milli(row.amount_mh),
        row.at,
        row.ended,
        row.ended_key,
        row.ended_at,
    )
