"""Idempotency keys: a write that succeeded is answered again and never done again; a refused one leaves
its key free.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bridge.sandbox.portal.problems import Problem, not_found
from bridge.sandbox.portal.store import Store


@dataclass(frozen=True, slots=True)
class Stored:
    """The answer to a write; `replayed` when it was given before."""

    status: int
    body: str
    replayed: bool


class Keys:
    """The keys of all writes; none is ever deleted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._in_progress: set[str] = set()

    @contextmanager
    def processing(self, key: str) -> Iterator[None]:
        """Keep the key for the one who works under it; everybody else is refused with `in_progress`
        meanwhile.
        """
        with self._lock:
            if key in self._in_progress:
                raise Problem("in_progress", f"a request with the key {key} is being processed")
            self._in_progress.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._in_progress.discard(key)

    def once(self, key: str, request: str, do: Callable[[], tuple[int, Mapping[str, Any]]]) -> Stored:
        """Do the write and keep its answer, in one transaction; or give the answer that is kept.

        Parameters:
            request: fingerprint of what is asked (see `fingerprint`).
            do: returns status and body, or raises `Problem`; then nothing is changed and nothing kept.
        """
        with self.processing(key), self._store.transaction():
            kept = self._store.row("SELECT * FROM idempotency WHERE key = ?", key)
            if kept is not None:
                if kept["request"] != request:
                    raise Problem("key_reused", f"the key {key} belongs to another request")
                return Stored(kept["status"], kept["body"], replayed=True)
            status, document = do()
            body = json.dumps(document, ensure_ascii=False)
            self._store.insert(
                "idempotency", key=key, request=request, status=status, body=body, at=self._store.now()
            )
            return Stored(status, body, replayed=False)

    def find(self, key: str) -> dict[str, Any]:
        """`GET /keys/{key}`."""
        kept = self._store.row("SELECT key, status, body, at FROM idempotency WHERE key = ?", key)
        if kept is None:
            raise not_found("successful write with the key", key)
        return {**kept, "body": json.loads(kept["body"])}


def fingerprint(method: str, address: str, content: bytes) -> str:
    """What distinguishes two requests: method, path with query, and content (JSON by its value, as the
    caller made it canonical).
    """
    return hashlib.sha256(f"{method}\n{address}\n".encode() + content).hexdigest()
