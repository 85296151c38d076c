"""A journal in memory that is thrown away: what a pass would write, over what the real journal knows.

The real journal is only read. What the pass may write about (a ticket with its history, the end of an
account's ledger) is brought over when it is first asked for, so that a preview costs what could move, never
what was ever seen. It is for one portal, and not for questions about whole ledgers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, create_engine, event, insert, null, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import StaticPool

from bridge.domain.tickets import Ticket
from bridge.journal.chain import Account
from bridge.journal.engine import begin_sqlite, begun
from bridge.journal.ledger import Ledger
from bridge.journal.polling import Polling
from bridge.journal.queue import Queue
from bridge.journal.records import Claim, CursorRecord, Standing, TicketRecord
from bridge.journal.store import Journal
from bridge.journal.subject import batched
from bridge.journal.tables import (
    cursors,
    decisions,
    drifts,
    effects,
    faults,
    instance,
    ledger,
    ledger_accounts,
    metadata,
    order_files,
    stage_revisions,
    tickets,
)
from bridge.journal.tickets import Tickets
from bridge.journal.types import storable
from bridge.journal.unit import Unit

_OF_TICKETS = (stage_revisions, effects, decisions, order_files, ledger)


class Scratch(Journal):
    """A journal over another one, which it never writes to.

    Parameters:
        portal: whose tickets it is about.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime], portal: str) -> None:
        memory = create_engine("sqlite://", poolclass=StaticPool)
        event.listen(memory, "connect", _set_up)
        event.listen(memory, "begin", begin_sqlite)
        metadata.create_all(memory)
        super().__init__(memory, clock)
        self._real = engine
        self._portal = portal
        with begun(engine, read_only=True) as real, begun(memory) as here:
            for table in (cursors, faults, drifts):
                _copy(real, here, table, table.c.portal == portal)
            _copy(real, here, instance)
            movable = Queue(real, clock, read_only=True).movable(portal, clock())
            over = _Over(self._real, portal, here)
            over.bring([record.ticket.id for record in movable])

    @contextmanager
    def transaction(self, *, read_only: bool = False) -> Iterator[Unit]:  # noqa: ARG002 (reading brings over)
        """As `Journal.transaction`."""
        with begun(self._engine) as connection:
            yield _Unit(connection, self._clock, _Over(self._real, self._portal, connection))


