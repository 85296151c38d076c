"""The one way to send: whatever a server or a network does, an answer comes whole, or its failure says what
it proves.

Clients are not tested here: what they make of each failure is shown in tests/unit/portal/test_portal_line.py
and tests/unit/moodle_ws/test_moodle_wire.py, and that they go this way in test_clients.py and in their own
suites.
"""

from __future__ import annotations

import gzip
import io
import json
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
import urllib3.exceptions

from bridge.version import __version__
from bridge.wire.transport import HttpFailure, NoAnswer, NotSent, Opened, Reply, TooLarge, TooSlow, Transport
from tests.raw_server import Act, RawServer, http_reply, reset
from tests.unit.wire.conftest import SITE, Serve, TransportOf

BODY = b'[{"id":12345,"shortname":"bio"}]'


def send(transport: Transport, *, method: str = "POST", path: str = "/x", body: bytes | None = b"b") -> Reply:
    return transport.send("ask", method, path, headers={}, body=body)


def read(transport: Transport, target: bytearray) -> Reply:
    """Open an answer, and read its body into `target`."""
    with transport.open("ask", "GET", "/x", headers={}) as opened:
        for piece in opened.pieces():
            target += piece
        return opened.head


def failure(call: Callable[[], object]) -> HttpFailure:
    """How a call fails."""
    with pytest.raises(HttpFailure) as caught:
        call()
    return caught.value


def sends(data: bytes) -> Act:
    """Acts by sending these bytes and closing."""
    return lambda connection, _request: connection.sendall(data)


# What is sent, and what comes back


def test_a_request_is_what_was_asked_for(answers: responses.RequestsMock, transport_of: TransportOf) -> None:
    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["X-Signed"] = "yes"
        return request

    answers.put(f"{SITE}/a%2Fb?q=1", body=b"ok")
    transport = transport_of(headers={"X-Always": "1"}, auth=sign, connect_timeout=3, read_timeout=7)
    transport.send("ask", "PUT", "/a%2Fb", headers={"X-Once": "2"}, params={"q": "1"}, body=b"sent")
    sent = answers.calls[0].request
    assert (sent.method, sent.url, sent.body) == ("PUT", f"{SITE}/a%2Fb?q=1", b"sent")
    assert {name: sent.headers[name] for name in ("X-Always", "X-Once", "X-Signed")} == {
        "X-Always": "1",
        "X-Once": "2",
        "X-Signed": "yes",
    }
    assert sent.headers["User-Agent"] == f"otbridge/{__version__}"


