"""The ledger under any sequence of holds, captures, voids and reversals: nothing is lost, nothing is made,
no difference goes unseen.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.domain.hours import from_milli
from bridge.journal import Journal, LedgerConflict, LedgerKind, LedgerRow, NewLedgerRow, migrate
from bridge.operators.reconcile import Comparison, Kind, compare
from bridge.portal import LedgerEntry

START = datetime(2026, 1, 1, tzinfo=UTC)
_accounts = itertools.count()

moves = st.lists(
    st.tuples(
        st.sampled_from(["hold", "capture", "void", "reversal"]),
        st.integers(0, 5),
        st.integers(0, 10_000),
        st.booleans(),
    ),
    max_size=30,
)
"""Kind, which hold (or which key), milli-hours, whether the move is made twice."""


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    url = f"sqlite:///{tmp_path_factory.mktemp('ledger')}/journal.db"
    migrate(url)
    with Journal.open(url) as opened:
        yield opened


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=moves)
def test_holds_captures_voids_and_reversals_conserve_hours(
    journal: Journal, moves: list[tuple[str, int, int, bool]]
) -> None:
    account = f"a{next(_accounts)}"
    held: dict[str, int] = {}
    captured: dict[str, int] = {}
    reversed_: set[str] = set()
    written = 0
    for number, (kind, which, amount, twice) in enumerate(moves):
        hold_key = f"{account}-hold-{which}"
        key = hold_key if kind == "hold" else f"{account}-{kind}-{number}"
        row = NewLedgerRow(
            portal="p",
            account_id=account,
            ticket_id="t",
            stage_id="s",
            revision=1,
            kind=kind,  # type: ignore[arg-type]
            key=key,
            hold_key=None if kind == "hold" else hold_key,
            spent_minutes=0,
            charged_minutes=0,
            coefficient_milli=None,
            amount_mh=amount,
            price_kopecks=None,
            at=START + timedelta(minutes=number),
        )
        allowed = {
            "hold": hold_key not in held and hold_key not in captured,
            "capture": amount <= held.get(hold_key, -1),
            "void": amount <= held.get(hold_key, -1),
            "reversal": captured.get(hold_key) == amount and hold_key not in reversed_,
        }[kind]
        if kind == "hold" and not allowed:
            continue
        for _ in range(2 if twice else 1):
            try:
                with journal.transaction() as unit:
                    unit.ledger.append(row, START)
            except LedgerConflict:
                assert not allowed
            else:
                assert allowed
        if not allowed:
            continue
        written += 1
        if kind == "hold":
            held[hold_key] = amount
        elif kind == "reversal":
            reversed_.add(hold_key)
        else:
            held.pop(hold_key)
            captured[hold_key] = amount if kind == "capture" else -1
    with journal.transaction(read_only=True) as unit:
        rows = unit.ledger.rows("p", account)
        assert unit.ledger.held("p", account) == from_milli(sum(held.values()))
        assert [problem for problem in unit.ledger.verify() if account in problem] == []
    assert [row.seq for row in rows] == list(range(1, written + 1))
    posted = sum(
        (
            row.amount if row.kind == "capture" else -row.amount
            for row in rows
            if row.kind in ("capture", "reversal")
        ),
        Decimal(0),
    )
    taken = [amount for hold, amount in captured.items() if amount >= 0 and hold not in reversed_]
    assert posted == from_milli(sum(taken))


FATES: dict[str, tuple[LedgerKind, ...]] = {
    "open": ("hold",),
    "voided": ("hold", "void"),
    "captured": ("hold", "capture"),
    "reversed": ("hold", "capture", "reversal"),
}
ledgers = st.lists(st.tuples(st.sampled_from(sorted(FATES)), st.integers(1, 10_000)), min_size=1, max_size=6)
"""What became of each hold, and its milli-hours."""


def both(holds: list[tuple[str, int]]) -> tuple[list[LedgerRow], list[LedgerEntry]]:
    """The same ledger as the journal keeps it and as the portal tells it."""
    ours: list[LedgerRow] = []
    theirs: list[LedgerEntry] = []
    for number, (fate, amount) in enumerate(holds):
        for kind in FATES[fate]:
            key, hold, at = f"{kind}-{number}", f"hold-{number}", START + timedelta(minutes=len(ours))
            ours.append(
                LedgerRow(
                    portal="p",
                    account_id="a",
                    ticket_id="t",
                    stage_id="s",
                    revision=1,
                    kind=kind,
                    key=key,
                    hold_key=None if kind == "hold" else hold,
                    spent_minutes=0,
                    charged_minutes=0,
                    coefficient_milli=None,
                    amount_mh=amount,
                    price_kopecks=None,
                    at=at,
                    seq=len(ours) + 1,
                    recorded_at=at,
                    previous="",
                    hash="",
                )
            )
            of_hold: dict[str, Any] = (
                {"reverses": f"l-capture-{number}"} if kind == "reversal" else {"hold_id": f"h-{number}"}
            )
            theirs.append(
                LedgerEntry(f"l-{key}", key, kind, "a", "t", "s", from_milli(amount), at, **of_hold)
            )
    return ours, theirs


def compared(ours: Sequence[LedgerRow], theirs: Sequence[LedgerEntry]) -> Comparison:
    return compare(ours, theirs, tickets={"t"}, intended=(), settled=len(ours) + 1)


@given(holds=ledgers, data=st.data())
def test_equal_ledgers_have_no_differences_in_whatever_order_they_come(
    holds: list[tuple[str, int]], data: st.DataObject
) -> None:
    ours, theirs = both(holds)
    told = data.draw(st.permutations(theirs))
    again = data.draw(st.lists(st.sampled_from(theirs), max_size=3))

    comparison = compared(data.draw(st.permutations(ours)), [*told, *again])

    assert replace(comparison, holds=()) == Comparison((), (), (), len(ours), 0)
    ended = {entry.hold_id for entry in theirs if entry.kind in ("capture", "void")}
    open_holds = {entry.key for entry in theirs if entry.kind == "hold" and entry.hold_id not in ended}
    assert {hold.key for hold in comparison.holds} == open_holds


@given(holds=ledgers, data=st.data())
def test_a_row_that_one_side_lacks_is_found(holds: list[tuple[str, int]], data: st.DataObject) -> None:
    ours, theirs = both(holds)
    place = data.draw(st.integers(0, len(ours) - 1))
    key = ours[place].key

    there = compared(ours, theirs[:place] + theirs[place + 1 :])
    here = compared(ours[:place] + ours[place + 1 :], theirs)

    for kind, comparison in ((Kind.MISSING_THERE, there), (Kind.MISSING_HERE, here)):
        assert comparison.differences
        assert (kind, key) in {
            (one.kind, one.key) for one in (*comparison.differences, *comparison.cancelled)
        }


CHANGES: dict[str, Any] = {"amount": Decimal("77.777"), "ticket_id": "t2", "stage_id": "s2", "kind": "top_up"}


@given(holds=ledgers, data=st.data(), member=st.sampled_from(sorted(CHANGES)))
def test_a_row_that_was_changed_is_found_and_stops_write_offs_unless_nothing_is_held_or_taken(
    holds: list[tuple[str, int]], data: st.DataObject, member: str
) -> None:
    ours, theirs = both(holds)
    place = data.draw(st.integers(0, len(ours) - 1))
    theirs[place] = replace(theirs[place], **{member: CHANGES[member]})

    comparison = compared(ours, theirs)

    found = {one.key for one in (*comparison.differences, *comparison.cancelled)}
    assert ours[place].key in found
    fate = holds[int(ours[place].key.rpartition("-")[2])][0]
    if fate in ("open", "captured"):
        assert ours[place].key in {one.key for one in comparison.differences}
