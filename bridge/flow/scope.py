"""Whose a fault is: the portal's, a Moodle's, or one ticket's own.

A peer is down when a call that depends on no order says so: `Portal.meta`, or Moodle's word on itself. Every
other fault belongs to the ticket whose call failed. The class of an error decides nothing here, for one order
can make a healthy peer answer with any error.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

from bridge.domain.lifecycle import Reason, Status, Wait
from bridge.errors import BridgeError
from bridge.flow.context import Bridge
from bridge.i18n import tr
from bridge.moodle_ws import (
    AccessError,
    MoodleError,
    MoodleRefused,
    ParameterError,
    TokenError,
    UnknownFunction,
)
from bridge.portal import (
    AnotherBridge,
    KeyInProgress,
    PortalError,
    PortalForbidden,
    PortalUnauthorized,
    StillUnderWay,
)
from bridge.portal.port import CONTRACT, SCOPES
from bridge.settings import InstallationTable

TOO_MANY_REQUESTS = 429
PATIENCE = 3
"""So many times in a row a call of one ticket may fail before an operator is asked to look."""

SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=6)
"""How long a ticket that waits for an operator is left alone before the bridge tries again by itself."""


class Exit(IntEnum):
    """Exit codes of a pass (docs/cli.md); of several the highest counts."""

    WELL = 0
    OPERATOR = 1
    CONFIGURATION = 2
    UNREACHABLE = 3
    JOURNAL = 4


@dataclass(frozen=True, slots=True)
class Outage:
    """A peer that cannot be used: its name, the error that says so, and the exit code that it means for
    the pass.
    """

    peer: str
    error: BridgeError
    exit: Exit

    @property
    def asked_pause(self) -> float:
        """Seconds for which the peer asks to be left alone."""
        return float(getattr(self.error, "retry_after", None) or 0.0)


class Scope:
    """The peers of one pass that were found down.

    Attributes:
        portal: the portal's outage, None as long as the portal answers.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self.portal: Outage | None = None
        self._moodles: dict[str, Outage] = {}

    def moodle(self, installation: InstallationTable | None) -> Outage | None:
        """The outage of an installation's Moodle, None as long as that Moodle answers."""
        return None if installation is None else self._moodles.get(installation.name)

    def outage(self, cause: Exception, installation: InstallationTable | None) -> Outage | None:
        """The outage behind a fault of a ticket's work; None where the peer answers, so that the fault is the
        ticket's own.

        Parameters:
            installation: the one that the ticket is about.
        """
        if isinstance(cause, PortalError):
            self.portal = self.portal or _refused_the_bridge(self._portal_name, cause) or self._ask_portal()
            return self.portal
        if isinstance(cause, MoodleError) and installation is not None:
            peer = _moodle_name(installation)
            found = (
                self._moodles.get(installation.name)
                or _asked_to_wait(peer, cause)
                or self._ask_moodle(installation)
            )
            if found is not None:
                self._moodles[installation.name] = found
            return found
        return None

    def close(self) -> None:
        """At the end of a pass: note which outages of earlier passes are over."""
        outages = self._bridge.outages
        if self.portal is None:
            outages.passed(self._portal_name)
        for installation in self._bridge.settings.installations:
            peer = _moodle_name(installation)
            if (
                peer in outages
                and installation.name not in self._moodles
                and self._ask_moodle(installation) is None
            ):
                outages.passed(peer)

    @property
    def _portal_name(self) -> str:
        return f"portal {self._bridge.portal.name}"

    def _ask_portal(self) -> Outage | None:
        try:
            meta = self._bridge.portal.meta()
        except (PortalUnauthorized, PortalForbidden) as error:
            return Outage(self._portal_name, error, Exit.CONFIGURATION)
        except PortalError as error:
            return Outage(self._portal_name, error, Exit.UNREACHABLE)
        if not meta.contract.startswith(CONTRACT):
            sentence = tr(
                "portal {portal} speaks contract {contract}, this bridge speaks contract 1: upgrade "
                "the older side"
            )
            message = sentence.format(portal=self._bridge.portal.name, contract=meta.contract)
            return Outage(self._portal_name, BridgeError(message), Exit.CONFIGURATION)
        missing = SCOPES - meta.scopes
        if missing:
            sentence = tr(
                "the token of portal {portal} lacks the scopes {scopes}: give them to it on the portal"
            )
            message = sentence.format(portal=self._bridge.portal.name, scopes=", ".join(sorted(missing)))
            return Outage(self._portal_name, BridgeError(message), Exit.CONFIGURATION)
        return None

    def _ask_moodle(self, installation: InstallationTable) -> Outage | None:
        peer = _moodle_name(installation)
        try:
            self._bridge.moodle(installation).read("core_webservice_get_site_info")
        except TokenError as error:
            return Outage(peer, error, Exit.CONFIGURATION)
        except (AccessError, UnknownFunction, MoodleRefused, ParameterError) as error:
            # Moodle answers, and refuses the bridge: a right, a site policy to agree to, a password to
            # change.
            return Outage(peer, error, Exit.OPERATOR)
        except MoodleError as error:
            return Outage(peer, error, Exit.UNREACHABLE)
        return None


