"""The hash that binds each ledger row to the one before it, and the check of a whole ledger.

A row's hash is SHA-256 over a JSON array of the previous row's hash and the row's own values, so a row that
is changed, taken out or put in between shows. It proves nothing against somebody who can rewrite the whole
ledger: `otbridge reconcile` compares it with the portal's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from bridge.journal.records import LedgerRow, NewLedgerRow
from bridge.journal.types import iso, storable

GENESIS = "0" * 64
"""What stands for the hash before an account's first row."""


def link(previous: str, seq: int, row: NewLedgerRow, recorded_at: str) -> str:
    """Return the hash (64 hex digits) of `row` in place `seq` after the row with the hash `previous`.

    The order and form of the values are part of every installation's ledger: never change them.
    """
    values = (
        previous,
        seq,
        row.portal,
        row.account_id,
        row.ticket_id,
        row.stage_id,
        row.revision,
        row.kind,
        row.key,
        row.hold_key,
        row.spent_minutes,
        row.charged_minutes,
        row.coefficient_milli,
        row.amount_mh,
        row.price_kopecks,
        iso(row.at),
        recorded_at,
    )
    canonical = [storable(value) if isinstance(value, str) else value for value in values]
    return hashlib.sha256(json.dumps(canonical, separators=(",", ":")).encode()).hexdigest()


def rehash(row: LedgerRow) -> str:
    """The hash that the values of a stored row ought to have."""
    return link(row.previous, row.seq, row, iso(row.recorded_at))


@dataclass(frozen=True, slots=True)
class Account:
    """What the journal noted of the end of an account's chain."""

    portal: str
    account_id: str
    length: int
    head: str
    held_mh: int

    def __str__(self) -> str:
        return f"{self.portal}, account {self.account_id}"


@dataclass(slots=True)
class _Walk:
    """How far one account's chain has been walked."""

    seq: int = 0
    head: str = GENESIS
    open_holds: dict[str, int] = field(default_factory=dict)
    closed: dict[str, tuple[int, str, int]] = field(
        default_factory=dict
    )  # by hold: place, kind and amount of the row that closed it
    reversed: set[str] = field(default_factory=set)


def problems(account: Account, rows: Iterable[LedgerRow]) -> list[str]:
    """Everything that is wrong with one account's ledger, one line each; `rows` come in the order of
    `seq`.
    """
    found: list[str] = []
    walk = _Walk()
    for row in rows:
        name = f"{account}: row {row.seq} ({row.kind} {row.key})"
        if row.seq != walk.seq + 1:
            found.append(f"{account}: {_missing(walk.seq + 1, row.seq - 1)}")
        elif row.previous != walk.head:
            found.append(f"{name}: the chain is broken: it does not follow from the row before")
        if rehash(row) != row.hash:
            found.append(f"{name}: was changed after it was written")
        found += [f"{name}: {fault}" for fault in _contradictions(row, walk)]
        walk.seq, walk.head = row.seq, row.hash
    if walk.seq < account.length:
        found.append(f"{account}: {_missing(walk.seq + 1, account.length)}")
    elif walk.seq > account.length:
        found.append(f"{account}: rows after {account.length} were not written by the bridge")
    elif walk.head != account.head:
        found.append(f"{account}: the last row is not the one that the bridge wrote")
    held = sum(walk.open_holds.values())
    if held != account.held_mh:
        found.append(
            f"{account}: {account.held_mh} milli-hours are noted as held, the open holds make {held}"
        )
    return found


def _missing(first: int, last: int) -> str:
    return f"row {first} is missing" if first == last else f"rows {first} to {last} are missing"


def _contradictions(row: LedgerRow, walk: _Walk) -> Iterable[str]:
    """What the row claims against those before it; the walk takes it in."""
    hold_key = row.hold_key
    if row.kind == "hold" or hold_key is None:
        walk.open_holds[row.key] = row.amount_mh
        return
    if row.kind == "reversal":
        captured = walk.closed.get(hold_key)
        if captured is None or captured[1] != "capture":
            yield f"reverses a capture of hold {hold_key}, which has none"
        elif row.amount_mh != captured[2]:
            yield f"reverses {row.amount_mh} milli-hours of a capture of {captured[2]}"
        if hold_key in walk.reversed:
            yield f"hold {hold_key} was reversed twice"
        walk.reversed.add(hold_key)
        return
    held = walk.open_holds.pop(hold_key, None)
    if held is None:
        before = walk.closed.get(hold_key)
        yield (
            f"hold {hold_key} is unknown"
            if before is None
            else f"hold {hold_key} was closed twice, first by row {before[0]}"
        )
    elif row.amount_mh > held:
        yield f"takes {row.amount_mh} milli-hours of a hold of {held}"
    walk.closed.setdefault(hold_key, (row.seq, row.kind, row.amount_mh))
