"""A unit's tickets: what is known of them, revisions of their stages, waking."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Row, and_, func, select, true, update

from bridge.domain.tickets import Ticket, TicketState
from bridge.journal.codec import decode
from bridge.journal.errors import JournalError
from bridge.journal.records import Standing, TicketRecord
from bridge.journal.subject import Subject, batched
from bridge.journal.tables import stage_revisions, tickets


class Tickets(Subject):
    """`unit.tickets`: reads tickets; keeps the revisions of their stages."""

    def get(self, portal: str, ticket_id: str) -> TicketRecord | None:
        """One ticket, None where the journal has not met it."""
        return next(iter(self.where(tickets.c.portal == portal, tickets.c.id == ticket_id)), None)

    def by_number(self, number: str, portal: str | None = None) -> list[TicketRecord]:
        """The tickets that people call `number`: at most one a portal, as a rule."""
        return self.where(tickets.c.number == number, *_of(portal))

    def all(self, portal: str | None = None, state: str | None = None) -> list[TicketRecord]:
        """All tickets, of one portal or in one state where they are given, in the order of the queue."""
        return self.where(*_of(portal), *([] if state is None else [tickets.c.state == state]))

    def standing(self, portal: str, states: Collection[str]) -> list[Standing]:
        """Where the portal's tickets in these states stand, state by state in the order of the queue."""
        query = (
            select(tickets.c.id, tickets.c.number, tickets.c.state, tickets.c.reason, tickets.c.due_at)
            .where(tickets.c.portal == portal, tickets.c.state.in_(sorted(states)))
            .order_by(tickets.c.state, tickets.c.queued_at, tickets.c.id)
        )
        return [Standing(*row) for row in self._connection.execute(query)]

    def numbers(self, portal: str, ids: Collection[str]) -> dict[str, str]:
        """What people call the tickets with these identifiers, by identifier; those that the journal has
        not met are left out.
        """
        found: dict[str, str] = {}
        for some in batched(sorted(ids)):
            query = select(tickets.c.id, tickets.c.number).where(
                tickets.c.portal == portal, tickets.c.id.in_(some)
            )
            found.update((row.id, row.number) for row in self._connection.execute(query))
        return found

    def counts(self) -> dict[str, int]:
        """How many tickets are in each state, states that this program does not know among them."""
        query = (
            select(tickets.c.state, func.count().label("tickets"))
            .group_by(tickets.c.state)
            .order_by(tickets.c.state)
        )
        return {row.state: row.tickets for row in self._connection.execute(query)}

    def revision(self, portal: str, ticket_id: str, stage_id: str) -> int:
        """Which attempt at the stage is under way: 1 until it was bumped."""
        query = select(stage_revisions.c.revision).where(*_stage(portal, ticket_id, stage_id))
        found: int | None = self._connection.execute(query).scalar_one_or_none()
        return 1 if found is None else found

    def bump_revision(self, portal: str, ticket_id: str, stage_id: str, *, expected: int) -> int:
        """Make the stage's revision `expected` + 1 if it is `expected`; returns the revision as it is then.

        A repeated call changes nothing: the revision is past `expected` already.
        """
        self._insert_new(stage_revisions, portal=portal, ticket_id=ticket_id, stage_id=stage_id, revision=1)
        self._connection.execute(
            update(stage_revisions)
            .where(*_stage(portal, ticket_id, stage_id), stage_revisions.c.revision == expected)
            .values(revision=expected + 1)
        )
        return self.revision(portal, ticket_id, stage_id)

    def wake(self, portal: str, ticket_id: str) -> None:
        """Let the next pass look at the ticket, even if a worker is at it right now.

        Raises:
            JournalError: there is no such ticket.
        """
        woken = self._connection.execute(
            update(tickets)
            .where(tickets.c.portal == portal, tickets.c.id == ticket_id)
            .values(dirty=true(), changes=tickets.c.changes + 1, updated_at=self._clock())
        )
        if woken.rowcount == 0:
            raise JournalError(f"the journal knows no ticket {ticket_id} of portal {portal}")

    def where(self, *conditions: ColumnElement[bool]) -> list[TicketRecord]:
        """The tickets that meet the conditions (for the journal's own parts), in the order of the queue; two
        queries, however many they are.
        """
        revisions: dict[tuple[str, str], dict[str, int]] = {}
        joined = and_(
            stage_revisions.c.portal == tickets.c.portal, stage_revisions.c.ticket_id == tickets.c.id
        )
        for row in self._connection.execute(select(stage_revisions).join(tickets, joined).where(*conditions)):
            revisions.setdefault((row.portal, row.ticket_id), {})[row.stage_id] = row.revision
        query = (
            select(tickets).where(*conditions).order_by(tickets.c.queued_at, tickets.c.portal, tickets.c.id)
        )
        return [
            _record(row, revisions.get((row.portal, row.id), {})) for row in self._connection.execute(query)
        ]

    def read(self, row: Row[Any]) -> TicketRecord:
        """The ticket of a whole row of its table (for the journal's own parts)."""
        query = select(stage_revisions.c.stage_id, stage_revisions.c.revision).where(
            stage_revisions.c.portal == row.portal, stage_revisions.c.ticket_id == row.id
        )
        return _record(row, {one.stage_id: one.revision for one in self._connection.execute(query)})


def _record(row: Row[Any], revisions: dict[str, int]) -> TicketRecord:
    damage = ""
    try:
        ticket = decode(row.document)
    except (ValidationError, LookupError, TypeError) as error:
        damage = f"the stored document of ticket {row.number} ({row.portal}, {row.id}) is damaged: {error}"
        ticket = _nameless(row)
    return TicketRecord(
        portal=row.portal,
        ticket=ticket,
        state=row.state,
        reason=row.reason,
        due_at=row.due_at,
        dirty=row.dirty,
        revisions=revisions,
        first_seen=row.first_seen,
        updated_at=row.updated_at,
        damage=damage,
    )


def _nameless(row: Row[Any]) -> Ticket:
    """What the columns say of a ticket whose document is damaged."""
    return Ticket(
        id=row.id,
        number=row.number,
        version=row.version,
        category="",
        subject="",
        customer_id="",
        customer_name="",
        account_id="",
        installation=None,
        state=TicketState.OPEN,
        created_at=row.first_seen,
        updated_at=row.updated_at,
        agreed_at=row.queued_at,
    )


def _of(portal: str | None) -> list[ColumnElement[bool]]:
    return [] if portal is None else [tickets.c.portal == portal]


def _stage(portal: str, ticket_id: str, stage_id: str) -> list[ColumnElement[bool]]:
    return [
        stage_revisions.c.portal == portal,
        stage_revisions.c.ticket_id == ticket_id,
        stage_revisions.c.stage_id == stage_id,
    ]
