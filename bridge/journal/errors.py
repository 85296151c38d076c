"""All that can go wrong between the bridge and its own memory.

JournalError
├── JournalUnusable          no ticket can be worked on
│   ├── JournalUnavailable   the database cannot be opened, read or written right now
│   ├── SchemaMissing        there is no journal yet: `otbridge migrate` makes it
│   ├── SchemaTooOld         the database is older than the program: `otbridge migrate` brings it up
│   └── SchemaTooNew         the database is newer than the program: install the newer program
├── LostClaim            the lease of a ticket has passed to another worker
├── EffectConflict       an effect is unknown, or was settled otherwise before
├── LedgerConflict       a row contradicts the ledger: another amount, a closed hold
└── BrokenChain          the ledger was changed behind the bridge's back; nothing is added to it
"""

from __future__ import annotations

from bridge.errors import BridgeError


class JournalError(BridgeError):
    """The bridge's own memory cannot be used, or was asked for what contradicts it."""


class JournalUnusable(JournalError):
    """The whole journal cannot be used, so no ticket can be worked on. Every other error belongs to one
    ticket.
    """


class JournalUnavailable(JournalUnusable):
    """The database cannot be opened, read or written; the message says what failed and what to do. Nothing
    was saved.
    """


class SchemaMissing(JournalUnusable):
    """The database does not exist or holds no journal."""

    def __init__(self, where: str) -> None:
        super().__init__(f"no journal at {where}: run otbridge migrate")


class SchemaTooOld(JournalUnusable):
    """The journal was made by an older program."""

    def __init__(self, where: str, current: str, head: str) -> None:
        super().__init__(
            f"the journal at {where} has revision {current}, this program needs {head}: run otbridge migrate"
        )


class SchemaTooNew(JournalUnusable):
    """The journal was made by a newer program; an older one must not touch it."""

    def __init__(self, where: str, current: str, head: str) -> None:
        super().__init__(
            f"the journal at {where} has revision {current}, this program knows none beyond {head}: "
            "install the newer program again, or restore the backup that was made before the upgrade"
        )


class LostClaim(JournalError):
    """The ticket's lease has passed to another worker; the rows that were about to be written belong to that
    one now.
    """


class EffectConflict(JournalError):
    """An effect is not in the journal, or is settled already with the opposite state."""


class LedgerConflict(JournalError):
    """A row contradicts the ledger; it was not added."""


class BrokenChain(JournalError):
    """The end of an account's ledger is not as the bridge left it; `otbridge ledger verify` shows where."""
