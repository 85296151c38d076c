"""A world in one process: the bridge's own pass over a real SQLite journal, a portal and a Moodle in
memory, and chaos between them.
"""

from __future__ import annotations

import os
import pickle
import socket
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bridge.actions import Site
from bridge.domain.catalogue import Catalogue
from bridge.domain.catalogue_file import read_catalogue
from bridge.domain.effects import Effect
from bridge.domain.lifecycle import Reason
from bridge.domain.tickets import Ticket
from bridge.flow.context import Bridge
from bridge.flow.messages import Messages
from bridge.flow.report import PassReport, TicketReport
from bridge.flow.sync import Pass
from bridge.journal import Journal, JournalUnavailable, TicketRecord, Unit, migrate
from bridge.operators.decisions import Desk, recounted
from bridge.operators.reconciliation import reconcile_accounts
from bridge.operators.retry import NothingToRetry, retry
from bridge.settings import BridgeTable, InstallationTable, PolicyTable, PortalTable, Settings
from tests.reliability import laws
from tests.reliability.chaos import Broken, Chaos, KillableJournal, Killed, MoodleLine, PortalLine
from tests.reliability.fake_moodle import FakeMoodle
from tests.reliability.fake_portal import FakePortal

PAID = "Выделенный специалист (н.часы) / Настройка"
ROLE = {
    "service": "2.9.1-access",
    "param_shortname": "methodist",
    "param_name": "Методист",
    "param_context_levels": "course",
    "param_capabilities": "moodle/course:view",
}
RESTORE = {"service": "2.9.1-restore", "param_shortname": "OT-1"}
ONE_STAGE = (("Работа", 1, 1),)
PATIENCE = 0.4
"""Seconds that a pass waits for a restore: two looks, so that a restore takes several passes."""

UNATTENDED = PolicyTable(unattended=("2.9.1-restore", "2.9.1-access"))
"""A site that lets both actions run with nobody's hands, and takes the customer's word only."""

MOST_PASSES = 25
UNRESTING = frozenset({"queued", "running", "writing-off"})
WAITING = frozenset({"by-hand", "drift"})
"""Reasons of unresting statuses that end by somebody's word only."""


class Clock:
    """Aware UTC that moves with every look at it: the portal's time.

    Attributes:
        ahead: how far the clock of the bridge's machine is ahead of it.
    """

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, tzinfo=UTC)
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def machine(self) -> datetime:
        """The time by the clock of the bridge's machine."""
        return self() + self.ahead


@dataclass(frozen=True)
class Snapshot:
    """All that outlives a process: what the journal holds, and the other sides."""

    journal: sqlite3.Connection
    others: bytes


