"""Reads tickets of a Redmine: an issue, its subtasks, their time entries; and who the bridge is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property

from bridge.domain.tickets import Ticket
from bridge.portal.errors import PortalForbidden, PortalNotContract, PortalNotFound
from bridge.portal.redmine import reading, wire
from bridge.portal.redmine.client import Client
from bridge.portal.redmine.convention import RedmineConvention
from bridge.portal.wire import NotTheContract

LATELY = 10.0
"""Seconds for which an issue that was read may serve to look for a key that nobody has sent."""

_REMEMBERED = 100


class Reader:
    """Reads by the convention. What does not change while a process runs (the bridge's user, names of
    activities) is asked for once.

    Parameters:
        portal: the portal's name, for errors.
    """

    def __init__(self, portal: str, client: Client, convention: RedmineConvention) -> None:
        self._portal = portal
        self._client = client
        self._convention = convention
        self._others: set[str] = set()
        self._me: int | None = None
        self._read: dict[str, tuple[float, wire.Issue]] = {}

    def introduce(self) -> datetime:
        """Ask who the bridge is, which Redmine answers only to a user whom it knows; returns Redmine's
        clock.

        Raises:
            PortalUnauthorized: it is a stranger to Redmine.
        """
        user, now = self._client.user()
        self._me = user.id
        return now

    @property
    def me(self) -> int:
        """Id of the bridge's user."""
        if self._me is None:
            self.introduce()
        assert self._me is not None
        return self._me

    def kind_of(self, entry: wire.TimeEntry) -> str | None:
        """Which kind of entry of the ledger a time entry is, None where it is none.

        A project may have the ledger's activities under ids of its own, so that only their names identify
        them; a name that is not known may be a new one.
        """
        if entry.activity.name not in self.ledger_names and entry.activity.name not in self._others:
            del self.ledger_names
            self._others.add(entry.activity.name)
        return self.ledger_names.get(entry.activity.name)

    @cached_property
    def ledger_names(self) -> dict[str, str]:
        """Names of the ledger's activities, and which kind of entry each makes.

        Raises:
            PortalNotContract: Redmine lacks one.
        """
        names = self._client.listed("time_entry_activities", "/enumerations/time_entry_activities.json")
        ids = self._convention.activities
        kinds = {"top_up": ids.top_up, "capture": ids.capture, "reversal": ids.reversal}
        missing = [f"activities.{kind} = {id_}" for kind, id_ in kinds.items() if id_ not in names]
        if missing:
            raise PortalNotContract(
                "activities",
                f"Redmine has no {', '.join(missing)}: see [portal.redmine]",
                portal=self._portal,
            )
        return {names[id_]: kind for kind, id_ in kinds.items()}

    def issue(self, ticket_id: str) -> wire.Issue:
        """The issue that is a ticket.

        Raises:
            PortalNotFound: there is none, or it is of another tracker.
        """
        issue = self._client.issue(ticket_id)
        if issue.tracker.id != self._convention.trackers.ticket:
            raise PortalNotFound(
                f"issue {ticket_id}",
                "it is not a ticket: its tracker is another",
                code="not_found",
                portal=self._portal,
            )
        if len(self._read) >= _REMEMBERED:
            self._read.clear()
        self._read[ticket_id] = time.monotonic(), issue
        return issue

    def lately(self, ticket_id: str) -> wire.Issue | None:
        """The issue that is a ticket as it was within the last `LATELY` seconds; None where it was not read
        since.

        Good for looking for a key of a message, which nothing on the issue decides about; never for a state
        or a balance.
        """
        at, issue = self._read.get(ticket_id, (0.0, None))
        return issue if time.monotonic() - at < LATELY else None

    def stage(self, ticket_id: str, stage_id: str) -> wire.Issue:
        """The issue that is a stage of a ticket.

        Raises:
            PortalNotFound: the ticket has no such stage.
        """
        issue = self._client.issue(stage_id)
        if (
            issue.tracker.id != self._convention.trackers.stage
            or issue.parent is None
            or str(issue.parent.id) != ticket_id
        ):
            raise PortalNotFound(
                f"issue {stage_id}",
                f"it is not a stage of {ticket_id}",
                code="not_found",
                portal=self._portal,
            )
        return issue

    def ticket(self, ticket_id: str) -> Ticket:
        """A ticket that has to be readable.

        Raises:
            PortalNotFound: there is none.
            PortalNotContract: it does not follow the convention.
        """
        try:
            return self.readable(self.issue(ticket_id))
        except NotTheContract as error:
            raise PortalNotContract(f"issue {ticket_id}", str(error), portal=self._portal) from None

    def to_be_held(self, ticket_id: str, stage_id: str) -> Ticket:
        """A ticket with no other stage than this one, and without the time on it: a hold asks no more of it.

        Raises:
            PortalNotFound: there is no such ticket, or it has no such stage.
            PortalNotContract: they do not follow the convention.
        """
        try:
            issue, stage = self.issue(ticket_id), self.stage(ticket_id, stage_id)
            return reading.ticket_of(self._convention, issue, [stage], (), bridge=self.me, ledger=())
        except NotTheContract as error:
            raise PortalNotContract(f"issue {ticket_id}", str(error), portal=self._portal) from None

    def readable(self, issue: wire.Issue) -> Ticket:
        """The ticket that an issue is.

        Raises:
            NotTheContract: it does not follow the convention.
        """
        entries = self._client.entries({"issue_id": f"~{issue.id}"})
        ledger = {entry.activity.name for entry in entries if self.kind_of(entry) is not None}
        return reading.ticket_of(
            self._convention, issue, list(self._stages(issue)), entries, bridge=self.me, ledger=ledger
        )

    def sees_hours(self, entry: wire.TimeEntry) -> bool:
        """Whether Redmine shows the bridge the norm-hours of a time entry, empty ones too.

        Who does not see the field cannot fill it.
        """
        return any(one.id == self._convention.entry_fields.hours for one in entry.custom_fields)

    def blind(self, project: wire.Named) -> PortalForbidden:
        """What it means that they are not shown in a project: a fault of the bridge's role, and of no
        order.
        """
        detail = (
            f"project {project.name or project.id}: the bridge's role does not see the norm-hours "
            "of time entries: "
            f"make custom field {self._convention.entry_fields.hours} visible to it"
        )
        return PortalForbidden("time entries", detail, code="forbidden", portal=self._portal)

    def _stages(self, issue: wire.Issue) -> Iterator[wire.Issue]:
        for child in issue.children:
            if child.tracker is not None and child.tracker.id == self._convention.trackers.stage:
                yield self._client.issue(str(child.id))
