"""A unit's ledger of holds and write-offs: append-only, chained, one lock a customer's
account.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, update

from bridge.domain.hours import from_milli
from bridge.journal.chain import GENESIS, Account, link, problems, rehash
from bridge.journal.errors import BrokenChain, LedgerConflict
from bridge.journal.records import LedgerRow, NewLedgerRow
from bridge.journal.subject import STREAMED, Subject
from bridge.journal.tables import CLOSING, REVERSING, ledger, ledger_accounts, tickets
from bridge.journal.types import iso

_SAME = ("portal", "account_id", "ticket_id", "stage_id", "kind", "hold_key", "amount_mh")
"""What a repeated key must not change."""

_ACCOUNT = (
    ledger_accounts.c.portal,
    ledger_accounts.c.account_id,
    ledger_accounts.c.length,
    ledger_accounts.c.head,
    ledger_accounts.c.held_mh,
)


class Ledger(Subject):
    """`unit.ledger`: keeps the ledger."""

    def append(self, row: NewLedgerRow, now: datetime) -> LedgerRow:
        """Add a row to its account's chain; a key that is there already returns the stored row.

        Raises:
            LedgerConflict: the key stands for something else; the hold is unknown, another account's, or
                closed; a capture is above its hold, a reversal is not the whole capture, or the second one.
            BrokenChain: the account's last row is not as the bridge left it.
        """
        account = self._account(row.portal, row.account_id)
        stored = self._by_key(row.key)
        if stored is not None:
            differing = [name for name in _SAME if getattr(stored, name) != getattr(row, name)]
            if differing:
                raise LedgerConflict(
                    f"ledger key {row.key} stands for another row: {', '.join(differing)} differ"
                )
            return stored
        self._check_head(account)
        held_mh = account.held_mh + self._change_of_held(row)
        seq = account.length + 1
        digest = link(account.head, seq, row, iso(now))
        values = asdict(row) | {"seq": seq, "recorded_at": now, "previous": account.head, "hash": digest}
        written = self._connection.execute(insert(ledger).values(**values).returning(ledger)).one()
        self._connection.execute(
            update(ledger_accounts)
            .where(ledger_accounts.c.portal == row.portal, ledger_accounts.c.account_id == row.account_id)
            .values(length=seq, head=digest, held_mh=held_mh)
        )
        return _row(written)

    def rows(
        self, portal: str | None = None, account_id: str | None = None, ticket_id: str | None = None
    ) -> list[LedgerRow]:
        """The rows, account by account, each in the order of its chain; only the given portal's, account's
        or ticket's.
        """
        wanted = {"portal": portal, "account_id": account_id, "ticket_id": ticket_id}
        return list(
            self._rows(*(ledger.c[name] == value for name, value in wanted.items() if value is not None))
        )

    def length(self, portal: str | None = None, account_id: str | None = None) -> int:
        """How many rows the bridge has written, as the ends of the accounts' chains say; only the given
        portal's or account's.
        """
        wanted = {"portal": portal, "account_id": account_id}
        query = select(func.coalesce(func.sum(ledger_accounts.c.length), 0)).where(
            *(ledger_accounts.c[name] == value for name, value in wanted.items() if value is not None)
        )
        return int(self._connection.execute(query).scalar_one())

    def accounts(self, portal: str) -> list[str]:
        """The accounts of the portal that have a ledger here, or a ticket."""
        chained = select(ledger_accounts.c.account_id).where(ledger_accounts.c.portal == portal)
        # The whole document, for neither database can take a member out of one that has a NUL anywhere.
        named = select(tickets.c.document).where(tickets.c.portal == portal)
        found = set(self._connection.execute(chained).scalars())
        for document in self._connection.execute(named, execution_options=STREAMED).scalars():
            account_id = (
                document.get("account_id") if isinstance(document, dict) else None
            )  # a damaged row names none
            if isinstance(account_id, str):
                found.add(account_id)
        return sorted(found)

    def verify(self) -> list[str]:
        """Read the whole ledger and name everything that is wrong with it, one line each; empty when it is
        sound.
        """
        noted = [Account(*row) for row in self._connection.execute(select(*_ACCOUNT))]
        accounts = {(account.portal, account.account_id): account for account in noted}
        found: list[str] = []
        for key, chain in groupby(self._rows(), key=lambda row: (row.portal, row.account_id)):
            found += problems(accounts.pop(key, Account(*key, 0, GENESIS, 0)), chain)
        for account in accounts.values():
            found += problems(account, ())
        return found

    def held(self, portal: str, account_id: str) -> Decimal:
        """Norm-hours of the account's open holds.

        In a writing transaction the account stays locked until its end: nobody else can hold against the same
        balance meanwhile.
        """
        return from_milli(self._account(portal, account_id).held_mh)

    def _rows(self, *conditions: ColumnElement[bool]) -> Iterator[LedgerRow]:
        """The rows that meet the conditions, account by account in the order of each chain, read a few at
        a time.
        """
        query = select(ledger).where(*conditions).order_by(ledger.c.portal, ledger.c.account_id, ledger.c.seq)
        for row in self._connection.execute(query, execution_options=STREAMED):
            yield _row(row)

    def _account(self, portal: str, account_id: str) -> Account:
        """The end of the account's chain, locked where this transaction may write."""
        query = select(*_ACCOUNT).where(
            ledger_accounts.c.portal == portal, ledger_accounts.c.account_id == account_id
        )
        if not self._read_only:
            query = query.with_for_update()
        row = self._connection.execute(query).one_or_none()
        if row is None and not self._read_only:
            self._insert_new(
                ledger_accounts, portal=portal, account_id=account_id, length=0, head=GENESIS, held_mh=0
            )
            row = self._connection.execute(query).one_or_none()
        return Account(portal, account_id, 0, GENESIS, 0) if row is None else Account(*row)

    def _check_head(self, account: Account) -> None:
        """The last row is looked at on every append; the whole chain by `verify`."""
        last = self._connection.execute(
            select(ledger)
            .where(ledger.c.portal == account.portal, ledger.c.account_id == account.account_id)
            .order_by(ledger.c.seq.desc())
            .limit(1)
        ).one_or_none()
        end = (0, GENESIS) if last is None else (last.seq, rehash(_row(last)))
        if end != (account.length, account.head):
            raise BrokenChain(
                f"the ledger of {account} does not end as the bridge left it: run otbridge ledger "
                "verify; nothing was added"
            )

    def _change_of_held(self, row: NewLedgerRow) -> int:
        """By how many milli-hours the row changes the sum of open holds."""
        if row.amount_mh < 0:
            raise LedgerConflict(f"{row.kind} {row.key}: {row.amount_mh} milli-hours are below zero")
        if row.kind == "hold":
            if row.hold_key is not None:
                raise LedgerConflict(f"hold {row.key}: a hold names no other hold")
            return row.amount_mh
        hold = None if row.hold_key is None else self._by_key(row.hold_key)
        if hold is None or (hold.kind, hold.portal, hold.account_id) != ("hold", row.portal, row.account_id):
            raise LedgerConflict(f"{row.kind} {row.key}: account {row.account_id} has no hold {row.hold_key}")
        closing = {other.kind: other for other in self._naming(hold.key)}
        if row.kind == "reversal":
            captured = closing.get("capture")
            if captured is None or captured.amount_mh != row.amount_mh or "reversal" in closing:
                raise LedgerConflict(
                    f"reversal {row.key}: hold {hold.key} has no open capture of {row.amount_mh} milli-hours"
                )
            return 0
        if closing:
            raise LedgerConflict(
                f"{row.kind} {row.key}: hold {hold.key} is closed already: {', '.join(sorted(closing))}"
            )
        if row.amount_mh > hold.amount_mh:
            raise LedgerConflict(
                f"{row.kind} {row.key}: {row.amount_mh} milli-hours of a hold of {hold.amount_mh}"
            )
        return -hold.amount_mh

    def _by_key(self, key: str) -> LedgerRow | None:
        row = self._connection.execute(select(ledger).where(ledger.c.key == key)).one_or_none()
        return None if row is None else _row(row)

    def _naming(self, hold_key: str) -> list[LedgerRow]:
        of_hold = select(ledger).where(ledger.c.hold_key == hold_key)
        return [
            _row(row)
            for kinds in (CLOSING, REVERSING)
            for row in self._connection.execute(of_hold.where(kinds))
        ]


def _row(row: Row[Any]) -> LedgerRow:
    return LedgerRow(**row._asdict())
