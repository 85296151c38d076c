"""otbridge reconcile: every difference between the two ledgers is found, told with what mends it, and
mended by that.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import Charge, from_milli
from bridge.domain.tickets import Account, Ticket
from bridge.errors import UserError
from bridge.flow.context import Bridge
from bridge.flow.scope import Exit
from bridge.journal import Journal, LedgerConflict, NewLedgerRow, migrate
from bridge.operators.mend import mend
from bridge.operators.reconcile import Mend
from bridge.operators.reconciliation import Report, reconcile_accounts
from bridge.portal import (
    LedgerEntry,
    LedgerPage,
    PortalError,
    PortalForbidden,
    PortalNotContract,
    PortalNotFound,
    PortalUnreachable,
)
from tests.builders import NOW, make_stage, make_ticket

PORTAL = "test"
CHARGES = [{"category": "developer", "spent_minutes": 60, "charged_minutes": 60, "coefficient": "1"}]


@dataclass
class Ledgers:
    """A portal that is a list of entries, told two at a time; reads can be made to fail, and something can
    happen while it is read.
    """

    name: str = PORTAL
    entries: list[LedgerEntry] = field(default_factory=list)
    faults: dict[str, PortalError] = field(default_factory=dict)
    posted: Decimal | None = None
    meanwhile: Any = None
    tickets: dict[str, Ticket | PortalError] = field(default_factory=lambda: {"t1": make_ticket()})
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add(
        self, key: str, kind: str = "hold", amount: int = 2000, hold: str | None = None, **changes: Any
    ) -> LedgerEntry:
        number = next(self.numbers)
        if kind != "reversal":
            changes.setdefault("hold_id", f"H-{key if kind == 'hold' else hold}")
        else:
            changes["reverses"] = next(
                entry.id for entry in self.entries if entry.kind == "capture" and entry.hold_id == f"H-{hold}"
            )
        entry = LedgerEntry(
            f"l{number}", key, kind, "a1", "t1", "s1", from_milli(amount), NOW + timedelta(minutes=number)
        )
        self.entries.append(replace(entry, **changes))
        return self.entries[-1]

    def lose(self, *keys: str) -> None:
        self.entries = [entry for entry in self.entries if entry.key not in keys]

    def account(self, account_id: str) -> Account:
        if account_id in self.faults:
            raise self.faults[account_id]
        mine = [entry for entry in self.entries if entry.account_id == account_id]
        ended = {entry.hold_id for entry in mine if entry.kind in ("capture", "void")}
        held = sum(
            (entry.amount for entry in mine if entry.kind == "hold" and entry.hold_id not in ended),
            Decimal(0),
        )
        signs = {"capture": 1, "reversal": -1}
        posted = (
            sum((signs.get(entry.kind, 0) * entry.amount for entry in mine), Decimal(0))
            if self.posted is None
            else self.posted
        )
        granted = sum((entry.amount for entry in mine if entry.kind == "top_up"), Decimal(0))
        return Account(account_id, granted, posted, held, granted - posted - held, Decimal(0), len(mine))

    def ledger(self, account_id: str, cursor: str | None = None) -> LedgerPage:
        place = int(cursor or 0)
        mine = [entry for entry in self.entries if entry.account_id == account_id]
        page = LedgerPage(tuple(mine[place : place + 2]), str(place + 2), len(mine) > place + 2)
        if self.meanwhile is not None:
            happen, self.meanwhile = self.meanwhile, None
            happen()
        return page

    def ticket(self, ticket_id: str) -> Ticket:
        found = self.tickets.get(ticket_id) or PortalNotFound(
            "GET /tickets", "no ticket", status=404, code="not_found"
        )
        if isinstance(found, PortalError):
            raise found
        return found

    def void(self, key: str, hold_id: str) -> LedgerEntry:
        return self.add(key, "void", hold_id=hold_id)

    def reverse(self, key: str, entry_id: str, reason: str) -> LedgerEntry:
        assert reason
        (captured,) = [entry for entry in self.entries if entry.id == entry_id]
        return self.add(key, "reversal", 1000, str(captured.hold_id).removeprefix("H-"))

    def capture(
        self,
        key: str,
        hold_id: str,
        charges: Sequence[Charge],
        amount: Decimal,
        evidence: Any,
        accepted_by: str,
    ) -> LedgerEntry:
        assert charges == (Charge("developer", 60, 60, Decimal(1)),)
        assert (evidence, accepted_by) == ({"role": 9}, "customer")
        return self.add(key, "capture", int(amount * 1000), hold_id=hold_id)


@dataclass
class World:
    """A journal with the ticket t1 (number 101) of account a1, and a portal."""

    journal: Journal
    portal: Ledgers

    @property
    def bridge(self) -> Bridge:
        settings = SimpleNamespace(portal=SimpleNamespace(category_prefix="Выделенный специалист (н.часы)"))
        return Bridge(
            cast(Any, settings),
            cast(Any, None),
            self.journal,
            cast(Any, self.portal),
            cast(Any, None),
            "w",
            clock=lambda: NOW,
        )

    def book(
        self, key: str, kind: str = "hold", amount: int = 2000, hold: str | None = None, **changes: Any
    ) -> None:
        """A row in the journal's ledger alone."""
        row = NewLedgerRow(
            portal=PORTAL,
            account_id="a1",
            ticket_id="t1",
            stage_id="s1",
            revision=1,
            kind=kind,  # type: ignore[arg-type]
            key=key,
            hold_key=hold,
            spent_minutes=0,
            charged_minutes=0,
            coefficient_milli=None,
            amount_mh=amount,
            price_kopecks=None,
            at=NOW,
        )
        with self.journal.transaction() as unit:
            unit.ledger.append(replace(row, **changes), NOW)

    def both(self, key: str, kind: str = "hold", amount: int = 2000, hold: str | None = None) -> None:
        self.book(key, kind, amount, hold)
        self.portal.add(key, kind, amount, hold)

    def effect(
        self, kind: str, request: dict[str, Any] | None = None, state: EffectState = EffectState.INTENDED
    ) -> str:
        """An effect of t1's stage; returns its key."""
        intent = Effect.intent(PORTAL, "t1", kind, request or {}, stage_id="s1", revision=1)
        with self.journal.transaction() as unit:
            unit.effects.intend(intent, NOW)
            if state is not EffectState.INTENDED:
                unit.effects.settle(intent.key, state, {}, NOW)
        return intent.key

    def held(self) -> str:
        """Hold two norm-hours for t1's stage, as a pass does; returns the key."""
        key = self.effect("hold", state=EffectState.DONE)
        self.both(key)
        return key

    def stranded(self) -> list[tuple[str, str, str]]:
        """Key, why and mend of each stranded hold of the account a1."""
        (account,) = self.compared(["a1"]).accounts
        return [(one.hold.key, one.why.value, one.mend.value) for one in account.stranded]

    def rests(self, state: str = "withdrawn") -> None:
        """A pass looked at t1 and left it in this state."""
        with self.journal.transaction() as unit:
            claim = unit.queue.claim(PORTAL, "w", now=NOW, ttl=timedelta(minutes=5), is_stale=lambda _: False)
            assert claim is not None
            unit.queue.release(claim, state=state, reason="", due_at=None, now=NOW)

    def compared(self, account_ids: list[str] | None = None) -> Report:
        return reconcile_accounts(self.bridge, account_ids)

    def found(self) -> list[tuple[str, str, str]]:
        """Kind, key and mend of each difference of the account a1."""
        (account,) = self.compared(["a1"]).accounts
        return [(one.kind.value, one.key, one.mend.value) for one in account.differences]

    def mend(self, key: str, how: Mend) -> Report:
        return mend(self.bridge, None, key, how, "the portal was restored", "anna@desk")

    def drift(self) -> tuple[str, ...]:
        with self.journal.transaction(read_only=True) as unit:
            assert unit.ledger.verify() == []
            return unit.drifts.of(PORTAL, "a1")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    migrate(f"sqlite:///{tmp_path}/journal.db")
    with Journal.open(f"sqlite:///{tmp_path}/journal.db", clock=lambda: NOW) as journal:
        with journal.transaction() as unit:
            unit.polling.merge(PORTAL, [make_ticket()], "c", None)
        portal = Ledgers()
        portal.add("top-up", "top_up", 10_000, ticket_id=None, stage_id=None, hold_id=None)
        yield World(journal, portal)


