"""What the tests of moodle_ws answer with: a WSDL and values as Moodle writes them."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

SITE = "http://moodle.test/sub"
TOKEN = "0123456789abcdef0123456789abcdef"
ENVELOPE = (
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="urn:x" '
    'xmlns:ns2="http://xml.apache.org/xml-soap" xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
    "<SOAP-ENV:Body>{}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
)

FUNCTIONS = {
    "core_course_get_courses_by_field": ([("field", "xsd:string"), ("value", "xsd:string")], True),
    "core_course_create_courses": ([("courses", "soap-enc:Array")], True),
    "core_user_delete_users": ([("userids", "soap-enc:Array")], False),
    "core_webservice_get_site_info": ([("serviceshortnames", "soap-enc:Array")], True),
    "local_otbridge_get_info": ([], True),
    "core_files_get_files": (
        [("contextid", "xsd:int"), ("component", "xsd:string"), ("options", "tns:struct_0")],
        True,
    ),
}


def wsdl(functions: Any = FUNCTIONS, token: Any = TOKEN, extra: Any = "") -> Any:
    """A WSDL with the traits of Moodle's: the token in it, no input for functions without parameters."""
    namespace = f"{SITE}/webservice/soap/server.php?wstoken={token}"
    ports, bindings, messages = [], [], []
    body = (
        '<soap:body use="encoded" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" '
        f'namespace="{namespace}"/>'
    )
    for name, (parts, returns) in functions.items():
        sides = [("input", "In", parts)] if parts else []
        sides += [("output", "Out", [("return", "soap-enc:Array")])] if returns else []
        ports.append(
            f'<operation name="{name}">'
            + "".join(f'<{s} message="tns:{name}{p}"/>' for s, p, _ in sides)
            + "</operation>"
        )
        bindings.append(
            f'<operation name="{name}"><soap:operation soapAction="{namespace}#{name}"/>'
            + "".join(f"<{s}>{body}</{s}>" for s, _, _ in sides)
            + "</operation>"
        )
        for _, postfix, declared in sides:
            inside = "".join(f'<part name="{part}" type="{kind}"/>' for part, kind in declared)
            messages.append(f'<message name="{name}{postfix}">{inside}</message>')
    return (
        '<?xml version="1.0"?>\n<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" '
        f'xmlns:tns="{namespace}" '
        'xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" name="c" '
        f'targetNamespace="{namespace}">{extra}'
        f'<types><xsd:schema targetNamespace="{namespace}"><xsd:complexType name="struct_0"><xsd:all>'
        '<xsd:element name="list" type="soap-enc:Array"/></xsd:all></xsd:complexType></xsd:schema></types>'
        f'<portType name="cPort">{"".join(ports)}</portType>'
        '<binding name="cBinding" type="tns:cPort"><soap:binding style="rpc" '
        f'transport="http://schemas.xmlsoap.org/soap/http"/>{"".join(bindings)}</binding>'
        '<service name="cService"><port name="cPort" binding="tns:cBinding"><soap:address '
        f'location="{namespace}"/></port></service>'
        f"{''.join(messages)}</definitions>"
    ).encode()


def php(tag: Any, value: Any) -> Any:
    """A value as PHP's SOAP server writes it, by hand: the other side of `soap_xml.decode`."""
    if value is None:
        return f'<{tag} xsi:nil="true"/>'
    if isinstance(value, bool):
        return f'<{tag} xsi:type="xsd:boolean">{"true" if value else "false"}</{tag}>'
    if isinstance(value, int):
        return f'<{tag} xsi:type="xsd:int">{value}</{tag}>'
    if isinstance(value, float):
        return f'<{tag} xsi:type="xsd:float">{value!r}</{tag}>'
    if isinstance(value, str):
        return f'<{tag} xsi:type="xsd:string">{escape(value, {chr(13): "&#13;"})}</{tag}>'
    if isinstance(value, list) or not value:
        items = "".join(php("item", item) for item in value)
        return (
            f'<{tag} SOAP-ENC:arrayType="xsd:ur-type[{len(value)}]" xsi:type="SOAP-ENC:Array">{items}</{tag}>'
        )
    pairs = "".join(f"<item>{php('key', key)}{php('value', item)}</item>" for key, item in value.items())
    return f'<{tag} xsi:type="ns2:Map">{pairs}</{tag}>'


def soap_result(function: Any, value: Any) -> Any:
    """A whole SOAP answer."""
    return ENVELOPE.format(
        f"<ns1:{function}Response>{php('return', value)}</ns1:{function}Response>"
    ).encode()


def soap_fault(code: Any, text: Any, actor: Any = "") -> Any:
    """A whole SOAP fault; `actor` is where Moodle puts the errorcode."""
    told = f"<faultactor>{escape(actor)}</faultactor>" if actor else ""
    return ENVELOPE.format(
        f"<SOAP-ENV:Fault><faultcode>{code}</faultcode>"
        f"<faultstring>{escape(text)}</faultstring>{told}</SOAP-ENV:Fault>"
    ).encode()
