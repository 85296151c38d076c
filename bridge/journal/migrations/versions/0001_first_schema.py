"""The first schema: cursors, faults, tickets, stage revisions, effects, events, the ledger.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

APPEND_ONLY = {
    "sqlite": (
        (
            "CREATE TRIGGER ledger_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the "
            "ledger is append-only'); END"
        ),
        (
            "CREATE TRIGGER ledger_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the "
            "ledger is append-only'); END"
        ),
    ),
    "postgresql": (
        """
        CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'restrict_violation'; END $$
        """,
        (
            "CREATE TRIGGER ledger_change BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE "
            "FUNCTION ledger_append_only()"
        ),
        (
            "CREATE TRIGGER ledger_truncate BEFORE TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE "
            "FUNCTION ledger_append_only()"
        ),
    ),
}


def upgrade() -> None:
    """Make every table, index and trigger."""
    _polling()
    _tickets()
    _effects_and_events()
    _ledger()


def _words(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _partial_index(
    name: str, table: str, columns: list[str], *, sqlite: str, postgresql: str, unique: bool = False
) -> None:
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        sqlite_where=sa.text(sqlite),
        postgresql_where=sa.text(postgresql),
    )


def _polling() -> None:
    op.create_table(
        "cursors",
        _words("portal"),
        _words("cursor", nullable=True),
        _words("etag", nullable=True),
        sa.PrimaryKeyConstraint("portal", name="pk_cursors"),
    )
    op.create_table(
        "faults",
        _words("portal"),
        _words("ref"),
        _words("payload"),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("portal", "ref", name="pk_faults"),
    )


def _tickets() -> None:
    op.create_table(
        "tickets",
        _words("portal"),
        _words("id"),
        _words("number"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", MOMENT, nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        _words("state"),
        _words("reason"),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        _words("lease_owner", nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("portal", "id", name="pk_tickets"),
    )
    op.create_index("ix_tickets_number", "tickets", ["number"])
    op.create_index("ix_tickets_state", "tickets", ["state", "portal", "queued_at", "id"])
    _partial_index(
        "ix_tickets_dirty", "tickets", ["portal", "queued_at", "id"], sqlite="dirty = 1", postgresql="dirty"
    )
    _partial_index(
        "ix_tickets_due",
        "tickets",
        ["portal", "due_at"],
        sqlite="due_at IS NOT NULL AND dirty = 0",
        postgresql="due_at IS NOT NULL AND NOT dirty",
    )
    op.create_table(
        "stage_revisions",
        _words("portal"),
        _words("ticket_id"),
        _words("stage_id"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("portal", "ticket_id", "stage_id", name="pk_stage_revisions"),
        sa.ForeignKeyConstraint(
            ["portal", "ticket_id"], ["tickets.portal", "tickets.id"], name="fk_stage_revisions_ticket"
        ),
    )


def _effects_and_events() -> None:
    op.create_table(
        "effects",
        sa.Column("seq", SERIAL, nullable=False, autoincrement=True),
        _words("key"),
        _words("portal"),
        _words("ticket_id"),
        _words("stage_id"),
        sa.Column("revision", sa.Integer(), nullable=False),
        _words("kind"),
        sa.Column("request", sa.JSON(), nullable=False),
        _words("state"),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _words("error"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("attempted_at", MOMENT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_effects"),
        sa.UniqueConstraint("key", name="uq_effects_key"),
        sa.ForeignKeyConstraint(
            ["portal", "ticket_id"], ["tickets.portal", "tickets.id"], name="fk_effects_ticket"
        ),
    )
    op.create_index("ix_effects_ticket", "effects", ["portal", "ticket_id", "seq"])
    _partial_index(
        "ix_effects_open",
        "effects",
        ["created_at"],
        sqlite="state = 'intended'",
        postgresql="state = 'intended'",
    )
    op.create_table(
        "events",
        sa.Column("seq", SERIAL, nullable=False, autoincrement=True),
        _words("portal"),
        _words("ticket_id", nullable=True),
        _words("kind"),
        _words("text"),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
    )
    op.create_index("ix_events_ticket", "events", ["portal", "ticket_id", "seq"])


def _ledger() -> None:
    op.create_table(
        "ledger_accounts",
        _words("portal"),
        _words("account_id"),
        sa.Column("length", sa.BigInteger(), nullable=False),
        _words("head"),
        sa.Column("held_mh", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("portal", "account_id", name="pk_ledger_accounts"),
    )
    op.create_table(
        "ledger",
        _words("portal"),
        _words("account_id"),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        _words("ticket_id"),
        _words("stage_id"),
        sa.Column("revision", sa.Integer(), nullable=False),
        _words("kind"),
        _words("key"),
        _words("hold_key", nullable=True),
        sa.Column("spent_minutes", sa.BigInteger(), nullable=False),
        sa.Column("charged_minutes", sa.BigInteger(), nullable=False),
        sa.Column("coefficient_milli", sa.BigInteger(), nullable=True),
        sa.Column("amount_mh", sa.BigInteger(), nullable=False),
        sa.Column("price_kopecks", sa.BigInteger(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        _words("previous"),
        _words("hash"),
        sa.PrimaryKeyConstraint("portal", "account_id", "seq", name="pk_ledger"),
        sa.UniqueConstraint("key", name="uq_ledger_key"),
        sa.ForeignKeyConstraint(
            ["portal", "account_id"],
            ["ledger_accounts.portal", "ledger_accounts.account_id"],
            name="fk_ledger_account",
        ),
        sa.ForeignKeyConstraint(["hold_key"], ["ledger.key"], name="fk_ledger_hold"),
        sa.CheckConstraint("kind IN ('hold', 'capture', 'void', 'reversal')", name="ck_ledger_kind"),
        sa.CheckConstraint("(kind = 'hold') = (hold_key IS NULL)", name="ck_ledger_hold"),
        sa.CheckConstraint("amount_mh >= 0", name="ck_ledger_amount"),
    )
    op.create_index("ix_ledger_ticket", "ledger", ["portal", "ticket_id"])
    closing, reversing = "kind IN ('capture', 'void')", "kind = 'reversal'"
    _partial_index(
        "uq_ledger_closed_once", "ledger", ["hold_key"], sqlite=closing, postgresql=closing, unique=True
    )
    _partial_index(
        "uq_ledger_reversed_once", "ledger", ["hold_key"], sqlite=reversing, postgresql=reversing, unique=True
    )
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)
