"""The journal: opens the database, refuses a schema that is not the program's, hands out transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from sqlalchemy.engine import Engine

from bridge.journal.engine import begun, make_engine
from bridge.journal.schema import check, current_revision
from bridge.journal.unit import Unit


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Journal:
    """The bridge's memory. Safe to share between threads; each transaction is one thread's.

    Made by `Journal.open`; closed by `close` or at the end of a `with` block.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    @classmethod
    def open(cls, url: str, *, clock: Callable[[], datetime] = _utc_now) -> Self:
        """Open the journal at `url`: `sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`.

        Parameters:
            clock: the present moment, aware, for what the portal's pages and people change.

        Raises:
            JournalUnusable: the database cannot be opened, or the schema is not the one that this program
                works with.
            JournalUnavailable: the database cannot be opened.
            JournalError: the URL is of another kind.
        """
        engine = make_engine(url)
        try:
            with begun(engine, read_only=True) as connection:
                check(current_revision(connection), url)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, clock)

    @contextmanager
    def transaction(self, *, read_only: bool = False) -> Iterator[Unit]:
        """One unit of work: committed at the end of the block, rolled back when an exception leaves it.

        Parameters:
            read_only: the block only reads, and neither waits for a writer nor keeps one waiting.

        Raises:
            JournalUnavailable: the database does not play its part; nothing of the block was saved.
        """
        with begun(self._engine, read_only=read_only) as connection:
            yield Unit(connection, self._clock, read_only=read_only)

    def scratch(self, portal: str) -> Journal:
        """A journal in memory over this one, for the tickets of one portal: what is written there is thrown
        away, and this one is only read.
        """
        from bridge.journal.scratch import Scratch

        return Scratch(self._engine, self._clock, portal)

    def close(self) -> None:
        """Give the connections back; a closed journal is not used again."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
