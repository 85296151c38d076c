"""Whatever is held, captured, voided, reversed and topped up: granted = posted + held + available, and
nothing goes below the limit.
"""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from bridge.domain.hours import Charge, from_milli, to_milli, write_off
from bridge.sandbox.portal import Problem, SandboxPortal
from bridge.sandbox.portal.ledger import write_off_mh

LIMIT_MH = 1000
AMOUNTS = st.integers(0, 3000)
CHARGES = st.lists(st.tuples(st.integers(0, 600), st.sampled_from([1000, 600, 333])), min_size=1, max_size=3)


def lines(charges: list[tuple[int, int]]) -> list[dict[str, Any]]:
    return [
        {"category": "x", "spent_minutes": 0, "charged_minutes": minutes, "coefficient_milli": k}
        for minutes, k in charges
    ]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 5000)), min_size=1, max_size=8))
def test_the_portal_and_the_bridge_reckon_the_same(charges: list[tuple[int, int]]) -> None:
    assert write_off_mh(lines(charges)) == to_milli(
        write_off(Charge("x", 0, minutes, from_milli(k)) for minutes, k in charges)
    )


class Balance(RuleBasedStateMachine):
    """The ledger beside a model that only adds and subtracts."""

    holds = Bundle("holds")
    captures = Bundle("captures")

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.portal = SandboxPortal(Path(self.directory.name))
        self.portal.open_account("a", "Школа", hour_price="2500", overdraft="1")
        self.granted = self.posted = 0
        self.held: dict[str, int] = {}
        self.rows: list[dict[str, Any]] = []
        self.count = 0

    def key(self) -> str:
        self.count += 1
        return f"k{self.count}"

    @rule(amount=AMOUNTS)
    def top_up(self, amount: int) -> None:
        self.portal.top_up("a", from_milli(amount))
        self.granted += amount

    @rule(target=holds, amount=AMOUNTS)
    def hold(self, amount: int) -> Any:
        ticket = self.portal.open_ticket(account="a", category="x", subject="x")
        self.portal.agree(ticket, [("x", "1", "1")])
        stage = self.portal.ticket(ticket).stages[0].id
        fits = self.granted - self.posted - sum(self.held.values()) + LIMIT_MH >= amount
        try:
            with self.portal.store.transaction():
                entry = self.portal.ledger_rules.hold(self.key(), "a", ticket, stage, amount)
        except Problem:
            assert not fits
            return multiple()
        assert fits
        self.portal.ticket_rules.set_stage_state(ticket, stage, "ready", ["planned"], {})
        self.portal.accept(ticket)
        self.held[entry["hold_id"]] = amount
        return entry["hold_id"]

    @rule(target=captures, hold=holds, charges=CHARGES)
    def capture(self, hold: str, charges: list[tuple[int, int]]) -> Any:
        amount = write_off_mh(lines(charges))
        fits = amount <= self.held.get(hold, -1)
        try:
            with self.portal.store.transaction():
                entry = self.portal.ledger_rules.capture(
                    self.key(), hold, lines(charges), amount, {}, "customer"
                )
        except Problem:
            assert not fits
            return multiple()
        assert fits
        assert entry["price_kopecks"] == amount * 250
        self.held.pop(hold)
        self.posted += amount
        return entry["id"], amount

    @rule(hold=consumes(holds))
    def void(self, hold: str) -> None:
        try:
            with self.portal.store.transaction():
                self.portal.ledger_rules.void(self.key(), hold)
        except Problem:
            assert hold not in self.held
        else:
            self.held.pop(hold)

    @rule(capture=consumes(captures))
    def reverse(self, capture: tuple[str, int]) -> None:
        with self.portal.store.transaction():
            self.portal.ledger_rules.reverse(self.key(), capture[0], "x")
        self.posted -= capture[1]

    @rule()
    def restart(self) -> None:
        self.portal = SandboxPortal(Path(self.directory.name))

    @invariant()
    def hours_are_neither_made_nor_lost(self) -> None:
        account = self.portal.documents.account("a")
        assert (account["granted_mh"], account["posted_mh"], account["held_mh"]) == (
            self.granted,
            self.posted,
            sum(self.held.values()),
        )
        assert account["granted_mh"] == account["posted_mh"] + account["held_mh"] + account["available_mh"]
        assert account["available_mh"] >= -LIMIT_MH

    @invariant()
    def the_ledger_only_grows(self) -> None:
        rows = self.portal.documents.ledger()
        assert rows[: len(self.rows)] == self.rows
        self.rows = rows

    def teardown(self) -> None:
        self.directory.cleanup()


TestBalance = Balance.TestCase
TestBalance.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


@pytest.mark.parametrize("table", ["ledger", "idempotency"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET at = 'x'"])
def test_ledger_and_keys_cannot_be_changed_even_by_sql(tmp_path: Path, table: str, statement: str) -> None:
    portal = SandboxPortal(tmp_path)
    portal.open_account("a", "Школа", granted="1")
    portal.keys.once("k", "request", lambda: (201, {}))
    with (
        sqlite3.connect(tmp_path / "portal.sqlite3") as connection,
        pytest.raises(sqlite3.IntegrityError, match="only grows"),
    ):
        connection.execute(statement.format(table))
