"""All that can go wrong between the bridge and Moodle.

MoodleError
├── TokenError              the token is wrong, expired, or not allowed from here
├── AccessError             the function is not in the token's service, or a capability is missing
├── ParameterError          Moodle refuses the parameters
├── UnknownFunction         Moodle has no such function (plugin missing or too old)
├── MoodleRefused           any other error that Moodle names by an errorcode
├── Maintenance             maintenance or upgrade mode: try later
├── NotMoodle               an answer that is not Moodle's (HTML, stray text, an empty or cut body) to a read
├── ServerError             HTTP 5xx or a PHP error, to a read
├── Unreachable             no connection was made, or a read got no answer: nothing was changed
└── OutcomeUnknown          a write was sent and no believable answer came: it may have happened; ask by opkey
"""

from __future__ import annotations

from bridge.errors import BridgeError
from bridge.i18n import noop
from bridge.wire.retries import PASSING


class MoodleError(BridgeError):
    """A call of Moodle failed.

    Attributes:
        function: the web service function (or "upload", "download", "wsdl").
        errorcode: Moodle's errorcode, "" where there is none.
        detail: Moodle's message, without debug information, safe to show to an operator.
        debuginfo: Moodle's debuginfo, for the log at debug level only; never in str() and never to a
            customer.
        advice: what to do about it, for the operator.
        status: HTTP status, None where no answer came.
        retry_after: seconds that the server asks to wait, None where it did not say.
        repeatable: False where the same read should not be tried once more in the same moment.
    """

    advice = ""
    repeatable = True
    outcome_known = True

    def __init__(
        self,
        function: str,
        detail: str,
        *,
        errorcode: str = "",
        debuginfo: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        advice: str | None = None,
    ) -> None:
        self.function = function
        self.detail = detail
        self.errorcode = errorcode
        self.debuginfo = debuginfo
        self.status = status
        self.retry_after = retry_after
        if advice is not None:
            self.advice = advice
        code = f" [{errorcode}]" if errorcode else ""
        advised = f": {self.advice}" if self.advice else ""
        super().__init__(f"Moodle: {function}{code}: {detail}{advised}")

    @property
    def repeat_after(self) -> float | None:
        """See `BridgeError.repeat_after`: a lost connection and statuses that pass."""
        passing = self.repeatable and (isinstance(self, Unreachable) or self.status in PASSING)
        return (self.retry_after or 0.0) if passing else None


class TokenError(MoodleError):
    """Moodle does not accept the token."""

    advice = noop(
        "check the token in the environment, its expiry and its IP restriction (Site "
        "administration, Server, Manage tokens)"
    )


class AccessError(MoodleError):
    """The token's service lacks the function, or its user lacks a capability."""

    advice = noop(
        "add the function to the service otbridge, give its user the capability, or renew an expired token "
        "(over SOAP a missing plugin looks the same); otbridge doctor lists what is missing"
    )


class ParameterError(MoodleError):
    """Moodle refuses the parameters."""


class UnknownFunction(MoodleError):
    """Moodle has no such function."""

    advice = noop("install or upgrade the plugin local_otbridge, then run otbridge doctor")


class MoodleRefused(MoodleError):
    """Moodle refused the call with an errorcode of its own."""


class Maintenance(MoodleError):
    """Moodle is in maintenance or is being upgraded; nothing was done."""

    advice = noop("wait until the maintenance is over; the next pass tries again")


class NotMoodle(MoodleError):
    """The answer is not one of Moodle's."""

    advice = noop(
        "check the address of the site and what stands in front of it (proxy, firewall, a login page)"
    )


class ServerError(MoodleError):
    """The server failed while it answered a read."""

    advice = noop("look into the web server's and PHP's error logs")


class Unreachable(MoodleError):
    """The server could not be reached, or a read got no answer; nothing was changed."""

    advice = noop("check the address, the network and the server; the next pass tries again")


class OutcomeUnknown(MoodleError):
    """A write was sent and no believable answer came; it may have happened. Ask by opkey before anything
    else.
    """

    advice = noop("the next pass asks Moodle by the operation's key")
    outcome_known = False
