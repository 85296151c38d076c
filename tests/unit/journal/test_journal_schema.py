"""The schema: made by migrations, equal to the tables, refused when it is not the program's."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text

import bridge.journal
from bridge.domain.effects import Effect
from bridge.domain.tickets import Ticket
from bridge.journal import (
    Journal,
    JournalError,
    JournalUnavailable,
    SchemaMissing,
    SchemaTooNew,
    SchemaTooOld,
    migrate,
    schema,
)
from bridge.journal import schema_state as state_of
from bridge.journal.codec import encode
from bridge.journal.ddl import metadata
from bridge.journal.tables import decisions, effects, events, faults, tickets
from tests.unit.journal.conftest import Database

_POSTGRESQL_SHAPE = (
    (
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM "
        "information_schema.columns WHERE table_schema = 'public'"
    ),
    "SELECT tablename, indexname, indexdef, '' FROM pg_indexes WHERE schemaname = 'public'",
    (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '' FROM "
        "pg_constraint WHERE connamespace = 'public'::regnamespace"
    ),
    (
        "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), '' FROM pg_trigger "
        "WHERE NOT tgisinternal"
    ),
    "SELECT proname, '', prosrc, '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
)


def shape(database: Any) -> set[tuple[object, ...]]:
    """Everything that the database knows of its tables, but alembic's own."""
    queries = (
        _POSTGRESQL_SHAPE
        if database.kind == "postgresql"
        else ("SELECT tbl_name, name, type, coalesce(sql, '') FROM sqlite_master",)
    )
    with database.raw().connect() as connection:
        rows = {tuple(row) for query in queries for row in connection.execute(text(query))}
    return {
        tuple(re.sub(r"\s+", " ", str(cell)) for cell in row) for row in rows if row[0] != "alembic_version"
    }


def test_a_migrated_database_equals_the_tables_of_the_program(empty: Database) -> None:
    assert migrate(empty.url) == schema.REVISIONS
    with empty.raw().connect() as connection:
        assert (
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)
            == []
        )
    migrated = shape(empty)
    if empty.kind == "sqlite":
        Path(str(empty.raw().url.database)).unlink()
    else:
        empty.sql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    metadata.create_all(empty.raw())
    assert len(migrated) > 20
    assert shape(empty) == migrated


def test_migrating_again_changes_nothing(database: Database) -> None:
    assert migrate(database.url) == ()


def test_two_migrations_at_once_apply_each_revision_once(empty: Database) -> None:
    with ThreadPoolExecutor() as threads:
        applied = list(threads.map(migrate, [empty.url] * 4))
    assert sorted(applied) == [()] * 3 + [schema.REVISIONS]


def test_the_head_is_alembics_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(bridge.journal.__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in scripts.walk_revisions()][::-1] == list(schema.REVISIONS)
    assert scripts.get_current_head() == schema.HEAD


