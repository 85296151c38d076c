"""REST: form fields out, JSON back.

Moodle reports its errors with HTTP 200. Four other things come with HTTP 200, too, and are not answers of a
function. Nothing: the function ended the script. `false`: the result is not UTF-8. A PHP error without an
errorcode. XML: the request was larger than PHP takes, and lost its fields. This module distinguishes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import urlencode

from bridge.moodle_ws.errors import NotMoodle, OutcomeUnknown, ParameterError, ServerError
from bridge.moodle_ws.outcome import bad_status, no_answer, unbelievable
from bridge.moodle_ws.redact import hide, readable
from bridge.moodle_ws.refusals import refusal
from bridge.moodle_ws.values import scalar_text
from bridge.moodle_ws.wire import Wire
from bridge.wire.retries import Retries
from bridge.wire.transport import Reply

PATH = "/webservice/rest/server.php"
MOST_FIELDS = 900
"""PHP drops what is over max_input_vars (1000 by default) without a word, so a request stays well below."""

_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


class RestTransport:
    """Calls over REST.

    The token goes in the body, for URLs are logged and an Authorization header is not read. Names are asked
    for as they are stored: otherwise «R&D» is told as `R&amp;D`.
    """

    def __init__(self, wire: Wire, token: str, *, retries: Retries) -> None:
        self._wire = wire
        self._token = token
        self._retries = retries

    def call(self, function: str, params: Mapping[str, Any], *, write: bool) -> Any:
        """See `Transport.call`."""
        fields = [
            ("wstoken", self._token),
            ("wsfunction", function),
            ("moodlewsrestformat", "json"),
            ("moodlewssettingraw", "1"),
            *form_fields(params),
        ]
        if len(fields) > MOST_FIELDS:
            raise ParameterError(
                function,
                f"{len(fields)} form fields are too many for one request: send at most {MOST_FIELDS}",
            )
        body = urlencode(fields).encode("ascii")

        def once() -> Any:
            reply = self._wire.post(function, PATH, body, _HEADERS, write=write)
            return self._result(function, reply, write=write)

        return once() if write else self._retries.run(once)

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _result(self, function: str, reply: Reply, *, write: bool) -> Any:
        try:
            value = json.loads(reply.body, parse_constant=_not_json)
        except (ValueError, RecursionError):
            value = _NOT_JSON
        if isinstance(value, dict) and isinstance(value.get("exception"), str) and "message" in value:
            self._refuse(function, value, reply, write=write)
        if reply.status != 200:
            raise bad_status(function, reply, write=write)
        if value is _NOT_JSON:
            self._not_json(function, reply, write=write)
        if value is False:
            raise unbelievable(
                function, "the result is not valid UTF-8", reply, write=write, kind=ServerError
            )
        if not reply.framed and isinstance(value, (int, float)):
            # The first digits of a longer number are a number too.
            raise no_answer(function, "the answer may have been cut off", write=write)
        return value

    def _refuse(self, function: str, document: dict[str, Any], reply: Reply, *, write: bool) -> NoReturn:
        message, debuginfo = (
            hide(str(document["message"]), self._token),
            hide(str(document.get("debuginfo") or ""), self._token),
        )
        code = document.get("errorcode")
        if isinstance(code, str) and code:
            raise refusal(
                function,
                code,
                message,
                exception=document["exception"],
                debuginfo=debuginfo,
                status=reply.status,
            )
        kind = OutcomeUnknown if write else ServerError
        raise kind(function, f"PHP failed: {readable(message)}", debuginfo=debuginfo, status=reply.status)

    def _not_json(self, function: str, reply: Reply, *, write: bool) -> NoReturn:
        if b"<ERRORCODE>invalidtoken</ERRORCODE>" in reply.body:
            # All fields were lost, the wish for JSON with them: PHP empties a request over post_max_size.
            raise ParameterError(
                function, "the request is larger than PHP's post_max_size", status=reply.status
            )
        if not reply.body:
            raise unbelievable(function, "the answer is empty", reply, write=write)
        what = "an HTML page" if reply.is_html else "no JSON"
        raise unbelievable(function, f"the answer is {what}", reply, write=write, kind=NotMoodle)


def form_fields(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Plain parameters as PHP's form fields: `courses[0][fullname]=…`."""
    for name, value in params.items():
        yield from _fields(name, value)


def _fields(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _fields(f"{name}[{key}]", item)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _fields(f"{name}[{place}]", item)
    else:
        yield name, scalar_text(value)


_NOT_JSON = object()


def _not_json(constant: str) -> NoReturn:
    raise ValueError(constant)
