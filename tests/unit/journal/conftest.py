"""A fresh journal on each database. PostgreSQL comes from the package pgserver, or from the server that OTBRIDGE_TEST_POSTGRESQL names."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine, make_url

from bridge.journal import Journal, NewLedgerRow, migrate
from bridge.journal.engine import parse
from bridge.tickets import Attachment, Stage, StageState, ThreadEntry, Ticket, TicketState, TimeEntry

GIVEN = "OTBRIDGE_TEST_POSTGRESQL"
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


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a server where the tests may make databases."""
    given = os.environ.get(GIVEN)
    if given:
        yield given
        return
    package = find_spec("pgserver")
    if package is None or package.origin is None:
        pytest.skip("PostgreSQL: the package pgserver is not installed")
    programs = Path(package.origin).parent / "pginstall" / "bin"
    home = Path(tempfile.mkdtemp(prefix="otbridge-pg-"))
    try:
        with _started(programs, home) as url:
            yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _started(programs: Path, home: Path) -> Iterator[str]:
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, "-D", str(home / "data"), *arguments], check=True, capture_output=program == "initdb", cwd=home,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"}, stdin=subprocess.DEVNULL, timeout=60, **as_user,
        )  # fmt: skip

    try:
        run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-k {home} -c listen_addresses='' -c fsync=off -c max_connections=50"
        run("pg_ctl", "--silent", "-w", "-l", str(home / "log"), "-o", options, "start")
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"PostgreSQL: pgserver's server does not start here: {error}")
    try:
        yield f"postgresql://postgres@/postgres?host={home}"
    finally:
        run("pg_ctl", "--silent", "-m", "immediate", "stop")


def _on_server(server: str, *statements: str) -> None:
    engine = create_engine(parse(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def _url(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def make_postgresql(postgresql_server: str) -> Iterator[Callable[[str], str]]:
    """Makes a database, as a copy of the named one. On a server that was given all are dropped at the end, for each DROP makes the server
    sync its disk; the tests' own server goes with all of them."""
    made: list[str] = []

    def make(template: str) -> str:
        name = f"otbridge_{uuid.uuid4().hex[:12]}"
        _on_server(postgresql_server, f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append(name)
        return make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)

    yield make
    if os.environ.get(GIVEN):
        _on_server(postgresql_server, *(f"DROP DATABASE {name} WITH (FORCE)" for name in made))


@pytest.fixture(scope="session")
def postgresql_template(make_postgresql: Callable[[str], str]) -> str:
    """Name of a database with the schema, to be copied."""
    url = make_postgresql("template1")
    migrate(url)
    return str(make_url(url).database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "journal.db"
    migrate(f"sqlite:///{path}")
    return path


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
            id=id_, number=f"№ {id_}", version=1, category="Выделенный специалист (н.часы)/Курсы", subject="Восстановить курс",
            customer_id="c1", customer_name="Школа", account_id="a1", installation="3KL-1", state=TicketState.OPEN,
            created_at=NOON - timedelta(days=3), updated_at=NOON, agreed_at=NOON - timedelta(days=1) + timedelta(seconds=queued),
        )  # fmt: skip
        return replace(made, **changes)

    return make


@pytest.fixture
def full_ticket(make_ticket: Callable[..., Ticket]) -> Ticket:
    """A ticket with something in every member."""
    return make_ticket(
        fields={"service": "restore-course", "Курс": "Физика"},
        thread=(ThreadEntry("m1", "customer", "customer", NOON, "Здравствуйте\x00 \ud800 😀"),),
        attachments=(Attachment("f1", "order.json", 12, "ab" * 32, "application/json"),),
        stages=(Stage("s1", "Этап 1", Decimal("1.250"), Decimal("0.6"), StageState.ACCEPTED, 2, NOON, None, "хорошо"),),
        time_entries=(TimeEntry("e1", None, "Иванов", "dev", 90, NOON, "работа"),),
        withdrawn_at=NOON,
    )


@pytest.fixture
def make_row() -> Callable[..., NewLedgerRow]:
    """Makes ledger rows: a hold of 2 norm-hours unless the test says otherwise."""

    def make(key: str, kind: str = "hold", *, amount: int = 2000, hold: str | None = None, **changes: Any) -> NewLedgerRow:
        made = NewLedgerRow(
            portal="p", account_id="a1", ticket_id="t1", stage_id="s1", revision=1, kind=kind, key=key, hold_key=hold,  # type: ignore[arg-type]
            spent_minutes=0, charged_minutes=0, coefficient_milli=1000, amount_mh=amount, price_kopecks=None, at=NOON,
        )  # fmt: skip
        return replace(made, **changes)

    return make
