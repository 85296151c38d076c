"""The unit of work: everything that can be read and written within one transaction of the journal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.engine import Connection

from bridge.journal.books import PortalHolds, PortalWrites, Writer
from bridge.journal.decisions import Decisions, OrderFiles
from bridge.journal.drifts import Drifts
from bridge.journal.effects import Effects
from bridge.journal.events import Events
from bridge.journal.ledger import Ledger
from bridge.journal.polling import Polling
from bridge.journal.queue import Queue
from bridge.journal.statement import Statement
from bridge.journal.tickets import Tickets


class Unit:
    """One transaction; it comes from `Journal.transaction` and is good within that block, in one thread.

    Nothing outside is ever called within the block, and nothing is called whose intent is not committed.

    Attributes:
        tickets: what is known of tickets, and the attempts at their stages.
        queue: which ticket a worker takes next, and the leases of workers.
        polling: what the portal's pages brought, and where polling goes on.
        decisions: what operators decided.
        order_files: files of which orders are read.
        effects: intents, and what became of them.
        ledger: holds and write-offs, chained.
        statement: the ledger for people.
        drifts: accounts whose ledger differs from the portal's.
        events: the log for people.
        writer, portal_writes, portal_holds: the books of a portal that keeps no keys and no holds.
    """

    def __init__(self, connection: Connection, clock: Callable[[], datetime], *, read_only: bool) -> None:
        self._connection = connection  # for tests that damage the database
        self.tickets = Tickets(connection, clock, read_only=read_only)
        self.queue = Queue(connection, clock, read_only=read_only)
        self.polling = Polling(connection, clock, read_only=read_only)
        self.decisions = Decisions(connection, clock, read_only=read_only)
        self.order_files = OrderFiles(connection, clock, read_only=read_only)
        self.effects = Effects(connection, clock, read_only=read_only)
        self.ledger = Ledger(connection, clock, read_only=read_only)
        self.statement = Statement(connection, clock, read_only=read_only)
        self.drifts = Drifts(connection, clock, read_only=read_only)
        self.events = Events(connection, clock, read_only=read_only)
        self.writer = Writer(connection, clock, read_only=read_only)
        self.portal_writes = PortalWrites(connection, clock, read_only=read_only)
        self.portal_holds = PortalHolds(connection, clock, read_only=read_only)
