"""HTTP as the portal's client needs it: kept-alive connections, bounded answers, and the one question of a write: did it happen?

A reply that is cut inside its head reaches `requests` as status 200 with an empty body and no exception, so nothing here is
taken for success: the caller reads the body and says what it lacks (`Answer.unbelievable`). Texts of HTTP exceptions are never
passed on, nor are the exceptions chained: they hold the request, and the request its token.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import NoReturn

import requests

from bridge.deadline import Deadline
from bridge.deadline import session as new_session
from bridge.http import BROKEN, announced, is_cut, is_framed, never_sent, no_answer, retry_after
from bridge.portal.errors import PortalError, PortalNotContract, PortalOutcomeUnknown, PortalTooLarge, PortalUnreachable
from bridge.portal.refusals import Problem, readable
from bridge.retries import PASSING, Retries
from bridge.version import __version__

logger = logging.getLogger("bridge.portal")

Authenticate = Callable[[requests.PreparedRequest], requests.PreparedRequest]

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of a JSON answer, decompressed, that are kept in memory."""

_CHUNK = 64 * 1024
_NOT_LET_IN = frozenset({401, 403})


class Passing(PortalUnreachable):
    """A read failed in a way that may pass: no connection, or 429, 502, 503, 504. `wait` is what the portal asked for, seconds."""

    wait: float = 0.0

    @property
    def repeat_after(self) -> float | None:
        """See `BridgeError.repeat_after`."""
        return self.wait


@dataclass(frozen=True, slots=True)
class Request:
    """One call: what is sent, and how its failures are to be told.

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

    def not_sent(self, why: str) -> PortalError:
        """No connection was made: nothing was changed."""
        kind = PortalUnreachable if self.key else Passing
        return kind(self.endpoint, why, portal=self.portal)

    def too_slow(self, seconds: float) -> PortalError:
        """The call was cut off; what has used up all its time is not repeated."""
        kind = PortalOutcomeUnknown if self.key else PortalUnreachable
        return kind(self.endpoint, f"the call took longer than {seconds:g} s and was cut off", portal=self.portal)

    def no_answer(self, why: str) -> PortalError:
        """The request may have arrived, its answer did not."""
        kind = PortalOutcomeUnknown if self.key else Passing
        return kind(self.endpoint, why, portal=self.portal)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that arrived whole, as far as HTTP tells."""

    request: Request
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        """The portal's X-Request-Id, "" where there is none."""
        return readable(self.headers.get("X-Request-Id", ""))[:100]

    def unbelievable(self, why: str) -> NoReturn:
        """Raise what it means that the answer is not the contract's: a write may have happened, a read has no result."""
        kind = PortalOutcomeUnknown if self.request.key else PortalNotContract
        error = kind(self.request.endpoint, why, status=self.status, request_id=self.request_id, portal=self.request.portal)
        error.retry_after = retry_after(self.headers.get("Retry-After", ""))
        raise error

    def too_large(self) -> NoReturn:
        """Raise what it means that the answer was too large to be read."""
        why = f"the answer is larger than {LARGEST_ANSWER} bytes"
        if self.request.key:
            self.unbelievable(why)
        error = PortalTooLarge(self.request.endpoint, why, status=self.status, request_id=self.request_id, portal=self.request.portal)
        error.next_cursor = self.headers.get("X-Next-Cursor", "")
        error.begun = self.body
        raise error

    def refuse(self) -> NoReturn:
        """Raise the error of an answer that is no success."""
        told = {"request_id": self.request_id, "portal": self.request.portal}
        problem = Problem.read(self.status, self.headers.get("Content-Type", ""), self.body)
        why = problem.detail if problem else f"the portal answered HTTP {self.status}{' with a page' if self._is_html else ''}"
        code = problem.code if problem else ""
        if self.request.key is None and (self.status in PASSING or self.status >= 500):
            error = (Passing if self.status in PASSING else PortalUnreachable)(
                self.request.endpoint, why, status=self.status, code=code, **told
            )
            error.retry_after = retry_after(self.headers.get("Retry-After", ""))
            if isinstance(error, Passing):
                error.wait = error.retry_after or 0.0
            raise error
        if problem is None and self.request.key is None and self.status in _NOT_LET_IN:
            # A gateway before the portal refuses the same token; a read's answer decides about no write.
            problem = Problem(self.status, "", why, {})
        if problem is None or not 400 <= self.status < 500:
            self.unbelievable(why)
        if self.status == 429:
            refused = PortalUnreachable(self.request.endpoint, why, status=429, code=code, **told)
            refused.retry_after = retry_after(self.headers.get("Retry-After", ""))
            raise refused
        raise problem.error(self.request.endpoint, **told)

    @property
    def _is_html(self) -> bool:
        return self.headers.get("Content-Type", "").lower().startswith("text/html")


