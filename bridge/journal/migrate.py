"""Bring a journal to the program's schema; the only module that imports alembic, and only when it is asked
to work.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from bridge.journal.engine import begun, make_engine, shown, sqlite_path
from bridge.journal.errors import JournalUnavailable, SchemaTooNew
from bridge.journal.schema import HEAD, REVISIONS, current_revision

_LOCK = 7_310_205_160_401
"""PostgreSQL's advisory lock of migrations: two that start together run one after the other."""


def migrate(url: str) -> tuple[str, ...]:
    """Make the journal at `url`, or bring it up, in one transaction; returns the revisions that were applied,
    oldest first.

    A missing SQLite file is made for its owner alone (0600), and so is a missing directory (0700).

    Raises:
        SchemaTooNew: the journal is newer than the program.
        JournalUnavailable: the database cannot be opened or written; nothing was changed.
    """
    from alembic import command
    from alembic.config import Config

    path = sqlite_path(url)
    if path is not None:
        _make_file(path)
    applied: list[str] = []

    def note(*, step: Any, **_: Any) -> None:
        applied.extend(step.up_revision_ids)

    engine = make_engine(url)
    try:
        with begun(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            current = current_revision(connection)
            if current not in (None, *REVISIONS):
                raise SchemaTooNew(shown(url), str(current), HEAD)
            config = Config()
            config.set_main_option(
                "script_location", str(Path(__file__).parent / "migrations").replace("%", "%%")
            )
            config.attributes.update(connection=connection, note=note)
            command.upgrade(config, "head")
    finally:
        engine.dispose()
    return tuple(applied)


def _make_file(path: Path) -> None:
    """Make the SQLite file and its directory where they are missing, for their owner alone."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(
            FileExistsError
        ):  # to open and close a file that is in use would drop SQLite's locks on it
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise JournalUnavailable(
            f"the journal {path} cannot be made: {error.strerror}: the user of this process must "
            "own the directory"
        ) from error
