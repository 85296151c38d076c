"""The Moodle client as the rest of the bridge sees it: one interface over two transports.

Values in and out are plain JSON-like values (dict, list, str, int, float, bool, None), the same over REST and
SOAP. All methods raise `bridge.moodle_ws.errors.MoodleError`s.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, Protocol


class Moodle(Protocol):
    """One Moodle site, spoken to with one token."""

    base_url: str

    def read(self, function: str, /, **params: Any) -> Any:
        """Call a function that changes nothing; retried on a lost connection and on 429, 502, 503, 504."""

    def write(self, function: str, /, **params: Any) -> Any:
        """Call a function that may change something; sent once.

        Raises:
            OutcomeUnknown: it was sent and no believable answer came.
        """

    def upload(self, path: Path, name: str | None = None, itemid: int = 0) -> int:
        """Put a file into a draft area of the token's user, 0: a new one; returns the area's itemid."""

    def download(self, url: str, target: BinaryIO, *, limit: int) -> int:
        """Write a file of this site (pluginfile.php) to `target`; returns its size, at most `limit` bytes."""
