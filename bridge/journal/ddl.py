"""What a database has beside its tables: partial indexes and triggers. The migrations make them; here they
stand to be compared.

They are kept apart from the tables because naming a database's own options loads its whole dialect, which a
pass has no need of.
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
Index(
    "uq_ledger_reversed_once",
    ledger.c.hold_key,
    unique=True,
    sqlite_where=REVERSING,
    postgresql_where=REVERSING,
)

_REFUSED = {"decisions": "decisions are append-only", "ledger": "the ledger is append-only"}


def append_only(table: str, message: str) -> dict[str, tuple[str, ...]]:
    """Statements, by database, for triggers that refuse each change of a row of `table` with `message`.
    The migrations carry their own copy.
    """
    refused = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    return {
        "sqlite": (
            f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} {refused}",
            f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} {refused}",
        ),
        "postgresql": (
            f"""
            CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation'; END $$
            """,
            (
                f"CREATE TRIGGER {table}_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE "
                f"FUNCTION {table}_append_only()"
            ),
            (
                f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE "
                f"FUNCTION {table}_append_only()"
            ),
        ),
    }


for _table, _message in _REFUSED.items():
    for _dialect, _statements in append_only(_table, _message).items():
        for _statement in _statements:
            event.listen(metadata, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]

__all__ = ["metadata"]
