"""A statement's page as PDF: WeasyPrint (the extra `statement`) in a child process that may use so much time
and memory and no more, and that reaches no network and no file but a site's own templates.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bridge.errors import BridgeError
from bridge.i18n import tr

NO_LIBRARY, NO_FONT, NO_MEMORY = 11, 12, 13
"""Exit codes of the child."""

_KEPT = ("PATH", "HOME", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "XDG_CACHE_HOME", "TMPDIR")
"""What the child sees of the environment: what finds libraries and fonts; no secret."""


class NoPdf(BridgeError):
    """The PDF could not be made."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use: seconds until it is killed, bytes of address space."""

    seconds: float = 600
    memory: int = 2 * 2**30


def render(html: str, directory: Path | None = None, limits: Limits | None = None) -> bytes:
    """The PDF of an HTML page.

    Parameters:
        directory: from here pictures and styles of a site's own template are read; nothing else is.

    Raises:
        NoPdf: WeasyPrint, Pango or a font with Cyrillic letters is missing, a limit is reached, or the page
            cannot be laid out.
    """
    limits = limits or Limits()
    if find_spec("weasyprint") is None:
        raise NoPdf(missing("WeasyPrint"))
    head = {
        "directory": None if directory is None else str(directory.resolve()),
        "memory": limits.memory,
        "seconds": limits.seconds,
    }
    environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with subprocess.Popen(
        [sys.executable, "-m", "bridge.operators.statement.pdf_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    ) as child:
        try:
            pdf, said = child.communicate(json.dumps(head).encode() + b"\n" + html.encode(), limits.seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise NoPdf(_too_long(limits)) from None
        except BaseException:
            child.kill()
            raise
    if child.returncode == 0 and pdf.startswith(b"%PDF-"):
        return pdf
    raise NoPdf(_why(child.returncode, said.decode("utf-8", "replace").strip(), limits))


def missing(library: str) -> str:
    """The sentence that a library of the extra is missing."""
    return tr(
        "{library} is missing; it comes with the extra statement: pip install 'otbridge[statement]'"
    ).format(library=library)


def _too_long(limits: Limits) -> str:
    return tr(
        "the PDF was given up after {seconds:.0f} seconds; take a shorter period, or --format html or xlsx"
    ).format(seconds=limits.seconds)


def _why(code: int, said: str, limits: Limits) -> str:
    last = said.splitlines()[-1] if said else ""
    if code == NO_LIBRARY:
        return tr(
            "the PDF needs Pango, which cannot be loaded ({why}): apt install libpango-1.0-0 "
            "libpangoft2-1.0-0 libharfbuzz-subset0"
        ).format(why=last)
    if code == NO_FONT:
        return tr("no font with Cyrillic letters is installed for the PDF: apt install fonts-dejavu-core")
    if code in (NO_MEMORY, -signal.SIGKILL):
        return tr(
            "the PDF needs more than {megabytes} MB of memory; take a shorter period, or --format html "
            "or xlsx"
        ).format(megabytes=limits.memory // 2**20)
    if code == -signal.SIGXCPU:
        return _too_long(limits)
    return tr("the PDF could not be made: {why}").format(why=last or f"exit code {code}")
