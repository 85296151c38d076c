"""Files: up into a draft area, down from the site's file areas, both in pieces from and to disk.

`upload.php` and `pluginfile.php` report their errors in a shape of their own, `{"error": …, "errorcode": …}`,
mostly with HTTP 200, so that an error could be taken for a small file.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlencode, urlsplit

from bridge.moodle_ws.errors import MoodleError, MoodleRefused, NotMoodle, ParameterError
from bridge.moodle_ws.outcome import bad_status, no_answer
from bridge.moodle_ws.redact import hide
from bridge.moodle_ws.refusals import refusal
from bridge.moodle_ws.wire import Wire
from bridge.wire.retries import Retries
from bridge.wire.transport import HttpFailure, Opened, Reply

_CHUNK = 256 * 1024
_LARGEST_ERROR = 64 * 1024
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_UPLOAD = "/webservice/upload.php"
_PLUGINFILE = re.compile(r"/(?:webservice/)?(?P<file>pluginfile\.php/.+)")


class Files:
    """The files of one site, for one token.

    Parameters:
        largest_upload: bytes of a file that is sent at most.
    """

    def __init__(self, wire: Wire, token: str, *, retries: Retries, largest_upload: int) -> None:
        self._wire = wire
        self._token = token
        self._retries = retries
        self._largest_upload = largest_upload

    def upload(self, path: Path, name: str | None = None, itemid: int = 0) -> int:
        """Put a file into a draft area, 0: a new one; returns its itemid.

        Sent again on a lost connection: at worst an unused draft area remains, which Moodle clears away. In
        an area that was named the file may then be there already (`filenameexist`).

        Raises:
            ParameterError: the file cannot be read, is too large, or changed under way.
            MoodleError: Moodle did not take it, or took another size than was sent.
        """
        try:
            size = path.stat().st_size
        except OSError as error:
            raise ParameterError("upload", f"{path.name}: {error.strerror}") from None
        if size > self._largest_upload:
            raise ParameterError(
                "upload", f"{path.name}: {size} bytes are more than the limit of {self._largest_upload}"
            )
        return self._retries.run(lambda: self._upload(path, name or path.name, size, itemid))

    def download(self, url: str, target: BinaryIO, *, limit: int) -> int:
        """Write a file of this site to `target`; returns its size in bytes.

        Tried again only until the first byte has been written.

        Raises:
            ParameterError: the address is not a file's of this site, or the file is larger than `limit`.
            MoodleError: Moodle did not give it, or not whole; what was written is to be thrown away.
        """
        path = self._file_path(url)
        return self._retries.run(lambda: self._download(path, target, limit))

    def ask(self, function: str) -> MoodleError | None:
        """What keeps the token out, asked of the upload script without a file: its errors carry an
        errorcode.
        """
        reply = self._wire.post(
            function, _UPLOAD, urlencode({"token": self._token}).encode(), _FORM, write=False
        )
        return self._refusal(function, reply)

    def _upload(self, path: Path, name: str, size: int, itemid: int) -> int:
        fields = {"token": self._token, **({"itemid": str(itemid)} if itemid else {})}
        body = _Multipart(path, name, size, fields)
        reply = self._wire.post("upload", _UPLOAD, body, {"Content-Type": body.content_type}, write=False)
        error = self._refusal("upload", reply)
        if error is not None:
            raise error
        if reply.status != 200:
            raise bad_status("upload", reply, write=False)
        return _draft_itemid(_json(reply.body), size, reply.status)

    def _download(self, path: str, target: BinaryIO, limit: int) -> int:
        body = urlencode({"token": self._token}).encode()
        with self._wire.open("download", path, body, {**_FORM, "Accept-Encoding": "identity"}) as opened:
            reply = opened.head
            if not _is_file(reply):
                raise self._no_file(opened)
            if not reply.framed:
                raise NotMoodle("download", "the answer does not say its length", status=reply.status)
            size = 0
            try:
                for piece in opened.pieces():
                    size += len(piece)
                    if size > limit:
                        raise ParameterError("download", f"the file is larger than {limit} bytes")
                    target.write(piece)
            except HttpFailure:
                if size:
                    # No repeat: a part is written already.
                    raise NotMoodle(
                        "download", f"the file broke off after {size} bytes", advice="try again"
                    ) from None
                raise
            return size

    def _no_file(self, opened: Opened) -> MoodleError:
        """The error for an answer that is none of Moodle's files."""
        body = b""
        for piece in opened.pieces():
            body += piece
            if len(body) > _LARGEST_ERROR:
                break
        reply = opened.reply(body)
        error = self._refusal("download", reply)
        if error is not None:
            return error
        if reply.status != 200:
            return bad_status("download", reply, write=False)
        if reply.is_cut_in_head:
            return no_answer("download", "the answer was cut off inside its head", write=False)
        return NotMoodle("download", "the answer is a page, not a file", status=reply.status)

    def _refusal(self, function: str, reply: Reply) -> MoodleError | None:
        """The error in a file script's answer."""
        document = _json(reply.body)
        if not isinstance(document, dict) or "error" not in document:
            return None
        message, debuginfo = (
            hide(str(document.get(key) or ""), self._token) for key in ("error", "debuginfo")
        )
        return refusal(
            function, str(document.get("errorcode") or ""), message, debuginfo=debuginfo, status=reply.status
        )

    def _file_path(self, url: str) -> str:
        """The path, below the site's address, at which the token opens the file at `url`.

        Raises:
            ParameterError: it is not an address of a file of this site.
        """
        base = urlsplit(self._wire.base_url)
        try:
            place = urlsplit(url)
            same = (
                _origin(place) == _origin(base)
                and not place.username
                and place.path.startswith(f"{base.path}/")
            )
        except ValueError:
            same = False
        if not same:
            raise ParameterError("download", "the file's address is not on this site")
        found = _PLUGINFILE.fullmatch(place.path.removeprefix(base.path))
        steps = unquote(place.path).replace("\\", "/").split("/")
        if not found or "." in steps or ".." in steps:
            raise ParameterError("download", "the address is not that of a file (pluginfile.php)")
        return f"/webservice/{found['file']}"


