"""Statements of any ledger: opening + movements = closing, adjoining periods add up, and no row is lost or
told twice.
"""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.hours import from_kopecks, from_milli
from bridge.domain.statement import Movement, Period, Statement, make_statement

START = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = st.sampled_from(["Europe/Moscow", "Asia/Kamchatka", "America/New_York", "Africa/Cairo", "UTC"])

moves = st.lists(
    st.tuples(
        st.sampled_from(["top_up", "hold", "capture", "reversal"]),
        st.integers(0, 60_000),  # minutes after the move before
        st.integers(0, 20_000),
        st.integers(0, 5),
    ),
    max_size=25,
)


def ledger(given_moves: list[tuple[str, int, int, int]]) -> list[Movement]:
    """Rows that fit each other: captures end open holds, reversals take back captures that stand."""
    rows: list[Movement] = []
    open_holds: list[Movement] = []
    standing: list[Movement] = []
    moment = START
    for number, (kind, minutes, milli, which) in enumerate(given_moves):
        moment += timedelta(minutes=minutes)
        id_, amount = f"l{number}", from_milli(milli)
        if kind == "top_up":
            rows.append(Movement(id_, id_, "top_up", moment, amount))
        elif kind == "hold":
            rows.append(Movement(id_, id_, "hold", moment, amount, hold_id=f"h{number}"))
            open_holds.append(rows[-1])
        elif kind == "capture" and open_holds:
            held = open_holds.pop(which % len(open_holds))
            taken, price = min(amount, held.amount), from_kopecks(milli)
            rows.append(Movement(id_, id_, "capture", moment, taken, price, hold_id=held.hold_id))
            standing.append(rows[-1])
        elif kind == "reversal" and standing:
            back = standing.pop(which % len(standing))
            rows.append(Movement(id_, id_, "reversal", moment, back.amount, reverses=back.id))
    return rows


@settings(max_examples=80)
@given(moves, ZONES, st.lists(st.integers(1, 60), min_size=1, max_size=4), st.integers(0, 5000))
def test_statements_close_and_adjoining_ones_add_up(
    given_moves: list[tuple[str, int, int, int]], name: str, lengths: list[int], undated: int
) -> None:
    rows, zone = ledger(given_moves), ZoneInfo(name)
    now = START + timedelta(days=1500)

    def between(first: date, last: date) -> Statement:
        return make_statement("a", rows, Period(first, last, zone), now, undated=from_milli(undated))

    day = date(2025, 12, 30)
    parts = []
    for length in [*lengths, 1500]:
        last = min(day + timedelta(days=length - 1), date(2029, 1, 1))
        parts.append(between(day, last))
        day = last + timedelta(days=1)
    for one in parts:
        assert one.closing == one.opening + one.topped_up - one.written_off + one.returned
        assert one.available == one.closing - one.held
        assert sum((hours for _, hours in one.services), Decimal(0)) == one.net
    for before, after in itertools.pairwise(parts):
        assert before.closing == after.opening
    told = [
        row.id
        for one in parts
        for row in (*one.top_ups, *(w.row for w in one.write_offs), *(r.row for r in one.reversals))
    ]
    assert sorted(told) == sorted(row.id for row in rows if row.kind in ("top_up", "capture", "reversal"))
    whole = between(date(2025, 12, 30), date(2029, 1, 1))
    assert sum((one.roubles or Decimal(0) for one in parts), Decimal(0)) == (whole.roubles or Decimal(0))
    assert (whole.opening, whole.closing) == (from_milli(undated), parts[-1].closing)
    assert whole.held == parts[-1].held