class Disk:
    """The journal's file, used for one trial after the other: to open it anew each time would cost more
    than the trial.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / "journal.sqlite3"
        migrate(f"sqlite:///{self._path}")
        self.clock: Callable[[], datetime] = Clock()
        self.journal = Journal.open(f"sqlite:///{self._path}", clock=lambda: self.clock())  # noqa: PLW0108 - each trial has its own clock
        # Here only the process dies, never the machine: what was committed is seen without waiting for the
        # disk.
        event.listen(
            self.journal._engine,
            "checkout",
            lambda connection, *_: connection.execute("PRAGMA synchronous = OFF"),
        )
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


def _nothing_happened() -> tuple[Clock, FakePortal, FakeMoodle, PolicyTable]:
    """One account with 10 norm-hours, one deleted course."""
    clock = Clock()
    portal, moodle = FakePortal(clock), FakeMoodle()
    portal.open_account("school", "Школа", granted=10, hour_price=2500)
    moodle.lose_course("Охрана труда", "OT-1")
    return clock, portal, moodle, UNATTENDED


class QuickBridge(Bridge):
    """A bridge that waits for running operations without taking time."""

    def site(self, ticket: Ticket) -> Site:
        waited = [0.0]
        return replace(
            super().site(ticket),
            patience=PATIENCE,
            clock=lambda: waited[0],
            pause=lambda seconds: waited.__setitem__(0, waited[0] + seconds),
        )


class World:
    """One trial on a disk, which holds no other one meanwhile.

    Attributes:
        policy: the site's.
        passes: those that are under way, the one at work last.
        disturbed: whether another worker made a pass during the one at work.
        between: called after each pass on the way to rest.
        category: the paid category of the site's settings, "" for the usual one.
    """

    def __init__(self, disk: Disk, snapshot: Snapshot | None = None, chaos: Chaos | None = None) -> None:
        self._disk = disk
        self.clock, self.portal, self.moodle, self.policy = disk.load(snapshot or disk.fresh)
        disk.clock = self.clock.machine
        self.journal = disk.journal
        self.chaos = chaos or Chaos()
        self._portal_line = PortalLine(self.portal, self.chaos, self.journal, self._at_write)
        self._moodle_line = MoodleLine(self.moodle, self.chaos, self.journal, self._at_write)
        self.passes: list[Pass] = []
        self.disturbed = False
        self._born = 0
        self.category = ""
        self.between: Callable[[World], None] = lambda _world: None

    def snapshot(self) -> Snapshot:
        """All that is lasting, as it is now."""
        return self._disk.save(self.clock, self.portal, self.moodle, self.policy)

    # --- the bridge

    def bridge(self, owner: str = "") -> Bridge:
        """A process of the bridge; without `owner` it is one whose claims are taken over as soon as it is
        dead.
        """
        self._born += 1
        owner = owner or f"{socket.gethostname()}:{os.getpid()}:{self._born}"
        return QuickBridge(
            self.settings(),
            _messages(),
            KillableJournal(self.journal, self.chaos),  # type: ignore[arg-type]
            self._portal_line,
            lambda _: self._moodle_line,  # type: ignore[arg-type, return-value]
            owner,
            clock=self.clock.machine,
        )

    def run_pass(self, owner: str = "", *, minutes: float = 1) -> PassReport | None:
        """A minute later, one pass; None when it was killed, or the journal went away."""
        self.clock.now += timedelta(minutes=minutes)
        self.passes.append(Pass(self.bridge(owner)))
        self.disturbed = False
        try:
            return self.passes[-1].run()
        except (Killed, JournalUnavailable):
            return None
        except Broken as broken:
            raise broken.error from broken
        finally:
            self.passes.pop()
            self.disturbed = bool(self.passes)

    def rest(self) -> PassReport:
        """Passes until nothing moves any more."""
        for _ in range(MOST_PASSES):
            before = self._written()
            report = self.run_pass()
            self.between(self)
            if report is None or self._written() != before or any(_goes_on(one) for one in report.tickets):
                continue
            if "still-running" in self.reasons().values():  # not due yet
                continue
            return report
        raise AssertionError(f"no rest after {MOST_PASSES} passes: {self.statuses()}")

    def _written(self) -> tuple[int, int]:
        return self.portal.changes + len(self.portal.entries), len(self.moodle.operations)

    def statuses(self) -> dict[str, str]:
        """Where the bridge has its tickets, by id."""
        return {record.ticket.id: record.state for record in self.records()}

    def reasons(self) -> dict[str, str]:
        """Why they stand there: codes by id."""
        return {
            record.ticket.id: Reason.from_json(record.reason).code
            for record in self.records()
            if record.reason
        }

    def facts(self, ticket: str) -> Mapping[str, Any]:
        """The facts of the reason for which a ticket waits."""
        return Reason.from_json(self.record(ticket).reason).facts

    def record(self, ticket: str) -> TicketRecord:
        """What the journal has of a ticket."""
        return next(record for record in self.records() if record.ticket.id == ticket)

    def records(self) -> list[TicketRecord]:
        """All tickets as the journal has them."""
        with self.journal.transaction(read_only=True) as unit:
            return unit.tickets.all("test")

    def settings(self) -> Settings:
        """The site's."""
        found = settings(self.policy)
        return (
            replace(found, portal=found.portal.model_copy(update={"category_prefix": self.category}))
            if self.category
            else found
        )

    def _at_write(self, unit: Unit, effect: Effect) -> None:
        laws.at_write(self, unit, effect)

    # --- the customer

    def order(
        self,
        fields: dict[str, str],
        *,
        account: str = "school",
        stages: Sequence[tuple[str, Any, Any]] = ONE_STAGE,
    ) -> str:
        """An agreed paid ticket; returns its id."""
        ticket: str = self.portal.open_ticket(account=account, category=PAID, subject="Заявка", fields=fields)
        self.portal.agree(ticket, stages)
        return ticket

    def taken(self, ticket: str) -> Decimal:
        """Norm-hours that a ticket has taken from the balance, by the portal's ledger."""
        signs = {"capture": 1, "reversal": -1}
        return sum(
            (
                entry.amount * signs.get(entry.kind, 0)
                for entry in self.portal.entries
                if entry.ticket_id == ticket
            ),
            Decimal(0),
        )

    # --- the operator

    def desk(self, ticket: str) -> Desk:
        """Where an operator decides about a ticket that a pass has seen."""
        return Desk(self.journal, self.record(ticket), "operator@example.ru", self.clock.machine())

    def retry(self, ticket: str) -> None:
        """An operator's word that what failed is mended; refused where nothing has."""
        with suppress(NothingToRetry):
            retry(self.journal, self.record(ticket), self.clock.machine())

    def recount(self, ticket: str, stage: str | None = None) -> None:
        """An operator lets a stage take what the time entries make now."""
        desk = self.desk(ticket)
        found = desk.stage(stage)
        desk.correct(
            found,
            recounted(desk.standing(), found, self.portal.tickets[ticket], self.settings().catalogue),
            "пересчёт",
        )

    def drift(self, account: str) -> None:
        """A comparison found that the ledgers of an account differ."""
        with self.journal.transaction() as unit:
            unit.drifts.set("test", account, ["missing-here: entry x"], self.clock.machine())

    def reconcile(self) -> list[str]:
        """Compare both ledgers of all accounts, which sets and clears drifts; returns the differences."""
        found = reconcile_accounts(
            replace(self.bridge("operator"), portal=self.portal), list(self.portal.accounts)
        )
        assert [one.error for one in found.accounts if one.error] == []
        return [f"{one.account_id}: {difference}" for one in found.accounts for difference in one.differences]

    def trace(self) -> dict[str, Any]:
        """All that is lasting but for moments, numbers of attempts and leases: what a life leaves, however
        often it was interrupted.
        """
        with self.journal.transaction(read_only=True) as unit:
            records = unit.tickets.all("test")
            effects = [effect for record in records for effect in unit.effects.of("test", record.ticket.id)]
        return {
            "tickets": {record.ticket.id: (record.state, dict(record.revisions)) for record in records},
            "effects": {
                effect.key: (effect.kind, effect.state.value, dict(effect.request), _timeless(effect.outcome))
                for effect in effects
            },
            "entries": [
                (entry.key, entry.kind, entry.amount, entry.hold_id, entry.price)
                for entry in self.portal.entries
            ],
            "portal": {
                id_: (
                    ticket.version,
                    ticket.state.value,
                    [stage.state.value for stage in ticket.stages],
                    [one.text for one in ticket.thread],
                )
                for id_, ticket in self.portal.tickets.items()
            },
            "moodle": (
                self.moodle.courses,
                self.moodle.roles,
                {key: one["status"] for key, one in self.moodle.operations.items()},
            ),
        }

    def state(self) -> str:
        """All on which the next steps depend: two worlds with the same state go on alike."""
        with self.journal.transaction(read_only=True) as unit:
            records = unit.tickets.all("test")
            tried = [
                (effect.key, effect.attempts > 0)
                for one in records
                for effect in unit.effects.of("test", one.ticket.id)
            ]
            seen = [(record.ticket.version, record.dirty) for record in records]
            cursor = unit.polling.cursor("test")
        return repr(
            (
                self.trace(),
                tried,
                seen,
                cursor,
                {key: one["looks"] for key, one in self.moodle.operations.items()},
            )
        )

    # --- what must hold

    def check(self, *, at_rest: bool = True) -> None:
        """The invariants; at rest also those that a pass under way may break for a while."""
        laws.at_rest(self) if at_rest else laws.at_every_moment(self)


@cache
def _catalogue() -> Catalogue:
    path = Path(__file__).parents[2] / "config" / "catalogue.toml"
    return read_catalogue(path.read_text(encoding="utf-8"), path.name)


def settings(policy: PolicyTable) -> Settings:
    """A site with this policy."""
    return Settings(
        path=Path("bridge.toml"),
        bridge=BridgeTable(),
        portal=PortalTable(name="test", url="https://portal.example.ru"),
        installations=(InstallationTable(serial="AAAABBBBCCCCDDDD", url="https://moodle.example.ru"),),
        policy=policy,
        catalogue=_catalogue(),
        portal_secret="",
        moodle_tokens={},
    )


@cache
def _messages() -> Messages:
    return Messages()


def _goes_on(report: TicketReport) -> bool:
    return report.status in UNRESTING and report.reason.code not in WAITING


def _timeless(outcome: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (outcome or {}).items() if name != "at"}
