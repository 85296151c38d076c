"""The bridge's HTTP as errors of the portal: what a failed request means for a read and for a write.

A status alone is never taken for success: the caller reads the body and says what it lacks
(`Answer.unbelievable`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import NoReturn

from bridge.portal.errors import (
    PortalError,
    PortalNotContract,
    PortalOutcomeUnknown,
    PortalTooLarge,
    PortalUnreachable,
)
from bridge.portal.refusals import Problem, readable
from bridge.wire.retries import PASSING, Retries
from bridge.wire.transport import HttpFailure, NotSent, Opened, Reply, TooLarge, TooSlow, Transport

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of a JSON answer, decompressed, that are kept in memory."""

_NOT_LET_IN = frozenset({401, 403})


class Passing(PortalUnreachable):
    """A read failed in a way that may pass: no connection, or 429, 502, 503, 504. `wait` is what the
    portal asked for, seconds.
    """

    wait: float = 0.0

    @property
    def repeat_after(self) -> float | None:
        """See `BridgeError.repeat_after`."""
        return self.wait


@dataclass(frozen=True, slots=True)
class Request:
    """One call: what is sent, and how its failures are named.

    Attributes:
        path: below the base address, percent-encoded.
        key: the Idempotency-Key; a request with one is a write.
    """

    portal: str
    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | None = None
    key: str | None = None

    @property
    def endpoint(self) -> str:
        """Method and path, for errors."""
        return f"{self.method} {self.path}"

    @property
    def label(self) -> str:
        """Portal and endpoint, for the log."""
        return f"{self.portal} {self.endpoint}"

    @property
    def all_headers(self) -> dict[str, str]:
        """The request's headers, with those that every one has."""
        key = {"Idempotency-Key": self.key} if self.key else {}
        return {"Accept": "application/json, application/problem+json", **self.headers, **key}

    def error(self, failure: HttpFailure) -> PortalError:
        """What a failure of HTTP means: a write may have happened, a read may be repeated."""
        kind: type[PortalError]
        match failure:
            case TooLarge():
                return Answer(self, failure.reply).too_large(failure.why)
            case NotSent():
                kind = PortalUnreachable if self.key else Passing
            case TooSlow():
                kind = PortalOutcomeUnknown if self.key else PortalUnreachable
            case _:
                kind = PortalOutcomeUnknown if self.key else Passing
        return kind(self.endpoint, failure.why, portal=self.portal)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that arrived whole, as far as HTTP shows."""

    request: Request
    reply: Reply

    @property
    def status(self) -> int:
        """Of HTTP."""
        return self.reply.status

    @property
    def headers(self) -> Mapping[str, str]:
        """By lower-case name."""
        return self.reply.headers

    @property
    def body(self) -> bytes:
        """Decompressed."""
        return self.reply.body

    @property
    def request_id(self) -> str:
        """The portal's X-Request-Id, "" where there is none."""
        return readable(self.headers.get("x-request-id", ""))[:100]

    def unbelievable(self, why: str) -> NoReturn:
        """Raise what it means that the answer is not the contract's: a write may have happened, a read has
        no result.
        """
        raise self._unbelievable(why)

    def _unbelievable(self, why: str) -> PortalError:
        kind = PortalOutcomeUnknown if self.request.key else PortalNotContract
        error = kind(
            self.request.endpoint,
            why,
            status=self.status,
            request_id=self.request_id,
            portal=self.request.portal,
        )
        error.retry_after = self.reply.retry_after
        return error

    def too_large(self, why: str) -> PortalError:
        """What it means that the answer was too large to be read."""
        if self.request.key:
            return self._unbelievable(why)
        error = PortalTooLarge(
            self.request.endpoint,
            why,
            status=self.status,
            request_id=self.request_id,
            portal=self.request.portal,
        )
        error.next_cursor = self.headers.get("x-next-cursor", "")
        error.begun = self.body
        return error

    def refuse(self) -> NoReturn:
        """Raise the error of an answer that is not a success."""
        origin = {"request_id": self.request_id, "portal": self.request.portal}
        problem = Problem.read(self.status, self.headers.get("content-type", ""), self.body)
        why = (
            problem.detail
            if problem
            else f"the portal answered HTTP {self.status}{' with a page' if self.reply.is_html else ''}"
        )
        code = problem.code if problem else ""
        if self.request.key is None and (self.status in PASSING or self.status >= 500):
            error = (Passing if self.status in PASSING else PortalUnreachable)(
                self.request.endpoint, why, status=self.status, code=code, **origin
            )
            error.retry_after = self.reply.retry_after
            if isinstance(error, Passing):
                error.wait = error.retry_after or 0.0
            raise error
        if problem is None and self.request.key is None and self.status in _NOT_LET_IN:
            # A gateway before the portal refuses the same token; a read's answer decides about no write.
            problem = Problem(self.status, "", why, {})
        if problem is None or not 400 <= self.status < 500:
            self.unbelievable(why)
        if self.status == 429:
            refused = PortalUnreachable(self.request.endpoint, why, status=429, code=code, **origin)
            refused.retry_after = self.reply.retry_after
            raise refused
        raise problem.error(self.request.endpoint, **origin)


class Line:
    """Requests to one portal; reads are repeated where that may help.

    Parameters:
        transport: to the portal's base address.
    """

    def __init__(self, transport: Transport, retries: Retries) -> None:
        self._transport = transport
        self._retries = retries

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def send(self, request: Request) -> Answer:
        """Send a request and read the whole answer, also one that reports a failure.

        Raises:
            PortalUnreachable, PortalOutcomeUnknown, PortalNotContract: no whole answer came; for a read, also
                a status that may pass.
        """

        def once() -> Answer:
            answer = self._answer(request)
            if request.key is None and answer.status in PASSING:
                answer.refuse()
            return answer

        return once() if request.key else self._retries.run(once)

    def _answer(self, request: Request) -> Answer:
        try:
            reply = self._transport.send(
                request.label,
                request.method,
                request.path,
                headers=request.all_headers,
                params=request.params,
                body=request.body,
            )
            return Answer(request, reply)
        except HttpFailure as failure:
            error = request.error(failure)
        raise error  # outside: it is chained to nothing

    @contextmanager
    def stream(self, request: Request) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """Send a read; give the answer's head (its body too when it is not a 200), and the pieces of a 200's
        body.
        """
        try:
            with ExitStack() as stack:
                opened = self._retries.run(lambda: self._begin(request, stack))
                if opened.head.status == 200:
                    yield Answer(request, opened.head), opened.pieces()
                else:
                    yield Answer(request, opened.whole(self._transport.largest_answer)), iter(())
        except HttpFailure as failure:
            raise request.error(failure) from None

    def _begin(self, request: Request, stack: ExitStack) -> Opened:
        """The answer, open as long as the stack is; one with a status that may pass is an error."""
        try:
            with ExitStack() as opening:
                opened = opening.enter_context(
                    self._transport.open(
                        request.label,
                        request.method,
                        request.path,
                        headers=request.all_headers,
                        params=request.params,
                    )
                )
                if opened.head.status in PASSING:
                    Answer(request, opened.whole(self._transport.largest_answer)).refuse()
                stack.push(opening.pop_all())
        except HttpFailure as failure:
            raise request.error(failure) from None
        return opened
