"""A cursor belongs to the category that was asked for: with another one the polling begins anew.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; what it was is not known of cursors that are there."""
    op.add_column("cursors", sa.Column("category", sa.Text()))
