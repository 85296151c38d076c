"""Messages of tickets are not kept any more: nobody reads them, and they hold personal data.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TICKETS = sa.table("tickets", sa.column("portal", sa.Text), sa.column("id", sa.Text), sa.column("document", sa.JSON))
"""The columns that this revision reads and writes."""


def upgrade() -> None:
    """Empty the threads, a ticket at a time."""
    connection = op.get_bind()
    ids = connection.execute(sa.select(TICKETS.c.portal, TICKETS.c.id)).all()
    for portal, id_ in ids:
        this = (TICKETS.c.portal == portal, TICKETS.c.id == id_)
        document = connection.execute(sa.select(TICKETS.c.document).where(*this)).scalar_one()
        if isinstance(document, dict) and document.get("thread"):
            connection.execute(sa.update(TICKETS).where(*this).values(document={**document, "thread": []}))
