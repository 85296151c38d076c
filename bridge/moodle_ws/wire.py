"""The bridge's HTTP as errors of Moodle: what a request without a whole answer means for a read and for a
write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from bridge.moodle_ws.errors import MoodleError, NotMoodle, Unreachable
from bridge.moodle_ws.outcome import no_answer, unbelievable
from bridge.wire.transport import HttpFailure, NotSent, Opened, Reply, TooLarge, TooSlow, Transport


def site_address(base_url: str) -> str:
    """`base_url` without what does not belong to a site's address: a trailing slash.

    Raises:
        NotMoodle: when it is not an http or https address, or carries a user, a query or a fragment.
    """
    try:
        place = urlsplit(base_url)
        fit = (
            place.scheme in {"http", "https"}
            and place.hostname
            and place.port != 0
            and "@" not in place.netloc
        )
    except ValueError:
        fit = False
    if not fit or place.query or place.fragment:
        raise NotMoodle("connect", "the site's address is not a plain http:// or https:// address")
    return base_url.rstrip("/")


class Wire:
    """POST requests to one site.

    Parameters:
        transport: to the site's address.
    """

    def __init__(self, transport: Transport) -> None:
        self.base_url = transport.base_url
        self._transport = transport

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def post(self, function: str, path: str, body: Any, headers: Mapping[str, str], *, write: bool) -> Reply:
        """Send one POST and read the whole answer, also one that reports a failure.

        Parameters:
            path: below the site's address, with its query.
            body: see `Transport.send`.

        Raises:
            Unreachable, OutcomeUnknown, NotMoodle: no whole answer came.
        """
        try:
            return self._transport.send(function, "POST", path, headers=headers, body=body)
        except HttpFailure as failure:
            error = _error(function, failure, write=write)
        raise error  # outside: it is chained to nothing

    @contextmanager
    def open(self, function: str, path: str, body: Any, headers: Mapping[str, str]) -> Iterator[Opened]:
        """Send one POST that changes nothing, and give the answer with its body unread.

        Raises:
            Unreachable: no answer came, or the caller's reading met its end.
        """
        try:
            with self._transport.open(function, "POST", path, headers=headers, body=body) as opened:
                yield opened
        except HttpFailure as failure:
            raise _error(function, failure, write=False) from None


def _error(function: str, failure: HttpFailure, *, write: bool) -> MoodleError:
    """What a failure of HTTP means for a call of Moodle."""
    match failure:
        case NotSent():
            return Unreachable(function, failure.why)
        case TooLarge():
            return unbelievable(function, failure.why, failure.reply, write=write)
        case _:
            error = no_answer(function, failure.why, write=write)
            error.repeatable = not isinstance(failure, TooSlow)
            return error
