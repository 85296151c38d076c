"""What a pass says that it did."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from bridge.domain.lifecycle import Reason, Status
from bridge.flow.scope import Exit


@dataclass(slots=True)
class TicketReport:
    """What a pass did for one ticket.

    Attributes:
        done: kinds of the effects that happened in this pass, in order.
        evidence: what operations of this pass left to show.
        written_off: norm-hours written off in this pass, less those that it gave back.
    """

    id: str
    number: str
    subject: str
    status: Status
    reason: Reason
    done: list[str] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    written_off: Decimal = Decimal(0)

    def followed_by(self, later: TicketReport) -> TicketReport:
        """One report of what two passes did."""
        return replace(
            later,
            done=self.done + later.done,
            evidence=self.evidence + later.evidence,
            written_off=self.written_off + later.written_off,
        )


@dataclass(slots=True)
class PassReport:
    """What a pass did.

    Attributes:
        tickets: those that it looked at, in the order in which it took them.
        faults: tickets that cannot be read, by reference, and why.
        operator: numbers of all tickets that wait for an operator, of this pass or of earlier ones.
        problems: what went wrong beside.
        outage: whether the portal or a Moodle is down.
        due: when the operations that run in Moodle are to be looked at again, those of earlier passes, too.
    """

    tickets: list[TicketReport] = field(default_factory=list)
    faults: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    operator: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    exit: Exit = Exit.WELL
    outage: bool = False
    due: list[datetime] = field(default_factory=list)

    def raise_to(self, code: Exit) -> None:
        """Let the exit code be at least `code`."""
        self.exit = max(self.exit, code)

    def followed_by(self, later: PassReport) -> PassReport:
        """One report of this pass and a later one."""
        tickets = {one.id: one for one in self.tickets}
        for one in later.tickets:
            before = tickets.get(one.id)
            tickets[one.id] = one if before is None else before.followed_by(one)
        problems = self.problems + [one for one in later.problems if one not in self.problems]
        return replace(
            later,
            tickets=list(tickets.values()),
            problems=problems,
            exit=max(self.exit, later.exit),
            outage=self.outage or later.outage,
        )
