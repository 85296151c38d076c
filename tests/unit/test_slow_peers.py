"""A peer that sends a byte now and then is cut off: in the head, in the body, in a download; by REST,
SOAP, the contract and Redmine.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.tickets import Attachment
from bridge.moodle_ws import MoodleError, OutcomeUnknown, Unreachable
from bridge.moodle_ws import connect as connect_moodle
from bridge.portal import BearerAuth, HttpPortal, PortalError, PortalOutcomeUnknown, PortalUnreachable
from bridge.portal import connect as connect_portal
from bridge.portal.redmine.client import KeyAuth
from bridge.portal.transport import LARGEST_ANSWER, Line, Request
from bridge.wire.deadline import SLOWEST, Deadline
from bridge.wire.retries import Retries
from bridge.wire.transport import Transport
from tests.raw_server import RawServer, http_reply

CALL = 0.1
"""Seconds of a whole call."""

EVERY = 0.02
"""Seconds between two bytes: far less than any time-out of a socket."""

REPLY = http_reply(b" " * 5000)
IN_HEAD, IN_BODY = 1, REPLY.index(b"\r\n\r\n") + 5


@contextmanager
def dripping(whole: int) -> Iterator[RawServer]:
    """A server that sends `whole` bytes of an answer at once, and the rest byte by byte."""

    def act(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(REPLY[:whole])
        for place in range(whole, len(REPLY)):
            time.sleep(EVERY)
            connection.sendall(REPLY[place : place + 1])

    server = RawServer(act)
    try:
        yield server
    finally:
        server.close()


def portal(url: str) -> Any:
    return connect_portal("p", f"{url}/v1", BearerAuth("t"), category_prefix="x", call_timeout=CALL)


def redmine(url: str) -> Line:
    transport = Transport(
        url,
        connect_timeout=5,
        read_timeout=5,
        call_timeout=CALL,
        largest_answer=LARGEST_ANSWER,
        auth=KeyAuth("k"),
    )
    return Line(transport, Retries())


def moodle(url: str, transport: Any = "rest") -> Any:
    return connect_moodle(url, "t" * 32, transport=transport, call_timeout=CALL)


FILE = Attachment("f", "a.txt", len(REPLY), "0" * 64, "text/plain")
CALLS: dict[str, tuple[Callable[[str], Any], type[Exception]]] = {
    "portal-read": (lambda url: portal(url).meta(), PortalUnreachable),
    "portal-write": (lambda url: portal(url).hold("k", "a", "t", "s", Decimal(1)), PortalOutcomeUnknown),
    "portal-download": (lambda url: portal(url).download("t", FILE, io.BytesIO()), PortalUnreachable),
    "redmine-read": (
        lambda url: redmine(url).send(Request("r", "GET", "/issues.json", {}, {})),
        PortalUnreachable,
    ),
    "moodle-read": (lambda url: moodle(url).read("core_webservice_get_site_info"), Unreachable),
    "moodle-write": (lambda url: moodle(url).write("local_otbridge_create_role", opkey="k"), OutcomeUnknown),
    "moodle-soap": (lambda url: moodle(url, "soap").read("core_webservice_get_site_info"), Unreachable),
    "moodle-download": (
        lambda url: moodle(url).download(f"{url}/pluginfile.php/1/a", io.BytesIO(), limit=10_000),
        MoodleError,
    ),
}


@pytest.mark.parametrize("whole", [IN_HEAD, IN_BODY], ids=["in-the-head", "in-the-body"])
@pytest.mark.parametrize("name", list(CALLS))
def test_a_peer_that_sends_a_byte_now_and_then_is_cut_off(name: str, whole: int) -> None:
    call, kind = CALLS[name]
    with dripping(whole) as server:
        began = time.monotonic()
        with pytest.raises(kind, match=r"took longer than 0\.1 s"):
            call(server.url)
        assert time.monotonic() - began < 5
        assert len(server.requests) == 1, "what has used up its time is not repeated"


@pytest.mark.parametrize("seconds", [0.05])
def test_a_call_that_ends_in_time_is_not_cut(seconds: float) -> None:
    with Deadline(seconds) as deadline:
        pass
    time.sleep(seconds * 2)
    assert deadline.over is False


def test_a_large_body_gives_its_call_more_time() -> None:
    with Deadline(0.05) as deadline:
        deadline.extend(SLOWEST * 60)
        time.sleep(0.1)
        assert deadline.over is False
    with Deadline(0.05) as deadline:
        deadline.extend(10)
        time.sleep(0.1)
        assert deadline.over is True


def test_a_proxy_that_sends_a_byte_now_and_then_is_cut_off() -> None:
    def act(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(500):
            time.sleep(EVERY)
            connection.sendall(b"x")

    proxy = RawServer(act)
    url = "https://portal.invalid/v1"
    client = connect_portal("p", url, BearerAuth("t"), category_prefix="x", proxy=proxy.url, call_timeout=0.5)
    began = time.monotonic()
    with pytest.raises(PortalUnreachable, match=r"took longer than 0\.5 s"):
        client.meta()
    assert time.monotonic() - began < 5
    while not proxy.requests and time.monotonic() - began < 5:
        time.sleep(EVERY)  # the proxy notes it in its own time
    assert [request.split(b" ")[0] for request in proxy.requests] == [b"CONNECT"]
    proxy.close()


def test_a_limit_that_comes_as_the_call_ends_cuts_nobody_elses_call() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with Deadline(60) as deadline:
            deadline.watch(ours)
        deadline._cut()
        assert deadline.over is False
        ours.sendall(b"the next call's")


@pytest.mark.parametrize("make", [portal, moodle], ids=["portal", "moodle"])
def test_neither_proxies_nor_netrc_of_the_environment_are_used(
    make: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    proxied = RawServer(lambda connection, _: connection.sendall(http_reply(b"{}")))
    server = RawServer(lambda connection, _: connection.sendall(http_reply(b"{}")))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxied.url)
    monkeypatch.delenv("no_proxy", raising=False)
    client = make(server.url)
    with suppress(PortalError, MoodleError):
        client.meta() if make is portal else client.read("core_webservice_get_site_info")
    assert (len(proxied.requests), len(server.requests)) == (0, 1)
    assert b"somebody" not in server.requests[0]
    for one in (proxied, server):
        one.close()


def test_a_proxy_that_the_settings_name_is_used() -> None:
    proxied = RawServer(lambda connection, _: connection.sendall(http_reply(b"{}")))
    client = connect_portal(
        "p", "http://portal.invalid/v1", BearerAuth("t"), category_prefix="x", proxy=proxied.url
    )
    with pytest.raises(PortalError):
        client.meta()
    assert proxied.requests[0].startswith(b"GET http://portal.invalid/v1/meta ")
    proxied.close()


def through(proxy: str, call: Callable[[Any], Any]) -> PortalError:
    once = Retries(attempts=1)
    url = "https://portal.invalid/v1"
    client = HttpPortal(
        "p",
        url,
        BearerAuth("t"),
        category_prefix="x",
        connect_timeout=5,
        read_timeout=5,
        proxy=proxy,
        retries=once,
    )
    with pytest.raises(PortalError) as caught:
        call(client)
    return caught.value


@pytest.mark.parametrize(
    "call",
    [lambda client: client.meta(), lambda client: client.hold("k", "a", "t", "s", Decimal(1))],
    ids=["read", "write"],
)
def test_a_proxy_that_fails_is_named_and_nothing_was_sent(call: Callable[[Any], Any]) -> None:
    refusal = http_reply(b"", status="407 Proxy Authentication Required")
    refusing = RawServer(lambda connection, _: connection.sendall(refusal))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    told = {proxy: through(proxy, call) for proxy in (refusing.url, nobody)}
    refusing.close()
    assert "the proxy refuses (HTTP 407)" in str(told[refusing.url])
    assert "the proxy cannot be reached" in str(told[nobody])
    assert all(error.outcome_known for error in told.values())