def test_equal_ledgers_have_no_differences_and_what_is_not_the_bridge_s_is_counted(world: World) -> None:
    world.both("h1")
    world.both("c1", "capture", 1000, "h1")
    world.both("r1", "reversal", 1000, "h1")
    world.held()
    world.portal.add("other", ticket_id="t9")
    world.portal.add("other-capture", "capture", 500, "other", ticket_id="t9")

    report = world.compared()

    (account,) = report.accounts
    assert (report.exit, account.differences, world.drift()) == (Exit.WELL, (), ())
    assert account.comparison is not None
    assert (account.comparison.agreeing, account.comparison.foreign, account.comparison.open) == (4, 3, ())


def test_a_difference_is_kept_as_a_drift_until_the_ledgers_agree(world: World) -> None:
    key = world.effect("hold", state=EffectState.DONE)
    world.book(key)

    assert world.compared().exit is Exit.OPERATOR
    assert world.drift() == (f"missing-there: ticket 101, hold of 2 norm-hours, key {key}",)
    world.compared()
    world.portal.add(key)
    assert world.compared().exit is Exit.WELL
    assert world.drift() == ()
    with world.journal.transaction(read_only=True) as unit:
        assert [event.kind for event in unit.events.latest(PORTAL)] == ["drift", "drift-cleared"]


