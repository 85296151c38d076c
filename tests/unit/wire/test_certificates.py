"""TLS: what is wrong with a certificate is told by its cause, and an authority of the site's own is named
in the settings.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from bridge.errors import UserError
from bridge.moodle_ws import Unreachable
from bridge.moodle_ws import connect as connect_moodle
from bridge.portal import BearerAuth, HttpPortal, PortalNotContract, PortalUnreachable
from bridge.settings import load
from bridge.wire.retries import Retries
from bridge.wire.transport import NotSent, Transport
from tests.unit.wire.conftest import TransportOf

Serve = Callable[..., int]


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def serve(authority: trustme.CA) -> Iterator[Serve]:
    servers = []

    def start(host: str | None = "127.0.0.1", until: datetime | None = None) -> int:
        """A server with a certificate for `host`, or one without TLS; returns its port."""
        server = HTTPServer(("127.0.0.1", 0), Answer)
        if host is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(host, not_after=until).configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return server.server_address[1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


def why(transport: Transport) -> str:
    """Why nothing was sent; "" when an answer came."""
    try:
        transport.send("ask", "GET", "/x", headers={})
    except NotSent as error:
        return error.why
    return ""


def test_an_unknown_authority_is_told_and_how_to_make_it_known(
    serve: Serve, ca_file: Path, transport_of: TransportOf
) -> None:
    url = f"https://127.0.0.1:{serve()}"
    assert "ca_file" in why(transport_of(url))
    assert why(transport_of(url, ca_file=ca_file)) == ""


def test_what_is_wrong_with_a_certificate_is_told_by_its_cause(
    serve: Serve, ca_file: Path, transport_of: TransportOf
) -> None:
    old = serve(until=datetime.now(UTC) - timedelta(days=1))
    other = serve(host="other.example.ru")
    assert "has expired" in why(transport_of(f"https://127.0.0.1:{old}", ca_file=ca_file))
    assert "for another host" in why(transport_of(f"https://127.0.0.1:{other}", ca_file=ca_file))


def test_https_to_a_port_without_tls_is_told(serve: Serve, ca_file: Path, transport_of: TransportOf) -> None:
    assert "http:// only" in why(transport_of(f"https://127.0.0.1:{serve(host=None)}", ca_file=ca_file))


def portal_asks(url: str, ca_file: Path | None) -> None:
    once = Retries(attempts=1)
    with HttpPortal(
        "p",
        url,
        BearerAuth("t"),
        category_prefix="x",
        connect_timeout=5,
        read_timeout=5,
        ca_file=ca_file,
        retries=once,
    ) as client:
        client.meta()


def moodle_asks(url: str, ca_file: Path | None) -> None:
    with connect_moodle(url, "t" * 32, ca_file=ca_file, retries=Retries(attempts=1)) as client:
        client.read("f")


@pytest.mark.parametrize(
    ("asks", "unreachable"), [(portal_asks, PortalUnreachable), (moodle_asks, Unreachable)]
)
def test_a_client_knows_the_authority_of_its_settings_only(
    serve: Serve,
    ca_file: Path,
    asks: Callable[[str, Path | None], None],
    unreachable: type[Exception],
) -> None:
    url = f"https://127.0.0.1:{serve()}"
    with pytest.raises(unreachable, match="ca_file"):
        asks(url, None)
    with suppress(PortalNotContract):
        asks(url, ca_file)


SETTINGS = (
    '[portal]\nurl = "https://p.example.ru"\nca_file = "ca.pem"\n[[installation]]\nserial '
    '= "A"\nurl = "https://m.example.ru"\n'
)
SECRETS = {"OTBRIDGE_PORTAL_TOKEN": "t", "OTBRIDGE_MOODLE_TOKEN": "t"}


def test_the_file_of_an_authority_is_found_beside_the_settings(ca_file: Path) -> None:
    path = ca_file.with_name("bridge.toml")
    path.write_text(SETTINGS)
    assert load(path, SECRETS).portal.ca_file == ca_file


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_that_holds_no_authority_is_a_fault_of_the_settings(
    tmp_path: Path, content: str | None
) -> None:
    (tmp_path / "bridge.toml").write_text(SETTINGS)
    if content:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(UserError, match=r"ca_file: .*ca\.pem"):
        load(tmp_path / "bridge.toml", SECRETS)


@pytest.mark.parametrize(
    "proxy", ["proxy:3128", "socks5://proxy", "http://user:secret@proxy", "http://:secret@proxy"]
)
def test_a_proxy_is_an_address_without_secrets(ca_file: Path, proxy: str) -> None:
    path = ca_file.with_name("bridge.toml")
    path.write_text(SETTINGS.replace('ca_file = "ca.pem"', f'proxy = "{proxy}"'))
    with pytest.raises(UserError, match=r"portal\.proxy: must be an address") as caught:
        load(path, SECRETS)
    assert "secret" not in str(caught.value)
