"""A unit's queue: which ticket a worker takes next, for how long, and what it leaves behind.

A lease is a row's owner, an end and a fencing number that grows with every claim. A worker that slept past
its lease finds that the number is no longer its own, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Update,
    and_,
    bindparam,
    not_,
    null,
    or_,
    select,
    true,
    tuple_,
    update,
)

from bridge.journal.errors import LostClaim
from bridge.journal.records import Claim, TicketRecord
from bridge.journal.subject import Subject
from bridge.journal.tables import tickets
from bridge.journal.tickets import Tickets

AHEAD = timedelta(minutes=5)
"""How far the clocks of two workers may differ without doubt; what was written further in the future came
from a clock that was ahead.
"""

_GLANCE = 16
"""Candidates read at a time: those that others hold are few, and stand at the head of the queue."""

_LEASE = (
    tickets.c.id,
    tickets.c.queued_at,
    tickets.c.fence,
    tickets.c.changes,
    tickets.c.lease_owner,
    tickets.c.lease_until,
)


_RENEWAL = (
    update(tickets)
    .where(
        tickets.c.portal == bindparam("of_portal"),
        tickets.c.id == bindparam("of_id"),
        tickets.c.fence == bindparam("of_fence"),
        tickets.c.lease_owner == bindparam("of_owner"),
    )
    .values(lease_until=bindparam("until"))
    .returning(tickets.c.changes)
)
"""Made once: a worker's every transaction begins with it."""


