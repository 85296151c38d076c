"""The rules of what the bridge writes to a ticket: notes, files, states of ticket and stages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.sandbox.portal.documents import Documents
from bridge.sandbox.portal.problems import Problem, conflict, invalid
from bridge.sandbox.portal.store import Store

CUSTOMERS_OWN = frozenset({"accepted", "rejected", "written_off"})
_LONGEST_NAME = 255


def touch(store: Store, ticket_id: str) -> int:
    """Count a change of the ticket: the next version, the newest place in the order of changes. Returns
    the version.
    """
    store.execute(
        (
            "UPDATE ticket SET version = version + 1, change = (SELECT MAX(change) + 1 FROM "
            "ticket), updated_at = ? WHERE id = ?"
        ),
        store.now(),
        ticket_id,
    )
    return store.number("SELECT version FROM ticket WHERE id = ?", ticket_id)


class Tickets:
    """What is written to tickets."""

    def __init__(self, store: Store, documents: Documents) -> None:
        self._store = store
        self._documents = documents

    def note(self, ticket_id: str, text: str, visibility: str, *, author: str) -> dict[str, Any]:
        """A message in the thread."""
        self._documents.ticket_row(ticket_id)
        number = self._store.insert(
            "note", ticket_id=ticket_id, author=author, visibility=visibility, at=self._store.now(), text=text
        )
        touch(self._store, ticket_id)
        return {"id": f"n{number}"}

    def attach(self, ticket_id: str, name: str, media_type: str, content: bytes) -> dict[str, Any]:
        """A file of the ticket."""
        self._documents.ticket_row(ticket_id)
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable() or "/" in name or "\\" in name:
            raise invalid(f"name: must be a file name of 1 to {_LONGEST_NAME} characters without slashes")
        number = self._store.insert(
            "attachment",
            ticket_id=ticket_id,
            name=name,
            media_type=media_type,
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
        )
        touch(self._store, ticket_id)
        return self._documents.attachment(self._documents.attachment_row(ticket_id, f"a{number}"))

    def set_state(self, ticket_id: str, state: str, expected: Sequence[str]) -> dict[str, Any]:
        """The ticket's state; what is set already stays and is not a conflict."""
        if state == "withdrawn":
            raise Problem("forbidden", "only the customer withdraws a ticket")
        ticket = self._documents.ticket_row(ticket_id)
        if ticket["state"] == state:
            return {"state": state, "version": ticket["version"]}
        if ticket["state"] == "withdrawn" or ticket["state"] not in expected:
            raise conflict(f"the ticket is {ticket['state']}", ticket["state"])
        self._store.execute("UPDATE ticket SET state = ? WHERE id = ?", state, ticket_id)
        return {"state": state, "version": touch(self._store, ticket_id)}

    def set_stage_state(
        self, ticket_id: str, stage_id: str, state: str, expected: Sequence[str], evidence: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A stage's state, with what the work left to show."""
        if state in CUSTOMERS_OWN:
            raise Problem("forbidden", f"the bridge sets no stage to {state}")
        ticket = self._documents.ticket_row(ticket_id)
        stage = self._documents.stage_row(ticket_id, stage_id)
        if stage["state"] == state:
            return {"state": state, "version": ticket["version"]}
        if stage["state"] not in expected:
            raise conflict(f"the stage is {stage['state']}", stage["state"])
        self._store.execute(
            "UPDATE stage SET state = ?, evidence = ? WHERE n = ?",
            state,
            json.dumps(evidence, ensure_ascii=False),
            stage["n"],
        )
        return {"state": state, "version": touch(self._store, ticket_id)}
