"""The process that makes a PDF: reads one line of JSON (the limits) and an HTML page, writes the PDF.

It limits itself before it reads the page, fetches nothing, and opens no file but those below the templates'
directory.
"""

from __future__ import annotations

import contextlib
import json
import math
import resource
import sys
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from bridge.operators.statement.pdf import NO_FONT, NO_LIBRARY, NO_MEMORY

_LETTERS = "Жщы№"


def main() -> int:
    """Make the PDF; returns the exit code."""
    head = json.loads(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_AS, (head["memory"], head["memory"]))
    seconds = math.ceil(head["seconds"])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        return _made(sys.stdin.buffer.read().decode(), head["directory"])
    except MemoryError:
        return NO_MEMORY


def _made(html: str, directory: str | None) -> int:
    try:
        import weasyprint
        from weasyprint.urls import FatalURLFetchingError
    except OSError as error:
        _say(error)
        return NO_LIBRARY
    if not _has_cyrillic(_usual_font()):
        return NO_FONT
    base_url = None if directory is None else f"{Path(directory).as_uri()}/"
    try:
        page = weasyprint.HTML(string=html, base_url=base_url, url_fetcher=_fetcher(directory))
        pdf = page.write_pdf()
    except FatalURLFetchingError as error:
        _say(error)
        return 1
    sys.stdout.buffer.write(pdf)
    sys.stdout.buffer.flush()
    return 0


def _say(error: BaseException) -> None:
    sys.stderr.write(f"{str(error).splitlines()[0]}\n")


def _fetcher(directory: str | None) -> Any:
    """Opens pictures that stand in the page itself, and files of the directory; refuses everything else."""
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class Fetcher(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> Any:
            place = urlsplit(url)
            if place.scheme == "data":
                return super().fetch(url, headers)
            path = Path(unquote(place.path)).resolve()
            beside = directory is not None and path.is_relative_to(directory)
            if place.scheme != "file" or place.netloc or not beside:
                raise FatalURLFetchingError(f"{url:.200}: is no file beside the template")
            try:
                body = path.read_bytes()
            except OSError as error:
                raise FatalURLFetchingError(f"{path}: {error.strerror}") from error
            kind = guess_type(path.name)[0] or "application/octet-stream"
            return URLFetcherResponse(url, body, {"Content-Type": kind})

    return Fetcher()


def _usual_font() -> Path | None:
    """The file of the font that fontconfig takes for Russian text; None where there is none."""
    from weasyprint.text.ffi import ffi, fontconfig

    config = fontconfig.FcInitLoadConfigAndFonts()
    pattern = fontconfig.FcPatternCreate()
    for name, value in ((b"family", b"sans-serif"), (b"lang", b"ru")):
        fontconfig.FcPatternAddString(pattern, name, value)
    fontconfig.FcConfigSubstitute(config, pattern, fontconfig.FcMatchPattern)
    fontconfig.FcDefaultSubstitute(pattern)
    result, file = ffi.new("FcResult *"), ffi.new("FcChar8 **")
    found = fontconfig.FcFontMatch(config, pattern, result)
    if (
        found == ffi.NULL
        or fontconfig.FcPatternGetString(found, b"file", 0, file) != fontconfig.FcResultMatch
    ):
        return None
    return Path(ffi.string(file[0]).decode())


def _has_cyrillic(path: Path | None) -> bool:
    from fontTools.ttLib import TTFont, TTLibError

    if path is None:
        return False
    with contextlib.suppress(OSError, TTLibError), TTFont(path, fontNumber=0, lazy=True) as font:
        known: dict[int, str] = font.getBestCmap()
        return all(ord(letter) in known for letter in _LETTERS)
    return False


if __name__ == "__main__":
    sys.exit(main())
