"""A unit's drifts: accounts whose ledger differs from the portal's, for which nothing is written
off meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from bridge.journal.records import Drift
from bridge.journal.subject import Subject
from bridge.journal.tables import drifts


class Drifts(Subject):
    """`unit.drifts`: keeps what the last comparison with the portal found."""

    def set(self, portal: str, account_id: str, problems: Sequence[str], now: datetime) -> None:
        """Note that the account's ledger differs, in place of what was noted before; `found_at` stays the
        first moment.

        Raises:
            ValueError: there are no problems; `clear` says that.
        """
        if not problems:
            raise ValueError("a drift names its differences")
        if not self._insert_new(
            drifts, portal=portal, account_id=account_id, problems=list(problems), found_at=now
        ):
            this = drifts.c.portal == portal, drifts.c.account_id == account_id
            self._connection.execute(update(drifts).where(*this).values(problems=list(problems)))

    def clear(self, portal: str, account_id: str) -> bool:
        """Note that the account's ledger agrees with the portal's; True when it did not before."""
        this = drifts.c.portal == portal, drifts.c.account_id == account_id
        return self._connection.execute(delete(drifts).where(*this)).rowcount > 0

    def of(self, portal: str, account_id: str) -> tuple[str, ...]:
        """The differences that were found for the account; empty when its ledger agrees as far as is
        known.
        """
        this = drifts.c.portal == portal, drifts.c.account_id == account_id
        return tuple(
            self._connection.execute(select(drifts.c.problems).where(*this)).scalar_one_or_none() or ()
        )

    def all(self, portal: str | None = None) -> list[Drift]:
        """All accounts whose ledger differs, of one portal where it is given."""
        query = select(drifts).order_by(drifts.c.portal, drifts.c.account_id)
        if portal is not None:
            query = query.where(drifts.c.portal == portal)
        return [
            Drift(row.portal, row.account_id, tuple(row.problems), row.found_at)
            for row in self._connection.execute(query)
        ]