def test_the_time_outs_and_trust_are_those_of_the_transport(
    transport_of: TransportOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: dict[str, Any] = {}

    class Recording(requests.adapters.HTTPAdapter):
        def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:  # type: ignore[override]
            sent.update(how)
            response = requests.Response()
            response.status_code, response.raw, response.request = 200, io.BytesIO(b"ok"), request
            return response

    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    session = requests.Session()
    session.verify = False
    session.mount("https://", Recording())
    assert send(transport_of(within=session, connect_timeout=3, read_timeout=7)).body == b"ok"
    assert (sent["verify"], sent["timeout"]) == (True, (3, 7))


@pytest.mark.parametrize("framing", ["length", "chunked", "none"])
@pytest.mark.parametrize("status", ["200 OK", "201 Created", "404 Not Found", "503 Under maintenance"])
def test_an_answer_comes_whole_whatever_its_status(
    serve: Serve, transport_of: TransportOf, status: str, framing: str
) -> None:
    server = serve(sends(http_reply(BODY, status=status, framing=framing, X_Request_Id="r1")))
    reply = send(transport_of(server.url))
    assert f"{reply.status} {reply.reason}" == status
    assert (reply.body, reply.framed, reply.headers["x-request-id"]) == (BODY, framing != "none", "r1")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(
    answers: responses.RequestsMock, transport_of: TransportOf, status: int
) -> None:
    answers.post(f"{SITE}/x", status=status, headers={"Location": "https://evil.test/"})
    reply = send(transport_of())
    assert (reply.status, reply.headers["location"]) == (status, "https://evil.test/")
    assert len(answers.calls) == 1


def test_cookies_are_not_kept(answers: responses.RequestsMock, transport_of: TransportOf) -> None:
    answers.post(f"{SITE}/x", body=b"ok", headers={"Set-Cookie": "SESSION=1; Path=/"})
    transport = transport_of()
    send(transport)
    send(transport)
    assert "Cookie" not in answers.calls[1].request.headers


def test_connections_are_kept_alive(serve: Serve, transport_of: TransportOf) -> None:
    connections = set()

    def act(connection: socket.socket, _: bytes) -> None:
        connections.add(connection.getpeername())
        for left in range(2, -1, -1):
            connection.sendall(http_reply(BODY))
            if left:
                connection.recv(65536)

    transport = transport_of(serve(act).url)
    for _ in range(3):
        assert send(transport, body=None).body == BODY
    assert len(connections) == 1


def test_a_kept_alive_connection_that_the_server_closed_is_not_used_again(
    serve: Serve, transport_of: TransportOf
) -> None:
    transport = transport_of(serve(sends(http_reply(BODY))).url)
    for _ in range(3):
        assert send(transport).body == BODY
        time.sleep(0.02)


# Answers that are cut


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_an_answer_whose_end_is_marked_is_none_when_it_is_cut_at_any_byte(
    serve: Serve, transport_of: TransportOf, framing: str
) -> None:
    whole = http_reply(BODY, framing=framing)
    place = {"cut": 0}
    transport = transport_of(serve(lambda connection, _: connection.sendall(whole[: place["cut"]])).url)
    for place["cut"] in range(whole.rindex(BODY) + len(BODY)):
        assert type(failure(lambda: send(transport))) is NoAnswer
    place["cut"] = len(whole)
    assert send(transport).body == BODY


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_an_answer_that_is_read_in_pieces_is_none_when_it_is_cut_inside_its_body(
    serve: Serve, transport_of: TransportOf, framing: str
) -> None:
    whole = http_reply(BODY, framing=framing)
    place = {"cut": 0}
    transport = transport_of(serve(lambda connection, _: connection.sendall(whole[: place["cut"]])).url)
    got = bytearray()
    for place["cut"] in range(whole.index(b"\r\n\r\n") + 4, whole.rindex(BODY) + len(BODY)):
        got.clear()
        assert type(failure(lambda: read(transport, got))) is NoAnswer
        assert BODY.startswith(got)


def test_an_answer_whose_end_is_not_marked_says_so_when_it_is_cut_at_any_byte(
    serve: Serve, transport_of: TransportOf
) -> None:
    whole = http_reply(BODY, framing="none")
    place = {"cut": 0}
    transport = transport_of(serve(lambda connection, _: connection.sendall(whole[: place["cut"]])).url)
    begins = whole.index(BODY)
    for place["cut"] in range(begins + 1):
        assert type(failure(lambda: send(transport))) is NoAnswer
    for place["cut"] in range(begins + 1, len(whole) + 1):
        reply = send(transport)
        assert (reply.body, reply.framed) == (BODY[: place["cut"] - begins], False)


@pytest.mark.parametrize("status", ["201 Created", "202 Accepted"])
def test_an_answer_of_another_status_that_is_cut_inside_its_head_has_no_body_whose_end_is_marked(
    serve: Serve, transport_of: TransportOf, status: str
) -> None:
    """What is cut after the status line cannot be told from an answer without a body: a client that takes
    such a status for a success has to want a body, or a marked end.
    """
    whole = http_reply(BODY, status=status)
    place = {"cut": 0}
    transport = transport_of(serve(lambda connection, _: connection.sendall(whole[: place["cut"]])).url)
    for place["cut"] in range(whole.index(b"Content-Length:") + len(b"Content-Length:")):
        try:
            reply = send(transport)
        except NoAnswer:
            continue
        assert (reply.body, reply.framed) == (b"", False)


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "+12", "12, 12", "twelve", "99999"])
def test_an_answer_whose_length_is_not_the_announced_one_is_none(
    serve: Serve, transport_of: TransportOf, length: str
) -> None:
    lying = re.sub(rb"Content-Length: \d+", f"Content-Length: {length}".encode(), http_reply(BODY))
    assert type(failure(lambda: send(transport_of(serve(sends(lying)).url)))) is NoAnswer


