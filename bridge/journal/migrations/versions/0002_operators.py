"""What operators decide, the order files of tickets, and accounts whose ledger differs from the portal's.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

APPEND_ONLY = {
    "sqlite": (
        (
            "CREATE TRIGGER decisions_update BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, "
            "'decisions are append-only'); END"
        ),
        (
            "CREATE TRIGGER decisions_delete BEFORE DELETE ON decisions BEGIN SELECT RAISE(ABORT, "
            "'decisions are append-only'); END"
        ),
    ),
    "postgresql": (
        """
        CREATE FUNCTION decisions_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'decisions are append-only' USING ERRCODE = 'restrict_violation'; END $$
        """,
        (
            "CREATE TRIGGER decisions_change BEFORE UPDATE OR DELETE ON decisions FOR EACH ROW "
            "EXECUTE FUNCTION decisions_append_only()"
        ),
        (
            "CREATE TRIGGER decisions_truncate BEFORE TRUNCATE ON decisions FOR EACH STATEMENT "
            "EXECUTE FUNCTION decisions_append_only()"
        ),
    ),
}


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "decisions",
        sa.Column("seq", SERIAL, nullable=False, autoincrement=True),
        _words("portal"),
        _words("ticket_id"),
        _words("kind"),
        sa.Column("document", sa.JSON(), nullable=False),
        _words("by"),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_decisions"),
        sa.ForeignKeyConstraint(
            ["portal", "ticket_id"], ["tickets.portal", "tickets.id"], name="fk_decisions_ticket"
        ),
    )
    op.create_index("ix_decisions_ticket", "decisions", ["portal", "ticket_id", "seq"])
    op.create_table(
        "order_files",
        _words("portal"),
        _words("ticket_id"),
        _words("attachment_id"),
        _words("sha256"),
        _words("text"),
        sa.Column("fetched_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("portal", "ticket_id", "attachment_id", name="pk_order_files"),
        sa.ForeignKeyConstraint(
            ["portal", "ticket_id"], ["tickets.portal", "tickets.id"], name="fk_order_files_ticket"
        ),
    )
    op.create_table(
        "drifts",
        _words("portal"),
        _words("account_id"),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("portal", "account_id", name="pk_drifts"),
    )
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)