def _moodle_name(installation: InstallationTable) -> str:
    return f"Moodle {installation.name}"


def _refused_the_bridge(peer: str, cause: PortalError) -> Outage | None:
    """What a portal says to the bridge in answer to any call: that it asks too much, or that
    another bridge works here.
    """
    if isinstance(cause, AnotherBridge):
        return Outage(peer, cause, Exit.CONFIGURATION)
    return _asked_to_wait(peer, cause)


def _asked_to_wait(peer: str, cause: PortalError | MoodleError) -> Outage | None:
    """A peer that asks for fewer requests (HTTP 429) is left alone, no matter which call it answered so."""
    return Outage(peer, cause, Exit.UNREACHABLE) if cause.status == TOO_MANY_REQUESTS else None


def own_fault(cause: BridgeError, wait: Wait, before: Reason | None) -> Wait:
    """Where a ticket waits whose own call failed while the peer answers.

    Parameters:
        wait: where the ticket would wait if the peer were down; its fact `what` is the kind of the step that
            failed.
        before: for what the ticket waited before, because that says how often the same step has failed in a
            row.

    Returns:
        `wait` itself, which the next pass ends; or an operator's turn with a growing pause after `PATIENCE`
        faults in a row. What refuses the bridge itself (a missing right or function) does not pass by itself,
        and is an operator's turn at once.
    """
    if isinstance(cause, (KeyInProgress, StillUnderWay)):  # no fault: the same write is still under way there
        return wait
    what = str(wait.reason.facts.get("what", ""))
    times = (
        int(before.facts.get("times", 0)) if before is not None and before.facts.get("what") == what else 0
    ) + 1
    facts = {**wait.reason.facts, "detail": str(cause), "what": what, "times": times}
    if wait.status is Status.FAILED:
        return Wait(Status.FAILED, Reason(wait.reason.code, facts))
    if isinstance(cause, (AccessError, UnknownFunction)):
        return Wait(Status.FAILED, Reason("bridge-refused", facts))
    if times >= PATIENCE:
        return Wait(
            Status.FAILED, Reason("own-moodle" if isinstance(cause, MoodleError) else "own-portal", facts)
        )
    return Wait(wait.status, Reason(wait.reason.code, facts), wait.until)


def pause(reason: Reason) -> timedelta:
    """How long a ticket that waits for an operator because of `own_fault` is left alone; longer with every
    fault in a row.
    """
    over = max(int(reason.facts.get("times", 1)) - PATIENCE, 0)
    return min(SHORTEST_PAUSE * (1 << min(over, 10)), LONGEST_PAUSE)


OWN_FAULTS = frozenset({"account", "bridge-refused", "fault", "own-moodle", "own-portal"})
"""Reasons for an operator's turn that end by themselves when the call goes well again."""


def named(error: Exception) -> str:
    """An error in one line, with its class where its text alone would say little."""
    return str(error) if isinstance(error, BridgeError) else f"{type(error).__name__}: {error}"