def test_an_entry_whose_outcome_the_journal_does_not_know_yet_is_no_drift(world: World) -> None:
    world.portal.add(world.effect("hold"))

    (account,) = world.compared().accounts

    assert account.comparison is not None
    assert ([entry.kind for entry in account.comparison.open], account.differences) == (["hold"], ())


def test_a_row_that_was_booked_while_the_portal_was_read_is_no_drift(world: World) -> None:
    world.portal.meanwhile = lambda: world.both("h1")

    (account,) = world.compared().accounts

    assert account.differences == ()
    assert world.found() == []


def test_an_entry_that_the_journal_has_lost_is_taken_in(world: World) -> None:
    world.portal.add("h1")
    world.portal.add("c1", "capture", 1000, "h1", price=Decimal(2500))
    assert world.found() == [("missing-here", "c1", "accept"), ("missing-here", "h1", "accept")]
    with pytest.raises(LedgerConflict, match="has no hold h1"):
        world.mend("c1", Mend.ACCEPT)

    world.mend("h1", Mend.ACCEPT)

    assert world.mend("c1", Mend.ACCEPT).exit is Exit.WELL
    assert world.drift() == ()
    with world.journal.transaction(read_only=True) as unit:
        _, capture = unit.ledger.rows(PORTAL)
        assert (capture.hold_key, capture.amount_mh, capture.price_kopecks) == ("h1", 1000, 250_000)
        assert [event.text for event in unit.events.latest(PORTAL, "t1")] == [
            f"{key} (anna@desk): the portal was restored" for key in ("h1", "c1")
        ]


def test_an_entry_that_the_journal_held_for_refused_settles_its_effect(world: World) -> None:
    world.both("h1")
    key = world.effect("capture", {"charges": CHARGES}, EffectState.REFUSED)
    world.portal.add(key, "capture", 1000, "h1")

    world.mend(key, Mend.ACCEPT)

    with world.journal.transaction(read_only=True) as unit:
        (effect,) = unit.effects.of(PORTAL, "t1")
        row = unit.ledger.rows(PORTAL)[-1]
    assert (
        effect.state,
        effect.outcome and effect.outcome["amount"],
        effect.outcome and effect.outcome["hold_id"],
    ) == (
        "done",
        "1",
        "H-h1",
    )
    assert (row.spent_minutes, row.charged_minutes, row.coefficient_milli) == (60, 60, 1000)


def test_a_hold_that_the_portal_has_lost_is_taken_back_here(world: World) -> None:
    world.book("h1")
    assert world.found() == [("missing-there", "h1", "accept")]

    report = world.mend("h1", Mend.ACCEPT)

    assert (report.exit, world.drift()) == (Exit.WELL, ())
    (account,) = report.accounts
    assert account.comparison is not None
    assert len(account.comparison.cancelled) == 2
    with world.journal.transaction(read_only=True) as unit:
        assert unit.ledger.held(PORTAL, "a1") == 0


