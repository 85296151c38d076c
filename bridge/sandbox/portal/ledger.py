"""The rules of the balance: hold, capture, void, reversal, each one row that is never changed.

Called inside the transaction that also keeps the write's key: the check of the balance and the row that it
allows are one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.sandbox.portal.documents import Documents, ledger_entry, number_of
from bridge.sandbox.portal.problems import Problem, conflict, not_found
from bridge.sandbox.portal.store import Store
from bridge.sandbox.portal.tickets import touch

ROUNDING_UNIT_MH = 10

_ENDED = {"capture": "captured", "void": "voided"}


class Ledger:
    """The ledger of all accounts."""

    def __init__(self, store: Store, documents: Documents) -> None:
        self._store = store
        self._documents = documents

    def top_up(self, key: str, account_id: str, amount_mh: int) -> dict[str, Any]:
        """More hours for an account."""
        self._documents.account(account_id)
        return self._append(key=key, kind="top_up", account_id=account_id, amount_mh=amount_mh)

    def hold(
        self, key: str, account_id: str, ticket_id: str, stage_id: str, amount_mh: int
    ) -> dict[str, Any]:
        """Set hours aside for a stage."""
        account = self._documents.account(account_id)
        ticket = self._documents.ticket_row(ticket_id)
        stage = self._documents.stage_row(ticket_id, stage_id)
        if ticket["account_id"] != account_id:
            raise not_found(f"ticket of account {account_id}:", ticket_id)
        if ticket["state"] == "withdrawn" and stage["state"] != "accepted":
            raise conflict("the ticket is withdrawn", "withdrawn")
        available = account["available_mh"] + account["overdraft_limit_mh"]
        if available < amount_mh:
            raise Problem(
                "insufficient_balance",
                f"{amount_mh} milli-hours do not fit",
                available_mh=available,
                needed_mh=amount_mh,
            )
        hold_id = f"h{self._next()}"
        return self._append(
            key=key,
            kind="hold",
            account_id=account_id,
            ticket_id=ticket_id,
            stage_id=stage_id,
            amount_mh=amount_mh,
            hold_id=hold_id,
        )

    def capture(
        self,
        key: str,
        hold_id: str,
        charges: Sequence[Mapping[str, Any]],
        amount_mh: int,
        evidence: Mapping[str, Any],
        accepted_by: str,
    ) -> dict[str, Any]:
        """Write an accepted stage off; what the hold has over returns by itself, for the hold has ended.

        A stage that is ready is accepted by it, where silence or the site's policy is what accepts.
        """
        hold = self._open_hold(hold_id)
        stage = self._documents.stage_row(hold["ticket_id"], hold["stage_id"])
        if stage["state"] not in (("accepted",) if accepted_by == "customer" else ("accepted", "ready")):
            raise conflict("the stage is not accepted", stage["state"])
        expected = write_off_mh(charges)
        if amount_mh != expected:
            raise Problem(
                "amount_mismatch",
                f"the charges make {expected} milli-hours, not {amount_mh}",
                expected_mh=expected,
            )
        if amount_mh > hold["amount_mh"]:
            raise conflict(f"{amount_mh} milli-hours are more than the hold's {hold['amount_mh']}", "held")
        price = self._documents.account(hold["account_id"])["hour_price_kopecks"]
        self._store.execute(
            "UPDATE stage SET state = 'written_off', accepted_at = COALESCE(accepted_at, ?) WHERE n = ?",
            self._store.now(),
            stage["n"],
        )
        touch(self._store, hold["ticket_id"])
        return self._append(
            key=key,
            kind="capture",
            account_id=hold["account_id"],
            ticket_id=hold["ticket_id"],
            stage_id=hold["stage_id"],
            amount_mh=amount_mh,
            hold_id=hold_id,
            price_kopecks=None if price is None else _half_up(amount_mh * price, 1000),
            charges=json.dumps(list(charges), ensure_ascii=False),
            evidence=json.dumps(evidence, ensure_ascii=False),
        )

    def void(self, key: str, hold_id: str) -> dict[str, Any]:
        """Give the whole hold back."""
        hold = self._open_hold(hold_id)
        return self._append(
            key=key,
            kind="void",
            account_id=hold["account_id"],
            ticket_id=hold["ticket_id"],
            stage_id=hold["stage_id"],
            amount_mh=hold["amount_mh"],
            hold_id=hold_id,
        )

    def reverse(self, key: str, entry_id: str, reason: str) -> dict[str, Any]:
        """Take a capture back; its stage is accepted again, and can be written off anew."""
        entry = self._store.row("SELECT * FROM ledger WHERE n = ?", number_of("l", entry_id))
        if entry is None:
            raise not_found("ledger entry", entry_id)
        if entry["kind"] != "capture":
            raise conflict("only a capture can be reversed", entry["kind"])
        if self._store.row("SELECT 1 FROM ledger WHERE reverses = ?", entry_id):
            raise conflict("the capture is reversed already", "reversed")
        stage = self._documents.stage_row(entry["ticket_id"], entry["stage_id"])
        if stage["state"] == "written_off":
            self._store.execute("UPDATE stage SET state = 'accepted' WHERE n = ?", stage["n"])
            touch(self._store, entry["ticket_id"])
        return self._append(
            key=key,
            kind="reversal",
            account_id=entry["account_id"],
            ticket_id=entry["ticket_id"],
            stage_id=entry["stage_id"],
            amount_mh=entry["amount_mh"],
            reverses=entry_id,
            reason=reason,
        )

    def _open_hold(self, hold_id: str) -> dict[str, Any]:
        entries = {
            row["kind"]: row for row in self._store.rows("SELECT * FROM ledger WHERE hold_id = ?", hold_id)
        }
        if "hold" not in entries:
            raise not_found("hold", hold_id)
        for kind, state in _ENDED.items():
            if kind in entries:
                raise conflict(f"the hold is {state} already", state)
        return entries["hold"]

    def _next(self) -> int:
        return self._store.number("SELECT COALESCE(MAX(n), 0) + 1 FROM ledger")

    def _append(self, **values: Any) -> dict[str, Any]:
        number = self._store.insert("ledger", n=self._next(), at=self._store.now(), **values)
        row = self._store.row("SELECT * FROM ledger WHERE n = ?", number)
        assert row is not None
        return ledger_entry(row)


def write_off_mh(charges: Sequence[Mapping[str, Any]]) -> int:
    """Milli-hours that the charges take: Σ charged_minutes × coefficient_milli / 60, rounded once, half up.

    Reckoned in integers and apart from `bridge.domain.hours`, so that a fault there shows as
    `amount_mismatch`.
    """
    total = sum(charge["charged_minutes"] * charge["coefficient_milli"] for charge in charges)
    return _half_up(total, 60 * ROUNDING_UNIT_MH) * ROUNDING_UNIT_MH


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
