"""Where alembic meets the journal: the connection and its transaction come from bridge/journal/migrate.py."""

from __future__ import annotations

from alembic import context

from bridge.journal.ddl import metadata

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=metadata,
    on_version_apply=attributes["note"],
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