@pytest.mark.parametrize("key", ["h1", "c1"])
def test_a_write_off_that_the_portal_has_lost_with_its_hold_is_taken_back_here(
    world: World, key: str
) -> None:
    world.book("h1")
    world.book("c1", "capture", 1000, "h1", price_kopecks=250_000)

    assert world.mend(key, Mend.ACCEPT).exit is Exit.WELL

    with world.journal.transaction(read_only=True) as unit:
        row = unit.ledger.rows(PORTAL)[-1]
    assert (row.kind, row.amount_mh, row.price_kopecks) == ("reversal", 1000, 250_000)
    with pytest.raises(UserError, match="no difference under key"):
        world.mend(key, Mend.ACCEPT)


def test_what_the_portal_has_lost_of_a_hold_that_it_still_has_is_sent_again(world: World) -> None:
    world.both("h1")
    capture = world.effect(
        "capture",
        {"charges": CHARGES, "amount": "1", "evidence": {"role": 9}, "accepted_by": "customer"},
        EffectState.DONE,
    )
    world.both(capture, "capture", 1000, "h1")
    world.both("r1", "reversal", 1000, "h1")
    world.both("h2")
    world.both("v2", "void", 2000, "h2")
    world.portal.lose(capture, "r1", "v2")
    assert {found[2] for found in world.found()} == {"resend"}
    with pytest.raises(UserError, match="mended otherwise: resend"):
        world.mend("v2", Mend.ACCEPT)
    with pytest.raises(UserError, match="send that one again first"):
        world.mend("r1", Mend.RESEND)

    for key in (capture, "r1", "v2"):
        report = world.mend(key, Mend.RESEND)

    assert (report.exit, world.drift()) == (Exit.WELL, ())


def test_a_capture_that_nobody_remembers_is_not_sent_again(world: World) -> None:
    world.both("h1")
    world.book("c1", "capture", 1000, "h1")
    with pytest.raises(UserError, match="no longer knows what was sent under key c1"):
        world.mend("c1", Mend.RESEND)


def test_another_amount_is_taken_back_here_once_it_is_taken_back_there(world: World) -> None:
    world.book("h1")
    world.portal.add("h1", amount=3000)
    assert world.found() == [("different", "h1", "portal")]
    world.portal.add("by hand", "void", 3000, "h1")
    assert ("different", "h1", "accept") in world.found()

    assert world.mend("h1", Mend.ACCEPT).exit is Exit.WELL


def test_another_price_is_corrected(world: World) -> None:
    world.both("h1")
    world.both("c1", "capture", 1000, "h1")
    world.portal.entries[-1] = replace(world.portal.entries[-1], price=Decimal(1))
    assert world.found() == [("different", "c1", "correct")]
    world.both("correct:1:reversal", "reversal", 1000, "h1")
    assert world.found() == []


def test_two_entries_under_one_key_are_the_portals_to_mend(world: World) -> None:
    world.both("h1")
    world.portal.add("h1")
    assert world.found() == [("repeated", "h1", "portal")]
    with pytest.raises(UserError, match="mended otherwise: portal"):
        world.mend("h1", Mend.ACCEPT)


def test_an_account_that_is_not_the_sum_of_its_ledger_is_told(world: World) -> None:
    world.both("h1")
    world.portal.posted = Decimal(1)
    assert world.found() == [("sums", "posted", "portal")]
    assert world.drift() == ("sums: posted: the portal says 1000 milli-hours, its ledger makes 0",)
    with pytest.raises(UserError, match="no difference under key"):
        world.mend("posted", Mend.ACCEPT)


def test_a_portal_that_grants_hours_outside_its_ledger_is_not_blamed(world: World) -> None:
    world.portal.lose("top-up")
    world.both("h1")
    assert world.found() == []


@pytest.mark.parametrize(
    ("fault", "code", "compared"),
    [
        (PortalNotContract("GET /ledger", "HTML"), Exit.UNREACHABLE, ["a0", "a1"]),
        (PortalUnreachable("GET /accounts", "down"), Exit.UNREACHABLE, ["a0"]),
        (PortalForbidden("GET /accounts", "no scope"), Exit.CONFIGURATION, ["a0", "a1"]),
    ],
)
def test_a_fault_of_one_account_does_not_stop_the_others(
    world: World, fault: PortalError, code: Exit, compared: list[str]
) -> None:
    world.portal.faults["a0"] = fault
    report = world.compared(["a1", "a0"])
    assert (report.exit, [account.account_id for account in report.accounts]) == (code, compared)
    assert report.accounts[0].error is fault


