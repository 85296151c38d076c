"""One bridge at a time: the instance that wrote first keeps others from writing, until it was silent for a
day or is released.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bridge.sandbox.portal.problems import Problem, invalid
from bridge.sandbox.portal.store import Store

SILENCE = timedelta(hours=24)
"""How long a bridge may say nothing until another one may take its place."""

HEARD = timedelta(minutes=1)
"""How long it is not written down again that a bridge was heard."""

_INSTANCE = re.compile(r"[A-Za-z0-9-]{8,64}")


class Bridges:
    """The bridge that may write; `clock` is aware UTC."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def hear(self, instance: str) -> None:
        """A bridge reads: the one that may write is there."""
        now = self._clock()
        known = self._store.row("SELECT last FROM bridge WHERE instance = ?", instance)
        if known is not None and known["last"] < (now - HEARD).timestamp():
            self._store.execute("UPDATE bridge SET last = ? WHERE instance = ?", now.timestamp(), instance)

    def admit(self, instance: str) -> None:
        """Let a bridge write; a call that names none is not judged.

        Raises:
            Problem: `another_bridge`, or `invalid` for a name that is none.
        """
        if not instance:
            return
        if not _INSTANCE.fullmatch(instance):
            raise invalid("Otbridge-Instance: must be 8 to 64 characters of A–Z, a–z, 0–9, -")
        now = self._clock()
        with self._store.transaction():
            other = self._store.row(
                "SELECT * FROM bridge WHERE instance != ? AND last > ?", instance, (now - SILENCE).timestamp()
            )
            if other is not None:
                seen = (
                    datetime.fromtimestamp(other["last"], UTC)
                    .isoformat(timespec="microseconds")
                    .replace("+00:00", "Z")
                )
                message = (
                    f"the bridge {other['instance']} works on this portal; release it there where this "
                    "one is to take its place"
                )
                raise Problem("another_bridge", message, instance=other["instance"], last_seen=seen)
            self._store.execute(
                "INSERT OR REPLACE INTO bridge (instance, last) VALUES (?, ?)", instance, now.timestamp()
            )

    def release(self, instance: str) -> None:
        """Let another bridge take this one's place."""
        self._store.execute("DELETE FROM bridge WHERE instance = ?", instance)
