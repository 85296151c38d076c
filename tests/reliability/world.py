"""A world in one process: the bridge's own pass over a real SQLite journal, a portal and a Moodle in memory, and chaos between them."""

from __future__ import annotations

import os
import pickle
import socket
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bridge.actions import Site
from bridge.catalogue import Catalogue
from bridge.effects import Effect
from bridge.hours import to_milli
from bridge.journal import Journal, migrate
from bridge.lifecycle import Kind
from bridge.messages import Messages
from bridge.perform import Bridge
from bridge.settings import BridgeTable, InstallationTable, PolicyTable, PortalTable, Settings
from bridge.sync import Pass, PassReport
from bridge.tickets import StageState, Ticket, TicketState
from tests.reliability.chaos import Chaos, KillableJournal, Killed, MoodleLine, PortalLine
from tests.reliability.fake_moodle import FakeMoodle
from tests.reliability.fake_portal import FakePortal

PAID = "Выделенный специалист (н.часы) / Настройка"
ROLE = {
    "service": "2.9.1-access", "param_shortname": "methodist", "param_name": "Методист", "param_context_levels": "course",
    "param_capabilities": "moodle/course:view",
}  # fmt: skip
RESTORE = {"service": "2.9.1-restore", "param_shortname": "OT-1"}
PATIENCE = 0.4
"""Seconds that a pass waits for a restore: two looks, so that a restore takes several passes."""

LASTING = frozenset({Kind.HOLD, Kind.OPERATION, Kind.CAPTURE, Kind.VOID})
"""Effects whose outcome must be known at rest; a message or a state may have been overtaken by a withdrawal or a corrected order."""

MOST_PASSES = 25
UNRESTING = frozenset({"queued", "running", "writing-off"})


class Clock:
    """Aware UTC that moves with every look at it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass(frozen=True)
class Snapshot:
    """All that outlives a process: what the journal holds, and the other sides."""

    journal: sqlite3.Connection
    others: bytes


class Disk:
    """The journal's file, used for one trial after the other: to open it anew each time would cost more than the trial."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "journal.sqlite3"
        migrate(f"sqlite:///{self._path}")
        self.clock: Callable[[], datetime] = Clock()
        self.journal = Journal.open(f"sqlite:///{self._path}", clock=lambda: self.clock())  # noqa: PLW0108 - each trial has its own clock
        # Here only the process dies, never the machine: what was committed is seen without waiting for the disk.
        event.listen(self.journal._engine, "checkout", lambda connection, *_: connection.execute("PRAGMA synchronous = OFF"))
        self.fresh = self.save(*_nothing_happened())

    def save(self, *others: Any) -> Snapshot:
        """All that is lasting, as it is now."""
        kept = sqlite3.connect(":memory:")
        with closing(sqlite3.connect(self._path)) as file:
            file.backup(kept)
        return Snapshot(kept, pickle.dumps(others))

    def load(self, snapshot: Snapshot) -> Any:
        """Bring the journal back to the snapshot; returns the other sides."""
        with closing(sqlite3.connect(self._path)) as file:
            snapshot.journal.backup(file)
        return pickle.loads(snapshot.others)

    def close(self) -> None:
        self.journal.close()


def _nothing_happened() -> tuple[Clock, FakePortal, FakeMoodle]:
    """One account with 10 norm-hours, one deleted course."""
    clock = Clock()
    portal, moodle = FakePortal(clock), FakeMoodle()
    portal.open_account("school", "Школа", granted=10, hour_price=2500)
    moodle.lose_course("Охрана труда", "OT-1")
    return clock, portal, moodle


class QuickBridge(Bridge):
    """A bridge that waits for running operations without taking time."""

    def site(self, ticket: Ticket) -> Site:
        waited = [0.0]
        return replace(
            super().site(ticket), clock=lambda: waited[0], pause=lambda seconds: waited.__setitem__(0, waited[0] + seconds)
        )  # fmt: skip


