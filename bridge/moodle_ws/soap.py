"""SOAP: zeep for WSDL and envelopes, own encoding of values (`soap_xml`), the same errors as over REST.

Moodle's SOAP server fetches its own WSDL over HTTP on every call, so parallel calls can use up all of PHP's
workers and hang the site: one call at a time per site. It reads the token from the URL only, so web servers
log it; REST is to be preferred where both are on.

A parameter that is left out must come to its default. PHP gives null, not the default, to a parameter that is
missing among named ones; by position, what follows the last argument keeps its default. So arguments that are
not all there go by position, under names that the function does not have.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from lxml import etree

from bridge.moodle_ws.errors import (
    AccessError,
    Maintenance,
    MoodleError,
    NotMoodle,
    ParameterError,
    TokenError,
)
from bridge.moodle_ws.faults import Fault, fault_error, find_fault
from bridge.moodle_ws.outcome import bad_status, unbelievable
from bridge.moodle_ws.redact import TokenFilter
from bridge.moodle_ws.soap_xml import ENVELOPE, BadXml, decode, encode, encode_structure, parse
from bridge.moodle_ws.wire import Wire
from bridge.moodle_ws.wsdl import Part, Service, without_token
from bridge.wire.retries import Retries
from bridge.wire.transport import Reply

PATH = "/webservice/soap/server.php"
RAW_NAMES = "moodlewssettingraw=1"
"""Asks for names as they are stored, not escaped for HTML."""

_URL_LOGGERS = ("urllib3.connectionpool", "urllib3.connection")
_NOT_IN_SERVICE = "the service of the token does not hold the function"

_site_locks: dict[str, threading.Lock] = {}
_site_locks_guard = threading.Lock()


class SoapTransport:
    """Calls over SOAP.

    Parameters:
        ask: asks Moodle, by other means, what keeps the token out; SOAP says it only in words of the site's
            language.
        wsdl_longest: seconds that a WSDL is used before it is fetched again. A function or a parameter that
            it lacks makes it be fetched at once.
    """

    def __init__(
        self,
        wire: Wire,
        token: str,
        *,
        retries: Retries,
        ask: Callable[[str], MoodleError | None],
        wsdl_longest: float,
    ) -> None:
        self._wire = wire
        self._token = token
        self._retries = retries
        self._ask = ask
        self._path = f"{PATH}?wstoken={quote(token, safe='')}"
        self._longest = wsdl_longest
        self._service: Service | None = None
        self._fetched = 0.0
        with _site_locks_guard:
            self._lock = _site_locks.setdefault(wire.base_url, threading.Lock())
        self._filter = TokenFilter(quote(token, safe=""))
        for name in _URL_LOGGERS:
            logging.getLogger(name).addFilter(self._filter)

    def call(self, function: str, params: Mapping[str, Any], *, write: bool) -> Any:
        """See `Transport.call`."""

        def once() -> Any:
            with self._lock:
                service = self._service_with(function, params, write=write)
                body, headers = service.envelope(
                    function, arguments(function, service.parts(function), params)
                )
                reply = self._wire.post(function, f"{self._path}&{RAW_NAMES}", body, headers, write=write)
            return self._result(function, service, reply, write=write)

        return once() if write else self._retries.run(once)

    def close(self) -> None:
        """Close the connections."""
        for name in _URL_LOGGERS:
            logging.getLogger(name).removeFilter(self._filter)
        self._wire.close()

    def _service_with(self, function: str, params: Mapping[str, Any], *, write: bool) -> Service:
        """The service, fetched anew when what is at hand is too old or does not know the function as it is
        called.

        Fetching it is a read, also for a call that writes. A call that reads repeats it with the call; a call
        that writes does not repeat it.
        """
        fresh = self._service is not None and time.monotonic() - self._fetched <= self._longest
        service = self._service if fresh else None
        if service is None or not service.knows(function, params):
            service = self._retries.run(self._fetch) if write else self._fetch()
        self._service = service
        if not service.has(function):
            raise AccessError(function, _NOT_IN_SERVICE, errorcode="accessexception")
        return service

    def _fetch(self) -> Service:
        """The service from Moodle. Reading the WSDL changes nothing, also when the call is a write."""
        reply = self._wire.post("wsdl", f"{self._path}&wsdl=1", b"", {}, write=False)
        document = without_token(reply.body, self._token)
        try:
            root = parse(document)
            fault = find_fault(root)
            service = None if fault else Service(document)
        except BadXml as error:
            if reply.status != 200:
                raise bad_status("wsdl", reply, write=False) from None
            raise NotMoodle("wsdl", str(error), status=reply.status) from None
        if fault or service is None:
            raise self._fault("wsdl", fault, reply, write=False)
        self._fetched = time.monotonic()
        return service

    def _result(self, function: str, service: Service, reply: Reply, *, write: bool) -> Any:
        if reply.status == 202 and not reply.body and reply.framed and not service.has_result(function):
            return None
        try:
            root = parse(reply.body)
            fault = find_fault(root)
            if fault is None and reply.status == 200:
                return _returned(function, root)
        except BadXml as error:
            if reply.status != 200:
                raise bad_status(function, reply, write=write) from None
            detail = str(error) if reply.body else "the answer is empty"
            raise unbelievable(function, detail, reply, write=write) from None
        if fault is None:
            raise bad_status(function, reply, write=write)
        raise self._fault(function, fault, reply, write=write)

    def _fault(self, function: str, fault: Fault | None, reply: Reply, *, write: bool) -> MoodleError:
        if fault is None:
            return unbelievable(function, "the answer is not a result", reply, write=write)
        fault = fault.without(self._token)
        if fault.before_call:
            found = self._ask(function)
            # The upload script may refuse for a reason of its own: that uploads are off.
            if isinstance(found, (TokenError, Maintenance)) or (found and found.detail in fault.text):
                return found
        return fault_error(function, fault, reply, write=write)


def arguments(function: str, parts: list[Part], params: Mapping[str, Any]) -> list[etree._Element]:
    """The elements of a call, in the declared order, as far as the last parameter that is given; one at
    least.

    A list or structure that is left out before it goes empty, which is the only default that Moodle's SOAP
    server lets them have.

    Raises:
        ParameterError: for a parameter that the function does not have, and for a scalar that is left out
            where SOAP cannot say its default.
    """
    names = [part.name for part in parts]
    unknown = sorted(params.keys() - set(names))
    if unknown:
        raise ParameterError(
            function, f"no parameters of the function: {', '.join(unknown)}", errorcode="invalidparameter"
        )
    sent = parts[: max((names.index(name) for name in params), default=0) + 1]
    named = len(sent) == len(parts)
    return [
        _argument(function, part, params, part.name if named else f"argument{place}")
        for place, part in enumerate(sent)
    ]


def _argument(function: str, part: Part, params: Mapping[str, Any], name: str) -> etree._Element:
    value = params.get(part.name, {"array": [], "structure": {}}.get(part.kind))
    if value is None:
        raise ParameterError(
            function,
            f"{part.name} must be given: SOAP cannot leave it out here",
            errorcode="invalidparameter",
        )
    if part.kind == "structure" and isinstance(value, Mapping):
        return encode_structure(name, value)
    return encode(name, value)


def _returned(function: str, root: etree._Element) -> Any:
    """The result in a SOAP answer.

    Raises:
        BadXml: it is not the answer of this function.
    """
    body = root.find(f"{{{ENVELOPE}}}Body")
    if body is None or len(body) != 1 or etree.QName(body[0]).localname != f"{function}Response":
        raise BadXml("the answer is not this function's")
    results = list(body[0])
    if len(results) > 1:
        raise BadXml("the answer holds more than one result")
    return decode(results[0]) if results else None
