"""Web services over SOAP: /webservice/soap/server.php, with PHP's encoding of arguments, results and faults.

Source: measured on Moodle 4.5.6 with PHP 8.2's ext/soap. PHP finds arguments by name; if none of the names
fits, by position, and then defaults stand for the last ones. What an argument is, its `xsi:type` says;
without one the WSDL's type, and inside of lists PHP guesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from lxml import etree
from werkzeug.wrappers import Request, Response

from bridge.sandbox.moodle import wsdl
from bridge.sandbox.moodle.descriptions import Description, Many, Need, Struct, Value, clean_int
from bridge.sandbox.moodle.mbz import parse_xml
from bridge.sandbox.moodle.names import as_asked
from bridge.sandbox.moodle.problems import MoodleProblem, invalid_token
from bridge.sandbox.moodle.registry import FUNCTIONS, Function
from bridge.sandbox.moodle.rest import parameters
from bridge.sandbox.moodle.service import NO_CACHE, service_functions
from bridge.sandbox.moodle.site import Site

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_INTEGERS = {
    "int",
    "integer",
    "long",
    "short",
    "byte",
    "unsignedInt",
    "unsignedLong",
    "nonNegativeInteger",
    "positiveInteger",
}


class SoapFault(Exception):
    """A fault of PHP's SOAP extension itself."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


def serve(site: Site, request: Request) -> Response:
    """Answer a request for the WSDL or for a function."""
    token = str(parameters(request).get("wstoken", ""))
    if token != site.token:
        return _document(_fault("MOODLE:error", invalid_token().message))
    namespace = f"{site.url}/webservice/soap/server.php?wstoken={quote(token)}"
    functions = [FUNCTIONS[name] for name in sorted(service_functions(site))]
    if asks_for_wsdl(request):
        return _document(wsdl.write(functions, namespace))
    try:
        function, arguments = _read(request.get_data(), functions)
        with as_asked(parameters(request)):
            result = function.call(site, arguments)
    except SoapFault as fault:
        return _answer(_fault(fault.code, str(fault)), status=500)
    except MoodleProblem as problem:
        return _answer(_moodle_fault(site, problem), status=500)
    return _answer(_Writer(namespace, wsdl.StructNames(functions)).response(function, result))


def asks_for_wsdl(request: Request) -> bool:
    """Whether a request wants the WSDL and calls nothing."""
    return clean_int(request.args.get("wsdl", "0")) != 0


def called_function(body: bytes) -> tuple[str, Any]:
    """Name and arguments of the function that a request calls, for the record; ("", None) when it cannot
    be read.
    """
    try:
        function, arguments = _read(body, list(FUNCTIONS.values()))
    except SoapFault:
        return "", None
    return function.name, arguments


def _read(body: bytes, functions: list[Function]) -> tuple[Function, dict[str, Any]]:
    try:
        root = parse_xml(body)
    except etree.XMLSyntaxError as error:
        raise SoapFault("SOAP-ENV:Client", "Bad Request") from error
    except ValueError as error:
        raise SoapFault("SOAP-ENV:Server", "DTD are not supported by SOAP") from error
    if root.tag != f"{{{ENVELOPE}}}Envelope":
        raise SoapFault("SOAP-ENV:VersionMismatch", "Wrong Version")
    body_of = root.find(f"{{{ENVELOPE}}}Body")
    if body_of is None:
        raise SoapFault("SOAP-ENV:Client", "Body must be present in a SOAP envelope")
    called = next(iter(body_of), None)
    if called is None:
        raise SoapFault("SOAP-ENV:Client", 'looks like we got "Body" without function call')
    name = etree.QName(called).localname
    function = next((one for one in functions if one.name == name.lower()), None)
    if function is None:
        raise SoapFault("SOAP-ENV:Server", f"Procedure '{name}' not present")
    return function, _arguments(function, list(called))


