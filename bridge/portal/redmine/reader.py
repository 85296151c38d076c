"""Reads tickets of a Redmine: an issue, its subtasks, their time entries; and who the bridge is there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from bridge.convention import RedmineConvention
from bridge.portal.errors import PortalNotContract, PortalNotFound
from bridge.portal.redmine import reading, wire
from bridge.portal.redmine.client import Client
from bridge.portal.wire import NotTheContract
from bridge.tickets import Ticket


class Reader:
    """Reads by the convention. What does not change while a process runs (the bridge's user, names of activities) is asked for once.

    Parameters:
        portal: the portal's name, for errors.
    """

    def __init__(self, portal: str, client: Client, convention: RedmineConvention) -> None:
        self._portal = portal
        self._client = client
        self._convention = convention
        self._others: set[str] = set()

    @cached_property
    def me(self) -> int:
        """Id of the bridge's user."""
        user, _ = self._client.user()
        return user.id

    def kind_of(self, entry: wire.TimeEntry) -> str | None:
        """Which kind of entry of the ledger a time entry is, None where it is none.

        A project may have the ledger's activities under ids of its own, so that their names tell; a name that is not known may be a new one.
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
            raise PortalNotContract("activities", f"Redmine has no {', '.join(missing)}: see [portal.redmine]", portal=self._portal)
        return {names[id_]: kind for kind, id_ in kinds.items()}

    def issue(self, ticket_id: str) -> wire.Issue:
        """The issue that is a ticket.

        Raises:
            PortalNotFound: there is none, or it is of another tracker.
        """
        issue = self._client.issue(ticket_id)
        if issue.tracker.id != self._convention.trackers.ticket:
            raise PortalNotFound(f"issue {ticket_id}", "it is no ticket: its tracker is another", code="not_found", portal=self._portal)
        return issue

    def stage(self, ticket_id: str, stage_id: str) -> wire.Issue:
        """The issue that is a stage of a ticket.

        Raises:
            PortalNotFound: the ticket has no such stage.
        """
        issue = self._client.issue(stage_id)
        if issue.tracker.id != self._convention.trackers.stage or issue.parent is None or str(issue.parent.id) != ticket_id:
            raise PortalNotFound(f"issue {stage_id}", f"it is no stage of {ticket_id}", code="not_found", portal=self._portal)
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

    def readable(self, issue: wire.Issue) -> Ticket:
        """The ticket that an issue is.

        Raises:
            NotTheContract: it does not follow the convention.
        """
        entries = self._client.entries({"issue_id": f"~{issue.id}"})
        ledger = {entry.activity.name for entry in entries if self.kind_of(entry) is not None}
        return reading.ticket_of(self._convention, issue, list(self._stages(issue)), entries, bridge=self.me, ledger=ledger)

    def _stages(self, issue: wire.Issue) -> Iterator[wire.Issue]:
        for child in issue.children:
            if child.tracker is not None and child.tracker.id == self._convention.trackers.stage:
                yield self._client.issue(str(child.id))
