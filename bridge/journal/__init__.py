"""The bridge's memory: tickets, effects, events and the ledger in SQLite or PostgreSQL; the only room that
knows SQL.

`migrate(url)` makes or upgrades the database, `Journal.open(url)` opens it, `journal.transaction()` gives a
`Unit` of work.
"""

from bridge.journal.errors import (
    BrokenChain,
    EffectConflict,
    JournalError,
    JournalUnavailable,
    JournalUnusable,
    LedgerConflict,
    LostClaim,
    SchemaMissing,
    SchemaTooNew,
    SchemaTooOld,
)
from bridge.journal.migrate import migrate
from bridge.journal.records import (
    NEW,
    Claim,
    CursorRecord,
    Decision,
    DecisionKind,
    Drift,
    Event,
    Fault,
    LedgerKind,
    LedgerLine,
    LedgerRow,
    NewLedgerRow,
    TicketRecord,
)
from bridge.journal.schema import SchemaState, schema_state
from bridge.journal.statement import Span
from bridge.journal.store import Journal
from bridge.journal.unit import Unit

__all__ = [
    "NEW",
    "BrokenChain",
    "Claim",
    "CursorRecord",
    "Decision",
    "DecisionKind",
    "Drift",
    "EffectConflict",
    "Event",
    "Fault",
    "Journal",
    "JournalError",
    "JournalUnavailable",
    "JournalUnusable",
    "LedgerConflict",
    "LedgerKind",
    "LedgerLine",
    "LedgerRow",
    "LostClaim",
    "NewLedgerRow",
    "SchemaMissing",
    "SchemaState",
    "SchemaTooNew",
    "SchemaTooOld",
    "Span",
    "TicketRecord",
    "Unit",
    "migrate",
    "schema_state",
]
