"""`JournalBooks`: the books of a portal (`bridge.portal.books`) in the bridge's journal.

One process writes to such a portal at a time. Its threads wait for each other; another process's lease is
waited for, and taken over at once where its owner is a process of this machine that is gone, otherwise when
it ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from bridge.domain.kept import KeptHold, Written
from bridge.journal import Journal, LostClaim, Unit
from bridge.journal.owner import is_stale
from bridge.portal import PortalOutcomeUnknown, PortalUnreachable

WAIT = timedelta(seconds=60)
"""How long a writer waits for another process to end its write."""

_GLANCE_SECONDS = 0.05


class JournalBooks:
    """The books of one portal.

    Parameters:
        owner: who this writer is, as `bridge.journal.owner.own_name`; no other books that are in use bear its
            name.
        ttl: how long a write takes at most; longer than the portal's time-outs.
        clock: aware UTC.
    """

    def __init__(
        self,
        journal: Journal,
        portal: str,
        owner: str,
        ttl: timedelta,
        clock: Callable[[], datetime],
        *,
        wait: timedelta = WAIT,
    ) -> None:
        self._journal = journal
        self._portal = portal
        self._owner = owner
        self._ttl = ttl
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._fence = 0

    @contextmanager
    def writer(self) -> Iterator[None]:
        """See `Books.writer`."""
        with self._lock:
            self._fence = self._lease()
            try:
                yield
            finally:
                with self._journal.transaction() as unit:
                    unit.writer.release(self._portal, self._fence)

    def written(self, key: str) -> Written | None:
        """See `Books.written`."""
        with self._journal.transaction(read_only=True) as unit:
            return unit.portal_writes.get(self._portal, key)

    def sending(self, key: str, fingerprint: str, at: datetime) -> None:
        """See `Books.sending`."""
        with self._guarded() as unit:
            unit.portal_writes.sending(self._portal, key, fingerprint, at)

    def forget(self, key: str) -> None:
        """See `Books.forget`."""
        with self._guarded() as unit:
            unit.portal_writes.forget(self._portal, key)

    def answered(self, key: str, fingerprint: str, answer: Mapping[str, Any]) -> None:
        """See `Books.answered`."""
        with self._guarded() as unit:
            unit.portal_writes.answered(self._portal, key, fingerprint, answer, self._clock())

    def add_hold(self, hold: KeptHold, fingerprint: str, answer: Mapping[str, Any]) -> None:
        """See `Books.add_hold`."""
        with self._guarded() as unit:
            unit.portal_holds.add(self._portal, hold)
            unit.portal_writes.answered(self._portal, hold.key, fingerprint, answer, self._clock())

    def end_hold(
        self, hold_id: str, ended: str, key: str, at: datetime, fingerprint: str, answer: Mapping[str, Any]
    ) -> None:
        """See `Books.end_hold`."""
        with self._guarded() as unit:
            unit.portal_holds.end(self._portal, hold_id, ended, key, at)
            unit.portal_writes.answered(self._portal, key, fingerprint, answer, self._clock())

    def hold(self, hold_id: str) -> KeptHold | None:
        """See `Books.hold`."""
        with self._journal.transaction(read_only=True) as unit:
            return unit.portal_holds.get(self._portal, hold_id)

    def holds(self, account_id: str) -> Sequence[KeptHold]:
        """See `Books.holds`."""
        with self._journal.transaction(read_only=True) as unit:
            return unit.portal_holds.of(self._portal, account_id)

    def open_holds(self) -> Sequence[KeptHold]:
        """See `Books.open_holds`."""
        with self._journal.transaction(read_only=True) as unit:
            return unit.portal_holds.open(self._portal)

    @contextmanager
    def _guarded(self) -> Iterator[Unit]:
        """A transaction that is still this writer's.

        Raises:
            PortalOutcomeUnknown: the lease has passed on while this writer slept; what it has sent is
                found by the next one.
        """
        try:
            with self._journal.transaction() as unit:
                unit.writer.guard(self._portal, self._fence)
                yield unit
        except LostClaim as error:
            raise PortalOutcomeUnknown("writer", str(error), portal=self._portal) from error

    def _is_over(self, owner: str) -> bool:
        """Whether nobody writes under a lease any more; one of this writer's own could not be given back,
        for the journal was away.
        """
        return owner == self._owner or is_stale(owner)

    def _lease(self) -> int:
        deadline = time.monotonic() + self._wait.total_seconds()
        while True:
            with self._journal.transaction() as unit:
                fence = unit.writer.lease(self._portal, self._owner, self._clock(), self._ttl, self._is_over)
            if fence is not None:
                return fence
            if time.monotonic() >= deadline:
                raise PortalUnreachable(
                    "writer", "another process has been writing to it; nothing was sent", portal=self._portal
                )
            time.sleep(_GLANCE_SECONDS)
