"""Who may do what: bearer tokens with scopes, and requests signed with an installation's serial and key."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable

from bridge.portal.auth import TICKS, otserial_hash, signed_values
from bridge.sandbox.portal.problems import Problem
from bridge.sandbox.portal.store import Store

SCOPES = ("ledger:read", "ledger:write", "tickets:read", "tickets:write")
WINDOW = 300
"""Seconds that a signature's time may differ from the portal's."""

_SIGNED = re.compile(
    r'OTSerial serial="(?P<serial>[^"]{1,64})", time="(?P<time>\d{1,20})", '
    r'nonce="(?P<nonce>[A-Za-z0-9_-]{16,64})", hash="(?P<hash>[0-9a-f]{40})"'
)
_PLAIN_ADDRESS = re.compile(r"[!-~]+")


class Auth:
    """Tokens, installations, and the nonces that were used.

    Parameters:
        clock: Unix seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def add_token(self, token: str, scopes: Iterable[str]) -> None:
        """Let a token in; only its hash is kept."""
        self._store.execute(
            "INSERT OR REPLACE INTO token (sha256, scopes) VALUES (?, ?)",
            _sha256(token),
            json.dumps(sorted(scopes)),
        )

    def add_installation(self, serial: str, otkey: str) -> None:
        """Let an installation sign requests; it has all scopes."""
        self._store.execute(
            "INSERT OR REPLACE INTO installation (serial, otkey) VALUES (?, ?)", serial, otkey
        )

    def scopes(self, authorization: str, method: str, address: str, body: bytes) -> frozenset[str]:
        """What the one who asks may do.

        Parameters:
            authorization: the header.
            address: path with query, as it stood in the request line.

        Raises:
            Problem: `unauthorized`.
        """
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() == "bearer":
            row = self._store.row("SELECT scopes FROM token WHERE sha256 = ?", _sha256(rest.strip()))
            if row is None:
                raise Problem("unauthorized", "the token is not known")
            return frozenset(json.loads(row["scopes"]))
        if scheme == "OTSerial":
            self._check_signature(authorization, method, address, body)
            return frozenset(SCOPES)
        raise Problem("unauthorized", "no bearer token and no signature")

    def _check_signature(self, authorization: str, method: str, address: str, body: bytes) -> None:
        signed = _SIGNED.fullmatch(authorization)
        if signed is None:
            raise Problem("unauthorized", "the signature's header is not the contract's")
        # SHA-1 lets one who saw a signature append to what was signed; the padding that this takes is no
        # printable text.
        if not _PLAIN_ADDRESS.fullmatch(address):
            raise Problem("unauthorized", "a signed address holds printable ASCII only")
        serial, moment, nonce = signed["serial"], signed["time"], signed["nonce"]
        row = self._store.row("SELECT otkey FROM installation WHERE serial = ?", serial)
        otkey = row["otkey"] if row else ""
        expected = otserial_hash(otkey, moment, signed_values(method, address, body, nonce, serial))
        if row is None or not hmac.compare_digest(expected, signed["hash"]):
            raise Problem("unauthorized", "serial, key and signature do not match")
        now = self._clock()
        if abs(int(moment) / TICKS - now) > WINDOW:
            raise Problem("unauthorized", f"the signature's time is more than {WINDOW} s from the portal's")
        with self._store.transaction():
            self._store.execute("DELETE FROM nonce WHERE until < ?", now)
            fresh = self._store.execute(
                "INSERT OR IGNORE INTO nonce (serial, nonce, until) VALUES (?, ?, ?)",
                serial,
                nonce,
                now + 2 * WINDOW,
            )
        if not fresh:
            raise Problem("unauthorized", "the nonce was used before")


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