class Transport:
    """Requests to one portal.

    Parameters:
        base_url: the contract's base address, ending with its version.
        connect_timeout, read_timeout: seconds; the second is the longest silence in an answer.
        call_timeout: seconds of a whole call, bodies of more than some kilobytes get more.
        ca_file, proxy: see `bridge.deadline.session`.
        instance: sent with every request, "" for none.
        session: to be used instead of one of its own.
    """

    def __init__(
        self, base_url: str, auth: Authenticate, *, connect_timeout: float, read_timeout: float, retries: Retries,
        call_timeout: float = 300, ca_file: Path | None = None, proxy: str = "", instance: str = "",
        session: requests.Session | None = None,
    ) -> None:  # fmt: skip
        self._base_url = base_url.rstrip("/")
        self._auth = auth
        self._timeout = (connect_timeout, read_timeout)
        self._retries = retries
        self._call_timeout = call_timeout
        self._verify: str | bool = str(ca_file) if ca_file else True
        self._session = session or new_session(ca_file=ca_file, proxy=proxy)
        self._session.trust_env = False
        self._session.headers["User-Agent"] = f"otbridge/{__version__}"
        if instance:
            self._session.headers["Otbridge-Instance"] = instance
        # No cookies: a PHP session would make parallel calls wait for each other.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(self, request: Request) -> Answer:
        """Send a request and read the whole answer, whatever its status; a read is repeated where that may help.

        Raises:
            PortalUnreachable, PortalOutcomeUnknown, PortalNotContract: no whole answer came; for a read, also a status that may pass.
        """

        def once() -> Answer:
            with self._deadline(request), self._open(request) as response:
                answer = _read(request, response)
            if answer.status == 200 and not answer.body and not is_framed(answer.headers):
                raise request.no_answer("the answer was cut off inside its head")
            if request.key is None and answer.status in PASSING:
                answer.refuse()
            return answer

        return once() if request.key else self._retries.run(once)

    @contextmanager
    def stream(self, request: Request) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """Send a read; give the answer's head (its body too when it is no 200), and the pieces of a 200's body."""
        with self._deadline(request) as deadline, self._retries.run(lambda: self._begin(request)) as response:
            deadline.extend(announced(response))
            if response.status_code == 200:
                yield _head(request, response, b""), _pieces(request, response)
            else:
                yield _read(request, response), iter(())

    @contextmanager
    def _deadline(self, request: Request) -> Iterator[Deadline]:
        """Cut off what takes longer than a call may."""
        with Deadline(self._call_timeout) as deadline:
            deadline.extend(len(request.body or b""))
            try:
                yield deadline
            except PortalError:
                if deadline.over:
                    raise request.too_slow(self._call_timeout) from None
                raise

    def _begin(self, request: Request) -> requests.Response:
        response = self._request(request)
        if response.status_code in PASSING:
            with response:
                _read(request, response).refuse()
        return response

    @contextmanager
    def _open(self, request: Request) -> Iterator[requests.Response]:
        response = self._request(request)
        try:
            yield response
        finally:
            response.close()

    def _request(self, request: Request) -> requests.Response:
        began = time.monotonic()
        failure: PortalError | None = None
        response: requests.Response | None = None
        headers = {"Accept": "application/json, application/problem+json", **request.headers}
        if request.key:
            headers["Idempotency-Key"] = request.key
        try:
            response = self._session.request(
                request.method, self._base_url + request.path, params=dict(request.params), data=request.body, headers=headers,
                auth=self._auth, timeout=self._timeout, allow_redirects=False, stream=True, verify=self._verify,
            )  # fmt: skip
        except BROKEN as error:
            failure = _unanswered(request, error)
        milliseconds = (time.monotonic() - began) * 1000
        if failure is not None or response is None:
            logger.debug("%s %s: %d ms, no answer", request.portal, request.endpoint, milliseconds)
            raise failure or request.no_answer("no answer")
        logger.debug("%s %s: %d ms, HTTP %d", request.portal, request.endpoint, milliseconds, response.status_code)
        return response


def _head(request: Request, response: requests.Response, body: bytes) -> Answer:
    return Answer(request, response.status_code, response.headers, body)


def _read(request: Request, response: requests.Response) -> Answer:
    body = bytearray()
    for piece in _pieces(request, response):
        body += piece
        if len(body) > LARGEST_ANSWER:
            _head(request, response, bytes(body)).too_large()
    return _head(request, response, bytes(body))


def _pieces(request: Request, response: requests.Response) -> Iterator[bytes]:
    """The body, piece by piece, decompressed; one that ends before its announced length is no answer."""
    broken = False
    try:
        yield from response.iter_content(_CHUNK)
    except BROKEN:
        broken = True
    if broken or (response.status_code != 304 and is_cut(response)):
        raise request.no_answer("the answer broke off")


def _unanswered(request: Request, error: Exception) -> PortalError:
    """The error for a request without an answer; only some failures prove that nothing was sent."""
    why = never_sent(error)
    return request.not_sent(why) if why else request.no_answer(no_answer(error))
