"""One word for one thing: an operator pauses and resumes a ticket, and a balance that is too small suspends
it.

Kinds of effects and of ledger rows keep their words: keys and hashes are made from them.

Revision ID: 0007
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TICKETS = sa.table("tickets", *(sa.column(name, sa.Text) for name in ("portal", "id", "state", "reason")))
DECISIONS = sa.table("decisions", sa.column("kind", sa.Text))
EVENTS = sa.table("events", sa.column("kind", sa.Text))
"""The columns that this revision reads and writes."""

KINDS = {"hold": "pause", "release": "resume"}

OPENED = {
    "sqlite": "DROP TRIGGER decisions_update",
    "postgresql": "ALTER TABLE decisions DISABLE TRIGGER decisions_change",
}
CLOSED = {
    "sqlite": (
        "CREATE TRIGGER decisions_update BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, "
        "'decisions are append-only'); END"
    ),
    "postgresql": "ALTER TABLE decisions ENABLE TRIGGER decisions_change",
}
"""Decisions are append-only, but for this once."""


def upgrade() -> None:
    """Rename the kinds of decisions, and of their lines in the log, and where tickets stand."""
    connection = op.get_bind()
    op.execute(OPENED[connection.dialect.name])
    for old, new in KINDS.items():
        connection.execute(sa.update(DECISIONS).where(DECISIONS.c.kind == old).values(kind=new))
        connection.execute(
            sa.update(EVENTS).where(EVENTS.c.kind == f"decision:{old}").values(kind=f"decision:{new}")
        )
    op.execute(CLOSED[connection.dialect.name])
    _of_tickets(connection)


def _of_tickets(connection: sa.Connection) -> None:
    held = connection.execute(
        sa.select(TICKETS.c.portal, TICKETS.c.id, TICKETS.c.reason).where(TICKETS.c.state == "held")
    ).all()
    for portal, id_, kept in held:
        state, reason = _standing(kept)
        this = (TICKETS.c.portal == portal, TICKETS.c.id == id_)
        connection.execute(sa.update(TICKETS).where(*this).values(state=state, reason=reason))


def _standing(kept: str) -> tuple[str, str]:
    """State and reason of a ticket that was held, by its reason."""
    try:
        reason = json.loads(kept)
    except ValueError:
        return "suspended", kept
    if not isinstance(reason, dict) or reason.get("code") != "operator-hold":
        return "suspended", kept
    return "paused", json.dumps({**reason, "code": "paused"}, ensure_ascii=False)
