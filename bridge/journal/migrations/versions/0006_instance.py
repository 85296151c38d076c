"""A journal has a name of its own, by which a portal tells two bridges apart.

Revision ID: 0006
"""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table, and the name."""
    instance = op.create_table(
        "instance",
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_instance"),
    )
    op.bulk_insert(instance, [{"id": str(uuid4())}])
