"""What the clients of portals make of an answer and of a failure of HTTP: a read is repeated or is an error,
a write is unknown, refused or surely not made. Both `HttpPortal` and Redmine's client go this way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from bridge.portal import (
    PortalError,
    PortalForbidden,
    PortalNotContract,
    PortalOutcomeUnknown,
    PortalRefused,
    PortalTooLarge,
    PortalUnauthorized,
    PortalUnreachable,
    Retries,
)
from bridge.portal.transport import Line, Request
from bridge.wire.transport import HttpFailure, NoAnswer, NotSent, Opened, Reply, TooLarge, TooSlow, Transport
from tests.unit.portal.portal_fakes import problem

READ = Request("clients", "GET", "/x", {}, {})
WRITE = Request("clients", "POST", "/x", {}, {}, b"{}", "k")


class Played(Transport):
    """A transport that has this answer or this failure for every request."""

    def __init__(self, told: Reply | HttpFailure) -> None:
        super().__init__("https://x", connect_timeout=1, read_timeout=1, call_timeout=1, largest_answer=1)
        self.told = told
        self.sent = 0

    def send(self, *_: object, **__: object) -> Reply:
        self.sent += 1
        if isinstance(self.told, HttpFailure):
            raise self.told
        return self.told

    @contextmanager
    def open(self, *_: object, **__: object) -> Iterator[Opened]:
        self.sent += 1
        if isinstance(self.told, HttpFailure):
            raise self.told
        raise AssertionError("no test here reads in pieces")
        yield


def reply(
    status: int, body: bytes = b"", kind: str = "text/html", headers: Mapping[str, str] | None = None
) -> Reply:
    return Reply(status, "", {"content-type": kind, **(headers or {})}, body, framed=True)


def told(status: int, code: str, **members: Any) -> Reply:
    """An answer with a problem document."""
    document = problem(status, code, **members)
    return reply(status, document["body"].encode(), document["content_type"])


def fails(request: Request, answer: Reply | HttpFailure) -> tuple[PortalError, int]:
    """The error of a request that is refused unless it is a success, and how often it was sent."""
    transport = Played(answer)
    with pytest.raises(PortalError) as caught:
        Line(transport, Retries(sleep=lambda _: None)).send(request).refuse()
    assert caught.value.portal == "clients"
    return caught.value, transport.sent


LARGE = TooLarge("larger", reply(200, b'{"tickets": [{"id": "t1"', headers={"x-next-cursor": "c2"}))


@pytest.mark.parametrize(
    ("failure", "kind", "sent"),
    [
        (NotSent("refused"), PortalUnreachable, 4),
        (NoAnswer("lost"), PortalUnreachable, 4),
        (TooSlow("slow"), PortalUnreachable, 1),
        (LARGE, PortalTooLarge, 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, HttpFailure) else None,
)
def test_a_failure_of_a_read_may_pass_unless_it_used_up_its_time_or_was_too_large(
    failure: HttpFailure, kind: type[PortalError], sent: int
) -> None:
    error, times = fails(READ, failure)
    assert isinstance(error, kind)
    assert (error.outcome_known, times) == (True, sent)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (NotSent("refused"), PortalUnreachable),
        (NoAnswer("lost"), PortalOutcomeUnknown),
        (TooSlow("slow"), PortalOutcomeUnknown),
        (LARGE, PortalOutcomeUnknown),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, HttpFailure) else None,
)
def test_a_failure_of_a_write_leaves_it_unknown_unless_it_was_not_sent_and_it_is_not_repeated(
    failure: HttpFailure, kind: type[PortalError]
) -> None:
    error, times = fails(WRITE, failure)
    assert type(error) is kind
    assert (error.endpoint, times) == ("POST /x", 1)
    assert error.outcome_known is isinstance(failure, NotSent)


@pytest.mark.parametrize("failure", [NotSent("refused"), NoAnswer("lost"), TooSlow("slow"), LARGE])
def test_a_download_fails_as_a_read_does(failure: HttpFailure) -> None:
    transport = Played(failure)
    with (
        pytest.raises(PortalError) as caught,
        Line(transport, Retries(sleep=lambda _: None)).stream(READ),
    ):
        pass
    assert type(caught.value) is type(fails(READ, failure)[0])
    assert transport.sent == (4 if type(failure) in {NotSent, NoAnswer} else 1)


def test_a_page_that_is_too_large_tells_its_cursor_and_how_it_began() -> None:
    error, _ = fails(READ, LARGE)
    assert isinstance(error, PortalTooLarge)
    assert (error.next_cursor, error.begun) == ("c2", LARGE.reply.body)


UNBELIEVABLE = {
    "an empty 200": reply(200),
    "a page": reply(200, b"<html>"),
    "a redirect": reply(302, headers={"location": "https://evil.test/"}),
    "a permanent redirect": reply(308),
    "not modified": reply(304),
    "a web server's 400": reply(400, b"<html>"),
    "a web server's 404": reply(404, b"Not Found", "text/plain"),
    "a web server's 406": reply(406, b"<html>"),
    "a problem of another status": reply(404, told(400, "x").body, "application/problem+json"),
    "a problem without code": reply(404, b'{"status": 404}', "application/problem+json"),
    "a problem that is not called one": reply(404, told(404, "not_found").body, "application/json"),
}


@pytest.mark.parametrize("name", UNBELIEVABLE)
def test_an_answer_that_is_neither_a_success_nor_the_portals_own_refusal_decides_nothing(name: str) -> None:
    error, times = fails(WRITE, UNBELIEVABLE[name])
    assert (type(error), times) == (PortalOutcomeUnknown, 1)
    error, times = fails(READ, UNBELIEVABLE[name])
    assert (type(error), times) == (PortalNotContract, 1)
    assert error.status == UNBELIEVABLE[name].status


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        (reply(500, b"<html>"), 1),
        (told(500, "internal"), 1),
        (reply(501, b"<html>"), 1),
        (reply(502, b"<html>"), 4),
        (reply(503), 4),
        (told(503, "unavailable"), 4),
        (reply(504), 4),
    ],
    ids=lambda value: f"{value.status} {value.headers['content-type']}" if isinstance(value, Reply) else None,
)
def test_a_portal_that_is_down_leaves_a_write_unknown_and_a_read_is_repeated_where_that_may_help(
    answer: Reply, sent: int
) -> None:
    error, times = fails(WRITE, answer)
    assert (type(error), error.status, times) == (PortalOutcomeUnknown, answer.status, 1)
    error, times = fails(READ, answer)
    assert isinstance(error, PortalUnreachable)
    assert (error.status, times) == (answer.status, sent)


@pytest.mark.parametrize(("status", "kind"), [(401, PortalUnauthorized), (403, PortalForbidden)])
def test_a_firewall_keeps_a_read_out_and_leaves_a_write_unknown(status: int, kind: type[PortalError]) -> None:
    assert type(fails(READ, reply(status, b"<html>"))[0]) is kind
    assert type(fails(WRITE, reply(status, b"<html>"))[0]) is PortalOutcomeUnknown


def test_too_many_requests_is_surely_not_done_where_the_portal_says_so() -> None:
    error, times = fails(WRITE, told(429, "too_many_requests"))
    assert (type(error), error.outcome_known, times) == (PortalUnreachable, True, 1)
    assert fails(READ, told(429, "too_many_requests"))[1] == 4


def test_a_gateway_that_asks_for_a_pause_is_heard_whatever_became_of_the_write() -> None:
    error, _ = fails(WRITE, reply(429, b"<html>slow down</html>", headers={"retry-after": "120"}))
    assert isinstance(error, PortalOutcomeUnknown)
    assert (error.status, error.retry_after) == (429, 120)


def test_a_read_waits_for_as_long_as_the_portal_asks() -> None:
    pauses: list[float] = []
    transport = Played(reply(503, headers={"retry-after": "3"}))
    with pytest.raises(PortalUnreachable) as caught:
        Line(transport, Retries(sleep=pauses.append)).send(READ)
    assert (pauses, caught.value.retry_after) == ([3, 3, 3], 3)


def test_a_refusal_in_the_portals_own_words_is_one() -> None:
    for request in (READ, WRITE):
        error, times = fails(request, told(422, "invalid", errors=["text: missing"]))
        assert (type(error), error.code, error.outcome_known, times) == (PortalRefused, "invalid", True, 1)