def _arguments(function: Function, given: list[etree._Element]) -> dict[str, Any]:
    declared = function.parameters.keys
    by_name = {etree.QName(node).localname: node for node in reversed(given)}
    if by_name.keys() & declared.keys():
        return {
            name: _decode(by_name[name], inner) if name in by_name else None
            for name, inner in declared.items()
        }
    if declared and not given:
        raise SoapFault("SOAP-ENV:Client", "Missing parameter")
    if declared and len(given) > len(declared):
        raise SoapFault("SOAP-ENV:Client", "Error cannot find parameter")
    needed = max(
        (number for number, inner in enumerate(declared.values(), 1) if inner.need is Need.REQUIRED),
        default=0,
    )
    if len(given) < needed:
        message = (
            f"Too few arguments to function {wsdl.SERVICE}::{function.name}(), {len(given)} passed "
            f"and at least {needed} expected"
        )
        raise SoapFault("SOAP-ENV:Server", message)
    return {name: _decode(node, inner) for (name, inner), node in zip(declared.items(), given, strict=False)}


def _decode(node: etree._Element, declared: Description | None = None) -> Any:
    if node.get(f"{{{XSI}}}nil") in {"true", "1"}:
        return None
    kind = (node.get(f"{{{XSI}}}type") or "").rpartition(":")[2]
    if not kind and isinstance(declared, Value):
        kind = {"int": "int", "bool": "int", "float": "double"}.get(declared.type, "string")
    if kind == "Array" or (not kind and isinstance(declared, Many)):
        items = (node.get(f"{{{ENCODING}}}arrayType") or "").rpartition(":")[2].partition("[")[0]
        return [_decode(item, Value("int") if items in _INTEGERS else None) for item in node]
    if kind == "Map":
        return {_decode(item[0]): _decode(item[1]) for item in node}
    if kind in _SCALARS:
        return _SCALARS[kind](node.text or "")
    if len(node) or kind == "Struct" or kind.startswith("webservices_struct_class"):
        return _object(node)
    return node.text or ""


def _object(node: etree._Element) -> dict[str, Any]:
    """An object of PHP: children of the same name become a list."""
    found: dict[str, Any] = {}
    repeated: set[str] = set()
    for child in node:
        name, value = etree.QName(child).localname, _decode(child)
        if name in repeated:
            found[name].append(value)
        elif name in found:
            repeated.add(name)
            found[name] = [found[name], value]
        else:
            found[name] = value
    return found


def _integer(text: str) -> int | float | None:
    """A number; one with a fraction, or too large, becomes PHP's float, and none at all null."""
    if re.fullmatch(r"[+-]?\d+", text.strip(), re.ASCII) and abs(int(text)) < 2**63:
        return int(text)
    return _double(text)


def _double(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text.strip())
    except ValueError as error:
        raise SoapFault("SOAP-ENV:Server", "SOAP-ERROR: Encoding: Violation of encoding rules") from error


_SCALARS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(_INTEGERS, _integer),
    **dict.fromkeys(("float", "double", "decimal"), _double),
    "boolean": lambda text: text.strip().lower() in {"true", "1", "t"},
    "string": str,
}


