"""A unit's ledger for people: rows with the names that belong to them, read a few at a time,
and what is held in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select

from bridge.journal.records import LedgerLine, LedgerRow
from bridge.journal.subject import STREAMED, Subject
from bridge.journal.tables import ledger, tickets

_HOLD = ledger.alias("hold")
_CAPTURE = ledger.alias("capture")


@dataclass(frozen=True, slots=True)
class Span:
    """Which rows are meant: of one account, of one ticket, from a moment on, before a moment; None: all."""

    account_id: str | None = None
    portal: str | None = None
    ticket_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The rows of the span."""
        found = self.ended()
        if self.since is not None:
            found.append(ledger.c.at >= self.since)
        return found

    def ended(self) -> list[ColumnElement[bool]]:
        """The rows before the span's end, whenever they began."""
        wanted = {"portal": self.portal, "account_id": self.account_id, "ticket_id": self.ticket_id}
        found = [ledger.c[name] == value for name, value in wanted.items() if value is not None]
        if self.until is not None:
            found.append(ledger.c.at < self.until)
        return found


class Statement(Subject):
    """`unit.statement`: reads the ledger for people."""

    def lines(self, span: Span) -> Iterator[LedgerLine]:
        """The rows of the span with their tickets' names, account by account, each in the order of its
        chain.
        """
        query = (
            select(
                ledger,
                tickets.c.number,
                tickets.c.document,
                _HOLD.c.amount_mh,
                _CAPTURE.c.price_kopecks,
            )
            .outerjoin(tickets, and_(tickets.c.portal == ledger.c.portal, tickets.c.id == ledger.c.ticket_id))
            .outerjoin(_HOLD, _HOLD.c.key == ledger.c.hold_key)
            .outerjoin(
                _CAPTURE,
                and_(
                    _CAPTURE.c.hold_key == ledger.c.hold_key,
                    _CAPTURE.c.kind == "capture",
                    ledger.c.kind == "reversal",
                ),
            )
            .where(*span.conditions())
            .order_by(ledger.c.portal, ledger.c.account_id, ledger.c.seq)
        )
        names = [column.name for column in ledger.c]
        for values in self._connection.execute(query, execution_options=STREAMED):
            row = LedgerRow(**dict(zip(names, values, strict=False)))
            number, document, hold_mh, captured_kopecks = values[len(names) :]
            ticket = document or {"customer_name": "", "stages": ()}
            title = next((stage["title"] for stage in ticket["stages"] if stage["id"] == row.stage_id), None)
            yield LedgerLine(
                row,
                number or row.ticket_id,
                ticket["customer_name"],
                title or row.stage_id,
                hold_mh or 0,
                captured_kopecks,
            )

    def held(self, span: Span) -> int:
        """Milli-hours that were held when the span ended."""
        held = select(func.coalesce(func.sum(ledger.c.amount_mh), 0)).where(
            ledger.c.kind == "hold", *span.ended()
        )
        closed = (
            select(func.coalesce(func.sum(_HOLD.c.amount_mh), 0))
            .select_from(ledger.join(_HOLD, _HOLD.c.key == ledger.c.hold_key))
            .where(ledger.c.kind.in_(("capture", "void")), *span.ended())
        )
        return int(self._connection.execute(held).scalar_one()) - int(
            self._connection.execute(closed).scalar_one()
        )
