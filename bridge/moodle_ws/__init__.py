"""Client of Moodle web services: REST and SOAP behind one interface, typed errors, files."""

from bridge.moodle_ws.client import MoodleClient, connect
from bridge.moodle_ws.errors import (
    AccessError,
    Maintenance,
    MoodleError,
    MoodleRefused,
    NotMoodle,
    OutcomeUnknown,
    ParameterError,
    ServerError,
    TokenError,
    UnknownFunction,
    Unreachable,
)
from bridge.moodle_ws.port import Moodle
from bridge.moodle_ws.refusals import require_no_warnings
from bridge.wire.retries import Retries

__all__ = [
    "AccessError",
    "Maintenance",
    "Moodle",
    "MoodleClient",
    "MoodleError",
    "MoodleRefused",
    "NotMoodle",
    "OutcomeUnknown",
    "ParameterError",
    "Retries",
    "ServerError",
    "TokenError",
    "UnknownFunction",
    "Unreachable",
    "connect",
    "require_no_warnings",
]
