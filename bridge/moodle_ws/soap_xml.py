"""Values as SOAP-encoded XML and back, the way PHP's SOAP server writes and reads them.

PHP declares lists as `soap-enc:Array` and structures as Apache `Map`s, in both directions, even where the
WSDL says something else, and names each value's type in `xsi:type`. `encode` and `decode` follow these types.
Results come out as from Moodle's JSON: a float without a fraction is an int, as in PHP's JSON, and the keys
of a Map are texts. One difference remains, for the WSDL has no booleans: a boolean at the top of a declared
structure arrives as 0 or 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from bridge.moodle_ws.values import scalar_text

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
MAP = "http://xml.apache.org/xml-soap"

_PREFIXES = {"xsd": XSD, "xsi": XSI, "enc": ENCODING, "map": MAP}
_TYPE = f"{{{XSI}}}type"
_NIL = f"{{{XSI}}}nil"
_TRUE = frozenset({"true", "1"})
_INTS = frozenset(
    {"int", "integer", "long", "short", "byte", "unsignedInt", "unsignedLong", "nonNegativeInteger"}
)
_FLOATS = frozenset({"float", "double", "decimal"})


class BadXml(ValueError):
    """XML that is not well formed, not allowed here, or no value that PHP's SOAP server writes."""


def parse(document: bytes) -> etree._Element:
    """The root of an XML document from outside: complete, without a DTD, without entities, nothing fetched.

    Raises:
        BadXml: otherwise.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise BadXml("the answer is not well-formed XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadXml("the answer holds a document type, which is not allowed")
    return root


def encode(name: str, value: Any) -> etree._Element:
    """A plain value (see `values.plain`) as an element called `name`. Booleans go as 1 and 0, as over
    REST.
    """
    element = etree.Element(name, nsmap=_PREFIXES)
    _fill(element, value)
    return element


def encode_structure(name: str, value: Mapping[str, Any]) -> etree._Element:
    """A structure whose type the WSDL declares: its fields as elements, without a type of its own."""
    element = etree.Element(name, nsmap=_PREFIXES)
    for key, item in value.items():
        _fill(etree.SubElement(element, key), item)
    return element


def decode(element: etree._Element) -> Any:
    """The value of an element that PHP's SOAP server wrote.

    Raises:
        BadXml: it refers to another element, or its text does not fit its type.
    """
    if element.get("href") is not None:
        raise BadXml("the answer refers to itself")
    if element.get(_NIL) in _TRUE:
        return None
    namespace, kind = _type(element)
    if namespace == MAP and kind == "Map":
        return dict(_pairs(element))
    if namespace == ENCODING and kind == "Array":
        return [decode(child) for child in element]
    if namespace == XSD or (not kind and not len(element)):
        return _scalar(kind, element)
    return {str(etree.QName(child).localname): decode(child) for child in element}


def _fill(element: etree._Element, value: Any) -> None:
    if isinstance(value, Mapping):
        element.set(_TYPE, "map:Map")
        for key, item in value.items():
            pair = etree.SubElement(element, "item")
            _fill(etree.SubElement(pair, "key"), key)
            _fill(etree.SubElement(pair, "value"), item)
    elif isinstance(value, list):
        element.set(_TYPE, "enc:Array")
        element.set(f"{{{ENCODING}}}arrayType", f"xsd:anyType[{len(value)}]")
        for item in value:
            _fill(etree.SubElement(element, "item"), item)
    else:
        element.set(_TYPE, _scalar_type(value))
        element.text = scalar_text(value)


def _scalar_type(value: str | float) -> str:
    if isinstance(value, str):
        return "xsd:string"
    return "xsd:double" if isinstance(value, float) else "xsd:int"


def _type(element: etree._Element) -> tuple[str, str]:
    """Namespace and name of an element's xsi:type, both "" where it has none."""
    prefix, _, name = element.get(_TYPE, "").strip().rpartition(":")
    return element.nsmap.get(prefix or None, ""), name


def _pairs(element: etree._Element) -> Iterator[tuple[str, Any]]:
    for item in element:
        key, value = item.find("key"), item.find("value")
        if key is None or value is None:
            raise BadXml("the answer holds a broken Map")
        yield key.text or "", decode(value)


def _number(text: str) -> float:
    """A finite number, as an int where it has no fraction: PHP's JSON writes it so.

    Raises:
        ValueError: it is none, or not finite.
    """
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return int(number) if number.is_integer() else number


def _scalar(kind: str, element: etree._Element) -> str | float | bool:
    if len(element):
        raise BadXml(f"the answer holds structure where {kind or 'text'} was announced")
    text = element.text or ""
    try:
        if kind in _INTS:
            return int(text)
        if kind in _FLOATS:
            return _number(text)
    except ValueError:
        raise BadXml(f"the answer holds a wrong {kind}") from None
    return text in _TRUE if kind == "boolean" else text
