"""Writes to issues: notes, files, states. Each puts its key into the journal that Redmine makes of it, and
is found again by it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from bridge.domain.kept import KeptHold
from bridge.domain.tickets import Attachment, StageState, TicketState
from bridge.portal.books import Attempt, Books, Once
from bridge.portal.errors import PortalError, PortalForbidden, PortalRefused, StateConflict
from bridge.portal.redmine import figures, records, wire
from bridge.portal.redmine.alone import Alone, key_of
from bridge.portal.redmine.client import Client
from bridge.portal.redmine.convention import RedmineConvention
from bridge.portal.redmine.reader import Reader
from bridge.portal.redmine.reading import attachments_of, state_of

log = logging.getLogger("bridge.portal.redmine")

CUSTOMERS_OWN = frozenset(
    {TicketState.WITHDRAWN, StageState.ACCEPTED, StageState.REJECTED, StageState.WRITTEN_OFF}
)
"""States that the bridge does not set by itself."""

_LONGEST_NAME = 255

State = TypeVar("State", TicketState, StageState)


class _Reads:
    """Reads of one issue in one attempt.

    What a look has read serves the write that follows it at once, as one moment; any further write reads
    anew.

    Parameters:
        known: the issue as it may serve the first look.
    """

    def __init__(self, read: Callable[[], wire.Issue], known: wire.Issue | None = None) -> None:
        self._read = read
        self._known = known
        self._looked: wire.Issue | None = None

    def look(self) -> wire.Issue:
        """The issue to look for a key on."""
        self._looked, self._known = self._known or self._read(), None
        return self._looked

    def prepare(self) -> wire.Issue:
        """The issue to change."""
        issue, self._looked = self._looked or self._read(), None
        return issue


class Writes:
    """Writes to the issues of one Redmine.

    Parameters:
        portal: the portal's name, for errors.
    """

    def __init__(
        self,
        portal: str,
        client: Client,
        reader: Reader,
        convention: RedmineConvention,
        once: Once,
        alone: Alone,
        books: Books,
    ) -> None:
        self._portal = portal
        self._client = client
        self._reader = reader
        self._convention = convention
        self._once = once
        self._alone = alone
        self._books = books

    def attach(self, key: str, ticket_id: str, name: str, media_type: str, content: bytes) -> Attachment:
        """See `Portal.attach`."""
        endpoint = f"issue {ticket_id}"
        reads = self._reads(key, ticket_id)

        def look() -> dict[str, Any] | None:
            issue = reads.look()
            names = {
                detail.name
                for journal in self._keyed(issue, key)
                for detail in journal.details
                if detail.property == "attachment"
            }
            return next(
                (records.file_document(one) for one in attachments_of(issue) if one.id in names), None
            )

        def prepare() -> dict[str, Any]:
            if (
                not name.strip()
                or len(name) > _LONGEST_NAME
                or not name.isprintable()
                or "/" in name
                or "\\" in name
            ):
                raise PortalRefused(
                    endpoint, f"{name!r} is not a name of a file", code="invalid", portal=self._portal
                )
            token = self._client.upload(key, name, content)
            upload = {"token": token, "filename": name, "content_type": media_type}
            return {"uploads": [upload], **self._marked(reads.prepare(), key)}

        request = {
            "ticket_id": ticket_id,
            "name": name,
            "media_type": media_type,
            "sha256": records.digest(content),
        }
        attempt = Attempt(
            endpoint,
            key,
            "attach",
            request,
            look,
            prepare,
            lambda changes: self._client.update_issue(key, ticket_id, changes),
        )
        return records.file_from(self._once.run(attempt))

    def note(self, key: str, ticket_id: str, text: str, *, internal: bool) -> str:
        """See `Portal.note`."""
        endpoint = f"issue {ticket_id}"
        reads = self._reads(key, ticket_id)

        def look() -> dict[str, Any] | None:
            issue = reads.look()
            for journal in self._keyed(issue, key):
                # Redmine puts a private note into a journal of its own, right behind the one with the
                # changes.
                behind = (
                    one for one in issue.journals if one.id >= journal.id and self._is_mine(one) and one.notes
                )
                note = min(behind, key=lambda one: one.id, default=None)
                if note is not None and note.private_notes == internal:
                    return {"id": f"j{note.id}"}
            return None

        def prepare() -> dict[str, Any]:
            if not text.strip():
                raise PortalRefused(endpoint, "a note has a text", code="invalid", portal=self._portal)
            return {"notes": text, "private_notes": internal, **self._marked(reads.prepare(), key)}

        request = {"ticket_id": ticket_id, "text": text, "internal": internal}
        attempt = Attempt(
            endpoint,
            key,
            "note",
            request,
            look,
            prepare,
            lambda changes: self._client.update_issue(key, ticket_id, changes),
        )
        return str(self._once.run(attempt)["id"])

    def set_ticket_state(
        self, key: str, ticket_id: str, state: TicketState, expected: Sequence[TicketState]
    ) -> None:
        """See `Portal.set_ticket_state`."""
        states = self._convention.ticket_states
        self._once.run(
            self._state(
                key, ticket_id, _Reads(lambda: self._reader.issue(ticket_id)), states, state, expected
            )
        )

    def set_stage_state(
        self, key: str, ticket_id: str, stage_id: str, state: StageState, expected: Sequence[StageState]
    ) -> None:
        """See `Portal.set_stage_state`."""
        states = self._convention.stage_states
        reads = _Reads(lambda: self._reader.stage(ticket_id, stage_id))
        self._once.run(self._state(key, stage_id, reads, states, state, expected, shows=self._held))

    def unheld(self, key: str, hold: KeptHold) -> None:
        """Let the stage of a hold that has gone back show it; the hold counts whether or not that is
        shown.
        """
        if self._convention.issue_fields.held is None:
            return
        held = figures.held_for(hold.stage_id, self._books.holds(hold.account_id))
        try:
            self._client.update_issue(
                key, hold.stage_id, {"custom_fields": figures.shown(self._convention, held)}
            )
        except PortalError as error:
            log.warning("%s; the hold has gone back, the stage may show it still", error)

    def follow(
        self, key: str, stage_id: str, to: StageState, froms: Sequence[StageState], written_off: Decimal
    ) -> None:
        """Let a stage's status follow its write-off or reversal under `key`, which counts whether or not the
        status can follow.

        `written_off` is what the stage has cost then, while nothing is held. For who is the writer already.
        A status that may still be on its way is waited for as any write.
        """
        states = self._convention.stage_states

        def shows(_: wire.Issue) -> list[dict[str, Any]]:
            return figures.shown(self._convention, Decimal(0), written_off)

        try:
            issue = self._client.issue(stage_id)
            if state_of(states, issue) in froms:
                reads = _Reads(lambda: self._client.issue(stage_id), issue)
                attempt = self._state(
                    f"{key}:status", stage_id, reads, states, to, froms, following=True, shows=shows
                )
                self._once.step(attempt)
        except PortalRefused as error:
            log.error("%s; the ledger is right, the status is not", error)  # noqa: TRY400 (the message says all)

    def allowed(self, issue: wire.Issue, status: int) -> None:
        """Redmine answers a forbidden status as done, and does nothing.

        Raises:
            PortalRefused: the workflow forbids it.
        """
        if issue.allowed_statuses is not None and status not in {one.id for one in issue.allowed_statuses}:
            detail = (
                f"the workflow of {issue.tracker.name!r} lets the bridge's role not go from "
                f"{issue.status.name!r} to status {status}"
            )
            raise PortalRefused(f"issue {issue.id}", detail, code="workflow", portal=self._portal)

    def _state(
        self,
        key: str,
        issue_id: str,
        reads: _Reads,
        states: Mapping[State, int],
        state: State,
        expected: Sequence[State],
        *,
        following: bool = False,
        shows: Callable[[wire.Issue], list[dict[str, Any]]] = lambda _: [],
    ) -> Attempt:
        """The attempt to set a state; `following` a write-off it may be one that is not the bridge's by
        itself.

        `shows` gives the custom fields that are written with it.
        """
        endpoint, status = f"state of issue {issue_id}", states[state]
        own = following or state not in CUSTOMERS_OWN

        def look() -> dict[str, Any] | None:
            now = reads.look()
            moves = (detail for journal in self._keyed(now, key) for detail in journal.details)
            moved = any(
                (one.property, one.name, one.new_value) == ("attr", "status_id", str(status)) for one in moves
            )
            return {"state": state.value} if moved or (now.status.id == status and own) else None

        def prepare() -> dict[str, Any]:
            if not own:
                raise PortalForbidden(
                    endpoint, f"{state} is not the bridge's to set", code="forbidden", portal=self._portal
                )
            now = reads.prepare()
            actual = state_of(states, now)
            if actual not in expected or str(actual) == TicketState.WITHDRAWN:
                stands = str(actual or "")
                raise StateConflict(
                    endpoint,
                    f"it is {stands or now.status.name}",
                    actual=stands,
                    code="state_conflict",
                    portal=self._portal,
                )
            self.allowed(now, status)
            fields: list[dict[str, Any]] = self._marked(now, key)["custom_fields"]
            return {"status_id": status, "custom_fields": fields + shows(now)}

        request = {"issue": issue_id, "state": state.value, "expected": [one.value for one in expected]}
        return Attempt(
            endpoint,
            key,
            "state",
            request,
            look,
            prepare,
            lambda changes: self._client.update_issue(key, issue_id, changes),
        )

    def _reads(self, key: str, ticket_id: str) -> _Reads:
        """Reads for a message or a file, about which nothing on the issue decides but whether the key is
        there.

        A key that the books do not know was sent by nobody since the issue was last read, so what was read a
        moment ago shows it as well.
        """
        known = self._reader.lately(ticket_id) if self._once.is_new(key) else None
        return _Reads(lambda: self._reader.issue(ticket_id), known)

    def _held(self, stage: wire.Issue) -> list[dict[str, Any]]:
        holds = (
            self._books.holds(str(stage.project.id)) if self._convention.issue_fields.held is not None else ()
        )
        return figures.shown(self._convention, figures.held_for(str(stage.id), holds))

    def _keyed(self, issue: wire.Issue, key: str) -> Iterator[wire.Journal]:
        """The bridge's own journals that carry a key."""
        field = str(self._convention.issue_fields.key)
        for journal in issue.journals:
            marks = [
                key_of(detail.new_value)
                for detail in journal.details
                if (detail.property, detail.name) == ("cf", field)
            ]
            if self._is_mine(journal) and any(mark == key or mark.startswith(f"{key}#") for mark in marks):
                yield journal

    def _is_mine(self, journal: wire.Journal) -> bool:
        return journal.user is not None and journal.user.id == self._reader.me

    def _marked(self, issue: wire.Issue, key: str) -> dict[str, Any]:
        """The change that puts the key into the journal; it has to be one, even where the key stands there
        already.
        """
        times = sum(1 for _ in self._keyed(issue, key))
        mark = self._alone.mark(key if times == 0 else f"{key}#{times + 1}")
        return {"custom_fields": [{"id": self._convention.issue_fields.key, "value": mark}]}
