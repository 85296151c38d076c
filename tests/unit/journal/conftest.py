"""A fresh journal on each database."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine

from bridge.domain.tickets import Attachment, Stage, StageState, ThreadEntry, Ticket, TicketState, TimeEntry
from bridge.journal import Journal, NewLedgerRow
from bridge.journal.engine import parse

NOON = datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: int) -> datetime:
        self.now += timedelta(**by)
        return self.now


@dataclass
class Database:
    """One database for one test."""

    kind: str
    url: str
    opened: list[Engine] = field(default_factory=list)

    def raw(self) -> Engine:
        """An engine past the journal, for tampering and looking."""
        engine = create_engine(parse(self.url))
        self.opened.append(engine)
        return engine

    def sql(self, *statements: str) -> None:
        with self.raw().begin() as connection:
            for statement in statements:
                connection.execute(text(statement))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of each kind that nobody has touched; for SQLite the file is not even there."""
    if request.param == "sqlite":
        made = Database("sqlite", f"sqlite:///{tmp_path}/journal.db")
    else:
        made = Database("postgresql", request.getfixturevalue("make_postgresql")("template1"))
    yield made
    _dispose(made)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of each kind with the schema and nothing in it."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "journal.db")
        made = Database("sqlite", f"sqlite:///{tmp_path}/journal.db")
    else:
        template = request.getfixturevalue("postgresql_template")
        made = Database("postgresql", request.getfixturevalue("make_postgresql")(template))
    yield made
    _dispose(made)


def _dispose(database: Database) -> None:
    for engine in database.opened:
        engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(database: Database, clock: Clock) -> Iterator[Journal]:
    """An open journal without anything in it, on each kind of database."""
    with Journal.open(database.url, clock=clock) as opened:
        yield opened


@pytest.fixture
def make_ticket() -> Callable[..., Ticket]:
    """Makes tickets that differ in what the test says."""

    def make(id_: str = "t1", *, queued: int = 0, **changes: Any) -> Ticket:
        made = Ticket(
            id=id_,
            number=f"№ {id_}",
            version=1,
            category="Выделенный специалист (н.часы)/Курсы",
            subject="Восстановить курс",
            customer_id="c1",
            customer_name="Школа",
            account_id="a1",
            installation="3KL-1",
            state=TicketState.OPEN,
            created_at=NOON - timedelta(days=3),
            updated_at=NOON,
            agreed_at=NOON - timedelta(days=1) + timedelta(seconds=queued),
        )
        return replace(made, **changes)

    return make


@pytest.fixture
def full_ticket(make_ticket: Callable[..., Ticket]) -> Ticket:
    """A ticket with something in every member."""
    return make_ticket(
        fields={"service": "restore-course", "Курс": "Физика"},
        thread=(ThreadEntry("m1", "customer", "customer", NOON, "Здравствуйте\x00 \ud800 😀"),),
        attachments=(Attachment("f1", "order.json", 12, "ab" * 32, "application/json"),),
        stages=(
            Stage(
                "s1", "Этап 1", Decimal("1.250"), Decimal("0.6"), StageState.ACCEPTED, 2, NOON, None, "хорошо"
            ),
        ),
        time_entries=(TimeEntry("e1", None, "Иванов", "dev", 90, NOON, "работа"),),
        withdrawn_at=NOON,
    )


@pytest.fixture
def make_row() -> Callable[..., NewLedgerRow]:
    """Makes ledger rows: a hold of 2 norm-hours unless the test says otherwise."""

    def make(
        key: str, kind: str = "hold", *, amount: int = 2000, hold: str | None = None, **changes: Any
    ) -> NewLedgerRow:
        made = NewLedgerRow(
            portal="p",
            account_id="a1",
            ticket_id="t1",
            stage_id="s1",
            revision=1,
            kind=kind,  # type: ignore[arg-type]
            key=key,
            hold_key=hold,
            spent_minutes=0,
            charged_minutes=0,
            coefficient_milli=1000,
            amount_mh=amount,
            price_kopecks=None,
            at=NOON,
        )
        return replace(made, **changes)

    return make
