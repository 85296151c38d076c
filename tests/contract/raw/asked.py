"""What is asked: requests as bytes, without the bridge's client. `$name$` stands for a value of the site that
is asked (`sites.py`), or for one that an earlier answer gave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes
from xml.sax.saxutils import escape

REST = "/webservice/rest/server.php"
SOAP = "/webservice/soap/server.php"
UPLOAD = "/webservice/upload.php"
BOUNDARY = b"raw-request-boundary"

Pairs = Mapping[str, object] | Sequence[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Raw:
    """One request.

    Attributes:
        name: of the case, unique in its group.
        keep: what later requests use of the answer: a name, and the path to the value.
        only: of a list, only those items count that hold this text; a site has others of its own.
        cron: whether cron runs before the request is sent.
    """

    name: str
    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, str] = field(default_factory=dict)
    only: str = ""
    cron: bool = False


def form(pairs: Pairs) -> bytes:
    """Fields as a browser's form sends them; bytes stay as they are, whether UTF-8 or not."""
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return b"&".join(_quoted(name) + b"=" + _quoted(value) for name, value in items)


def _quoted(value: object) -> bytes:
    raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
    return quote_from_bytes(raw, safe="$").encode()


def rest(
    name: str,
    function: str,
    pairs: Pairs = (),
    *,
    token: str = "$token$",
    **more: object,
) -> Raw:
    """A call over REST."""
    head = [("wstoken", token), ("wsfunction", function), ("moodlewsrestformat", "json")]
    rest_of = pairs.items() if isinstance(pairs, Mapping) else pairs
    return Raw(name, "POST", REST, body=form([*head, *rest_of]), headers=FORM, **more)  # type: ignore[arg-type]


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def soap(
    name: str,
    inner: str | bytes,
    *,
    token: str = "$token$",
    envelope: str = "http://schemas.xmlsoap.org/soap/envelope/",
    whole: bytes | None = None,
    **more: object,
) -> Raw:
    """A call over SOAP: what stands in the body of the envelope, or the whole of it."""
    head = (
        f'<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{envelope}"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:m="http://xml.apache.org/xml-soap"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/"><e:Body>'
    )
    body = inner if isinstance(inner, bytes) else inner.encode()
    sent = whole if whole is not None else head.encode() + body + b"</e:Body></e:Envelope>"
    return Raw(
        name, "POST", SOAP, query=f"wstoken={token}", body=sent,
        headers={"Content-Type": "text/xml; charset=utf-8"}, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def call(function: str, *arguments: str) -> str:
    """A function's element with its arguments."""
    return f"<{function}>{''.join(arguments)}</{function}>"


def argument(name: str, value: object, kind: str = "") -> str:
    """A scalar argument with its type."""
    kind = kind or {int: "int", bool: "boolean", float: "double"}.get(type(value), "string")
    text = str(value).lower() if isinstance(value, bool) else escape(str(value))
    return f'<{name} xsi:type="xsd:{kind}">{text}</{name}>'


def listed(name: str, *items: str) -> str:
    """An argument that is an Array."""
    return f'<{name} xsi:type="enc:Array" enc:arrayType="xsd:ur-type[{len(items)}]">{"".join(items)}</{name}>'


def mapped(**pairs: object) -> str:
    """An item that is a Map."""
    inner = "".join(
        f"<item>{argument('key', key)}{argument('value', value)}</item>" for key, value in pairs.items()
    )
    return f'<item xsi:type="m:Map">{inner}</item>'


def upload(
    name: str,
    files: Sequence[tuple[str, str | bytes, bytes]] = (),
    fields: Mapping[str, object] | None = None,
    *,
    token: str | None = "$token$",
    **more: object,
) -> Raw:
    """Files to upload.php: name of the field, of the file, and content."""
    parts = {**({} if token is None else {"token": token}), **(fields or {})}
    body = b"".join(
        b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (BOUNDARY, key.encode(), value if isinstance(value, bytes) else str(value).encode())
        for key, value in parts.items()
    )
    for key, filename, content in files:
        raw = filename if isinstance(filename, bytes) else filename.encode()
        body += (
            b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n%s\r\n" % (BOUNDARY, key.encode(), raw, content)
        )
    body += b"--" + BOUNDARY + b"--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=" + BOUNDARY.decode()}
    return Raw(name, "POST", UPLOAD, body=body, headers=headers, **more)  # type: ignore[arg-type]


def numbered(prefix: str, values: Sequence[object]) -> Iterator[tuple[str, object]]:
    """`prefix[0]`, `prefix[1]`, …"""
    return ((f"{prefix}[{number}]", value) for number, value in enumerate(values))
