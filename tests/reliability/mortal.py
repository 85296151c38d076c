"""Processes that die: what one does to the journal has boundaries, and once it is dead it does nothing any
more, not even tidy up.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import bridge.journal.portal_books
from bridge.journal import Journal, Unit
from tests.reliability.chaos import Killed


class Process:
    """One process.

    Parameters:
        owner: its name, under which it leases.
        at: told the name of each boundary, and whether a transaction is open there; may kill it.
    """

    def __init__(self, owner: str, at: Callable[[Process, str, bool], None]) -> None:
        self.owner = owner
        self.dead = False
        self._at = at

    def passes(self, name: str, *, open_: bool = False) -> None:
        """A place where it may die.

        Raises:
            Killed: it is dead.
        """
        if not self.dead:
            self._at(self, name, open_)
        if self.dead:
            raise Killed(name)


class MortalJournal:
    """A journal whose transactions have a boundary before they begin, before their commit and after it,
    named by the method of the books.
    """

    def __init__(self, journal: Journal, process: Process) -> None:
        self._journal = journal
        self._process = process

    @contextmanager
    def transaction(self, *, read_only: bool = False) -> Iterator[Unit]:
        name = _of_the_books()
        self._process.passes(f"before {name}")
        with self._journal.transaction(read_only=read_only) as unit:
            yield unit
            if not read_only:
                self._process.passes(f"in {name}", open_=True)
        self._process.passes(f"after {name}")


def _of_the_books() -> str:
    """What the books are doing, where it is they who do it."""
    frame = sys._getframe(1)
    while (
        frame.f_code.co_filename != bridge.journal.portal_books.__file__ or frame.f_code.co_name == "_guarded"
    ):
        if frame.f_back is None:
            return "a transaction"
        frame = frame.f_back
    return {"_lease": "leasing", "writer": "releasing"}.get(frame.f_code.co_name, frame.f_code.co_name)
