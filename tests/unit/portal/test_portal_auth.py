"""Signatures: 3KL's own test vectors, and what is signed of a request."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
import requests

from bridge.errors import UserError
from bridge.portal import BearerAuth, OtserialAuth, otserial_hash

SERIAL = "AAAABBBBCCCCDDDD"
KEY = "secretkey"
TIME = "17638800001235"
HEADER = re.compile(
    r'OTSerial serial="(.*)", time="(\d+)", nonce="([A-Za-z0-9_-]{16,64})", hash="([0-9a-f]{40})"'
)


@pytest.mark.parametrize(
    ("values", "hash_"),
    [
        ([SERIAL], "6678094d467ce4f1c1f4f6ce2999e42e258b0ad8"),
        (
            [
                "moodle",
                "2021072900",
                "https://lms.example.ru",
                SERIAL,
                "",
                "2020061508",
                "3.9.8 (Build: 20210712)",
            ],
            "98b0a6b96e4216768297a2862d30bc82dd5fc62e",
        ),
    ],
)
def test_the_signature_is_the_one_of_3kl(values: list[str], hash_: str) -> None:
    assert otserial_hash(KEY, TIME, values) == hash_


def signed(**request: Any) -> tuple[requests.PreparedRequest, str, str, str]:
    auth = OtserialAuth(SERIAL, KEY, clock=lambda: 1763880000.12355)
    prepared = requests.Request(auth=auth, **request).prepare()
    found = HEADER.fullmatch(prepared.headers["Authorization"])
    assert found
    serial, moment, nonce, hash_ = found.groups()
    assert (serial, moment) == (SERIAL, TIME)
    return prepared, moment, nonce, hash_


@pytest.mark.parametrize("body", [None, b"", b"\x00\xff", '{"text": "готово"}'])
def test_method_address_body_and_nonce_are_signed(body: bytes | str | None) -> None:
    _, moment, nonce, hash_ = signed(
        method="POST", url="https://portal.test/v1/tickets/t%201/notes", params={"name": "а б"}, data=body
    )
    content = body.encode() if isinstance(body, str) else body or b""
    text = (
        KEY
        + moment
        + "POST"
        + "/v1/tickets/t%201/notes?name=%D0%B0+%D0%B1"
        + hashlib.sha256(content).hexdigest()
        + nonce
        + SERIAL
    )
    assert hash_ == hashlib.sha1(text.encode()).hexdigest()


def test_no_nonce_is_used_twice() -> None:
    nonces = {signed(method="GET", url="https://portal.test/v1/meta")[2] for _ in range(100)}
    assert len(nonces) == 100


def test_the_same_moment_and_nonce_give_the_same_signature() -> None:
    auth = OtserialAuth(SERIAL, KEY, clock=lambda: 1763880000.12355, nonce=lambda: "n" * 16)
    first, second = (
        requests.Request("GET", "https://portal.test/v1/meta", auth=auth).prepare().headers["Authorization"]
        for _ in range(2)
    )
    assert first == second
    assert 'nonce="nnnnnnnnnnnnnnnn"' in first


@pytest.mark.parametrize("text", ["sesame\n", "sesame\r\nX-Evil: 1", "sesame\x00", "сезам", "sesame\x7f"])
def test_what_no_header_can_carry_is_refused_at_once_and_not_repeated(text: str) -> None:
    for make in (lambda: BearerAuth(text), lambda: OtserialAuth(text, KEY), lambda: OtserialAuth('a"b', KEY)):
        with pytest.raises(UserError, match="header") as caught:
            make()
        assert not any(word in str(caught.value) for word in ("sesame", "сезам", KEY))


def test_a_bearer_token_goes_into_its_header() -> None:
    prepared = requests.Request("GET", "https://portal.test", auth=BearerAuth("t")).prepare()
    assert prepared.headers["Authorization"] == "Bearer t"


def test_secrets_stand_in_no_repr() -> None:
    assert KEY not in repr(OtserialAuth(SERIAL, KEY))
    assert "sesame" not in repr(BearerAuth("sesame"))
