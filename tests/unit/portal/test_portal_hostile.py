"""A server that breaks off, resets, delays and lies: a read repeats or raises, a write is never taken for
done.
"""

from __future__ import annotations

import io
import re
import socket
import threading
import time

import pytest

from bridge.domain.tickets import Attachment
from bridge.portal import (
    BearerAuth,
    HttpPortal,
    PortalError,
    PortalNotContract,
    PortalOutcomeUnknown,
    PortalUnreachable,
    Retries,
)
from tests.raw_server import reset
from tests.unit.portal.portal_fakes import ATTACHMENT, META, TOKEN, WRITES, json_reply, page

FILE = Attachment("f1", "a.txt", 3, ATTACHMENT["sha256"], "text/plain")  # type: ignore[arg-type]
write = pytest.mark.parametrize("name", WRITES)


@write
@pytest.mark.parametrize("framing", ["length", "chunked", "none"])
def test_an_answer_cut_at_any_byte_is_never_a_success(serve, name, framing) -> None:
    call, _, status, document = WRITES[name]
    whole = json_reply(document, status=f"{status} OK", framing=framing)
    end = whole.rindex(b"}")
    place = {"cut": 0}
    _, client = serve(lambda connection, _: connection.sendall(whole[: place["cut"]]))
    cuts = range(end + 1) if name in {"note", "hold"} and framing == "length" else range(0, end + 1, 13)
    for cut in [*cuts, end]:
        place["cut"] = cut
        with pytest.raises(PortalOutcomeUnknown):
            call(client)
    place["cut"] = len(whole)
    call(client)


@pytest.mark.parametrize("framing", ["length", "chunked", "none"])
def test_a_page_cut_at_any_byte_is_never_a_page(serve, framing) -> None:
    whole = json_reply(page(cursor="c1"), status="200 OK", framing=framing)
    place = {"cut": 0}
    _, client = serve(lambda connection, _: connection.sendall(whole[: place["cut"]]))
    for cut in range(whole.rindex(b"}") + 1):
        place["cut"] = cut
        with pytest.raises((PortalUnreachable, PortalNotContract)):
            client.changed_tickets(None)


@pytest.mark.parametrize("framing", ["length", "chunked", "none"])
def test_a_file_cut_at_any_byte_is_never_the_file(serve, framing) -> None:
    whole = json_reply(b"abc", status="200 OK", framing=framing)
    place = {"cut": 0}
    _, client = serve(lambda connection, _: connection.sendall(whole[: place["cut"]]))
    for cut in range(whole.rindex(b"abc") + 3):
        place["cut"] = cut
        with pytest.raises(PortalError):
            client.download("t1", FILE, io.BytesIO())
    place["cut"] = len(whole)
    client.download("t1", FILE, io.BytesIO())


@pytest.mark.parametrize("cut", [0, 9, 17, 40, 70, 120])
def test_a_read_is_sent_again_after_a_cut(serve, cut) -> None:
    whole = json_reply(META, status="200 OK")
    answers = [whole[:cut], whole]
    server, client = serve(lambda connection, _: connection.sendall(answers.pop(0)), attempts=2)
    assert client.meta().contract == "1.0"
    assert len(server.requests) == 2


@write
def test_a_write_whose_connection_is_reset_is_unknown_and_sent_once(serve, name) -> None:
    server, client = serve(lambda connection, _: reset(connection), attempts=4)
    with pytest.raises(PortalOutcomeUnknown):
        WRITES[name][0](client)
    assert len(server.requests) == 1


def test_a_lost_connection_is_told_with_urllib3_1_26_too(serve, monkeypatch) -> None:
    monkeypatch.delattr("urllib3.exceptions.NameResolutionError", raising=False)
    _, client = serve(lambda connection, _: reset(connection))
    with pytest.raises(PortalOutcomeUnknown):
        WRITES["note"][0](client)


@write
@pytest.mark.parametrize("length", ["9" * 5000, "-1", "+12", "12, 12", "twelve", "99999"])
def test_an_answer_whose_length_is_not_the_announced_one_leaves_a_write_unknown(serve, name, length) -> None:
    call, _, status, document = WRITES[name]
    whole = json_reply(document, status=f"{status} OK")
    lying = re.sub(rb"Content-Length: \d+", f"Content-Length: {length}".encode(), whole)
    _, client = serve(lambda connection, _: connection.sendall(lying))
    with pytest.raises(PortalOutcomeUnknown):
        call(client)


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n{"])
def test_an_answer_later_than_the_time_out_leaves_a_write_unknown(serve, begun) -> None:
    release = threading.Event()

    def act(connection: socket.socket, _: bytes) -> None:
        connection.sendall(begun)
        release.wait(5)

    _, client = serve(act, read_timeout=0.1)
    began = time.monotonic()
    with pytest.raises(PortalOutcomeUnknown):
        WRITES["note"][0](client)
    with pytest.raises(PortalUnreachable):
        client.meta()
    release.set()
    assert time.monotonic() - began < 3


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def client_of(url: str) -> HttpPortal:
    return HttpPortal(
        "clients",
        url,
        BearerAuth(TOKEN),
        category_prefix="",
        connect_timeout=1,
        read_timeout=0.2,
        retries=Retries(attempts=1),
    )


@write
@pytest.mark.parametrize("where", ["refused", "no such host", "no address"])
def test_a_write_that_was_surely_not_sent_is_unreachable(where, name) -> None:
    url = {
        "refused": f"http://127.0.0.1:{closed_port()}/v1",
        "no such host": "https://portal.invalid/v1",
        "no address": "portal.test/v1",
    }[where]
    with client_of(url) as client, pytest.raises(PortalUnreachable) as caught:
        WRITES[name][0](client)
    assert caught.value.outcome_known
    assert ("name is not known" in str(caught.value)) is (where == "no such host")


def test_a_server_without_tls_gets_nothing_over_https(serve) -> None:
    server, _ = serve(lambda connection, _: None)
    with client_of(server.url.replace("http:", "https:")) as client, pytest.raises(PortalError):
        WRITES["note"][0](client)
    assert server.requests == []


def test_connections_are_kept_alive(serve) -> None:
    connections = set()

    def act(connection: socket.socket, _: bytes) -> None:
        connections.add(connection.getpeername())
        for left in range(2, -1, -1):
            connection.sendall(json_reply(META, status="200 OK"))
            if left:
                connection.recv(65536)

    _, client = serve(act)
    for _ in range(3):
        client.meta()
    assert len(connections) == 1
