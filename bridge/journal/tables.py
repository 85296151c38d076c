"""The journal's tables as the program uses them; the migrations make them, a test holds both equal.

A partial index stands behind each question that a pass asks, so that a pass costs what has changed, never
what was ever seen. Hours are whole milli-hours, money whole kopecks, moments UTC.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from bridge.journal.types import Json, Moment, Serial, Words

metadata = MetaData()

cursors = Table(
    "cursors",
    metadata,
    Column("portal", Words, nullable=False),
    Column("cursor", Words),
    Column("etag", Words),
    Column("category", Words),
    PrimaryKeyConstraint("portal", name="pk_cursors"),
)
"""Where the polling of each portal stands, and for which category it does; NULL where an earlier program
did not note it.
"""

instance = Table(
    "instance", metadata, Column("id", Words, nullable=False), PrimaryKeyConstraint("id", name="pk_instance")
)
"""The journal's own name, a UUID made by the migration: one row."""

faults = Table(
    "faults",
    metadata,
    Column("portal", Words, nullable=False),
    Column("ref", Words, nullable=False),
    Column("payload", Words, nullable=False),
    Column("problems", Json, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    PrimaryKeyConstraint("portal", "ref", name="pk_faults"),
)
"""Tickets that cannot be read, as long as they cannot."""

tickets = Table(
    "tickets",
    metadata,
    Column("portal", Words, nullable=False),
    Column("id", Words, nullable=False),
    Column("number", Words, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("document", Json, nullable=False),
    Column("state", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("due_at", Moment),
    Column("dirty", Boolean, nullable=False),
    Column(
        "changes", BigInteger, nullable=False
    ),  # grows with each new version and each wake: shows a release what it has not seen
    Column("fence", BigInteger, nullable=False),
    Column("lease_owner", Words),
    Column("lease_until", Moment),
    Column("first_seen", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    PrimaryKeyConstraint("portal", "id", name="pk_tickets"),
)
"""Each ticket as the portal last sent it, what the bridge makes of it, and who works on it."""

Index("ix_tickets_number", tickets.c.number)
Index("ix_tickets_state", tickets.c.state, tickets.c.portal, tickets.c.queued_at, tickets.c.id)
stage_revisions = Table(
    "stage_revisions",
    metadata,
    Column("portal", Words, nullable=False),
    Column("ticket_id", Words, nullable=False),
    Column("stage_id", Words, nullable=False),
    Column("revision", Integer, nullable=False),
    PrimaryKeyConstraint("portal", "ticket_id", "stage_id", name="pk_stage_revisions"),
    ForeignKeyConstraint(
        ["portal", "ticket_id"], ["tickets.portal", "tickets.id"], name="fk_stage_revisions_ticket"
    ),
)
"""Which attempt at a stage is under way, where it is not the first."""

effects = Table(
    "effects",
    metadata,
    Column("seq", Serial, nullable=False, autoincrement=True),
    Column("key", Words, nullable=False),
    Column("portal", Words, nullable=False),
    Column("ticket_id", Words, nullable=False),
    Column("stage_id", Words, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("kind", Words, nullable=False),
    Column("request", Json, nullable=False),
    Column("state", Words, nullable=False),
    Column("outcome", Json),
    Column("attempts", Integer, nullable=False),
    Column("error", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("attempted_at", Moment),
    Column("settled_at", Moment),
    PrimaryKeyConstraint("seq", name="pk_effects"),
    UniqueConstraint("key", name="uq_effects_key"),
    ForeignKeyConstraint(["portal", "ticket_id"], ["tickets.portal", "tickets.id"], name="fk_effects_ticket"),
)
"""Each intended change outside, and what became of it (bridge/domain/effects.py)."""

Index("ix_effects_ticket", effects.c.portal, effects.c.ticket_id, effects.c.seq)
OPEN = text("state = 'intended'")

events = Table(
    "events",
    metadata,
    Column("seq", Serial, nullable=False, autoincrement=True),
    Column("portal", Words, nullable=False),
    Column("ticket_id", Words),
    Column("kind", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("seq", name="pk_events"),
)
"""What happened, for people."""

Index("ix_events_ticket", events.c.portal, events.c.ticket_id, events.c.seq)

decisions = Table(
    "decisions",
    metadata,
    Column("seq", Serial, nullable=False, autoincrement=True),
    Column("portal", Words, nullable=False),
    Column("ticket_id", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("document", Json, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("seq", name="pk_decisions"),
    ForeignKeyConstraint(
        ["portal", "ticket_id"], ["tickets.portal", "tickets.id"], name="fk_decisions_ticket"
    ),
)
"""What operators decided about tickets, append-only."""

Index("ix_decisions_ticket", decisions.c.portal, decisions.c.ticket_id, decisions.c.seq)

order_files = Table(
    "order_files",
    metadata,
    Column("portal", Words, nullable=False),
    Column("ticket_id", Words, nullable=False),
    Column("attachment_id", Words, nullable=False),
    Column("sha256", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("fetched_at", Moment, nullable=False),
    PrimaryKeyConstraint("portal", "ticket_id", "attachment_id", name="pk_order_files"),
    ForeignKeyConstraint(
        ["portal", "ticket_id"], ["tickets.portal", "tickets.id"], name="fk_order_files_ticket"
    ),
)
"""Attached order files, so that each is fetched once."""

drifts = Table(
    "drifts",
    metadata,
    Column("portal", Words, nullable=False),
    Column("account_id", Words, nullable=False),
    Column("problems", Json, nullable=False),
    Column("found_at", Moment, nullable=False),
    PrimaryKeyConstraint("portal", "account_id", name="pk_drifts"),
)
"""Accounts whose ledger differs from the portal's, as long as it does: nothing is written off for them."""

portal_writers = Table(
    "portal_writers",
    metadata,
    Column("portal", Words, nullable=False),
    Column("owner", Words),
    Column("until", Moment),
    Column("fence", BigInteger, nullable=False),
    PrimaryKeyConstraint("portal", name="pk_portal_writers"),
)
"""Who writes to a portal whose engine cannot refuse a repeated key; one at a time."""

portal_writes = Table(
    "portal_writes",
    metadata,
    Column("portal", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("fingerprint", Words, nullable=False),
    Column("sent_at", Moment),
    Column("answer", Json),
    Column("answered_at", Moment),
    PrimaryKeyConstraint("portal", "key", name="pk_portal_writes"),
)
"""What was sent to a portal without keys of its own, under each key, and its outcome."""

portal_holds = Table(
    "portal_holds",
    metadata,
    Column("portal", Words, nullable=False),
    Column("id", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("account_id", Words, nullable=False),
    Column("ticket_id", Words, nullable=False),
    Column("stage_id", Words, nullable=False),
    Column("amount_mh", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended", Words),
    Column("ended_key", Words),
    Column("ended_at", Moment),
    PrimaryKeyConstraint("portal", "id", name="pk_portal_holds"),
    CheckConstraint("amount_mh >= 0", name="ck_portal_holds_amount"),
)
"""Holds on the accounts of a portal whose engine has none."""

Index("ix_portal_holds_account", portal_holds.c.portal, portal_holds.c.account_id, portal_holds.c.at)

ledger_accounts = Table(
    "ledger_accounts",
    metadata,
    Column("portal", Words, nullable=False),
    Column("account_id", Words, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("head", Words, nullable=False),
    Column("held_mh", BigInteger, nullable=False),
    PrimaryKeyConstraint("portal", "account_id", name="pk_ledger_accounts"),
)
"""The end of each account's chain and the sum of its open holds; its row is the one lock on the customer's
balance.
"""

ledger = Table(
    "ledger",
    metadata,
    Column("portal", Words, nullable=False),
    Column("account_id", Words, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("ticket_id", Words, nullable=False),
    Column("stage_id", Words, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("kind", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("hold_key", Words),
    Column("spent_minutes", BigInteger, nullable=False),
    Column("charged_minutes", BigInteger, nullable=False),
    Column("coefficient_milli", BigInteger),
    Column("amount_mh", BigInteger, nullable=False),
    Column("price_kopecks", BigInteger),
    Column("at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("previous", Words, nullable=False),
    Column("hash", Words, nullable=False),
    PrimaryKeyConstraint("portal", "account_id", "seq", name="pk_ledger"),
    UniqueConstraint("key", name="uq_ledger_key"),
    ForeignKeyConstraint(
        ["portal", "account_id"],
        ["ledger_accounts.portal", "ledger_accounts.account_id"],
        name="fk_ledger_account",
    ),
    ForeignKeyConstraint(["hold_key"], ["ledger.key"], name="fk_ledger_hold"),
    CheckConstraint("kind IN ('hold', 'capture', 'void', 'reversal')", name="ck_ledger_kind"),
    CheckConstraint("(kind = 'hold') = (hold_key IS NULL)", name="ck_ledger_hold"),
    CheckConstraint("amount_mh >= 0", name="ck_ledger_amount"),
)
"""Holds and write-offs, append-only, each row bound to the one before by a hash (bridge/journal/chain.py)."""

Index("ix_ledger_ticket", ledger.c.portal, ledger.c.ticket_id)
CLOSING = text("kind IN ('capture', 'void')")
REVERSING = text("kind = 'reversal'")
"""With `CLOSING` the conditions of two unique indexes; a query that names one of them finds a hold's rows
by its index.
"""
