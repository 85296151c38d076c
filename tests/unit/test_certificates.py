"""TLS: what is wrong with a certificate is told by its cause, and an authority of the site's own is named
in the settings.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from bridge.errors import UserError
from bridge.moodle_ws import MoodleError
from bridge.moodle_ws import connect as connect_moodle
from bridge.portal import BearerAuth, PortalError
from bridge.portal import connect as connect_portal
from bridge.settings import load
from bridge.wire.retries import Retries


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
def serve(authority: trustme.CA) -> Iterator[Callable[..., int]]:
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


def portal_says(url: str, ca_file: Path | None) -> str:
    retries = Retries(attempts=1)
    client = connect_portal("p", url, BearerAuth("t"), category_prefix="x", ca_file=ca_file)
    client._line._retries = retries
    with pytest.raises(PortalError) as caught:
        client.meta()
    return str(caught.value)


def moodle_says(url: str, ca_file: Path | None) -> str:
    client = connect_moodle(url, "t" * 32, ca_file=ca_file, retries=Retries(attempts=1))
    try:
        client.read("f")
    except MoodleError as error:
        return str(error)
    return "not the contract's"


@pytest.mark.parametrize("says", [portal_says, moodle_says])
def test_an_unknown_authority_is_told_and_how_to_make_it_known(serve, ca_file, says) -> None:
    port = serve()
    assert "ca_file" in says(f"https://127.0.0.1:{port}", None)
    assert "not the contract's" in says(f"https://127.0.0.1:{port}", ca_file)


@pytest.mark.parametrize("says", [portal_says, moodle_says])
def test_what_is_wrong_with_a_certificate_is_told_by_its_cause(serve, ca_file, says) -> None:
    old = serve(until=datetime.now(UTC) - timedelta(days=1))
    other = serve(host="other.example.ru")
    assert "has expired" in says(f"https://127.0.0.1:{old}", ca_file)
    assert "for another host" in says(f"https://127.0.0.1:{other}", ca_file)


@pytest.mark.parametrize("says", [portal_says, moodle_says])
def test_https_to_a_port_without_tls_is_told(serve, says) -> None:
    assert "http:// only" in says(f"https://127.0.0.1:{serve(host=None)}", None)


SETTINGS = (
    '[portal]\nurl = "https://p.example.ru"\nca_file = "ca.pem"\n[[installation]]\nserial '
    '= "A"\nurl = "https://m.example.ru"\n'
)
SECRETS = {"OTBRIDGE_PORTAL_TOKEN": "t", "OTBRIDGE_MOODLE_TOKEN": "t"}


def test_the_file_of_an_authority_is_found_beside_the_settings(ca_file) -> None:
    path = ca_file.with_name("bridge.toml")
    path.write_text(SETTINGS)
    assert load(path, SECRETS).portal.ca_file == ca_file


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_that_holds_no_authority_is_a_fault_of_the_settings(tmp_path, content) -> None:
    (tmp_path / "bridge.toml").write_text(SETTINGS)
    if content:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(UserError, match=r"ca_file: .*ca\.pem"):
        load(tmp_path / "bridge.toml", SECRETS)


@pytest.mark.parametrize(
    "proxy", ["proxy:3128", "socks5://proxy", "http://user:secret@proxy", "http://:secret@proxy"]
)
def test_a_proxy_is_an_address_without_secrets(ca_file, proxy) -> None:
    path = ca_file.with_name("bridge.toml")
    path.write_text(SETTINGS.replace('ca_file = "ca.pem"', f'proxy = "{proxy}"'))
    with pytest.raises(UserError, match=r"portal\.proxy: must be an address") as caught:
        load(path, SECRETS)
    assert "secret" not in str(caught.value)
