"""Keys of outside effects: made from what an effect is, never from when it runs (docs/adr/0002-keys.md)."""

from __future__ import annotations

from uuid import UUID, uuid5

NAMESPACE = UUID("6f1d3c1e-5d0b-5f53-9c0a-0d6a8f1f7b3e")
"""Namespace of all keys of the bridge. Never change it: every effect of every installation would get a new key."""


def effect_key(portal: str, ticket_id: str, stage_id: str, revision: int, kind: str) -> str:
    """The key of one intended effect: the same intent has the same key over restarts, retries and restored databases.

    Parameters:
        portal: the portal's name in the settings.
        ticket_id: the portal's identifier of the ticket.
        stage_id: identifier of the stage, "" for an effect on the ticket as a whole.
        revision: which attempt at the stage; 0 for an effect that no attempt belongs to.
        kind: what is done ("hold", "operation:restore-course", "note:ready", …).
    """
    name = "\x1f".join((portal, ticket_id, stage_id, str(revision), kind))
    return str(uuid5(NAMESPACE, name))
