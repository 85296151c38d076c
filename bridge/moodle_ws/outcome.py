"""What an answer means that is not Moodle's own: for a read an error, for a write mostly that its outcome is
unknown.

A write's failure is known only where the request surely never reached a function: nothing was sent, or the
answer is one that a web server or Moodle's start gives before any function runs.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from bridge.moodle_ws.errors import (
    AccessError,
    Maintenance,
    MoodleError,
    NotMoodle,
    OutcomeUnknown,
    ParameterError,
    ServerError,
    Unreachable,
)
from bridge.wire.transport import Reply

_MAINTENANCE_REASON = "Moodle under maintenance"
_CANONICAL_REDIRECTS = frozenset({301, 307, 308})
"""A web server sends these by its configuration; PHP's own redirects are 302 and 303, and may come after
work was done.
"""


def no_answer(function: str, why: str, *, write: bool) -> MoodleError:
    """The request may have arrived, its answer did not."""
    return OutcomeUnknown(function, why) if write else Unreachable(function, why)


def unbelievable(
    function: str, why: str, reply: Reply, *, write: bool, kind: type[MoodleError] = NotMoodle
) -> MoodleError:
    """An answer came that cannot be taken for Moodle's; `kind` is the error of a read."""
    return (OutcomeUnknown if write else kind)(function, why, status=reply.status)


def bad_status(function: str, reply: Reply, *, write: bool) -> MoodleError:
    """The error for an answer without an error of Moodle's inside, whose status is not 200."""
    status, wait = reply.status, reply.retry_after
    if 300 <= status < 400:
        return _redirected(function, reply, write=write)
    if status == 403:
        return AccessError(
            function, "the web server refuses (HTTP 403)", status=status, advice=_FORBIDDEN_ADVICE
        )
    if status in {401, 404, 405}:
        return NotMoodle(function, f"no web service at this address (HTTP {status})", status=status)
    if status == 413:
        return ParameterError(
            function, "the request is larger than the web server takes (HTTP 413)", status=status
        )
    if status == 429:
        return Unreachable(function, "too many requests (HTTP 429)", status=status, retry_after=wait)
    if status == 503 and (reply.reason == _MAINTENANCE_REASON or (wait is not None and not write)):
        return Maintenance(function, "the site is in maintenance (HTTP 503)", status=status, retry_after=wait)
    if write:
        return OutcomeUnknown(function, f"the server answered HTTP {status}", status=status)
    kind = ServerError if status >= 500 else NotMoodle
    return kind(function, f"the server answered HTTP {status}", status=status, retry_after=wait)


_FORBIDDEN_ADVICE = (
    "switch on web services and the protocol (Site administration, Server, Web services, Manage protocols), "
    "and see whether a firewall stands in front of the site"
)


def _redirected(function: str, reply: Reply, *, write: bool) -> MoodleError:
    """A redirect is never followed: it would hand the token to another address."""
    try:
        place = urlsplit(reply.headers.get("location", ""))
        target = f"{place.scheme}://{place.netloc.rpartition('@')[2]}" if place.netloc else "another path"
    except ValueError:
        target = "an unreadable address"
    detail = f"redirected to {target} (HTTP {reply.status})"
    if write and reply.status not in _CANONICAL_REDIRECTS:
        return OutcomeUnknown(function, detail, status=reply.status)
    return NotMoodle(
        function, detail, status=reply.status, advice="set the site's address to the one that it redirects to"
    )