def test_a_journal_of_each_earlier_revision_is_brought_up_with_what_it_holds(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alembic.command.upgrade", partial(_upgrade, command.upgrade, schema.REVISIONS[0]))
    assert migrate(empty.url) == schema.REVISIONS[:1]
    monkeypatch.undo()
    empty.sql("INSERT INTO cursors (portal, cursor) VALUES ('p', 'c7')")
    assert migrate(empty.url) == schema.REVISIONS[1:]
    with Journal.open(empty.url) as journal, journal.transaction(read_only=True) as unit:
        assert unit.polling.cursor("p").cursor == "c7"


def test_messages_that_an_earlier_program_kept_are_emptied(
    empty: Database, monkeypatch: pytest.MonkeyPatch, full_ticket: Ticket
) -> None:
    monkeypatch.setattr("alembic.command.upgrade", partial(_upgrade, command.upgrade, "0003"))
    migrate(empty.url)
    monkeypatch.undo()
    kept = {
        "portal": "p",
        "id": "t1",
        "number": "1",
        "version": 1,
        "state": "new",
        "reason": "",
        "dirty": False,
        "changes": 1,
        "fence": 0,
    }
    moments = dict.fromkeys(("queued_at", "first_seen", "updated_at"), full_ticket.created_at)
    with empty.raw().begin() as connection:
        connection.execute(insert(tickets).values(**kept, **moments, document=encode(full_ticket)))
        for ref, payload in (
            ("t2", '{"id": "t2", "subject": "\\ud800", "thread": [{"text": "Прошу"}]}'),
            ("t3", '"thread'),
            ("t4", "{}"),
        ):
            times = dict.fromkeys(("first_seen", "last_seen"), full_ticket.created_at)
            connection.execute(
                insert(faults).values(portal="p", ref=ref, payload=payload, problems=[], **times)
            )
    assert full_ticket.thread
    assert migrate(empty.url) == schema.REVISIONS[3:]
    with Journal.open(empty.url) as journal, journal.transaction(read_only=True) as unit:
        record = unit.tickets.get("p", "t1")
        payloads = [fault.payload for fault in unit.polling.faults("p")]
    assert record is not None
    assert (record.damage, record.ticket) == ("", replace(full_ticket, thread=()))
    assert payloads == ['{"id": "t2", "subject": "\\ud800"}', '"thread', "{}"]


def test_what_was_held_is_paused_by_its_operator_or_suspended_by_its_balance(
    empty: Database, monkeypatch: pytest.MonkeyPatch, full_ticket: Ticket
) -> None:
    monkeypatch.setattr("alembic.command.upgrade", partial(_upgrade, command.upgrade, "0006"))
    migrate(empty.url)
    monkeypatch.undo()
    at = full_ticket.created_at
    stood = {
        "t1": ("held", '{"code": "operator-hold", "facts": {"why": "ждём"}}'),
        "t2": ("held", '{"code": "balance", "facts": {"needed": "2"}}'),
        "t3": ("held", "?"),
        "t4": ("running", '{"code": "by-hand", "facts": {}}'),
    }
    with empty.raw().begin() as connection:
        for id_, (state, reason) in stood.items():
            values = {
                "portal": "p",
                "id": id_,
                "number": id_,
                "version": 1,
                "dirty": False,
                "changes": 1,
                "fence": 0,
                "document": {},
            }
            moments = dict.fromkeys(("queued_at", "first_seen", "updated_at"), at)
            connection.execute(insert(tickets).values(**values, **moments, state=state, reason=reason))
        for kind in ("assign", "hold", "release", "hold"):
            made = {
                "portal": "p",
                "ticket_id": "t1",
                "kind": kind,
                "document": {"reason": "ждём"},
                "by": "anna",
                "at": at,
            }
            connection.execute(insert(decisions).values(**made))
            connection.execute(
                insert(events).values(
                    portal="p", ticket_id="t1", kind=f"decision:{kind}", text="anna: ждём", at=at
                )
            )
        effect = Effect.intent("p", "t2", "note:held", {"text": "Не хватает"}, stage_id="s1", revision=1)
        row = {
            name: getattr(effect, name)
            for name in ("key", "portal", "ticket_id", "stage_id", "revision", "kind", "request")
        }
        connection.execute(insert(effects).values(**row, state="done", attempts=1, error="", created_at=at))
    assert migrate(empty.url) == ("0007",)
    with empty.raw().connect() as connection:
        stand = {
            id_: (state, reason)
            for id_, state, reason in connection.execute(
                select(tickets.c.id, tickets.c.state, tickets.c.reason)
            )
        }
    assert stand == {
        "t1": ("paused", '{"code": "paused", "facts": {"why": "ждём"}}'),
        "t2": ("suspended", stood["t2"][1]),
        "t3": ("suspended", "?"),
        "t4": stood["t4"],
    }
    with Journal.open(empty.url) as journal, journal.transaction(read_only=True) as unit:
        assert [one.kind for one in unit.decisions.of("p", "t1")] == ["assign", "pause", "resume", "pause"]
        assert [one.kind for one in unit.events.latest("p", "t1")] == [
            f"decision:{kind}" for kind in ("assign", "pause", "resume", "pause")
        ]
        kept = unit.effects.of("p", "t2")
    assert [(one.kind, one.key) for one in kept] == [("note:held", effect.key)], "a kind is part of a key"
    with pytest.raises(Exception, match="append-only"):
        empty.sql("UPDATE decisions SET kind = 'assign'")


def _upgrade(upgrade: Any, revision: Any, config: Any, _head: Any) -> None:
    """Alembic's upgrade, but only up to `revision`."""
    upgrade(config, revision)


def test_the_state_of_a_schema_is_told_without_making_anything(empty: Database, tmp_path: Path) -> None:
    assert state_of(empty.url) == schema.SchemaState(None, schema.HEAD)
    assert not list(tmp_path.iterdir())
    migrate(empty.url)
    assert state_of(empty.url) == schema.SchemaState(schema.HEAD, schema.HEAD)


def test_a_journal_that_does_not_exist_is_not_opened(empty: Database) -> None:
    with pytest.raises(SchemaMissing, match="run otbridge migrate"):
        Journal.open(empty.url)


def test_an_older_schema_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, "0998"))
    monkeypatch.setattr(schema, "HEAD", "0998")
    with pytest.raises(
        SchemaTooOld, match=rf"revision {schema.REVISIONS[-2]}, this program needs 0998: run otbridge migrate"
    ):
        Journal.open(database.url)


