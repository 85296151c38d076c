"""The WSDL of the token's service, generated from the functions' descriptions as Moodle does: rpc/encoded,
token in its namespace.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

from bridge.sandbox.moodle.descriptions import Description, Many, Struct
from bridge.sandbox.moodle.registry import Function

SERVICE = "webservices_virtual_class_000000"
_ENCODED = 'use="encoded" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'


class StructNames:
    """The names under which the WSDL declares structures: numbered in the order in which Moodle meets
    them.
    """

    def __init__(self, functions: Iterable[Function]) -> None:
        self._names: dict[int, str] = {}
        self.declared: list[tuple[str, Struct]] = []
        for function in functions:
            for parameter in function.parameters.keys.values():
                self._declare(parameter)
            self._declare(function.returns)

    def _declare(self, description: Description) -> None:
        if isinstance(description, Struct):
            for inner in description.keys.values():
                self._declare(inner)
            name = f"webservices_struct_class_{len(self.declared):06d}"
            self._names[id(description)] = name
            self.declared.append((name, description))

    def __getitem__(self, description: Struct) -> str:
        return self._names[id(description)]


def xsd_type(description: Description, names: StructNames) -> str:
    """The type that the WSDL gives to a value."""
    if isinstance(description, Many):
        return "soap-enc:Array"
    if isinstance(description, Struct):
        return f"tns:{names[description]}"
    return {"bool": "xsd:int", "int": "xsd:int", "float": "xsd:double"}.get(description.type, "xsd:string")


def write(functions: Iterable[Function], namespace: str) -> str:
    """The WSDL document.

    Parameters:
        functions: in the order of their names.
        namespace: the service's address with its token.
    """
    functions = list(functions)
    names = StructNames(functions)
    uri = escape(namespace, {'"': "&quot;"})
    types = "".join(
        f'<xsd:complexType name="{name}"><xsd:all>'
        + "".join(
            f'<xsd:element name="{key}" type="{xsd_type(inner, names)}" nillable="true"/>'
            for key, inner in struct.keys.items()
        )
        + "</xsd:all></xsd:complexType>"
        for name, struct in names.declared
    )
    ports, bindings, messages = [], [], []
    for function in functions:
        name = function.name
        body = f'<soap:body {_ENCODED} namespace="{uri}"/>'
        takes = bool(function.parameters.keys)
        ports.append(
            f'<operation name="{name}"><documentation>{escape(function.description)}</documentation>'
            + (f'<input message="tns:{name}In"/>' if takes else "")
            + f'<output message="tns:{name}Out"/></operation>'
        )
        bindings.append(
            f'<operation name="{name}"><soap:operation soapAction="{uri}#{name}"/>'
            + (f"<input>{body}</input>" if takes else "")
            + f"<output>{body}</output></operation>"
        )
        parts = "".join(
            f'<part name="{key}" type="{xsd_type(inner, names)}"/>'
            for key, inner in function.parameters.keys.items()
        )
        messages.append(f'<message name="{name}In">{parts}</message>' if takes else "")
        messages.append(
            f'<message name="{name}Out"><part name="return" '
            f'type="{xsd_type(function.returns, names)}"/></message>'
        )
    return (
        f'<?xml version="1.0"?>\n<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="{uri}"'
        ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" '
        'xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'
        f' name="{SERVICE}" targetNamespace="{uri}"><types><xsd:schema '
        f'targetNamespace="{uri}">{types}</xsd:schema></types>'
        f'<portType name="{SERVICE}Port">{"".join(ports)}</portType>'
        f'<binding name="{SERVICE}Binding" type="tns:{SERVICE}Port">'
        '<soap:binding style="rpc" '
        f'transport="http://schemas.xmlsoap.org/soap/http"/>{"".join(bindings)}</binding>'
        f'<service name="{SERVICE}Service"><port name="{SERVICE}Port" binding="tns:{SERVICE}Binding">'
        f'<soap:address location="{uri}"/></port></service>{"".join(messages)}</definitions>\n'
    )
