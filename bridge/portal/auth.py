"""How the bridge proves who it is: a bearer token, or a signature with the installation's serial and key.

The signature is the one that 3KL installations use (sha1 over key, time and values, no HMAC), with the
request's method, address and body, and a nonce, among its values, so that it is good for one request and one
time only.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bridge.errors import UserError

if TYPE_CHECKING:
    from requests import PreparedRequest

TICKS = 10_000
"""3KL counts time in ten-thousandths of a second since 1970."""


def otserial_hash(otkey: str, moment: str, values: Sequence[str]) -> str:
    """3KL's signature of `values`: hex SHA-1 of key, moment and the values in their order, joined without
    separators.

    Parameters:
        moment: 10000 × Unix seconds, as a decimal string.
    """
    return hashlib.sha1((otkey + moment + "".join(values)).encode()).hexdigest()  # noqa: S324 - 3KL's scheme, not ours to choose


def signed_values(method: str, path: str, body: bytes, nonce: str, serial: str) -> tuple[str, ...]:
    """What is signed of a request; `path` with its query, as it stands in the request line."""
    return (method, path, hashlib.sha256(body).hexdigest(), nonce, serial)


def _random_nonce() -> str:
    return secrets.token_urlsafe(24)


def _header_text(what: str, text: str, *, forbidden: str = "") -> str:
    # Said here, without the text: the HTTP library's own error would repeat the whole header, secret
    # included.
    if not (text.isascii() and text.isprintable()) or any(character in text for character in forbidden):
        raise UserError(
            f"the portal's {what} holds characters that no HTTP header can carry: copy it again, as "
            "one line of plain ASCII"
        )
    return text


class BearerAuth:
    """Sends a token. Fits `requests`' `auth`; its repr does not show the token.

    Raises:
        UserError: the token holds what no header can carry.
    """

    def __init__(self, token: str) -> None:
        self._token = _header_text("token", token)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the header."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class OtserialAuth:
    """Signs each request with an installation's serial and key. Fits `requests`' `auth`; its repr does not
    show the key.

    Parameters:
        clock: Unix seconds.
        nonce: a new text of 16–64 characters of `[A-Za-z0-9_-]` at each call.

    Raises:
        UserError: the serial holds what no header can carry.
    """

    def __init__(
        self,
        serial: str,
        otkey: str,
        *,
        clock: Callable[[], float] = time.time,
        nonce: Callable[[], str] = _random_nonce,
    ) -> None:
        self._serial = _header_text("serial", serial, forbidden='"\\')
        self._otkey = otkey
        self._clock = clock
        self._nonce = nonce

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign the request; each call takes a nonce of its own, so a request that is sent again is signed
        anew.
        """
        moment = str(int(self._clock() * TICKS))
        nonce = self._nonce()
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        values = signed_values(request.method or "", request.path_url, body, nonce, self._serial)
        hash_ = otserial_hash(self._otkey, moment, values)
        request.headers["Authorization"] = (
            f'OTSerial serial="{self._serial}", time="{moment}", nonce="{nonce}", hash="{hash_}"'
        )
        return request
