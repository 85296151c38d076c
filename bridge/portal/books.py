"""What the bridge writes down itself for an engine that cannot: which keys were sent and answered, and what
is held.

`Once` writes under a key exactly once on an engine that does not refuse a repeated key: it looks for the key,
writes, and looks again, under a single writer's lease. What may still be under way is never sent again: a
write whose answer was lost is only looked for until the engine's own time limit has surely passed
(docs/reliability.md has why looking alone is not enough).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bridge.domain.kept import KeptHold, Written
from bridge.portal.errors import (
    KeyReused,
    PortalError,
    PortalOutcomeUnknown,
    PortalRefused,
    PortalUnreachable,
    StillUnderWay,
)

ATTEMPTS = 3
"""How often a write is sent that the engine did not make because another change came in between."""


PROMPT = timedelta(seconds=1)
"""What is written down longer after its moment than this is written down anew."""


class Contended(PortalUnreachable):
    """The engine did not make the change, for another one came in between; it may be sent at once, after
    another look at what it changes.
    """


class Books(Protocol):
    """The books of one portal. What changes them is called within `writer()` only."""

    def writer(self) -> AbstractContextManager[None]:
        """The single writer's lease.

        Raises:
            PortalUnreachable: another process writes, and did not end in time; nothing was sent.
        """

    def written(self, key: str) -> Written | None:
        """What is known of the key."""

    def sending(self, key: str, fingerprint: str, at: datetime) -> None:
        """Write down that a request under the key is about to be sent, and when by the clock of `Once`."""

    def forget(self, key: str) -> None:
        """Write down that nothing is under way under the key: it was never sent, or refused."""

    def answered(self, key: str, fingerprint: str, answer: Mapping[str, Any]) -> None:
        """Write down what came of the key."""

    def add_hold(self, hold: KeptHold, fingerprint: str, answer: Mapping[str, Any]) -> None:
        """Keep a hold and the answer to its key, in one transaction."""

    def end_hold(
        self, hold_id: str, ended: str, key: str, at: datetime, fingerprint: str, answer: Mapping[str, Any]
    ) -> None:
        """End a hold and keep the answer to the key that ends it, in one transaction; one that ended by
        this key stays as it is.
        """

    def hold(self, hold_id: str) -> KeptHold | None:
        """One hold."""

    def holds(self, account_id: str) -> Sequence[KeptHold]:
        """All holds of an account, oldest first."""

    def open_holds(self) -> Sequence[KeptHold]:
        """The holds of all accounts that have not ended, oldest first."""


def fingerprint_of(kind: str, request: Mapping[str, Any]) -> str:
    """A write in short: the same kind and request have the same one."""
    canonical = json.dumps(
        [kind, request], ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=str
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One write, in the parts that `Once` puts together.

    Attributes:
        endpoint: named in errors.
        kind, request: what is written; another request under the same key is refused.
        look: what came of it on the engine, None where nothing is to be seen of it.
        prepare: raises the refusal of a write that must not be; returns what `write` is given.
        write: sends it, as one request: how long it may be under way is counted from just before.
        keep: does what follows from what `look` found, and puts it into the books; left out, it is kept under
            the key.
    """

    endpoint: str
    key: str
    kind: str
    request: Mapping[str, Any]
    look: Callable[[], dict[str, Any] | None]
    prepare: Callable[[], Any]
    write: Callable[[Any], None]
    keep: Callable[[str, Mapping[str, Any]], None] | None = None

    @property
    def fingerprint(self) -> str:
        """See `fingerprint_of`."""
        return fingerprint_of(self.kind, self.request)