@pytest.mark.parametrize(("announced", "arrived"), [("20", 2), ("1", 2), ("x", 2), ("", 2)])
def test_a_length_that_the_library_let_pass_is_compared_all_the_same(announced: str, arrived: int) -> None:
    class Lax(requests.Response):
        """An answer of an HTTP library that does not compare lengths."""

        def iter_content(self, *_: object, **__: object) -> Iterator[bytes]:
            yield self.raw.read(arrived)

    response = Lax()
    response.status_code, response.raw = 200, io.BytesIO(b"[]")
    response.headers["Content-Length"] = announced
    with pytest.raises(NoAnswer):
        list(Opened(response).pieces())


@pytest.mark.parametrize(
    "noise",
    [
        b"\x00" * 50,
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n[]",
        b"\x16\x03\x01",
    ],
)
def test_noise_is_no_answer_of_200_with_a_body(serve: Serve, transport_of: TransportOf, noise: bytes) -> None:
    transport = transport_of(serve(sends(noise)).url)
    with suppress(NoAnswer):
        reply = send(transport)
        assert (reply.status, reply.body) == (999, b"")


def test_a_compressed_answer_is_read_and_its_length_checked(serve: Serve, transport_of: TransportOf) -> None:
    packed = gzip.compress(b"[1, 2, 3]" + b" " * 1000)
    whole = http_reply(packed, Content_Encoding="gzip")
    replies = [whole, whole[:-5]]
    transport = transport_of(serve(lambda connection, _: connection.sendall(replies.pop(0))).url)
    assert json.loads(send(transport).body) == [1, 2, 3]
    assert type(failure(lambda: send(transport))) is NoAnswer


def test_a_compression_bomb_is_cut_short(serve: Serve, transport_of: TransportOf) -> None:
    whole = http_reply(gzip.compress(b" " * 50_000_000), Content_Encoding="gzip")
    error = failure(lambda: send(transport_of(serve(sends(whole)).url, largest_answer=1_000_000)))
    assert isinstance(error, TooLarge)
    assert "larger than 1000000 bytes" in error.why
    assert len(error.reply.body) < 2_000_000


def test_an_answer_that_is_too_large_tells_how_it_began(
    answers: responses.RequestsMock, transport_of: TransportOf
) -> None:
    answers.post(f"{SITE}/x", body=b"begun" + b"x" * 2000, headers={"X-Next-Cursor": "c2"}, status=201)
    error = failure(lambda: send(transport_of(largest_answer=1000)))
    assert isinstance(error, TooLarge)
    assert (error.reply.status, error.reply.headers["x-next-cursor"]) == (201, "c2")
    assert error.reply.body.startswith(b"begun")


# Answers that do not come


def test_a_connection_that_is_reset_is_no_answer_and_the_request_is_sent_once(
    serve: Serve, transport_of: TransportOf
) -> None:
    server = serve(lambda connection, _: reset(connection))
    assert type(failure(lambda: send(transport_of(server.url)))) is NoAnswer
    assert len(server.requests) == 1


