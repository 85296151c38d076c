"""What the bridge keeps for a portal whose engine cannot: the writer's lease, the keys that were sent, holds.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "portal_writers",
        _words("portal"),
        _words("owner", nullable=True),
        sa.Column("until", MOMENT),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("portal", name="pk_portal_writers"),
    )
    op.create_table(
        "portal_writes",
        _words("portal"),
        _words("key"),
        _words("fingerprint"),
        sa.Column("sent_at", MOMENT),
        sa.Column("answer", sa.JSON()),
        sa.Column("answered_at", MOMENT),
        sa.PrimaryKeyConstraint("portal", "key", name="pk_portal_writes"),
    )
    op.create_table(
        "portal_holds",
        _words("portal"),
        _words("id"),
        _words("key"),
        _words("account_id"),
        _words("ticket_id"),
        _words("stage_id"),
        sa.Column("amount_mh", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _words("ended", nullable=True),
        _words("ended_key", nullable=True),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("portal", "id", name="pk_portal_holds"),
        sa.CheckConstraint("amount_mh >= 0", name="ck_portal_holds_amount"),
    )
    op.create_index("ix_portal_holds_account", "portal_holds", ["portal", "account_id", "at"])


def _words(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)
