"""Transactions: what is committed is there after a SIGKILL, what is not is gone; locks and failures are
told in words.
"""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from bridge.domain.effects import Effect, EffectState
from bridge.domain.tickets import Ticket
from bridge.journal import Journal, JournalUnavailable
from bridge.journal import engine as engine_room
from tests.unit.journal.conftest import Clock, Database

_WRITER = """
import sys, time
from datetime import UTC, datetime
from bridge.domain.effects import Effect
from bridge.journal import Journal
journal = Journal.open(sys.argv[1])
def intend(unit):
    unit.effects.intend(Effect.intent("p", "t1", "hold", {"amount_mh": 500}), datetime.now(UTC))
if sys.argv[2] == "after":
    with journal.transaction() as unit:
        intend(unit)
    print("written", flush=True)
    time.sleep(60)
with journal.transaction() as unit:
    intend(unit)
    print("written", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(("moment", "kept"), [("before", 0), ("after", 1)])
def test_a_killed_process_loses_only_what_it_had_not_committed(
    database: Database, journal: Journal, make_ticket: Callable[..., Ticket], moment: str, kept: int
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket()], "c1", None)
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, database.url, moment], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "written\n"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    with journal.transaction() as unit:
        effects = unit.effects.of("p", "t1")
    assert [effect.state for effect in effects] == [EffectState.INTENDED] * kept


def test_an_exception_rolls_everything_back(journal: Journal, make_ticket: Callable[..., Ticket]) -> None:
    with pytest.raises(RuntimeError), journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket()], "c1", None)
        raise RuntimeError
    with journal.transaction() as unit:
        assert unit.tickets.all() == []
        assert unit.polling.cursor("p").cursor is None


def test_sqlite_is_set_up_to_lose_nothing(sqlite_template: Any, tmp_path: Path) -> None:
    path = shutil.copyfile(sqlite_template, tmp_path / "journal.db")
    engine = engine_room.make_engine(f"sqlite:///{path}")
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    with engine_room.begun(engine) as connection:
        asked = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    engine.dispose()
    assert asked == ["wal", 2, 1, 30_000]
    assert statements[1] == "BEGIN IMMEDIATE"


def test_a_reader_neither_waits_for_a_writer_nor_writes(
    journal: Journal, make_ticket: Callable[..., Ticket]
) -> None:
    with journal.transaction() as writer:
        writer.polling.merge("p", [make_ticket()], "c1", None)
        with journal.transaction(read_only=True) as reader:
            assert reader.tickets.all() == []
            assert reader.ledger.held("p", "a1") == 0
    with pytest.raises(JournalUnavailable), journal.transaction(read_only=True) as reader:
        reader.polling.merge("p", [make_ticket("t2")], "c2", None)
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket("t3")], "c3", None)
        assert [record.ticket.id for record in unit.tickets.all()] == ["t1", "t3"]


def test_a_lock_that_is_not_given_back_is_told(
    sqlite_template: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_room, "BUSY_SECONDS", 0.1)
    path = shutil.copyfile(sqlite_template, tmp_path / "journal.db")
    with Journal.open(f"sqlite:///{path}") as journal:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalUnavailable, match="look for a second otbridge"), journal.transaction():
            pass
        other.close()


def test_a_full_disk_is_told_and_nothing_is_saved(
    sqlite_template: Any, tmp_path: Path, make_ticket: Callable[..., Ticket]
) -> None:
    path = shutil.copyfile(sqlite_template, tmp_path / "journal.db")
    with Journal.open(f"sqlite:///{path}") as journal:
        with pytest.raises(JournalUnavailable, match="free space"), journal.transaction() as unit:
            unit._connection.execute(text("PRAGMA max_page_count = 1"))
            unit.polling.merge(
                "p", [make_ticket(str(number), subject="x" * 5000) for number in range(50)], "c", None
            )
        with journal.transaction() as unit:
            assert unit.tickets.counts() == {}


def test_writers_on_many_threads_do_not_lose_each_others_work(
    journal: Journal, make_ticket: Callable[..., Ticket]
) -> None:
    def write(name: str) -> None:
        for number in range(10):
            with journal.transaction() as unit:
                unit.polling.merge("p", [make_ticket(f"{name}-{number}")], name, None)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, "abcd"))
    with journal.transaction() as unit:
        assert unit.tickets.counts() == {"new": 40}


def test_a_key_is_intended_once_by_two_threads(
    journal: Journal, make_ticket: Callable[..., Ticket], clock: Clock
) -> None:
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket()], "c", None)

    def intend(number: int) -> object:
        with journal.transaction() as unit:
            return unit.effects.intend(Effect.intent("p", "t1", "hold", {"from": number}), clock()).request

    with ThreadPoolExecutor(4) as threads:
        requests = list(threads.map(intend, range(4)))
    assert requests == [requests[0]] * 4


def test_a_missing_directory_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="run otbridge migrate"):
        Journal.open(f"sqlite:///{tmp_path}/nowhere/journal.db")
