"""What HTTP answers and failures mean, as far as it is the same for Moodle and the portal: was it sent, did the answer arrive whole?"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests
import urllib3.exceptions

BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
"""All that requests and what lies below it raise when a connection fails."""


def never_sent(error: Exception) -> str | None:
    """Why nothing was sent, where the failure proves that; None where the request may have arrived."""
    cause = _innermost(error)
    # Asked first, for urllib3 counts it among the time-outs; only from 2.0 on has it an error of its own for names.
    if isinstance(cause, urllib3.exceptions.NewConnectionError):
        unnamed = isinstance(cause.__context__, socket.gaierror) or isinstance(cause.__cause__, socket.gaierror)
        return "the host's name is not known" if unnamed else "the connection was refused or the host cannot be reached"
    if isinstance(error, requests.ConnectTimeout) or isinstance(cause, urllib3.exceptions.ConnectTimeoutError):
        return "no connection within the time-out"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "the server's certificate is not valid for this address"
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema | requests.exceptions.InvalidSchema):
        return "the address is no http:// or https:// address"
    return None


def no_answer(error: Exception) -> str:
    """What happened to a request that may have arrived."""
    return "no answer within the time-out" if isinstance(error, requests.Timeout) else "the connection was lost"


def is_cut(response: requests.Response) -> bool:
    """Whether a body that was read to its end is shorter or longer than announced; not every urllib3 in use compares that itself."""
    announced = response.headers.get("Content-Length")
    if announced is None:
        return False
    # Compared as texts: Python turns no text of more than 4300 digits into a number.
    return not announced.isdecimal() or (announced.lstrip("0") or "0") != str(response.raw.tell())


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
