"""Fields and files of a request as PHP reads them: bytes that are no UTF-8 come through, Moodle judges them.

Source: PHP's `rfc1867.c` and `php_variables.c`, and what a Moodle 4.5.6 with PHP 8.2 answered. Such bytes are
lone surrogates here (`surrogateescape`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from werkzeug.http import parse_options_header
from werkzeug.wrappers import Request

Pairs = list[tuple[str, str]]
_DISPOSITION = re.compile(
    rb'content-disposition:[^\r\n]*?[; ]name="([^"]*)"(?:; *filename="([^"]*)")?', re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that came.

    Attributes:
        field: the field of the form.
        name: without folders; "": none was chosen.
        listed: whether its field is a list (`file[]`), which upload.php does not take.
    """

    field: str
    name: str
    content: bytes

    @property
    def listed(self) -> bool:
        """Whether its field is one of a list."""
        return "[" in self.field


def query(request: Request) -> Pairs:
    """Fields of the address."""
    return _urlencoded(request.query_string)


def form(request: Request) -> Pairs:
    """Fields of the body."""
    if request.method != "POST":
        return []
    if request.mimetype == "application/x-www-form-urlencoded":
        return _urlencoded(request.get_data())
    return [(_text(name), _text(content)) for name, filename, content in _parts(request) if filename is None]


def files(request: Request) -> list[Sent]:
    """Files of the body; of one field's the last, as in `$_FILES`."""
    found = {
        _text(name): Sent(_text(name), re.split(r"[/\\]", _text(filename))[-1], content)
        for name, filename, content in (_parts(request) if request.method == "POST" else ())
        if filename is not None
    }
    return list(found.values())


def _urlencoded(body: bytes) -> Pairs:
    pairs = (one.partition(b"=") for one in body.split(b"&") if one)
    return [(_unquoted(name), _unquoted(value)) for name, _, value in pairs]


def _unquoted(raw: bytes) -> str:
    return _text(unquote_to_bytes(raw.replace(b"+", b" ")))


def _parts(request: Request) -> Iterator[tuple[bytes, bytes | None, bytes]]:
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    boundary = options.get("boundary")
    if kind != "multipart/form-data" or not boundary:
        return
    for part in (b"\r\n" + request.get_data()).split(b"\r\n--" + boundary.encode())[1:]:
        head, _, content = part.partition(b"\r\n\r\n")
        found = _DISPOSITION.search(head)
        if found is not None:
            yield found[1], found[2], content


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
