"""Values as SOAP-encoded XML: what we write we read, what PHP writes we read as over REST, what is hostile
we refuse.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bridge.moodle_ws.soap_xml import XSI, BadXml, decode, encode, encode_structure, parse
from tests.unit.moodle_ws.moodle_ws_fakes import ENVELOPE, php
from tests.unit.moodle_ws.test_moodle_values import names, texts, values

results = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        texts,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(names, inner, min_size=1, max_size=3)
    ),
    max_leaves=10,
)


def over_the_wire(element: Any) -> Any:
    return parse(etree.tostring(element))


def from_php(xml: Any) -> Any:
    return parse(ENVELOPE.format(xml).encode())[0][0]


def as_php_json(value: Any) -> Any:
    """The value as PHP's json_encode would have sent it over REST: a float without a fraction is an
    integer.
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [as_php_json(item) for item in value]
    if isinstance(value, dict):
        return {key: as_php_json(item) for key, item in value.items()}
    return value


def typed(value: Any) -> Any:
    """A text that differs where values differ, or only their types do."""
    return json.dumps(value, ensure_ascii=False)


@given(values)
def test_what_is_encoded_is_decoded_again(value: Any) -> None:
    # Booleans go as 1 and 0, as over REST; in Python they are equal.
    assert decode(over_the_wire(encode("value", value))) == value


@given(results)
def test_results_of_php_have_the_same_values_and_types_as_over_rest(value: Any) -> None:
    assert typed(decode(from_php(php("return", value)))) == typed(as_php_json(value))


def test_a_declared_structure_is_read_by_its_elements() -> None:
    xml = (
        '<return xsi:type="ns1:webservices_struct_class_000001"><warnings '
        'SOAP-ENC:arrayType="xsd:ur-type[0]" xsi:type="SOAP-ENC:Array"/>'
        '<name xsi:type="xsd:string"></name><on xsi:type="xsd:int">1</on><none xsi:nil="true"/></return>'
    )
    assert decode(from_php(xml)) == {"warnings": [], "name": "", "on": 1, "none": None}


def test_keys_of_a_map_are_texts_as_in_json() -> None:
    xml = (
        '<v xsi:type="ns2:Map"><item><key xsi:type="xsd:int">3</key><value '
        'xsi:type="xsd:string">a</value></item></v>'
    )
    assert decode(from_php(xml)) == {"3": "a"}


def test_types_are_told_by_namespace_and_not_by_prefix() -> None:
    xml = (
        '<v xmlns:php="http://xml.apache.org/xml-soap" '
        'xmlns:s="http://www.w3.org/2001/XMLSchema" xsi:type="php:Map">{}</v>'
    )
    pair = '<item><key xsi:type="s:string">k</key><value xsi:type="s:boolean">true</value></item>'
    assert decode(from_php(xml.format(pair))) == {"k": True}


def test_an_argument_for_a_declared_structure_has_no_type_of_its_own() -> None:
    element = encode_structure("options", {"ids": [1], "name": "x"})
    assert element.get(f"{{{XSI}}}type") is None
    assert decode(over_the_wire(element)) == {"ids": [1], "name": "x"}


@pytest.mark.parametrize(
    "xml",
    [
        '<v href="#ref1"/>',
        '<v xsi:type="xsd:int">abc</v>',
        '<v xsi:type="xsd:int"></v>',
        '<v xsi:type="xsd:float">INF</v>',
        '<v xsi:type="xsd:float">NAN</v>',
        '<v xsi:type="xsd:string"><b/></v>',
        '<v xsi:type="ns2:Map"><item><key>a</key></item></v>',
    ],
)
def test_what_php_would_not_write_is_refused(xml: str) -> None:
    with pytest.raises(BadXml):
        decode(from_php(xml))


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<a>",
        b"<a/><b/>",
        b"text",
        b"<a>&unknown;</a>",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://other.test/a.dtd"><a/>',
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l8;</a>'.encode(),
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
        b"<a>" * 300 + b"</a>" * 300,
    ],
)
def test_documents_that_are_cut_or_carry_entities_or_nest_without_end_are_refused(document: Any) -> None:
    with pytest.raises(BadXml):
        parse(document)
