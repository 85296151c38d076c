"""Every client goes over the one transport: reads, writes and downloads of the contract, of Redmine and of
Moodle by REST and SOAP meet its limits, and make of its failures what their callers need to know.

What the transport itself makes of servers and networks: test_transport.py.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest

from bridge.domain.tickets import Attachment
from bridge.moodle_ws import MoodleClient, MoodleError, OutcomeUnknown, Unreachable
from bridge.moodle_ws import connect as connect_moodle
from bridge.portal import BearerAuth, HttpPortal, PortalError, PortalOutcomeUnknown, PortalUnreachable
from bridge.portal.redmine.client import Client, KeyAuth
from bridge.portal.transport import LARGEST_ANSWER, Line
from bridge.wire.retries import Retries
from bridge.wire.transport import Transport
from tests.raw_server import http_reply, reset
from tests.unit.wire.conftest import Serve

CALL = 0.3
"""Seconds of a whole call."""

EVERY = 0.02
"""Seconds between two bytes: far less than any time-out of a socket."""

REPLY = http_reply(b" " * 5000)
IN_BODY = REPLY.index(b"\r\n\r\n") + 5
FILE = Attachment("f", "a.txt", len(REPLY), "0" * 64, "text/plain")
TWICE = Retries(attempts=2, sleep=lambda _: None)


def portal(url: str, proxy: str = "") -> HttpPortal:
    return HttpPortal(
        "p",
        f"{url}/v1",
        BearerAuth("t"),
        category_prefix="x",
        connect_timeout=5,
        read_timeout=5,
        call_timeout=CALL,
        proxy=proxy,
        retries=TWICE,
    )


def redmine(url: str) -> Client:
    transport = Transport(
        url,
        connect_timeout=5,
        read_timeout=5,
        call_timeout=CALL,
        largest_answer=LARGEST_ANSWER,
        auth=KeyAuth("k"),
    )
    return Client("p", Line(transport, TWICE))


def redmine_file(url: str) -> None:
    with redmine(url).file("1") as (_, pieces):
        b"".join(pieces)


def moodle(url: str, transport: Literal["rest", "soap"] = "rest", proxy: str = "") -> MoodleClient:
    return connect_moodle(url, "t" * 32, transport=transport, call_timeout=CALL, proxy=proxy, retries=TWICE)


def moodle_file(url: str, tmp_path: Path) -> None:
    (tmp_path / "a.mbz").write_bytes(b"x")
    moodle(url).upload(tmp_path / "a.mbz")


@dataclass(frozen=True)
class Call:
    """A call of a client.

    Attributes:
        make: makes the call of the server at an address; the folder is for files.
        lost: the error when the request was sent and no whole answer came.
        unsent: the error when nothing was sent.
        sent: how often it is sent while its answers are lost.
    """

    make: Callable[[str, Path], object]
    lost: type[PortalError | MoodleError]
    unsent: type[PortalError | MoodleError]
    sent: int


CALLS = {
    "portal-read": Call(lambda url, _: portal(url).meta(), PortalUnreachable, PortalUnreachable, 2),
    "portal-write": Call(
        lambda url, _: portal(url).hold("k", "a", "t", "s", Decimal(1)),
        PortalOutcomeUnknown,
        PortalUnreachable,
        1,
    ),
    "portal-download": Call(
        lambda url, _: portal(url).download("t", FILE, io.BytesIO()), PortalUnreachable, PortalUnreachable, 2
    ),
    "redmine-read": Call(lambda url, _: redmine(url).user(), PortalUnreachable, PortalUnreachable, 2),
    "redmine-write": Call(
        lambda url, _: redmine(url).update_issue("k", "1", {}), PortalOutcomeUnknown, PortalUnreachable, 1
    ),
    "redmine-upload": Call(
        lambda url, _: redmine(url).upload("k", "a", b"x"), PortalOutcomeUnknown, PortalUnreachable, 1
    ),
    "redmine-download": Call(
        lambda url, _: redmine_file(url),
        PortalUnreachable,
        PortalUnreachable,
        2,
    ),
    "moodle-read": Call(
        lambda url, _: moodle(url).read("core_webservice_get_site_info"), Unreachable, Unreachable, 2
    ),
    "moodle-write": Call(
        lambda url, _: moodle(url).write("local_otbridge_run", opkey="k"),
        OutcomeUnknown,
        Unreachable,
        1,
    ),
    "moodle-soap": Call(
        lambda url, _: moodle(url, "soap").read("core_webservice_get_site_info"), Unreachable, Unreachable, 2
    ),
    "moodle-upload": Call(moodle_file, Unreachable, Unreachable, 2),
    "moodle-download": Call(
        lambda url, _: moodle(url).download(f"{url}/pluginfile.php/1/a", io.BytesIO(), limit=10_000),
        MoodleError,
        Unreachable,
        2,
    ),
}


def outcome_known(error: BaseException) -> bool:
    assert isinstance(error, PortalError | MoodleError)
    return error.outcome_known


call = pytest.mark.parametrize("name", CALLS)


@call
def test_a_peer_that_sends_a_byte_now_and_then_is_cut_off(serve: Serve, tmp_path: Path, name: str) -> None:
    def act(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(REPLY[:IN_BODY])
        for place in range(IN_BODY, len(REPLY)):
            time.sleep(EVERY)
            connection.sendall(REPLY[place : place + 1])

    server = serve(act)
    began = time.monotonic()
    with pytest.raises(CALLS[name].lost, match=r"took longer than 0\.3 s"):
        CALLS[name].make(server.url, tmp_path)
    assert time.monotonic() - began < 5
    assert len(server.requests) == 1, "what has used up its time is not repeated"


@call
def test_a_lost_connection_is_told_and_a_write_not_repeated(serve: Serve, tmp_path: Path, name: str) -> None:
    server = serve(lambda connection, _: reset(connection))
    with pytest.raises(CALLS[name].lost) as caught:
        CALLS[name].make(server.url, tmp_path)
    assert outcome_known(caught.value) is (CALLS[name].sent > 1)
    assert (caught.value.__cause__, len(server.requests)) == (None, CALLS[name].sent)


@call
def test_a_connection_that_is_refused_changed_nothing(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(CALLS[name].unsent, match="refused") as caught:
        CALLS[name].make(url, tmp_path)
    assert outcome_known(caught.value)


@pytest.mark.parametrize(
    "ask",
    [
        lambda url, proxy: portal(url, proxy).meta(),
        lambda url, proxy: moodle(url, proxy=proxy).read("core_webservice_get_site_info"),
    ],
    ids=["portal", "moodle"],
)
def test_the_proxy_of_the_settings_is_used(serve: Serve, ask: Callable[[str, str], object]) -> None:
    proxy = serve(lambda connection, _: connection.sendall(http_reply(b"[]")))
    with suppress(PortalError):  # it is the path of the request that counts
        ask("http://site.invalid", proxy.url)
    assert b" http://site.invalid/" in proxy.requests[0]
