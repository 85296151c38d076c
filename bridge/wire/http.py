"""What HTTP answers and failures mean, as far as it is the same for Moodle and the portal: was it sent,
did the answer arrive whole?
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests
import urllib3.exceptions

from bridge.i18n import noop, tr

BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
"""All that requests and what lies below it raise when a connection fails."""

_UNKNOWN_AUTHORITY = noop(
    "the server's certificate comes from an authority that this machine does not know ({why}): "
    "name a file with the authority's certificate (PEM) as ca_file in the settings"
)
_ANOTHER_HOST = noop(
    "the server's certificate is for another host ({why}): set the address to the name in it"
)
_CERTIFICATES = {
    10: noop("the server's certificate has expired ({why}): renew it, or set this machine's clock"),
    18: _UNKNOWN_AUTHORITY,
    19: _UNKNOWN_AUTHORITY,
    20: _UNKNOWN_AUTHORITY,
    21: _UNKNOWN_AUTHORITY,
    62: _ANOTHER_HOST,
    64: _ANOTHER_HOST,
}
"""What is wrong with a certificate, by OpenSSL's X509_V_ERR code."""

_OTHER_CERTIFICATE = noop("the server's certificate is not valid: {why}")
_LONGEST_LENGTH = 15
"""Digits of a length that is believed."""


def never_sent(error: Exception) -> str | None:
    """Why nothing was sent, where the failure proves that; None where the request may have arrived."""
    cause = _innermost(error)
    if isinstance(error, requests.exceptions.ProxyError) and (why := _proxy_failed(cause)):
        return why
    # Asked first, for urllib3 counts it among the time-outs; only from 2.0 on has it an error of its own for
    # names.
    if isinstance(cause, urllib3.exceptions.NewConnectionError):
        if _is_unnamed(cause):
            return tr("the host's name is not known")
        return tr("the connection was refused or the host cannot be reached")
    if isinstance(error, requests.ConnectTimeout) or isinstance(
        cause, urllib3.exceptions.ConnectTimeoutError
    ):
        return tr("no connection within the time-out")
    if isinstance(cause, ssl.SSLCertVerificationError):
        return tr(_CERTIFICATES.get(getattr(cause, "verify_code", 0), _OTHER_CERTIFICATE)).format(
            why=getattr(cause, "verify_message", cause)
        )
    if isinstance(cause, ssl.SSLError):
        return tr("no TLS connection ({why}): does this address speak http:// only?").format(
            why=cause.reason or cause
        )
    if isinstance(
        error,
        requests.exceptions.InvalidURL
        | requests.exceptions.MissingSchema
        | requests.exceptions.InvalidSchema,
    ):
        return tr("the address is not an http:// or https:// address")
    return None


def _proxy_failed(cause: BaseException) -> str | None:
    """What the settings' proxy did with a request, where that shows that nothing went beyond the proxy."""
    if isinstance(cause, urllib3.exceptions.NewConnectionError):
        if _is_unnamed(cause):
            return tr("the proxy's name is not known: see proxy in the settings")
        return tr("the proxy cannot be reached: see proxy in the settings")
    # The words are those of http.client; what follows the status is the proxy's own.
    refused = re.match(r"Tunnel connection failed: (\d{3})\b", str(cause))
    return (
        tr("the proxy refuses (HTTP {status}): see proxy in the settings").format(status=refused[1])
        if refused
        else None
    )


def _is_unnamed(cause: urllib3.exceptions.NewConnectionError) -> bool:
    return isinstance(cause.__context__, socket.gaierror) or isinstance(cause.__cause__, socket.gaierror)


def no_answer(error: Exception) -> str:
    """What happened to a request that may have arrived."""
    return (
        tr("no answer within the time-out")
        if isinstance(error, requests.Timeout)
        else tr("the connection was lost")
    )


def is_cut(response: requests.Response) -> bool:
    """Whether a body that was read to its end is shorter or longer than announced; not every urllib3 in
    use compares that itself.
    """
    announced = response.headers.get("Content-Length")
    if announced is None:
        return False
    # Compared as texts: Python turns no text of more than 4300 digits into a number.
    return not announced.isdecimal() or (announced.lstrip("0") or "0") != str(response.raw.tell())


def announced(response: requests.Response) -> int:
    """Bytes that the answer's head announces, 0 where the head announces no readable number."""
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_LENGTH else 0


def is_framed(headers: Mapping[str, str]) -> bool:
    """Whether the body's end was marked, so that a cut would have shown. `headers` take names in any case."""
    return "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower()


def retry_after(text: str) -> float | None:
    """Seconds of a Retry-After header (a number or a date), None where there is none that can be read."""
    text = text.strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _innermost(error: BaseException) -> BaseException:
    """What a chain of wrapped network errors began with."""
    inner = getattr(error, "reason", None) or getattr(error, "original_error", None)
    if inner is None and error.args:
        inner = error.args[0]
    if isinstance(inner, BaseException) and not isinstance(error, urllib3.exceptions.NewConnectionError):
        return _innermost(inner)
    return error
