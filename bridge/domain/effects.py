"""Effects: one intended change outside, under a key made from what it is, and what became of it.

The key never depends on when the effect runs, so the same intent has the same key over restarts, retries,
second workers and restored databases (docs/adr/0002-keys.md). The history of a ticket is the list of its
effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

NAMESPACE = UUID("6f1d3c1e-5d0b-5f53-9c0a-0d6a8f1f7b3e")
"""Namespace of all keys of the bridge. Never change it: every effect of every installation would get a new
key.
"""


def effect_key(portal: str, ticket_id: str, stage_id: str, revision: int, kind: str) -> str:
    """Return the key (UUIDv5) of one intended effect.

    Parameters:
        portal: the portal's name in the settings.
        ticket_id: the portal's identifier of the ticket.
        stage_id: identifier of the stage, "" for an effect on the ticket as a whole.
        revision: which attempt at the stage; for an effect of the whole ticket, what distinguishes two
            intents apart.
        kind: what is done ("hold", "operation", "note:ready", …).
    """
    name = "\x1f".join((portal, ticket_id, stage_id, str(revision), kind))
    return str(uuid5(NAMESPACE, name))


class EffectState(StrEnum):
    """What is known of an effect.

    `INTENDED`: it is on disk and may or may not have been sent; `DONE`: it happened, and `outcome` says how;
    `REFUSED`: it surely did not happen, or failed for good, and `outcome` says why.
    """

    INTENDED = "intended"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of a ticket.

    Attributes:
        request: what is sent, frozen when the intent was first written; a repetition sends exactly this.
        outcome: what came of it (JSON object), None while `INTENDED`.
        attempts: how often it was sent.
        error: the last failure to learn the outcome, "" if there was none; for people.
        created_at, settled_at: aware UTC.
    """

    key: str
    portal: str
    ticket_id: str
    stage_id: str
    revision: int
    kind: str
    request: Mapping[str, Any]
    state: EffectState = EffectState.INTENDED
    outcome: Mapping[str, Any] | None = None
    attempts: int = 0
    error: str = ""
    created_at: datetime | None = None
    settled_at: datetime | None = None

    @classmethod
    def intent(
        cls,
        portal: str,
        ticket_id: str,
        kind: str,
        request: Mapping[str, Any],
        *,
        stage_id: str = "",
        revision: int = 0,
    ) -> Effect:
        """A new intent, with its key made."""
        return cls(
            effect_key(portal, ticket_id, stage_id, revision, kind),
            portal,
            ticket_id,
            stage_id,
            revision,
            kind,
            request,
        )
