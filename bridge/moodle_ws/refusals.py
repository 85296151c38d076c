"""From Moodle's errorcodes to the bridge's errors.

Class names of exceptions changed their namespace over the versions and messages are translated, so only
errorcodes are matched. One case needs more: a function that does not exist is an `invalidrecord` of the table
external_functions, whose name stands in the message in every language.
"""

from __future__ import annotations

import re
from typing import Any

from bridge.moodle_ws.errors import (
    AccessError,
    Maintenance,
    MoodleError,
    MoodleRefused,
    ParameterError,
    TokenError,
    UnknownFunction,
)
from bridge.moodle_ws.redact import readable

_KINDS: dict[str, type[MoodleError]] = {
    "invalidtoken": TokenError,
    "wsaccessuserdeleted": TokenError,
    "wsaccessuserexpired": TokenError,
    "wsaccessusernologin": TokenError,
    "wsaccessusersuspended": TokenError,
    "wsaccessuserunconfirmed": TokenError,
    "usernotconfirmed": TokenError,
    "accessexception": AccessError,
    "nopermissions": AccessError,
    "requireloginerror": AccessError,
    "invalidparameter": ParameterError,
    "missingparam": ParameterError,
    "sitemaintenance": Maintenance,
    "upgraderunning": Maintenance,
    "dbconnectionfailed": Maintenance,
}
_CODE = re.compile(r"[\w:/.-]{1,100}")


def refusal(
    function: str,
    errorcode: str,
    message: str,
    *,
    exception: str = "",
    debuginfo: str = "",
    status: int | None = None,
) -> MoodleError:
    """The error for an answer that names an errorcode.

    Parameters:
        errorcode: as Moodle sent it; a few functions put a block of HTML here, which becomes the message.
        exception: class name of the PHP exception, "" where the transport does not say.
    """
    code = errorcode.strip()
    if not _CODE.fullmatch(code):
        code, message = "", code or message
    kind = _KINDS.get(code, MoodleRefused)
    if (
        code == "invalidrecord"
        and exception.endswith("dml_missing_record_exception")
        and "external_functions" in message
    ):
        kind = UnknownFunction
    return kind(function, readable(message) or code, errorcode=code, debuginfo=debuginfo, status=status)


def require_no_warnings(function: str, result: Any) -> Any:
    """Return `result`, unless it carries warnings: core functions that could not do a part of the work answer
    so.

    Deleting a course that does not exist, for one, is a success with a warning.

    Raises:
        MoodleRefused: with the first warning's code and all the warnings' messages.
    """
    warnings = result.get("warnings") if isinstance(result, dict) else None
    if not warnings:
        return result
    listed = [warning for warning in warnings if isinstance(warning, dict)]
    messages = "; ".join(
        readable(str(warning.get("message") or warning.get("warningcode") or "")) for warning in listed
    )
    code = readable(str(listed[0].get("warningcode") or "")) if listed else ""
    raise MoodleRefused(function, readable(messages) or "a warning without a text", errorcode=code)
