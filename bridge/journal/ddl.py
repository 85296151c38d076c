"""What a database has beside its tables: partial indexes and triggers. The migrations make them; here they stand to be compared.

They are kept apart from the tables because naming a database's own options loads its whole dialect, which a pass has no need of.
"""

from __future__ import annotations

from sqlalchemy import DDL, Index, event, text

from bridge.journal.tables import CLOSING, OPEN, REVERSING, effects, ledger, metadata, tickets

Index(
    "ix_tickets_dirty",
    tickets.c.portal,
    tickets.c.queued_at,
    tickets.c.id,
    sqlite_where=text("dirty = 1"),
    postgresql_where=text("dirty"),
)
Index(
    "ix_tickets_due",
    tickets.c.portal,
    tickets.c.due_at,
    sqlite_where=text("due_at IS NOT NULL AND dirty = 0"),
    postgresql_where=text("due_at IS NOT NULL AND NOT dirty"),
)
Index("ix_effects_open", effects.c.created_at, sqlite_where=OPEN, postgresql_where=OPEN)
Index("uq_ledger_closed_once", ledger.c.hold_key, unique=True, sqlite_where=CLOSING, postgresql_where=CLOSING)
Index("uq_ledger_reversed_once", ledger.c.hold_key, unique=True, sqlite_where=REVERSING, postgresql_where=REVERSING)

APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER ledger_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER ledger_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    ),
    "postgresql": (
        """
        CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'restrict_violation'; END $$
        """,
        "CREATE TRIGGER ledger_change BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION ledger_append_only()",
        "CREATE TRIGGER ledger_truncate BEFORE TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()",
    ),
}
"""Triggers that let the ledger only grow, by database; the migrations carry their own copy."""

for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(metadata, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]

__all__ = ["metadata"]