def test_an_account_that_cannot_be_read_keeps_its_drift(world: World) -> None:
    world.book("h1")
    world.compared()
    world.portal.faults["a1"] = PortalNotContract("GET /ledger", "HTML")
    assert world.mend("h1", Mend.ACCEPT).exit is Exit.UNREACHABLE
    assert world.drift() != ()


GONE: dict[str, tuple[Ticket | None, str]] = {
    "deleted": (None, "deleted"),
    "moved": (make_ticket(category="Общие вопросы", version=2), "moved"),
    "without-its-stage": (make_ticket(make_stage(id="s2"), version=2), "stage"),
}
"""What the portal tells of t1 now, and why its hold is stranded."""


@pytest.mark.parametrize("how", list(GONE))
def test_a_hold_whose_ticket_or_stage_is_gone_is_found_and_the_ticket_is_woken(
    world: World, how: str
) -> None:
    key = world.held()
    world.rests("running")
    assert world.stranded() == []
    now, why = GONE[how]
    if now is None:
        del world.portal.tickets["t1"]
    else:
        world.portal.tickets["t1"] = now

    report = world.compared(["a1"])

    assert (report.exit, world.drift()) == (Exit.WELL, ()), "the next pass returns it"
    assert world.stranded() == [(key, why, "sync")]
    with world.journal.transaction(read_only=True) as unit:
        record = unit.tickets.get(PORTAL, "t1")
    assert record is not None
    assert record.dirty
    with pytest.raises(UserError, match="mended otherwise: sync"):
        world.mend(key, Mend.RELEASE)
    world.rests()
    assert world.stranded() == [(key, why, "ticket")], "a pass has looked at it, and could not return it"
    assert world.compared(["a1"]).exit is Exit.OPERATOR


def test_a_hold_of_a_ticket_that_the_journal_does_not_know_is_returned_on_an_operator_s_word(
    world: World,
) -> None:
    world.portal.add("other", ticket_id="t9")
    assert world.compared(["a1"]).exit is Exit.OPERATOR
    assert world.stranded() == [("other", "unexplained", "release")]
    with pytest.raises(UserError, match="mended otherwise: release"):
        world.mend("other", Mend.ACCEPT)

    report = world.mend("other", Mend.RELEASE)

    assert (report.exit, world.stranded(), world.portal.account("a1").held) == (Exit.WELL, [], 0)
    with world.journal.transaction(read_only=True) as unit:
        assert [(one.kind, one.text) for one in unit.events.latest(PORTAL)] == [
            ("reconcile-release", "other (anna@desk): the portal was restored")
        ]


def test_a_hold_that_was_taken_in_and_that_no_effect_explains_is_returned_on_both_sides(world: World) -> None:
    world.portal.add("by hand")
    world.mend("by hand", Mend.ACCEPT)
    assert world.stranded() == [("by hand", "unexplained", "release")]

    report = world.mend("by hand", Mend.RELEASE)

    assert (report.exit, world.found(), world.drift()) == (Exit.WELL, [], ())
    with world.journal.transaction(read_only=True) as unit:
        assert (unit.ledger.held(PORTAL, "a1"), unit.ledger.verify()) == (0, [])


def test_a_release_that_was_cut_off_before_the_journal_knew_is_taken_in(world: World) -> None:
    world.both("by hand")
    world.portal.void("cut off", "H-by hand")
    assert world.found() == [("missing-here", "cut off", "accept")]
    assert world.mend("cut off", Mend.ACCEPT).exit is Exit.WELL


def test_a_ticket_that_cannot_be_read_hides_no_other_stranded_hold(world: World) -> None:
    world.held()
    world.portal.add("other", ticket_id="t9")
    world.portal.tickets["t1"] = PortalUnreachable("GET /tickets/t1", "HTTP 500", status=500)
    assert world.stranded() == [("other", "unexplained", "release")]
