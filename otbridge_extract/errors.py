"""What can go wrong, for whom to read."""

from __future__ import annotations

from collections.abc import Mapping


class SettingsError(Exception):
    """The settings have a fault; the message names the file and the option."""


class Refused(Exception):
    """An extraction cannot be done, and a repetition would not help by itself.

    Attributes:
        code: one of docs/whole-site-backups.md; the plugin has a sentence for each.
        facts: what that sentence needs.
    """

    def __init__(self, code: str, message: str, **facts: object) -> None:
        super().__init__(message)
        self.code = code
        self.facts: Mapping[str, object] = facts


class Stopping(Exception):
    """The service was told to stop; what was begun is begun anew at the next start."""
