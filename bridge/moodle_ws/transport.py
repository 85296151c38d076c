"""What a transport of Moodle web services is: one call out, one result or one `MoodleError` back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Transport(Protocol):
    """Carries calls to one site with one token. Safe to use from several threads."""

    def call(self, function: str, params: Mapping[str, Any], *, write: bool) -> Any:
        """Call `function` with plain `params` (see `values.plain`).

        A read may be repeated; a write is sent once, and raises `OutcomeUnknown` where no believable answer
        came.
        """

    def close(self) -> None:
        """Let go of the connections."""