class Queue(Subject):
    """`unit.queue`: leases tickets to workers."""

    def claim(
        self,
        portal: str,
        owner: str,
        *,
        now: datetime,
        ttl: timedelta,
        is_stale: Callable[[str], bool],
        only: str | None = None,
        not_again: Collection[str] = (),
    ) -> Claim | None:
        """Lease the next ticket that can move to `owner` until `now` + `ttl`; None when there is none.

        A ticket can move when it is dirty or due. They come in the order of the queue (moment of the final
        agreement, then id). One that is leased is passed over, unless the lease has ended or `is_stale` says
        of its owner that it has ended.

        Parameters:
            only: claim the ticket with this id, whether or not it can move.
            not_again: ids that are passed over, for one pass looks at a ticket once; `only` is not an
                exception.
        """
        self._ripen(portal, now)
        for candidate in self._candidates(portal, only):
            if candidate.id in not_again or _is_leased(candidate, now, ttl, is_stale):
                continue
            row = self._locked(candidate, portal, only)
            if row is None or _is_leased(row, now, ttl, is_stale):
                continue
            leased = self._connection.execute(
                update(tickets)
                .where(*_this(portal, row.id))
                .values(lease_owner=owner, lease_until=now + ttl, fence=row.fence + 1)
                .returning(tickets)
            ).one()
            return Claim(self._tickets.read(leased), row.fence + 1, owner, row.changes)
        return None

    def _locked(self, candidate: Row[Any], portal: str, only: str | None) -> Row[Any] | None:
        """The candidate's row, locked; None where another worker has it.

        Between the glance and the lock another worker may have been there: what counts is the locked row. A
        writer of SQLite was alone when it glanced.
        """
        if self._connection.dialect.name == "sqlite":
            return candidate
        return self._connection.execute(
            select(*_LEASE)
            .where(*_this(portal, candidate.id), *_movable(only))
            .with_for_update(skip_locked=True)
        ).one_or_none()

    def movable(self, portal: str, now: datetime) -> list[TicketRecord]:
        """The tickets that are dirty or due, whoever holds them, in the order of the queue; claims
        nothing.
        """
        return self._tickets.where(tickets.c.portal == portal, or_(tickets.c.dirty, _due(now)))

    def renew(self, claim: Claim, now: datetime, ttl: timedelta) -> int:
        """Lengthen the lease to `now` + `ttl`; in front of other writes it also makes sure that they are
        still this worker's to do. Returns the ticket's count of changes.

        Raises:
            LostClaim: the lease has passed to another worker, or was released.
        """
        ours = {
            "of_portal": claim.record.portal,
            "of_id": claim.record.ticket.id,
            "of_fence": claim.fence,
            "of_owner": claim.owner,
        }
        renewed = self._connection.execute(_RENEWAL, {**ours, "until": now + ttl})
        changes: int | None = renewed.scalar_one_or_none()
        if changes is None:
            raise _lost(claim)
        return changes

    def guard(self, claim: Claim) -> None:
        """Make sure that the rest of this transaction is still this worker's to write; nobody takes the
        ticket over before its end.

        One look-up by key that writes nothing: for the front of every transaction in which a worker writes
        about its ticket.

        Raises:
            LostClaim: the lease has passed to another worker, or was released; the transaction must not go
                on.
        """
        query = select(tickets.c.fence).where(*_ours(claim)).with_for_update(key_share=True)
        if self._connection.execute(query).one_or_none() is None:
            raise _lost(claim)

    def release(
        self, claim: Claim, *, state: str, reason: str, due_at: datetime | None, now: datetime
    ) -> None:
        """Give the ticket back with the projection that the pass came to.

        It stays dirty when a new version came, or somebody woke it, since it was claimed.

        Raises:
            LostClaim: the lease has passed to another worker, or was released.
        """
        left = {
            "state": state,
            "reason": reason,
            "due_at": due_at,
            "updated_at": now,
            "dirty": tickets.c.changes != claim.changes,
        }
        self._write(claim, update(tickets).values(**left, lease_owner=null(), lease_until=null()))

    @property
    def _tickets(self) -> Tickets:
        return Tickets(self._connection, self._clock, read_only=self._read_only)

    def _write(self, claim: Claim, statement: Update) -> None:
        if self._connection.execute(statement.where(*_ours(claim))).rowcount == 0:
            raise _lost(claim)

    def _ripen(self, portal: str, now: datetime) -> None:
        """Tickets whose moment has come become dirty, so that one index gives the order of the queue."""
        ripe = (
            select(tickets.c.id)
            .where(tickets.c.portal == portal, _due(now))
            .with_for_update(skip_locked=True)
        )
        for id_ in self._connection.execute(ripe).scalars().all():
            self._connection.execute(update(tickets).where(*_this(portal, id_)).values(dirty=true()))

    def _candidates(self, portal: str, only: str | None) -> Iterator[Row[Any]]:
        if only is not None:
            yield from self._connection.execute(select(*_LEASE).where(*_this(portal, only)))
            return
        place = (tickets.c.queued_at, tickets.c.id)
        queue = (
            select(*_LEASE).where(tickets.c.portal == portal, tickets.c.dirty).order_by(*place).limit(_GLANCE)
        )
        rows = self._connection.execute(queue).all()
        while rows:
            yield from rows
            after = tuple_(*place) > (rows[-1].queued_at, rows[-1].id)
            rows = self._connection.execute(queue.where(after)).all()


def _this(portal: str, ticket_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return tickets.c.portal == portal, tickets.c.id == ticket_id


def _ours(claim: Claim) -> list[ColumnElement[bool]]:
    this = _this(claim.record.portal, claim.record.ticket.id)
    return [*this, tickets.c.fence == claim.fence, tickets.c.lease_owner == claim.owner]


def _lost(claim: Claim) -> LostClaim:
    return LostClaim(
        f"ticket {claim.record.ticket.number} ({claim.record.portal}): the lease of "
        f"{claim.owner} has ended; nothing was written"
    )


def _due(now: datetime) -> ColumnElement[bool]:
    """A moment that a clock wrote down which was ahead means nothing: its ticket is looked at, and gets
    another one.
    """
    was_ahead = tickets.c.updated_at > now + AHEAD
    return and_(tickets.c.due_at.is_not(None), or_(tickets.c.due_at <= now, was_ahead), not_(tickets.c.dirty))


def _movable(only: str | None) -> list[ColumnElement[bool]]:
    return [] if only is not None else [tickets.c.dirty]


def _is_leased(row: Row[Any], now: datetime, ttl: timedelta, is_stale: Callable[[str], bool]) -> bool:
    """A lease that ends later than any lease may was written by a clock that was ahead, and is none."""
    return (
        row.lease_owner is not None
        and now < row.lease_until <= now + ttl + AHEAD
        and not is_stale(row.lease_owner)
    )