def test_a_newer_schema_is_refused_by_the_journal_and_by_its_migration(database: Database) -> None:
    database.sql("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(SchemaTooNew, match=f"revision 0999, this program knows none beyond {schema.HEAD}"):
        Journal.open(database.url)
    with pytest.raises(SchemaTooNew, match="0999"):
        migrate(database.url)


def test_a_failed_migration_leaves_nothing_behind(empty: Database) -> None:
    if empty.kind == "sqlite":
        Path(str(empty.raw().url.database)).touch()
    empty.sql("CREATE TABLE ledger (id integer)")  # the last table of the first revision
    with pytest.raises(Exception, match="already exists"):
        migrate(empty.url)
    assert state_of(empty.url).current is None
    assert "effects" not in {row[0] for row in shape(empty)}


def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "100% new" / "journal.db"
    migrate(f"sqlite:///{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite://", "must outlive the process"),
        ("sqlite:///:memory:", "must outlive the process"),
        ("mysql://root:secret@db/x", r"mysql://root:\*\*\*@db/x: the journal is kept in"),
        ("journal.db", "cannot be read"),
    ],
)
def test_a_url_of_another_kind_is_refused(url: str, told: str) -> None:
    with pytest.raises(JournalError, match=told):
        Journal.open(url)


def test_a_file_that_is_no_database_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_text("What is a journal? " * 100)
    with pytest.raises(JournalUnavailable, match="not a database: the file is not a journal"):
        Journal.open(f"sqlite:///{path}")


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalUnavailable, match="cannot be made"):
        migrate(f"sqlite:///{tmp_path}/file/journal.db")


def test_a_server_that_is_down_is_told_without_the_password() -> None:
    with pytest.raises(JournalUnavailable, match="check that the database server runs") as caught:
        Journal.open("postgresql://bridge:secret@127.0.0.1:9/bridge")
    assert "secret" not in str(caught.value)


def test_importing_the_journal_imports_no_alembic() -> None:
    program = (
        "import sys, bridge.journal; sys.exit(any(name.split('.')[0] in ('alembic', 'psycopg') "
        "for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_journal_exports_what_it_names() -> None:
    assert all(hasattr(bridge.journal, name) for name in bridge.journal.__all__)


def test_a_journal_keeps_the_name_that_it_was_given_when_it_was_made(empty: Database) -> None:
    migrate(empty.url)
    names = []
    for _ in range(2):
        with Journal.open(empty.url) as journal, journal.transaction(read_only=True) as unit:
            names.append(unit.polling.instance())
    assert re.fullmatch(r"[0-9a-f-]{36}", names[0])
    assert names[0] == names[1]
