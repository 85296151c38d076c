"""HTTP to one address: kept-alive connections, bounded in time and size, and each failure named by what it
proves.

`requests` gives a reply that is cut inside its head as status 200 with an empty body and no exception;
`Transport` reports it as a missing answer. Texts of HTTP exceptions are never passed on, nor are the
exceptions chained: they hold the request, and the request its token.

HttpFailure
├── NotSent      no connection was made: nothing was changed
├── NoAnswer     the request may have arrived, its answer did not, or not whole
│   └── TooSlow  the call was cut off, because it took longer than a call may
└── TooLarge     the answer is larger than is kept in memory
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import requests

from bridge.version import __version__
from bridge.wire.deadline import Deadline, session
from bridge.wire.http import BROKEN, announced, is_cut, is_framed, never_sent, no_answer, retry_after

logger = logging.getLogger("bridge.wire")

Authenticate = Callable[[requests.PreparedRequest], requests.PreparedRequest]

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, or its head.

    Attributes:
        headers: by lower-case name.
        framed: the body's end was marked (Content-Length or chunks), so that a cut would have shown.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    framed: bool

    @property
    def is_html(self) -> bool:
        """Whether the server calls it HTML."""
        return self.headers.get("content-type", "").lower().startswith("text/html")

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks to wait, None where it asks for nothing."""
        return retry_after(self.headers.get("retry-after", ""))

    @property
    def is_cut_in_head(self) -> bool:
        """Whether it may be an answer that broke off inside its head."""
        return self.status == 200 and not self.body and not self.framed


class HttpFailure(Exception):
    """A request has no whole answer; `why` is for people, in the operator's language."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotSent(HttpFailure):
    """No connection was made: nothing was changed."""


class NoAnswer(HttpFailure):
    """The request may have arrived; its answer did not, or not whole."""


class TooSlow(NoAnswer):
    """The call was cut off. What has used up all its time is not repeated."""


class TooLarge(HttpFailure):
    """The answer is larger than is kept in memory; `reply` holds as much of it as was read."""

    def __init__(self, why: str, reply: Reply) -> None:
        super().__init__(why)
        self.reply = reply


class Opened:
    """An answer whose body is read while it comes."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response

    @property
    def head(self) -> Reply:
        """The answer without its body."""
        return self.reply(b"")

    def reply(self, body: bytes) -> Reply:
        """The answer with `body`."""
        response = self._response
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, response.reason or "", headers, body, is_framed(headers))

    def pieces(self) -> Iterator[bytes]:
        """The body, piece by piece, decompressed.

        Raises:
            NoAnswer: it ended before its announced length, or broke off.
        """
        broken = False
        try:
            yield from self._response.iter_content(_CHUNK)
        except BROKEN:
            broken = True
        if broken or (self._response.status_code != 304 and is_cut(self._response)):
            raise NoAnswer("the answer broke off")

    def whole(self, largest: int) -> Reply:
        """The answer with all of its body.

        Raises:
            NoAnswer: see `pieces`.
            TooLarge: the body has more than `largest` bytes.
        """
        body = bytearray()
        for piece in self.pieces():
            body += piece
            if len(body) > largest:
                raise TooLarge(f"the answer is larger than {largest} bytes", self.reply(bytes(body)))
        return self.reply(bytes(body))


class Transport:
    """Requests to one address. Redirects are not followed: they would hand the token to somebody else.

    Parameters:
        base_url: without a slash at its end.
        connect_timeout, read_timeout: seconds; the second is the longest silence in an answer.
        call_timeout: seconds of a whole call; bodies of more than some kilobytes get more.
        largest_answer: bytes of an answer, decompressed, that are kept in memory.
        ca_file, proxy: see `bridge.wire.deadline.session`.
        headers: sent with every request.
        auth: signs every request.
        within: to be used instead of a session of its own.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connect_timeout: float,
        read_timeout: float,
        call_timeout: float,
        largest_answer: int,
        ca_file: Path | None = None,
        proxy: str = "",
        headers: Mapping[str, str] | None = None,
        auth: Authenticate | None = None,
        within: requests.Session | None = None,
    ) -> None:
        self.base_url = base_url
        self.call_timeout = call_timeout
        self._timeout = (connect_timeout, read_timeout)
        self.largest_answer = largest_answer
        self._auth = auth
        self._verify: str | bool = str(ca_file) if ca_file else True
        self._session = within or session(ca_file=ca_file, proxy=proxy)
        self._session.trust_env = False
        self._session.headers.update({"User-Agent": f"otbridge/{__version__}", **(headers or {})})
        # No cookies: a PHP session would make parallel calls wait for each other.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(
        self,
        name: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Reply:
        """Send one request and read the whole answer, also one that reports a failure.

        Parameters:
            name: what is asked, for the log.
            path: below the base address, percent-encoded.
            body: bytes, or an object with `__len__` and `__iter__` that is sent in pieces.

        Raises:
            HttpFailure: no whole answer came.
        """
        with self.open(name, method, path, headers=headers, params=params, body=body) as opened:
            reply = opened.whole(self.largest_answer)
        if reply.is_cut_in_head:
            raise NoAnswer("the answer was cut off inside its head")
        return reply

    @contextmanager
    def open(
        self,
        name: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Iterator[Opened]:
        """Send one request and give the answer with its body unread; see `send`.

        Raises:
            HttpFailure: no answer came, or the caller's reading met one.
        """
        slow: TooSlow | None = None
        with Deadline(self.call_timeout) as deadline:
            deadline.extend(len(body or b""))
            try:
                with self._opened(name, method, path, headers, params, body) as response:
                    deadline.extend(announced(response))
                    yield Opened(response)
            except Exception:
                if not deadline.over:
                    raise
                slow = TooSlow(f"the call took longer than {self.call_timeout:g} s and was cut off")
        if slow is not None:
            raise slow

    @contextmanager
    def _opened(
        self,
        name: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        body: Any,
    ) -> Iterator[requests.Response]:
        response: requests.Response | None = None
        failure: HttpFailure | None = None
        began = time.monotonic()
        try:
            response = self._session.request(
                method,
                self.base_url + path,
                params=dict(params or {}),
                data=body,
                headers=dict(headers),
                auth=self._auth,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
                verify=self._verify,
            )
        except BROKEN as error:
            why = never_sent(error)
            failure = NotSent(why) if why else NoAnswer(no_answer(error))
        if failure is not None or response is None:
            logger.debug("%s: %d ms, no answer", name, (time.monotonic() - began) * 1000)
            raise failure or NoAnswer("no answer")
        try:
            yield response
        finally:
            took, size = (time.monotonic() - began) * 1000, response.raw.tell()
            logger.debug("%s: %d ms, HTTP %d, %d bytes", name, took, response.status_code, size)
            response.close()