class _Multipart:
    """A form with one file, of known length, read from disk while it is sent."""

    def __init__(self, path: Path, name: str, size: int, fields: dict[str, str]) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._path = path
        self._size = size
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file_1"; '
            f'filename="{_file_name(name)}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        self._before = "".join(parts).encode()
        self._after = f"\r\n--{boundary}--\r\n".encode()

    def __len__(self) -> int:
        return len(self._before) + self._size + len(self._after)

    def __iter__(self) -> Iterator[bytes]:
        yield self._before
        try:
            file = self._path.open("rb")
        except OSError as error:
            raise ParameterError("upload", f"{self._path.name}: {error.strerror}") from None
        with file:
            if os.fstat(file.fileno()).st_size != self._size:
                raise ParameterError("upload", f"{self._path.name}: the file changed before it was sent")
            left = self._size
            while left:
                chunk = file.read(min(_CHUNK, left))
                if not chunk:
                    raise ParameterError(
                        "upload", f"{self._path.name}: the file became shorter while it was sent"
                    )
                left -= len(chunk)
                yield chunk
        yield self._after


def _file_name(name: str) -> str:
    """A file name that cannot end the header it stands in; Moodle takes such characters out as well."""
    kept = "".join(character for character in name if character.isprintable() and character not in '"\\')
    return kept.encode("utf-8", "ignore").decode() or "file"


def _draft_itemid(answer: Any, size: int, status: int) -> int:
    """The itemid in upload.php's answer, once the answer says that the whole file is there."""
    file = answer[0] if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], dict) else {}
    if file.get("error"):
        raise refusal("upload", str(file.get("errortype") or ""), str(file["error"]), status=status)
    if answer == []:
        raise MoodleRefused(
            "upload", "Moodle got no file: it may be larger than PHP takes (post_max_size)", status=status
        )
    # Moodle 3.9 does not say the size.
    itemid, stored = file.get("itemid"), file.get("filesize", size)
    if not isinstance(itemid, int) or itemid <= 0:
        raise NotMoodle("upload", "the answer is not that of Moodle's upload script", status=status)
    if stored != size:
        raise MoodleRefused("upload", f"Moodle stored {stored} of {size} bytes", status=status)
    return itemid


def _is_file(reply: Reply) -> bool:
    """Moodle sends each file with a Content-Disposition; its pages and errors have none."""
    kind = reply.headers.get("content-type", "").lower()
    page = kind.startswith(("text/html", "application/json")) or not kind
    return reply.status == 200 and (not page or "content-disposition" in reply.headers)


def _origin(place: Any) -> tuple[str, str, int | None]:
    return place.scheme, place.hostname or "", place.port or {"http": 80, "https": 443}.get(place.scheme)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
