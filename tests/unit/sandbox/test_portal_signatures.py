"""The embedded portal's side of a signature: what it refuses although key and hash are right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.portal.auth import otserial_hash, signed_values
from bridge.sandbox.portal import Problem
from bridge.sandbox.portal.auth import SCOPES, Auth
from bridge.sandbox.portal.store import Store

SERIAL, KEY, NONCE = "AAAABBBBCCCCDDDD", "secretkey", "0123456789abcdef"
NOW = 1_763_880_000.0


@dataclass
class Portal:
    """The authentication of a portal whose clock is set by hand."""

    directory: Path
    now: float = NOW

    def __post_init__(self) -> None:
        self.auth = Auth(
            Store(self.directory / "portal.sqlite3", lambda: datetime.now(UTC)), lambda: self.now
        )
        self.auth.add_installation(SERIAL, KEY)

    def ask(
        self,
        *,
        at: float = NOW,
        address: str = "/v1/meta",
        nonce: str = NONCE,
        body: bytes = b"",
        form: str = "",
    ) -> frozenset[str]:
        moment = str(int(at * 10_000))
        hash_ = otserial_hash(KEY, moment, signed_values("GET", address, body, nonce, SERIAL))
        header = form or 'OTSerial serial="{serial}", time="{moment}", nonce="{nonce}", hash="{hash_}"'
        return self.auth.scopes(
            header.format(serial=SERIAL, moment=moment, nonce=nonce, hash_=hash_), "GET", address, body
        )


@pytest.fixture
def portal(tmp_path: Path) -> Portal:
    return Portal(tmp_path)


def test_a_good_signature_has_all_scopes(portal: Portal) -> None:
    assert portal.ask() == set(SCOPES)


@pytest.mark.parametrize("difference", [-300.1, 300.1, -86400])
def test_a_time_outside_the_window_is_refused(portal: Portal, difference: float) -> None:
    with pytest.raises(Problem, match="300 s"):
        portal.ask(at=NOW + difference)


@pytest.mark.parametrize("later", [0, 1, 290, 590])
def test_a_nonce_is_remembered_as_long_as_its_time_is_good(portal: Portal, later: float) -> None:
    portal.ask(at=NOW + 299)
    portal.now += later
    with pytest.raises(Problem, match="nonce"):
        portal.ask(at=NOW + 299)


def test_a_refused_request_uses_no_nonce_up(portal: Portal) -> None:
    with pytest.raises(Problem):
        portal.ask(at=NOW - 301)
    assert portal.ask()


@pytest.mark.parametrize("address", ["/v1/meta\x80\x00\x00", "/v1/meta?x=\xff", "/v1/me ta", "", "/v1/ключ"])
def test_a_signed_address_is_printable_ascii(portal: Portal, address: str) -> None:
    with pytest.raises(Problem, match="printable ASCII"):
        portal.ask(address=address)


@pytest.mark.parametrize(
    "form",
    [
        "OTSerial",
        'OTSerial serial="{serial}"',
        'OTSerial time="{moment}", serial="{serial}", nonce="{nonce}", hash="{hash_}"',
        'OTSerial serial="{serial}", time="-{moment}", nonce="{nonce}", hash="{hash_}"',
        'OTSerial serial="{serial}", time="{moment}", nonce="{nonce}", hash="{hash_}", more="x"',
    ],
)
def test_a_header_of_another_form_is_refused(portal: Portal, form: str) -> None:
    with pytest.raises(Problem) as caught:
        portal.ask(form=form)
    assert caught.value.code == "unauthorized"


@pytest.mark.parametrize("nonce", ["short", "x" * 65, "with a space in it", "кириллица-кириллица"])
def test_a_nonce_of_another_form_is_refused(portal: Portal, nonce: str) -> None:
    with pytest.raises(Problem, match="header"):
        portal.ask(nonce=nonce)
