"""Files of a ticket with questions."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bridge.actions import TicketFile


class Files:
    """One file."""

    def __init__(self, directory: Path, name: str, content: bytes) -> None:
        self.file = TicketFile(name, hashlib.sha256(content).hexdigest(), len(content), directory / "0")
        self.file.path.write_bytes(content)

    def get(self, name: str) -> TicketFile:
        assert name == self.file.name
        return self.file
