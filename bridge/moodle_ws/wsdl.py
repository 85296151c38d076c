"""The WSDL: fetched from Moodle, freed of the token, parsed by zeep.

Moodle writes the token into its WSDL (namespace and address). It is taken out before anything else sees the
document, so that zeep's logs do not hold it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from typing import Any
from urllib.parse import quote

import zeep
import zeep.exceptions
import zeep.plugins
from lxml import etree

from bridge.moodle_ws.redact import HIDDEN
from bridge.moodle_ws.soap_xml import ENCODING, BadXml, parse

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_DEFINITIONS = f"{_WSDL}definitions"
_NO_PARAMETERS = "NoParameters"


@dataclass(frozen=True, slots=True)
class Part:
    """A parameter as the WSDL declares it: `kind` is "scalar", "array" or "structure"."""

    name: str
    kind: str


class Service:
    """The functions of the token's service, and their envelopes.

    Parameters:
        document: a WSDL without the token.

    Raises:
        BadXml: it is not a WSDL that describes a service.
    """

    def __init__(self, document: bytes) -> None:
        root = parse(document)
        if root.tag != _DEFINITIONS:
            raise BadXml("the answer is not a WSDL")
        _give_inputs(root)
        self._arguments = _Arguments()
        try:
            self._zeep = zeep.Client(  # type: ignore[no-untyped-call]
                BytesIO(etree.tostring(root)),
                transport=_Capture(),
                plugins=[self._arguments],
                settings=zeep.Settings(strict=False, raw_response=True, forbid_dtd=True),
            )
            self._operations: dict[str, Any] = next(iter(self._zeep.wsdl.bindings.values())).all()  # type: ignore[no-untyped-call]
        except (zeep.exceptions.Error, AttributeError, KeyError, ValueError, StopIteration):
            raise BadXml("the answer is not the WSDL of a service") from None

    def knows(self, function: str, params: Mapping[str, Any]) -> bool:
        """Whether the service has the function with these parameters."""
        return function in self._operations and params.keys() <= {part.name for part in self.parts(function)}

    def has(self, function: str) -> bool:
        """Whether the service has the function."""
        return function in self._operations

    def parts(self, function: str) -> list[Part]:
        """The function's parameters in their declared order."""
        message = self._operations[function].abstract.input_message
        return [Part(name, _kind(part.type.qname)) for name, part in message.parts.items()] if message else []

    def has_result(self, function: str) -> bool:
        """Whether the function returns anything; one that does not answers with HTTP 202 and nothing."""
        return self._operations[function].abstract.output_message is not None

    def envelope(self, function: str, arguments: list[etree._Element]) -> tuple[bytes, dict[str, str]]:
        """The request's body and HTTP headers. Not thread-safe."""
        self._arguments.elements = arguments
        skipped = dict.fromkeys((part.name for part in self.parts(function)), zeep.xsd.SkipValue)
        envelope, headers = self._zeep.service[function](**skipped)
        return etree.tostring(envelope, xml_declaration=True, encoding="utf-8"), dict(headers)


def without_token(document: bytes, token: str) -> bytes:
    """The WSDL with a word in the token's place."""
    return document.replace(f"wstoken={quote(token, safe='')}".encode(), f"wstoken={HIDDEN}".encode())


class _Arguments(zeep.plugins.Plugin):
    """Puts the encoded arguments into the envelope that zeep has made."""

    def __init__(self) -> None:
        self.elements: list[etree._Element] = []

    def egress(
        self, envelope: etree._Element, http_headers: dict[str, str], operation: Any, binding_options: Any
    ) -> tuple[etree._Element, dict[str, str]]:
        """Called by zeep before it sends."""
        del operation, binding_options
        call = envelope[-1][0]
        call[:] = self.elements
        return envelope, http_headers


class _Capture:
    """What zeep takes for its transport: it loads the one schema shipped here, and hands envelopes back
    unsent.
    """

    def load(self, url: str) -> bytes:
        """The SOAP encoding's schema. Every other address that a WSDL imports is refused."""
        if url.rstrip("/") != ENCODING.rstrip("/"):
            raise ValueError("a WSDL may not make the bridge fetch anything")
        return files("bridge.moodle_ws").joinpath("schemas/soap-encoding.xsd").read_bytes()

    def post_xml(
        self, address: str, envelope: etree._Element, headers: dict[str, str]
    ) -> tuple[etree._Element, dict[str, str]]:
        """The request as zeep would send it; the address in the WSDL is of no interest (see
        `SoapTransport`).
        """
        del address
        return envelope, headers


def _give_inputs(root: etree._Element) -> None:
    """Give functions without parameters the empty input that Moodle leaves out of its WSDL and zeep cannot
    do without.
    """
    namespace = root.get("targetNamespace", "")
    soap_body = "{http://schemas.xmlsoap.org/wsdl/soap/}body"
    for operation in root.iterfind(f"{_WSDL}portType/{_WSDL}operation"):
        if operation.find(f"{_WSDL}input") is None:
            etree.SubElement(
                operation, f"{_WSDL}input", message=f"own:{_NO_PARAMETERS}", nsmap={"own": namespace}
            )
    for operation in root.iterfind(f"{_WSDL}binding/{_WSDL}operation"):
        if operation.find(f"{_WSDL}input") is None:
            place = etree.SubElement(operation, f"{_WSDL}input")
            etree.SubElement(place, soap_body, use="encoded", encodingStyle=ENCODING, namespace=namespace)
    etree.SubElement(root, f"{_WSDL}message", name=_NO_PARAMETERS)


def _kind(qname: etree.QName | None) -> str:
    if qname is None:
        return "scalar"
    if qname.namespace == ENCODING:
        return "array"
    return "scalar" if qname.namespace == "http://www.w3.org/2001/XMLSchema" else "structure"
