"""The root of everything that can go wrong.

BridgeError
├── UserError               problems in what a person wrote; shown without a traceback
├── bridge.moodle_ws.MoodleError …       a Moodle call failed (function, errorcode, advice)
├── bridge.portal.PortalError …          a portal call failed (endpoint, status, code, request id)
├── bridge.journal.JournalError …        the bridge's own memory cannot be used
└── bridge.actions.ActionError …         an order cannot be carried out
"""

from __future__ import annotations

from collections.abc import Sequence


class BridgeError(Exception):
    """Something went wrong that the bridge knows how to name."""

    @property
    def repeat_after(self) -> float | None:
        """Seconds after which the same read may go well; None where it will not by itself."""
        return None


class UserError(BridgeError):
    """What a person wrote has faults; the message names all of them.

    Parameters:
        message: one sentence that says where the faults are.
        problems: one line a fault, each naming what and where and what to do.
    """

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        self.message = message
        self.problems = tuple(problems)
        super().__init__("\n".join((message, *(f"  - {problem}" for problem in self.problems))))
