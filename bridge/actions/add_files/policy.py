"""Files that Moodle would take in silence and get wrong, and what is no work of this action."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.actions.action import TicketFile, TicketFiles
from bridge.actions.base import OrderRefused
from bridge.actions.program import File

CONVERSION = "convert"
"""The variant of a service that also sells conversion."""
LONGEST_NAME = 255


def refuse_conversion(variant: str) -> None:
    """Files are put into the course as they are.

    Raises:
        OrderRefused: `conversion-by-hand`.
    """
    if variant == CONVERSION:
        raise OrderRefused(
            "conversion-by-hand", "the ordered variant has a conversion: it is a specialist's work"
        )


class Collected:
    """The files that an order uses, each content once."""

    def __init__(self, files: TicketFiles) -> None:
        self._all = files
        self._held: dict[str, TicketFile] = {}

    @property
    def files(self) -> tuple[File, ...]:
        """As a program lists them."""
        return tuple(File(one.sha256, one.name, one.size) for one in self._held.values())

    def fetch(self, names: Sequence[str]) -> None:
        """Look whether the ticket has all of them, so that they are names at once.

        Raises:
            OrderRefused: it lacks some (`files-missing`, or `file-missing` for one).
        """
        missing: dict[str, OrderRefused] = {}
        for name in names:
            try:
                self._all.get(name)
            except OrderRefused as error:
                if error.code != "file-missing":
                    raise
                missing[name] = error
        if len(missing) == 1:
            raise next(iter(missing.values()))
        if missing:
            names = ", ".join(missing)
            raise OrderRefused("files-missing", f"the ticket has no files {names}", files=list(missing))

    def get(self, name: str) -> TicketFile:
        """A file of the ticket.

        Raises:
            OrderRefused: there is none (see `TicketFiles.get`), it is empty (`file-empty`), has a name that
                Moodle does not take (`file-name`), or is the same as one of another name (`files-same`).
        """
        file = self._all.get(name)
        if not file.size:
            raise OrderRefused("file-empty", f"the file {file.name} is empty", file=file.name)
        if len(file.name) > LONGEST_NAME or any(one in "/\\" or not one.isprintable() for one in file.name):
            raise OrderRefused("file-name", f"Moodle takes no file called {file.name!r}", file=file.name)
        first = self._held.setdefault(file.sha256, file)
        if first.name != file.name:
            # Moodle names a file by its content's first name in the program.
            self._refuse(first, file)
        return first

    def refuse_same(self, files: Sequence[TicketFile]) -> None:
        """A folder holds a content once.

        Raises:
            OrderRefused: `files-same`.
        """
        seen: dict[str, TicketFile] = {}
        for one in files:
            if one.sha256 in seen:
                self._refuse(seen[one.sha256], one)
            seen[one.sha256] = one

    @staticmethod
    def _refuse(one: TicketFile, other: TicketFile) -> None:
        raise OrderRefused(
            "files-same",
            f"the files {one.name} and {other.name} hold the same",
            files=[one.name, other.name],
        )
