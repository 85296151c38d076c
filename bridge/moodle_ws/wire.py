"""HTTP as the transports need it: one address, kept-alive connections, bounded in time and size, nothing leaked.

Texts of HTTP exceptions are never passed on, nor are the exceptions chained: they hold the URL, and over SOAP the URL
holds the token.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from bridge.deadline import Deadline, session
from bridge.http import BROKEN, announced, is_cut, is_framed, never_sent
from bridge.http import no_answer as lost
from bridge.moodle_ws.errors import MoodleError, NotMoodle
from bridge.moodle_ws.outcome import Reply, no_answer, not_sent, too_slow, unbelievable
from bridge.version import __version__

logger = logging.getLogger("bridge.moodle_ws")

_CHUNK = 64 * 1024


def site_address(base_url: str) -> str:
    """`base_url` without what does not belong to a site's address: a trailing slash.

    Raises:
        NotMoodle: when it is no http or https address, or carries a user, a query or a fragment.
    """
    try:
        place = urlsplit(base_url)
        fit = place.scheme in {"http", "https"} and place.hostname and place.port != 0 and "@" not in place.netloc
    except ValueError:
        fit = False
    if not fit or place.query or place.fragment:
        raise NotMoodle("connect", "the site's address is no plain http:// or https:// address")
    return base_url.rstrip("/")


class Wire:
    """POST requests to one site.

    Parameters:
        base_url: see `site_address`.
        connect_timeout, read_timeout: seconds; the second is the longest silence in an answer.
        largest_answer: bytes of an answer, decompressed, that is kept in memory.
        call_timeout: seconds of a whole call, bodies of more than some kilobytes get more.
        ca_file, proxy: see `bridge.deadline.session`.
    """

    def __init__(
        self, base_url: str, *, connect_timeout: float, read_timeout: float, largest_answer: int, call_timeout: float = 300,
        ca_file: Path | None = None, proxy: str = "",
    ) -> None:  # fmt: skip
        self.base_url = site_address(base_url)
        self._timeout = (connect_timeout, read_timeout)
        self._largest = largest_answer
        self._call_timeout = call_timeout
        self._session = session(ca_file=ca_file, proxy=proxy)
        self._session.headers["User-Agent"] = f"otbridge/{__version__}"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def post(self, function: str, path: str, body: Any, headers: Mapping[str, str], *, write: bool) -> Reply:
        """Send one POST and read the whole answer, whatever its status.

        Parameters:
            path: below the site's address, with its query.
            body: bytes, or an object with `__len__` and `__iter__` that is sent in pieces.

        Raises:
            Unreachable, OutcomeUnknown, NotMoodle: no whole answer came.
        """
        with self.open(function, path, body, headers, write=write) as response:
            pieces: list[bytes] = []
            size = 0
            for piece in chunks(function, response, write=write):
                size += len(piece)
                if size > self._largest:
                    told = f"the answer is larger than {self._largest} bytes"
                    raise unbelievable(function, told, head(response), write=write)
                pieces.append(piece)
            reply = head(response, b"".join(pieces))
        if reply.status == 200 and not reply.body and not reply.framed:
            raise no_answer(function, "the answer was cut off inside its head", write=write)
        return reply

    @contextmanager
    def open(self, function: str, path: str, body: Any, headers: Mapping[str, str], *, write: bool) -> Iterator[requests.Response]:
        """Send one POST and give the answer with its body unread; redirects are not followed."""
        with Deadline(self._call_timeout) as deadline:
            deadline.extend(len(body))
            try:
                with self._opened(function, path, body, headers, write=write) as response:
                    deadline.extend(announced(response))
                    yield response
            except MoodleError:
                if deadline.over:
                    raise too_slow(function, self._call_timeout, write=write) from None
                raise

    @contextmanager
    def _opened(self, function: str, path: str, body: Any, headers: Mapping[str, str], *, write: bool) -> Iterator[requests.Response]:
        response: requests.Response | None = None
        problem: MoodleError | None = None
        began = time.monotonic()
        try:
            response = self._session.post(
                self.base_url + path, data=body, headers=headers, timeout=self._timeout, allow_redirects=False, stream=True
            )
        except BROKEN as error:
            problem = _unanswered(function, error, write=write)
        if problem is not None or response is None:
            logger.debug("%s: %d ms, no answer", function, (time.monotonic() - began) * 1000)
            raise problem or no_answer(function, "no answer", write=write)
        try:
            yield response
        finally:
            took, size = (time.monotonic() - began) * 1000, response.raw.tell()
            logger.debug("%s: %d ms, HTTP %d, %d bytes", function, took, response.status_code, size)
            response.close()


def head(response: requests.Response, body: bytes = b"") -> Reply:
    """The answer's head as plain values."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, response.reason or "", headers, body, is_framed(headers))


def chunks(function: str, response: requests.Response, *, write: bool) -> Iterator[bytes]:
    """The answer's body, piece by piece, decompressed.

    Raises:
        Unreachable, OutcomeUnknown: it ended before its announced length, or broke off.
    """
    broken = False
    try:
        yield from response.iter_content(_CHUNK)
    except BROKEN:
        broken = True
    if broken or is_cut(response):
        raise no_answer(function, "the answer broke off", write=write)


def _unanswered(function: str, error: Exception, *, write: bool) -> MoodleError:
    """The error for a request without an answer; only some failures prove that nothing was sent."""
    why = never_sent(error)
    return not_sent(function, why) if why else no_answer(function, lost(error), write=write)
