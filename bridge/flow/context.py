"""What a pass works with: the settings, the journal, the portal, the Moodles, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bridge.actions import Policy, Site
from bridge.domain.lifecycle import Reason, Status
from bridge.domain.tickets import Ticket
from bridge.errors import BridgeError
from bridge.flow.messages import Messages
from bridge.flow.outages import Outages
from bridge.journal import Journal
from bridge.moodle_ws import Moodle
from bridge.portal import Portal
from bridge.settings import InstallationTable, Settings

Progress = Callable[[Ticket, float, str], None]
"""Called while an operation of a ticket runs, with the share done and Moodle's word for the step."""


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


class Postpone(BridgeError):
    """The ticket cannot go on in this pass; its intents stay as they are and the next pass goes on from
    there.

    Attributes:
        status: where the ticket stands meanwhile.
        reason: why, for the operator.
        cause: the error behind it.
        until: when it is looked at again, where that is known.
    """

    def __init__(
        self, status: Status, reason: Reason, cause: Exception, until: datetime | None = None
    ) -> None:
        self.status = status
        self.reason = reason
        self.cause = cause
        self.until = until
        super().__init__(str(cause))


@dataclass(frozen=True)
class Bridge:
    """Everything that a pass works with.

    Parameters:
        connect_moodle: opens the Moodle of an installation; called once for each.
        owner: who this worker is, for claims.
        progress: called while operations run.
        outages: what is down; one for all passes of a service.
        stopping: asked before work begins and while an operation is waited for; True ends the pass with
            everything on disk.
    """

    settings: Settings
    messages: Messages
    journal: Journal
    portal: Portal
    connect_moodle: Callable[[InstallationTable], Moodle]
    owner: str
    progress: Progress = lambda _ticket, _share, _step: None
    stopping: Callable[[], bool] = lambda: False
    clock: Callable[[], datetime] = utc_now
    outages: Outages = field(default_factory=Outages)
    _moodles: dict[str, Moodle] = field(default_factory=dict)

    def moodle(self, installation: InstallationTable) -> Moodle:
        """The Moodle of an installation, opened when it is first asked for.

        Raises:
            MoodleError: it cannot be opened.
        """
        if installation.name not in self._moodles:
            self._moodles[installation.name] = self.connect_moodle(installation)
        return self._moodles[installation.name]

    def site(self, ticket: Ticket) -> Site:
        """The installation that the ticket is about, as actions see it.

        Raises:
            Postpone: the settings know no installation with the ticket's serial.
            MoodleError: it cannot be reached.
        """
        installation = self.settings.installation(ticket.installation)
        if installation is None:
            error = BridgeError(f"no [[installation]] has the serial {ticket.installation!r}")
            raise Postpone(
                Status.FAILED, Reason("no-installation", {"serial": ticket.installation or ""}), error
            )
        policy = Policy(self.settings.rules, installation.restore_category)
        return Site(
            self.moodle(installation),
            policy,
            progress=lambda share, step: self.progress(ticket, share, step),
            stopping=self.stopping,
        )
