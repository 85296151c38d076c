"""Messages of tickets are not kept any more: nobody reads them, and they hold personal data.

Revision ID: 0004
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TICKETS = sa.table(
    "tickets", sa.column("portal", sa.Text), sa.column("id", sa.Text), sa.column("document", sa.JSON)
)
FAULTS = sa.table(
    "faults", sa.column("portal", sa.Text), sa.column("ref", sa.Text), sa.column("payload", sa.Text)
)
"""The columns that this revision reads and writes."""


def upgrade() -> None:
    """Empty the threads, a ticket at a time."""
    connection = op.get_bind()
    _of_tickets(connection)
    _of_faults(connection)


def _of_tickets(connection: sa.Connection) -> None:
    ids = connection.execute(sa.select(TICKETS.c.portal, TICKETS.c.id)).all()
    for portal, id_ in ids:
        this = (TICKETS.c.portal == portal, TICKETS.c.id == id_)
        document = connection.execute(sa.select(TICKETS.c.document).where(*this)).scalar_one()
        if isinstance(document, dict) and document.get("thread"):
            connection.execute(sa.update(TICKETS).where(*this).values(document={**document, "thread": []}))


def _of_faults(connection: sa.Connection) -> None:
    threads = FAULTS.c.payload.contains('"thread"')
    parked = connection.execute(
        sa.select(FAULTS.c.portal, FAULTS.c.ref, FAULTS.c.payload).where(threads)
    ).all()
    for portal, ref, payload in parked:
        try:
            document = json.loads(payload)
        except ValueError:
            continue
        if isinstance(document, dict) and document.pop("thread", None):
            this = (FAULTS.c.portal == portal, FAULTS.c.ref == ref)
            kept = json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
            connection.execute(sa.update(FAULTS).where(*this).values(payload=kept))
