"""SOAP faults of Moodle and of PHP, as the bridge's errors.

- `Receiver` with an errorcode as faultactor: the function refused.
- `MOODLE:error`: thrown before any function was called (token, maintenance, start of Moodle), named only in
  words.
- `SOAP-ENV:Client`, `Procedure … not present`: PHP could not make a call of the request.
- `SOAP-ERROR: Parsing WSDL`: PHP could not fetch its own WSDL, before the call.
- anything else: PHP failed, perhaps in the middle of the function.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lxml import etree

from bridge.moodle_ws.errors import (
    AccessError,
    MoodleError,
    MoodleRefused,
    OutcomeUnknown,
    ParameterError,
    ServerError,
    Unreachable,
)
from bridge.moodle_ws.redact import hide, readable
from bridge.moodle_ws.refusals import refusal
from bridge.moodle_ws.soap_xml import ENVELOPE
from bridge.wire.transport import Reply

_TAIL = re.compile(r"\s*\| ERRORCODE: (?P<code>.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault's texts; `actor` is where Moodle puts the errorcode, `detail` its debuginfo."""

    code: str
    text: str
    actor: str = ""
    detail: str = ""

    @property
    def before_call(self) -> bool:
        """Whether Moodle refused before it called the function."""
        return self.code == "MOODLE:error"

    def without(self, token: str) -> Fault:
        """The same without the token: PHP's faults may hold the WSDL's address."""
        return replace(self, text=hide(self.text, token), detail=hide(self.detail, token))


def find_fault(root: etree._Element) -> Fault | None:
    """The fault in a SOAP answer, None where it holds none."""
    element = root.find(f"{{{ENVELOPE}}}Body/{{{ENVELOPE}}}Fault")
    if element is None:
        return None
    texts = {etree.QName(child).localname: str(child.xpath("string()")) for child in element}
    return Fault(
        texts.get("faultcode", ""),
        texts.get("faultstring", ""),
        texts.get("faultactor", ""),
        texts.get("detail", ""),
    )


def fault_error(function: str, fault: Fault, reply: Reply, *, write: bool) -> MoodleError:
    """The error for a fault."""
    status = reply.status
    tail = _TAIL.search(fault.text)
    errorcode = fault.actor or (tail["code"].strip() if tail else "")
    message = fault.text[: tail.start()] if tail else fault.text
    if errorcode:
        return refusal(function, errorcode, message, debuginfo=fault.detail, status=status)
    if fault.before_call:
        # With debugging on, debug information follows the first dash.
        return MoodleRefused(function, readable(message.split(" - ")[0]), debuginfo=message, status=status)
    if fault.text.startswith("Procedure ") and fault.text.endswith("not present"):
        return AccessError(function, readable(message), status=status)
    if "Parsing WSDL" in fault.text:
        return Unreachable(
            function,
            "PHP could not fetch the site's own WSDL",
            debuginfo=fault.text,
            status=status,
            advice=(
                "see whether the web server can reach itself under the site's address and has PHP "
                "workers left"
            ),
        )
    if fault.code == "SOAP-ENV:Client":
        return ParameterError(function, readable(message), status=status)
    kind = OutcomeUnknown if write else ServerError
    return kind(function, f"PHP failed: {readable(message)}", debuginfo=fault.detail, status=status)