def _set_up(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin transactions by itself


def _copy(real: Connection, here: Connection, table: Table, *which: ColumnElement[bool]) -> None:
    """Copy rows; those that are there stay."""
    rows = [dict(row) for row in real.execute(select(table).where(*which)).mappings()]
    if rows:
        here.execute(insert(table).prefix_with("OR IGNORE"), rows)


@dataclass(frozen=True, slots=True)
class _Over:
    """Brings what is asked for over from the real journal, within a transaction of the scratch one."""

    engine: Engine
    portal: str
    here: Connection

    def bring(self, ids: Iterable[str]) -> None:
        """Bring tickets over with everything about them, those that are not here yet; nobody has them leased
        here.
        """
        for some in batched(sorted(ids)):
            missing = self._missing(some)
            if not missing:
                continue
            with begun(self.engine, read_only=True) as real:
                _copy(real, self.here, tickets, tickets.c.portal == self.portal, tickets.c.id.in_(missing))
                for table in _OF_TICKETS:
                    of_these = table.c.portal == self.portal, table.c.ticket_id.in_(missing)
                    _copy(real, self.here, table, *of_these)
            free = tickets.update().where(tickets.c.portal == self.portal, tickets.c.id.in_(missing))
            self.here.execute(free.values(lease_owner=null(), lease_until=null()))

    def bring_account(self, account_id: str) -> None:
        """Bring the end of an account's ledger over, once."""
        this = ledger_accounts.c.portal == self.portal, ledger_accounts.c.account_id == account_id
        if self.here.execute(select(ledger_accounts.c.length).where(*this)).one_or_none() is not None:
            return
        with begun(self.engine, read_only=True) as real:
            _copy(real, self.here, ledger_accounts, *this)
            length = real.execute(select(ledger_accounts.c.length).where(*this)).scalar_one_or_none()
            last = ledger.c.portal == self.portal, ledger.c.account_id == account_id, ledger.c.seq == length
            _copy(real, self.here, ledger, *last)

    def bring_all(self) -> None:
        """Bring every ticket over."""
        with begun(self.engine, read_only=True) as real:
            ids = list(real.execute(select(tickets.c.id).where(tickets.c.portal == self.portal)).scalars())
        self.bring(ids)

    def bring_number(self, number: str) -> None:
        """Bring the tickets over that people call `number`."""
        with begun(self.engine, read_only=True) as real:
            named = select(tickets.c.id).where(tickets.c.portal == self.portal, tickets.c.number == number)
            ids = list(real.execute(named).scalars())
        self.bring(ids)

    def elsewhere(
        self, portal: str | None, state: str | None, clock: Callable[[], datetime]
    ) -> list[TicketRecord]:
        """The tickets of a state that are not here."""
        with begun(self.engine, read_only=True) as real:
            found = Tickets(real, clock, read_only=True).all(portal, state)
        missing = {id_ for some in batched([one.ticket.id for one in found]) for id_ in self._missing(some)}
        return [one for one in found if one.ticket.id in missing]

    def _missing(self, ids: Sequence[str]) -> list[str]:
        known = select(tickets.c.id).where(tickets.c.portal == self.portal, tickets.c.id.in_(ids))
        return sorted(set(ids) - set(self.here.execute(known).scalars()))


class _Unit(Unit):
    """A unit whose parts bring over what they are asked for."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime], over: _Over) -> None:
        super().__init__(connection, clock, read_only=False)
        self.tickets = _Tickets(connection, clock, over)
        self.queue = _Queue(connection, clock, over)
        self.polling = _Polling(connection, clock, over)
        self.ledger = _Ledger(connection, clock, over)


class _Tickets(Tickets):
    def __init__(self, connection: Connection, clock: Callable[[], datetime], over: _Over) -> None:
        super().__init__(connection, clock, read_only=False)
        self._over = over

    def get(self, portal: str, ticket_id: str) -> TicketRecord | None:
        self._over.bring([ticket_id])
        return super().get(portal, ticket_id)

    def by_number(self, number: str, portal: str | None = None) -> list[TicketRecord]:
        self._over.bring_number(number)
        return super().by_number(number, portal)

    def all(self, portal: str | None = None, state: str | None = None) -> list[TicketRecord]:
        found = super().all(portal, state) + self._over.elsewhere(portal, state, self._clock)
        return sorted(found, key=lambda one: (one.ticket.queued_at, one.portal, one.ticket.id))

    def standing(self, portal: str, states: Collection[str]) -> list[Standing]:
        found = [one for state in sorted(states) for one in self.all(portal, state)]
        return [
            Standing(one.ticket.id, one.ticket.number, one.state, one.reason, one.due_at) for one in found
        ]


class _Queue(Queue):
    def __init__(self, connection: Connection, clock: Callable[[], datetime], over: _Over) -> None:
        super().__init__(connection, clock, read_only=False)
        self._over = over

    def claim(
        self,
        portal: str,
        owner: str,
        *,
        now: datetime,
        ttl: Any,
        is_stale: Callable[[str], bool],
        only: str | None = None,
        not_again: Collection[str] = (),
    ) -> Claim | None:
        if only is not None:
            self._over.bring([only])
        return super().claim(
            portal, owner, now=now, ttl=ttl, is_stale=is_stale, only=only, not_again=not_again
        )


class _Polling(Polling):
    def __init__(self, connection: Connection, clock: Callable[[], datetime], over: _Over) -> None:
        super().__init__(connection, clock, read_only=False)
        self._over = over

    def merge(
        self,
        portal: str,
        tickets: Sequence[Ticket],
        cursor: str | None,
        etag: str | None,
        *,
        category: str | None = None,
    ) -> None:
        if category is not None and self.cursor(portal, category) == CursorRecord(None, None):
            self._over.bring_all()  # with another category every ticket is looked at again
        self._over.bring({storable(ticket.id) for ticket in tickets})
        super().merge(portal, tickets, cursor, etag, category=category)

    def depart(self, portal: str, ticket_id: str, why: str, into: str = "") -> bool:
        self._over.bring([storable(ticket_id)])
        return super().depart(portal, ticket_id, why, into)

    def refresh(self, portal: str, ticket: Ticket, *, anew: bool = False) -> None:
        self._over.bring([storable(ticket.id)])
        super().refresh(portal, ticket, anew=anew)


class _Ledger(Ledger):
    def __init__(self, connection: Connection, clock: Callable[[], datetime], over: _Over) -> None:
        super().__init__(connection, clock, read_only=False)
        self._over = over

    def _account(self, portal: str, account_id: str) -> Account:
        self._over.bring_account(account_id)
        return super()._account(portal, account_id)
