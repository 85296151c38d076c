"""`connect` makes a `MoodleClient`: one site, one token, one of the two transports, and files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self

from bridge.moodle_ws.errors import NotMoodle
from bridge.moodle_ws.transport import Transport
from bridge.moodle_ws.values import plain
from bridge.wire.retries import Retries

if TYPE_CHECKING:
    from bridge.moodle_ws.files import Files

SITE_INFO = "core_webservice_get_site_info"

_MIB = 1024 * 1024


class MoodleClient:
    """One Moodle site, spoken to with one token (`Moodle`). Safe to use from several
    threads.

    Parameters are named as in Moodle; None, empty lists and empty structures are left out (see `values`).
    """

    def __init__(self, base_url: str, transport: Transport, files: Files) -> None:
        self.base_url = base_url
        self._transport = transport
        self._files = files

    def read(self, function: str, /, **params: Any) -> Any:
        """Call a function that changes nothing; repeated on a lost connection and on 429, 502, 503, 504."""
        return self._transport.call(function, plain(function, params), write=False)

    def write(self, function: str, /, **params: Any) -> Any:
        """Call a function that may change something; sent once.

        Warnings in the result are the caller's to judge: `require_no_warnings`.

        Raises:
            OutcomeUnknown: it was sent and no believable answer came.
        """
        return self._transport.call(function, plain(function, params), write=True)

    def upload(self, path: Path, name: str | None = None, itemid: int = 0) -> int:
        """Put a file into a draft area of the token's user, 0: a new one; returns the area's itemid."""
        return self._files.upload(path, name, itemid)

    def download(self, url: str, target: BinaryIO, *, limit: int) -> int:
        """Write a file of this site (pluginfile.php) to `target`; returns its size, at most `limit` bytes."""
        return self._files.download(url, target, limit=limit)

    def site_info(self) -> Mapping[str, Any]:
        """core_webservice_get_site_info: release, version, functions of the token's service, user."""
        info = self.read(SITE_INFO)
        if not isinstance(info, dict):
            raise NotMoodle(SITE_INFO, "the answer is not a description of a site")
        return info

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(
    base_url: str,
    token: str,
    *,
    transport: Literal["rest", "soap"] = "rest",
    connect_timeout: float = 10.0,
    read_timeout: float = 60.0,
    largest_answer: int = 64 * _MIB,
    largest_upload: int = 512 * _MIB,
    retries: Retries | None = None,
    wsdl_longest: float = 3600.0,
    call_timeout: float = 300.0,
    ca_file: Path | None = None,
    proxy: str = "",
) -> MoodleClient:
    """A client of the site at `base_url`. Nothing is sent yet.

    Parameters:
        connect_timeout, read_timeout: seconds; the second is the longest silence in an answer.
        largest_answer, largest_upload: bytes.
        retries: how reads are repeated.
        wsdl_longest: SOAP only; seconds that a WSDL is used before it is fetched again.
        call_timeout: seconds of a whole call.
        ca_file, proxy: see `bridge.wire.deadline.session`.

    Raises:
        NotMoodle: `base_url` is not an http or https address.
    """
    from bridge.moodle_ws.files import Files
    from bridge.moodle_ws.wire import Wire, site_address
    from bridge.wire.transport import Transport as HttpTransport

    retries = retries or Retries()
    http = HttpTransport(
        site_address(base_url),
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        call_timeout=call_timeout,
        largest_answer=largest_answer,
        ca_file=ca_file,
        proxy=proxy,
    )
    wire = Wire(http)
    files = Files(wire, token, retries=retries, largest_upload=largest_upload)
    chosen: Transport
    if transport == "soap":
        from bridge.moodle_ws.soap import SoapTransport

        chosen = SoapTransport(
            wire,
            token,
            retries=retries,
            ask=files.ask,
            wsdl_longest=wsdl_longest,
        )
    else:
        from bridge.moodle_ws.rest import RestTransport

        chosen = RestTransport(wire, token, retries=retries)
    return MoodleClient(wire.base_url, chosen, files)
