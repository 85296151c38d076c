"""What follows from a ticket, its history and the decisions about it: derived once, for `decide` and for the
operators' desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bridge.domain.effects import Effect
from bridge.domain.lifecycle.decisions import Correction, Decisions
from bridge.domain.lifecycle.history import Attempt, History
from bridge.domain.lifecycle.steps import charges_from
from bridge.domain.lifecycle.values import Kind, correction_kind
from bridge.domain.tickets import Stage, StageState, Ticket, TicketState, TimeEntry


class Work:
    """A ticket with all that was done and decided about it.

    Attributes:
        revisions: which attempt each stage is at, 1 where nothing is said.
    """

    __slots__ = ()

    ticket: Ticket
    history: History
    decisions: Decisions
    revisions: Mapping[str, int]

    def attempt(self, stage: Stage) -> Attempt:
        """The attempt that the stage is at."""
        return self.history.attempt(stage, self.revisions.get(stage.id, 1))

    def attempts(self) -> list[Attempt]:
        """The attempts that all stages are at, in the order of the stages."""
        return [self.attempt(stage) for stage in self.ticket.stages]

    def attempts_at_removed_stages(self) -> list[Attempt]:
        """Attempts at stages that the ticket no longer has; of these stages only the id is known."""
        known = {stage.id for stage in self.ticket.stages}
        return [
            self.history.attempt(Stage(id_, id_, Decimal(0), Decimal(1), StageState.PLANNED), revision)
            for id_, revision in self.history.attempts_at(but=known)
        ]

    @property
    def is_withdrawn_by_customer(self) -> bool:
        """Whether the customer has withdrawn the ticket."""
        return self.ticket.withdrawn_at is not None or self.ticket.state is TicketState.WITHDRAWN

    @property
    def is_withdrawn(self) -> bool:
        """Whether the ticket is withdrawn, by the customer or by an operator."""
        return self.decisions.withdrawal is not None or self.is_withdrawn_by_customer

    def accounted_entries(self) -> dict[str, int]:
        """Minutes of the time entries that stand in some write-off, or that a correction has seen, by id."""
        found: dict[str, int] = {}
        for attempt in self.attempts():
            found |= attempt.frozen_entries
        for correction in self.decisions.corrections:
            found |= correction.entries
        return found

    def late_entries(self) -> tuple[TimeEntry, ...]:
        """Time entries that stand in no write-off, or with other minutes, and that no correction has seen."""
        accounted = self.accounted_entries()
        return tuple(entry for entry in self.ticket.time_entries if accounted.get(entry.id) != entry.minutes)

    def in_force(self, attempt: Attempt, corrections: int) -> Effect | None:
        """The stage's write-off after the ticket's first so many corrections, None where there is none."""
        force = attempt.done(Kind.WRITE_OFF)
        for number, correction in enumerate(self.decisions.corrections[:corrections], 1):
            if correction.stage_id != attempt.stage.id:
                continue
            if attempt.done(correction_kind(number, Kind.REVERSAL)) is not None:
                force = None
            force = attempt.done(correction_kind(number, Kind.WRITE_OFF)) or force
        return force

    def hours_written_off(self) -> Decimal:
        """Norm-hours that were written off for the ticket so far, corrections included."""
        total = Decimal(0)
        for attempt in self.attempts():
            last = self.in_force(attempt, len(self.decisions.corrections))
            if last is not None:
                assert last.outcome is not None
                total += Decimal(last.outcome["amount"])
        return total

    def unfinished_correction(self, stage: Stage) -> Correction | None:
        """The stage's last correction, as long as its reversal or its new write-off has not happened."""
        attempt = self.attempt(stage)
        for number, correction in reversed(list(enumerate(self.decisions.corrections, 1))):
            if correction.stage_id != stage.id:
                continue
            before = self.in_force(attempt, number - 1)
            old = charges_from(before.request["charges"]) if before is not None else ()
            if old == correction.charges:
                continue
            reversal = attempt.done(correction_kind(number, Kind.REVERSAL))
            anew = attempt.done(correction_kind(number, Kind.WRITE_OFF))
            finished = (before is None or reversal) and (not correction.charges or anew)
            return None if finished else correction
        return None