class _Writer:
    """Writes a result as PHP does; a namespace is declared when it is first used, in that order."""

    def __init__(self, namespace: str, names: wsdl.StructNames) -> None:
        self._declared = {"SOAP-ENV": ENVELOPE, "ns1": namespace}
        self._names = names

    def response(self, function: Function, result: Any) -> str:
        """The envelope of a result."""
        returned = self._declared_as("return", result, function.returns)
        spaces = " ".join(f'xmlns:{prefix}="{escape(uri)}"' for prefix, uri in self._declared.items())
        return (
            f'{_HEAD}<SOAP-ENV:Envelope {spaces} SOAP-ENV:encodingStyle="{ENCODING}"><SOAP-ENV:Body>'
            f"<ns1:{function.name}Response>{returned}</ns1:{function.name}Response></SOAP-ENV:Body>"
            "</SOAP-ENV:Envelope>\n"
        )

    def _use(self, prefix: str) -> str:
        known = {
            "xsd": "http://www.w3.org/2001/XMLSchema",
            "xsi": XSI,
            "SOAP-ENC": ENCODING,
            "ns2": "http://xml.apache.org/xml-soap",
        }
        if prefix not in self._declared:
            self._declared[prefix] = known[prefix]
        return prefix

    def _declared_as(self, tag: str, value: Any, description: Description) -> str:
        """A value that the WSDL gives a type."""
        if value is None or isinstance(description, Many):
            return self._guessed(tag, value)
        if isinstance(description, Struct):
            inner = "".join(
                self._declared_as(key, value.get(key), part) for key, part in description.keys.items()
            )
            return f'<{tag} {self._use("xsi")}:type="ns1:{self._names[description]}">{inner}</{tag}>'
        kind = wsdl.xsd_type(description, self._names).removeprefix("xsd:")
        return self._scalar(tag, kind, int(value) if kind == "int" else value)

    def _guessed(self, tag: str, value: Any) -> str:
        """A value whose type PHP tells from itself."""
        if value is None:
            return f'<{tag} {self._use("xsi")}:nil="true"/>'
        if isinstance(value, Mapping) and value:
            pairs = "".join(
                f"<item>{self._guessed('key', key)}{self._guessed('value', item)}</item>"
                for key, item in value.items()
            )
            return f'<{tag} {self._use("xsi")}:type="{self._use("ns2")}:Map">{pairs}</{tag}>'
        if isinstance(value, (list, Mapping)):
            return self._array(tag, list(value))
        return self._scalar(tag, _kind(value), value)

    def _array(self, tag: str, items: list[Any]) -> str:
        kinds = {_kind(item) for item in items}
        kind = kinds.pop() if len(kinds) == 1 else "ur-type"
        if kind == "ur-type":
            self._use("SOAP-ENC")
        prefix = self._use({"Map": "ns2", "Array": "SOAP-ENC"}.get(kind, "xsd"))
        head = (
            f'{self._use("SOAP-ENC")}:arrayType="{prefix}:{kind}[{len(items)}]" '
            f'{self._use("xsi")}:type="SOAP-ENC:Array"'
        )
        inner = "".join(self._guessed("item", item) for item in items)
        return f"<{tag} {head}>{inner}</{tag}>" if items else f"<{tag} {head}/>"

    def _scalar(self, tag: str, kind: str, value: Any) -> str:
        if isinstance(value, bool):
            text = "true" if value else "false"
        else:
            text = str(int(value) if isinstance(value, float) and value.is_integer() else value)
        prefix = self._use("xsd")
        return f'<{tag} {self._use("xsi")}:type="{prefix}:{kind}">{escape(text, {chr(13): "&#13;"})}</{tag}>'


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "Map" if value else "Array"
    if isinstance(value, list):
        return "Array"
    if value is None:
        return "ur-type"
    return {bool: "boolean", int: "int", float: "float"}.get(type(value), "string")


def _moodle_fault(site: Site, problem: MoodleProblem) -> str:
    if problem.errorcode is None:
        return _fault("SOAP-ENV:Server", problem.message)
    text = problem.message if site.debugging else "Unknown error"
    details = problem.debuginfo if site.debugging else None
    return _fault("Receiver", f"{text} | ERRORCODE: {problem.errorcode}", problem.errorcode, details)


def _fault(code: str, text: str, actor: str | None = None, details: str | None = None) -> str:
    more = "" if actor is None else f"<faultactor>{escape(actor)}</faultactor>"
    more += "" if details is None else f"<detail>{escape(details)}</detail>"
    return (
        f"{_HEAD}<SOAP-ENV:Envelope "
        f'xmlns:SOAP-ENV="{ENVELOPE}"><SOAP-ENV:Body><SOAP-ENV:Fault><faultcode>{code}</faultcode>'
        f"<faultstring>{escape(text)}</faultstring>{more}</SOAP-ENV:Fault></SOAP-ENV:Body>"
        "</SOAP-ENV:Envelope>\n"
    )


def _document(text: str) -> Response:
    disposition = ("Content-Disposition", 'inline; filename="response.xml"')
    return Response(text, content_type="application/xml; charset=utf-8", headers=[*NO_CACHE, disposition])


def _answer(text: str, status: int = 200) -> Response:
    return Response(text, status=status, content_type="text/xml; charset=utf-8")
