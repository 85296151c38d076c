"""The files of a ticket, as plans and programs use them: fetched from the portal when they are first asked
for, onto a disk that is cleared afterwards, and compared with their digests.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bridge.actions import OrderRefused, TicketFile
from bridge.domain.tickets import Attachment, Ticket
from bridge.portal import Portal

MOST_FILES = 100
LARGEST = 512 * 1024 * 1024
"""Bytes of one file."""
LARGEST_IN_ALL = 1024 * 1024 * 1024
"""Bytes of all files that one order uses."""

_PIECE = 1024 * 1024


class TicketFiles:
    """The files of one ticket; see `opened`."""

    def __init__(self, portal: Portal, ticket: Ticket, directory: Path) -> None:
        self._portal = portal
        self._ticket = ticket
        self._directory = directory
        self._fetched: dict[str, TicketFile] = {}

    def get(self, name: str) -> TicketFile:
        """The file that is called so; of several the newest. See `bridge.actions.TicketFiles`.

        Raises:
            OrderRefused: there is none, or it is too large, or there are too many.
            PortalError: the portal could not give it.
        """
        wanted = name.strip().casefold()
        named = [one for one in self._ticket.attachments if one.name.strip().casefold() == wanted]
        if not named:
            raise _refused("file-missing", f"the ticket has no file {name}", name)
        return self._fetch(named[-1])

    def by_digest(self, sha256: str) -> TicketFile:
        """The file of this content, as a program names it.

        Raises:
            OrderRefused: the ticket has it no longer.
            PortalError: the portal could not give it.
        """
        told = [one for one in self._ticket.attachments if one.sha256 == sha256]
        for attachment in told or [one for one in self._ticket.attachments if not one.sha256]:
            file = self._fetch(attachment)
            if file.sha256 == sha256:
                return file
        raise _refused("file-changed", f"the ticket has no file with SHA-256 {sha256} any more", "")

    def _fetch(self, attachment: Attachment) -> TicketFile:
        known = self._fetched.get(attachment.id)
        if known is not None:
            return known
        if len(self._fetched) >= MOST_FILES:
            raise _refused("too-many-files", f"the order uses more than {MOST_FILES} files", attachment.name)
        in_all = sum(one.size for one in self._fetched.values())
        if attachment.size > LARGEST or in_all + attachment.size > LARGEST_IN_ALL:
            raise _refused(
                "file-too-large", f"{attachment.name}: {attachment.size} bytes are too many", attachment.name
            )
        path = self._directory / str(len(self._fetched))
        with path.open("wb") as target:
            self._portal.download(self._ticket.id, attachment, target)
        digest = hashlib.sha256()
        with path.open("rb") as content:
            while piece := content.read(_PIECE):
                digest.update(piece)
        file = TicketFile(attachment.name, digest.hexdigest(), path.stat().st_size, path)
        self._fetched[attachment.id] = file
        return file


@contextmanager
def opened(portal: Portal, ticket: Ticket) -> Iterator[TicketFiles]:
    """The files of a ticket; what was fetched is gone after the block."""
    with tempfile.TemporaryDirectory(prefix="otbridge-") as directory:
        yield TicketFiles(portal, ticket, Path(directory))


def _refused(code: str, detail: str, name: str) -> OrderRefused:
    facts: dict[str, Any] = {"file": name} if name else {}
    return OrderRefused(code, detail, customers=True, **facts)