def test_a_lost_connection_is_told_with_urllib3_1_26_too(
    serve: Serve, transport_of: TransportOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("urllib3.exceptions.NameResolutionError", raising=False)
    server = serve(lambda connection, _: reset(connection))
    assert type(failure(lambda: send(transport_of(server.url)))) is NoAnswer


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n{"])
def test_an_answer_later_than_the_time_out_is_none(
    serve: Serve, transport_of: TransportOf, begun: bytes
) -> None:
    release = threading.Event()

    def act(connection: socket.socket, _: bytes) -> None:
        connection.sendall(begun)
        release.wait(5)

    transport = transport_of(serve(act).url, read_timeout=0.1)
    began = time.monotonic()
    assert type(failure(lambda: send(transport))) is NoAnswer
    assert time.monotonic() - began < 3
    release.set()


@pytest.mark.parametrize(
    "error",
    [
        requests.ReadTimeout("slow"),
        requests.ConnectionError("lost"),
        requests.ConnectionError(urllib3.exceptions.ProtocolError("lost")),
        requests.exceptions.ChunkedEncodingError("lost"),
        urllib3.exceptions.ReadTimeoutError(urllib3.HTTPConnectionPool("x"), "/", "slow"),
        OSError("lost"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_does_not_prove_that_nothing_was_sent_is_no_answer(
    answers: responses.RequestsMock, transport_of: TransportOf, error: Exception
) -> None:
    answers.post(f"{SITE}/x", body=error)
    assert type(failure(lambda: send(transport_of()))) is NoAnswer
    assert len(answers.calls) == 1


# Requests that were surely not sent


def test_a_refused_connection_proves_that_nothing_was_sent(transport_of: TransportOf) -> None:
    error = failure(lambda: send(transport_of(nobody())))
    assert type(error) is NotSent
    assert "refused" in error.why


def test_a_host_without_an_address_proves_that_nothing_was_sent(transport_of: TransportOf) -> None:
    error = failure(lambda: send(transport_of("https://site.invalid/v1")))
    assert type(error) is NotSent
    assert "name is not known" in error.why


@pytest.mark.parametrize("url", ["site.test/v1", "ftp://site.test", "http://"])
def test_what_is_no_address_proves_that_nothing_was_sent(transport_of: TransportOf, url: str) -> None:
    error = failure(lambda: send(transport_of(url)))
    assert type(error) is NotSent
    assert "not an http:// or https:// address" in error.why


def test_a_connection_that_does_not_come_about_in_time_proves_that_nothing_was_sent(
    transport_of: TransportOf,
) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        queue = []
        for _ in range(3):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
            queue.append(waiting)
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        assert type(failure(lambda: send(transport_of(url, connect_timeout=0.1)))) is NotSent
        for waiting in queue:
            waiting.close()


def test_a_server_without_tls_gets_nothing_over_https(serve: Serve, transport_of: TransportOf) -> None:
    server = serve(sends(http_reply(BODY)))
    transport = transport_of(server.url.replace("http:", "https:"), connect_timeout=0.2, read_timeout=0.2)
    with pytest.raises(HttpFailure):
        send(transport)
    assert server.requests == []


@pytest.mark.parametrize(
    "cause",
    [
        ssl.SSLCertVerificationError("self-signed certificate"),
        urllib3.exceptions.ConnectTimeoutError("slow"),
        urllib3.exceptions.NewConnectionError(urllib3.connection.HTTPConnection("x"), "refused"),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_a_connection_that_was_never_made_proves_that_nothing_was_sent(
    answers: responses.RequestsMock, transport_of: TransportOf, cause: Exception
) -> None:
    pool = urllib3.HTTPConnectionPool("x")
    wrapped = urllib3.exceptions.MaxRetryError(pool, "/", reason=cause)
    answers.post(f"{SITE}/x", body=requests.ConnectionError(wrapped))
    assert type(failure(lambda: send(transport_of()))) is NotSent


# Peers that are too slow

CALL = 0.1
"""Seconds of a whole call."""

EVERY = 0.02
"""Seconds between two bytes: far less than any time-out of a socket."""

LONG = http_reply(b" " * 5000)
IN_HEAD, IN_BODY = 1, LONG.index(b"\r\n\r\n") + 5


@contextmanager
def dripping(whole: int) -> Iterator[RawServer]:
    """A server that sends `whole` bytes of an answer at once, and the rest byte by byte."""

    def act(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(LONG[:whole])
        for place in range(whole, len(LONG)):
            time.sleep(EVERY)
            connection.sendall(LONG[place : place + 1])

    server = RawServer(act)
    try:
        yield server
    finally:
        server.close()


@pytest.mark.parametrize("whole", [IN_HEAD, IN_BODY], ids=["in-the-head", "in-the-body"])
@pytest.mark.parametrize(
    "call", [send, lambda transport: read(transport, bytearray())], ids=["whole", "in pieces"]
)
def test_a_peer_that_sends_a_byte_now_and_then_is_cut_off(
    transport_of: TransportOf, call: Callable[[Transport], object], whole: int
) -> None:
    with dripping(whole) as server:
        began = time.monotonic()
        error = failure(lambda: call(transport_of(server.url, call_timeout=CALL)))
        assert type(error) is TooSlow
        assert "took longer than 0.1 s" in error.why
        assert time.monotonic() - began < 5
        assert len(server.requests) == 1


def test_a_proxy_that_sends_a_byte_now_and_then_is_cut_off(serve: Serve, transport_of: TransportOf) -> None:
    def act(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(500):
            time.sleep(EVERY)
            connection.sendall(b"x")

    proxy = serve(act)
    transport = transport_of("https://site.invalid/v1", proxy=proxy.url, call_timeout=0.5)
    began = time.monotonic()
    assert type(failure(lambda: send(transport))) is TooSlow
    assert time.monotonic() - began < 5
    while not proxy.requests and time.monotonic() - began < 5:
        time.sleep(EVERY)  # the proxy notes it in its own time
    assert [request.split(b" ")[0] for request in proxy.requests] == [b"CONNECT"]


# Proxies


def nobody() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}"


def test_a_proxy_that_fails_is_named_and_nothing_was_sent(serve: Serve, transport_of: TransportOf) -> None:
    refusing = serve(sends(http_reply(b"", status="407 Proxy Authentication Required")))
    for proxy, why in (
        (refusing.url, "the proxy refuses (HTTP 407)"),
        (nobody(), "the proxy cannot be reached"),
        ("http://proxy.invalid:3128", "the proxy's name is not known"),
    ):
        error = failure(lambda: send(transport_of("https://site.invalid/v1", proxy=proxy)))  # noqa: B023
        assert type(error) is NotSent
        assert why in error.why


def test_a_proxy_that_the_settings_name_is_used(serve: Serve, transport_of: TransportOf) -> None:
    proxy = serve(sends(http_reply(b"{}")))
    assert send(transport_of("http://site.invalid/v1", proxy=proxy.url)).body == b"{}"
    assert proxy.requests[0].startswith(b"POST http://site.invalid/v1/x ")


def test_neither_proxies_nor_netrc_of_the_environment_are_used(
    serve: Serve, transport_of: TransportOf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    proxy, server = serve(sends(http_reply(b"{}"))), serve(sends(http_reply(b"{}")))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    send(transport_of(server.url))
    assert (len(proxy.requests), len(server.requests)) == (0, 1)
    assert b"somebody" not in server.requests[0]


# Secrets


@pytest.mark.parametrize(
    "error",
    [requests.ConnectionError("https://x/?token=SECRET"), requests.ReadTimeout("SECRET"), OSError("SECRET")],
    ids=lambda error: type(error).__name__,
)
def test_the_text_of_a_network_error_is_neither_told_nor_chained(
    answers: responses.RequestsMock,
    transport_of: TransportOf,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    caplog.set_level(logging.DEBUG)
    answers.post(f"{SITE}/x", body=error)
    caught = failure(lambda: send(transport_of()))
    logging.getLogger("bridge.test").error("failed", exc_info=caught)
    assert (caught.__cause__, caught.__context__) == (None, None)
    assert "failed" in caplog.text
    assert "SECRET" not in caplog.text + str(caught) + repr(caught)


def test_one_debug_line_a_call_tells_name_time_status_and_size(
    answers: responses.RequestsMock, transport_of: TransportOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers.post(f"{SITE}/x", body=b"four", status=201)
    send(transport_of())
    lines = [record.getMessage() for record in caplog.records if record.name == "bridge.wire"]
    assert len(lines) == 1
    assert re.fullmatch(r"ask: \d+ ms, HTTP 201, 4 bytes", lines[0])