class Once:
    """Writes once.

    Parameters:
        portal: the portal's name, for errors.
        settle: after this time a request that was sent has surely ended on the engine's side.
        clock: aware UTC; counts `settle`. Best the engine's own, for this machine's may jump; it may ask the
            engine.
    """

    def __init__(self, portal: str, books: Books, settle: timedelta, clock: Callable[[], datetime]) -> None:
        self._portal = portal
        self._books = books
        self._settle = settle
        self._clock = clock

    def answer(self, key: str, endpoint: str, fingerprint: str) -> Mapping[str, Any] | None:
        """The answer that the books have for the key.

        Raises:
            KeyReused: the key stands for something else.
        """
        written = self._books.written(key)
        if written is None:
            return None
        if written.fingerprint != fingerprint:
            raise KeyReused(
                endpoint, f"the key {key} was used for another write", code="key_reused", portal=self._portal
            )
        return written.answer

    def is_new(self, key: str) -> bool:
        """Whether the books know nothing of the key: nobody who keeps them has anything under way under
        it.
        """
        return self._books.written(key) is None

    def run(self, attempt: Attempt) -> Mapping[str, Any]:
        """Write, unless it was written; returns what came of it.

        Raises:
            KeyReused: the key stands for something else.
            PortalOutcomeUnknown: it was sent, and is not to be seen (yet); StillUnderWay: it was sent before.
            PortalRefused, PortalUnreachable: nothing was written, or (code key_not_kept) it was written
                without its key.
        """
        with self._books.writer():
            return self.step(attempt)

    def step(self, attempt: Attempt) -> Mapping[str, Any]:
        """`run` for who is the writer already: a write that follows from another one, under a key of its
        own.
        """
        known = self.answer(attempt.key, attempt.endpoint, attempt.fingerprint)
        if known is not None:
            return known
        began, found = self._look_first(attempt)
        if found is not None:
            return self._keep(attempt, found)
        self._refuse_under_way(attempt, began)
        return self._keep(attempt, self._write(attempt))

    def _look_first(self, attempt: Attempt) -> tuple[datetime, dict[str, Any] | None]:
        try:
            return self._clock(), attempt.look()  # what arrives behind a look is not seen by it
        except PortalRefused as error:
            if (written := self._books.written(attempt.key)) is None or written.sent_at is None:
                raise
            raise self._unknown(attempt, f"it was sent, and cannot be looked for: {error}") from error

    def _write(self, attempt: Attempt) -> dict[str, Any]:
        lost = self._send(attempt)
        try:
            found = attempt.look()
        except PortalError as error:
            raise self._unknown(attempt, f"it was sent, and cannot be looked for: {error}") from error
        if found is None and lost is None:
            # To send it again would write it again: what is at fault is where the key should have been kept.
            self._books.forget(attempt.key)
            raise PortalRefused(
                attempt.endpoint,
                "it was answered as written, but its key is not to be seen",
                code="key_not_kept",
                portal=self._portal,
            )
        if found is None:
            raise self._unknown(attempt, f"{lost.detail if lost else ''}; it is not to be seen yet")
        return found

    def _send(self, attempt: Attempt) -> PortalOutcomeUnknown | None:
        """Send it; returns the error of an answer that was lost.

        Raises:
            PortalRefused, PortalUnreachable: nothing was written, and the key is free.
        """
        for left in reversed(range(ATTEMPTS)):
            prepared = attempt.prepare()
            self._write_down(attempt)
            try:
                attempt.write(prepared)
            except (PortalRefused, PortalUnreachable) as error:
                if error.outcome_known:
                    self._books.forget(attempt.key)
                if not (isinstance(error, Contended) and left):
                    raise
            except PortalOutcomeUnknown as error:
                return error
            else:
                return None
        raise AssertionError("the last attempt returns or raises")

    def _write_down(self, attempt: Attempt) -> None:
        """Put on disk that it is about to be sent, at a moment that is still now when it is there.

        How long the request may be under way is counted from that moment. A process that slept in between
        would let the next one send it again too early.

        Raises:
            PortalUnreachable: the journal was too slow each time; nothing was sent, and the key is free.
        """
        for _ in range(ATTEMPTS):
            at = self._clock()
            self._books.sending(attempt.key, attempt.fingerprint, at)
            if self._clock() - at <= PROMPT:
                return
        self._books.forget(attempt.key)
        raise PortalUnreachable(
            attempt.endpoint,
            "the journal took too long to write down that it is sent; nothing was sent",
            portal=self._portal,
        )

    def _keep(self, attempt: Attempt, found: dict[str, Any]) -> Mapping[str, Any]:
        keep = attempt.keep or (
            lambda fingerprint, answer: self._books.answered(attempt.key, fingerprint, answer)
        )
        try:
            keep(attempt.fingerprint, found)
        except PortalRefused as error:
            raise self._unknown(
                attempt, f"it was written, and what follows from it is refused: {error}"
            ) from error
        return found

    def _refuse_under_way(self, attempt: Attempt, looked_at: datetime) -> None:
        written = self._books.written(attempt.key)
        if written is not None and written.sent_at is not None:
            left = written.sent_at + self._settle - looked_at
            if left > timedelta(0):
                seconds = int(left.total_seconds()) + 1
                why = f"it was sent and is not to be seen yet; it will not be sent again for {seconds} s"
                raise StillUnderWay(attempt.endpoint, why, portal=self._portal)
            self._books.forget(attempt.key)

    def _unknown(self, attempt: Attempt, why: str) -> PortalOutcomeUnknown:
        return PortalOutcomeUnknown(attempt.endpoint, why, portal=self._portal)
