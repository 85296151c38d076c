"""The embedded portal without its server: the state of a directory, its rules, and what its people do and
see.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from bridge.domain.tickets import Account, ThreadEntry, Ticket
from bridge.portal import LedgerEntry, wire
from bridge.sandbox.portal.auth import SCOPES, Auth
from bridge.sandbox.portal.bridges import Bridges
from bridge.sandbox.portal.customer import Customer
from bridge.sandbox.portal.documents import Documents
from bridge.sandbox.portal.keys import Keys
from bridge.sandbox.portal.ledger import Ledger
from bridge.sandbox.portal.store import Store
from bridge.sandbox.portal.tickets import Tickets


class Office(Customer):
    """Everything of a portal but its doors.

    Attributes:
        token: the bridge's token, with all scopes.
        admin_token: opens /sandbox/.
        clock: aware UTC; may be replaced.
    """

    def __init__(self, directory: Path, *, token: str | None = None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.store = Store(directory / "portal.sqlite3", lambda: self.clock())  # noqa: PLW0108 - the clock may be replaced later
        self.documents = Documents(self.store)
        self.ticket_rules = Tickets(self.store, self.documents)
        self.ledger_rules = Ledger(self.store, self.documents)
        self.keys = Keys(self.store)
        self.auth = Auth(self.store, lambda: self.clock().timestamp())
        self.bridges = Bridges(self.store, lambda: self.clock())  # noqa: PLW0108 - as above
        self.token = _kept(directory / "token", token)
        self.admin_token = _kept(directory / "admin-token", None)
        self.auth.add_token(self.token, SCOPES)
        super().__init__(self.store, self.documents, self.ticket_rules, self.ledger_rules, self.keys)

    def add_token(self, scopes: Iterable[str]) -> str:
        """Another token, with these scopes only."""
        token = secrets.token_urlsafe(24)
        self.auth.add_token(token, scopes)
        return token

    def add_installation(self, serial: str, otkey: str) -> None:
        """Let an installation sign its requests."""
        self.auth.add_installation(serial, otkey)

    def release_bridge(self, instance: str) -> None:
        """Let another bridge write in this one's place."""
        self.bridges.release(instance)

    def processing(self, key: str) -> AbstractContextManager[None]:
        """Keep a key busy, as a request that takes long does."""
        return self.keys.processing(key)

    def ticket(self, ticket: str) -> Ticket:
        """A ticket as its customer sees it."""
        return wire.ticket(self.documents.ticket(ticket))

    def tickets(self) -> list[Ticket]:
        """All tickets, oldest first."""
        return [wire.ticket(document) for document in self.documents.tickets()]

    def notes(self, ticket: str) -> list[ThreadEntry]:
        """What the bridge wrote into the ticket's thread, internal notes too."""
        return [wire.thread_entry(document) for document in self.documents.notes(ticket)]

    def account(self, account: str) -> Account:
        """The account's balance."""
        return wire.account(self.documents.account(account))

    def ledger(self) -> list[LedgerEntry]:
        """All entries of all accounts, oldest first."""
        return [wire.ledger_entry(document) for document in self.documents.ledger()]


def _kept(path: Path, secret: str | None) -> str:
    """The secret in a file that only its owner may read; `secret` replaces it, and one is made where there
    is none.
    """
    if secret is None and path.exists():
        return path.read_text(encoding="ascii").strip()
    path.touch(mode=0o600)
    path.write_text(secret := secret or secrets.token_urlsafe(24), encoding="ascii")
    return secret