class World:
    """One trial on a disk, which holds no other one meanwhile."""

    def __init__(self, disk: Disk, snapshot: Snapshot | None = None, chaos: Chaos | None = None) -> None:
        self._disk = disk
        self.clock, self.portal, self.moodle = disk.load(snapshot or disk.fresh)
        disk.clock = self.clock
        self.journal = disk.journal
        self.chaos = chaos or Chaos()
        self._portal_line = PortalLine(self.portal, self.chaos, self.journal)
        self._moodle_line = MoodleLine(self.moodle, self.chaos, self.journal)
        self._born = 0
        self.between: Callable[[World], None] = lambda _world: None

    def snapshot(self) -> Snapshot:
        """All that is lasting, as it is now."""
        return self._disk.save(self.clock, self.portal, self.moodle)

    # --- the bridge

    def bridge(self, owner: str = "") -> Bridge:
        """A process of the bridge; without `owner` it is one whose claims are taken over as soon as it is dead."""
        self._born += 1
        owner = owner or f"{socket.gethostname()}:{os.getpid()}:{self._born}"
        return QuickBridge(
            settings(), _messages(), KillableJournal(self.journal, self.chaos), self._portal_line, lambda _: self._moodle_line,  # type: ignore[arg-type]
            owner, clock=self.clock,
        )  # fmt: skip

    def run_pass(self, owner: str = "", *, minutes: float = 1) -> PassReport | None:
        """A minute later, one pass; None when it was killed."""
        self.clock.now += timedelta(minutes=minutes)
        try:
            return Pass(self.bridge(owner)).run()
        except Killed:
            return None

    def rest(self) -> PassReport:
        """Passes until nothing moves any more."""
        for _ in range(MOST_PASSES):
            before = self._written()
            report = self.run_pass()
            self.between(self)
            if report is None or self._written() != before or any(one.status in UNRESTING for one in report.tickets):
                continue
            return report
        raise AssertionError(f"no rest after {MOST_PASSES} passes: {self.statuses()}")

    def _written(self) -> tuple[int, int]:
        return self.portal.changes + len(self.portal.entries), len(self.moodle.operations)

    def statuses(self) -> dict[str, str]:
        """Where the bridge has its tickets, by id."""
        with self.journal.transaction(read_only=True) as unit:
            return {record.ticket.id: record.state for record in unit.tickets("test")}

    # --- the customer

    def order(self, fields: dict[str, str], *, account: str = "school", estimate: Any = 1) -> str:
        """An agreed paid ticket of one stage; returns its id."""
        ticket = self.portal.open_ticket(account=account, category=PAID, subject="Заявка", fields=fields)
        self.portal.agree(ticket, [("Работа", estimate, 1)])
        return ticket

    def trace(self) -> dict[str, Any]:
        """All that is lasting but for moments, numbers of attempts and leases: what a life leaves, however often it was interrupted."""
        with self.journal.transaction(read_only=True) as unit:
            records = unit.tickets("test")
            effects = [effect for record in records for effect in unit.effects("test", record.ticket.id)]
        return {
            "tickets": {record.ticket.id: (record.state, dict(record.revisions)) for record in records},
            "effects": {effect.key: (effect.kind, effect.state.value, dict(effect.request), _timeless(effect.outcome)) for effect in effects},
            "entries": [(entry.key, entry.kind, entry.amount, entry.hold_id, entry.price) for entry in self.portal.entries],
            "portal": {
                id_: (ticket.version, ticket.state.value, [stage.state.value for stage in ticket.stages], [one.text for one in ticket.thread])
                for id_, ticket in self.portal.tickets.items()
            },
            "moodle": (self.moodle.courses, self.moodle.roles, {key: one["status"] for key, one in self.moodle.operations.items()}),
        }  # fmt: skip

    def state(self) -> str:
        """All on which the next steps depend: two worlds with the same state go on alike."""
        with self.journal.transaction(read_only=True) as unit:
            records = unit.tickets("test")
            tried = [(effect.key, effect.attempts > 0) for one in records for effect in unit.effects("test", one.ticket.id)]
            seen = [(record.ticket.version, record.dirty) for record in records]
            cursor = unit.cursor("test")
        return repr((self.trace(), tried, seen, cursor, {key: one["looks"] for key, one in self.moodle.operations.items()}))

    # --- what always holds

    def check(self, *, at_rest: bool = True) -> None:
        """The invariants; at rest also those that a pass under way may break for a while."""
        self._hours_are_conserved(at_rest=at_rest)
        self._no_stage_is_taken_twice()
        made = Counter(thing["shortname"] for thing in (*self.moodle.courses.values(), *self.moodle.roles))
        assert all(times == 1 for times in made.values()), f"made twice: {made}"
        with self.journal.transaction(read_only=True) as unit:
            assert unit.verify_ledger() == []
            booked = {row.key: (row.kind, row.amount_mh) for row in unit.ledger("test")}
            unknown = [f"{effect.kind}: {effect.error}" for effect in unit.open_effects() if effect.kind in LASTING]
            for ticket_id in self.statuses():
                self._nothing_is_told_twice(ticket_id, unit.effects("test", ticket_id))
        there = {entry.key: (entry.kind, to_milli(entry.amount)) for entry in self.portal.entries if entry.kind != "top_up"}
        assert booked.items() <= there.items(), "the journal booked what the portal did not"
        if at_rest:
            assert booked == there, "the portal booked what the journal did not"
            assert unknown == [], f"outcomes are unknown at rest: {unknown}"
            self._no_hold_is_forgotten()

    def _nothing_is_told_twice(self, ticket_id: str, effects: list[Effect]) -> None:
        intended = Counter(effect.request["text"] for effect in effects if effect.kind.startswith("note:"))
        told = Counter(note.text for note in self.portal.notes(ticket_id))
        assert told <= intended, f"ticket {ticket_id} was told the same twice: {told - intended}"
        missing = Counter(effect.request["text"] for effect in effects if effect.kind.startswith("note:") and effect.state == "done") - told
        assert not missing, f"ticket {ticket_id} was not told: {missing}"

    def _hours_are_conserved(self, *, at_rest: bool) -> None:
        for account_id in self.portal.accounts:
            account = self.portal.account(account_id)
            assert account.granted == account.posted + account.held + account.available, account
            assert account.available + account.overdraft_limit >= 0, account
            if at_rest:
                with self.journal.transaction(read_only=True) as unit:
                    assert unit.held("test", account_id) == account.held, "the journal and the portal hold different sums"

    def _no_stage_is_taken_twice(self) -> None:
        taken = Counter((entry.ticket_id, entry.stage_id) for entry in self.portal.entries if entry.kind == "capture")
        assert all(times == 1 for times in taken.values()), f"written off twice: {taken}"
        for ticket in self.portal.tickets.values():
            for stage in ticket.stages:
                assert ((ticket.id, stage.id) in taken) == (stage.state is StageState.WRITTEN_OFF), (ticket.id, stage)

    def _no_hold_is_forgotten(self) -> None:
        """At rest hours are held only for work that waits for its customer's word, or for an operator's."""
        statuses = self.statuses()
        for entry in self.portal.entries:
            if entry.kind == "hold" and self.portal.open_hold(entry.hold_id) is not None:
                ticket = self.portal.tickets[str(entry.ticket_id)]
                assert ticket.state is not TicketState.WITHDRAWN, f"ticket {ticket.id} was withdrawn, and its hours are held"
                assert statuses[ticket.id] in ("awaiting-acceptance", "failed"), f"held for nothing: {ticket.id} is {statuses[ticket.id]}"


@cache
def settings() -> Settings:
    """A site that lets both services run unattended."""
    catalogue = Path(__file__).parents[2] / "config" / "catalogue.toml"
    return Settings(
        path=Path("bridge.toml"), bridge=BridgeTable(operation_wait_seconds=PATIENCE), portal=PortalTable(name="test", url="https://portal.example.ru"),
        installations=(InstallationTable(serial="AAAABBBBCCCCDDDD", url="https://moodle.example.ru"),),
        policy=PolicyTable(unattended=("2.9.1-restore", "2.9.1-access")),
        catalogue=Catalogue.parse(catalogue.read_text(encoding="utf-8"), "catalogue.toml"), portal_secret="", moodle_tokens={},
    )  # fmt: skip


@cache
def _messages() -> Messages:
    return Messages()


def captured(world: World) -> list[Decimal]:
    """What was written off, in order."""
    return [entry.amount for entry in world.portal.entries if entry.kind == "capture"]


def _timeless(outcome: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (outcome or {}).items() if name != "at"}
