"""The ledger under any sequence of holds, captures, voids and reversals: nothing is lost, nothing is made."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.hours import from_milli
from bridge.journal import Journal, LedgerConflict, NewLedgerRow, migrate

START = datetime(2026, 1, 1, tzinfo=UTC)
_accounts = itertools.count()

moves = st.lists(
    st.tuples(st.sampled_from(["hold", "capture", "void", "reversal"]), st.integers(0, 5), st.integers(0, 10_000), st.booleans()),
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
def test_holds_captures_voids_and_reversals_conserve_hours(journal: Journal, moves: list[tuple[str, int, int, bool]]) -> None:
    account = f"a{next(_accounts)}"
    held: dict[str, int] = {}
    captured: dict[str, int] = {}
    reversed_: set[str] = set()
    written = 0
    for number, (kind, which, amount, twice) in enumerate(moves):
        hold_key = f"{account}-hold-{which}"
        key = hold_key if kind == "hold" else f"{account}-{kind}-{number}"
        row = NewLedgerRow(
            portal="p", account_id=account, ticket_id="t", stage_id="s", revision=1, kind=kind,  # type: ignore[arg-type]
            key=key, hold_key=None if kind == "hold" else hold_key, spent_minutes=0, charged_minutes=0, coefficient_milli=None,
            amount_mh=amount, price_kopecks=None, at=START + timedelta(minutes=number),
        )  # fmt: skip
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
                    unit.append_ledger(row, START)
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
        rows = unit.ledger("p", account)
        assert unit.held("p", account) == from_milli(sum(held.values()))
        assert [problem for problem in unit.verify_ledger() if account in problem] == []
    assert [row.seq for row in rows] == list(range(1, written + 1))
    posted = sum((row.amount if row.kind == "capture" else -row.amount for row in rows if row.kind in ("capture", "reversal")), Decimal(0))
    taken = [amount for hold, amount in captured.items() if amount >= 0 and hold not in reversed_]
    assert posted == from_milli(sum(taken))
