"""Where a ticket stands for an operator: what its decisions, effects and ledger rows come to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import Charge
from bridge.domain.lifecycle import History, Kind, Status, charges_from
from bridge.domain.tickets import Stage, TicketState, TimeEntry
from bridge.journal import Decision, LedgerRow, TicketRecord


def assigned(decisions: Iterable[Decision]) -> Mapping[str, Any] | None:
    """The order that an operator gave the ticket, None where nobody did; the last one counts."""
    last = _last(decisions, "assign")
    return None if last is None else last.document


def paused(decisions: Iterable[Decision]) -> Decision | None:
    """The decision that pauses the ticket, None where there is none or the ticket was resumed."""
    last = _last(decisions, "pause", "resume")
    return last if last is not None and last.kind == "pause" else None


def withdrawn(decisions: Iterable[Decision]) -> Decision | None:
    """The operator's decision to withdraw the ticket, which nothing takes back."""
    return _last(decisions, "withdraw")


def _last(decisions: Iterable[Decision], *kinds: str) -> Decision | None:
    found = [decision for decision in decisions if decision.kind in kinds]
    return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class Standing:
    """A ticket with all that was decided, done and booked about it, and its order files by attachment id."""

    record: TicketRecord
    effects: Sequence[Effect]
    decisions: Sequence[Decision]
    rows: Sequence[LedgerRow]
    files: Mapping[str, str]

    @property
    def history(self) -> History:
        """The effects, to be asked."""
        return History(self.effects)

    @property
    def is_withdrawn(self) -> bool:
        """By the customer or by an operator."""
        ticket = self.record.ticket
        return (
            ticket.withdrawn_at is not None
            or ticket.state is TicketState.WITHDRAWN
            or withdrawn(self.decisions) is not None
        )

    @property
    def is_done(self) -> bool:
        """Whether everything was accepted and written off."""
        return self.record.state == Status.DONE

    def revision(self, stage: Stage) -> int:
        """Which attempt at the stage this is."""
        return self.record.revisions.get(stage.id, 1)

    def held(self) -> tuple[Stage, ...]:
        """Stages whose hours are held, or may be: a hold was sent and its answer never came."""
        closed = {row.hold_key for row in self.rows}
        held = {row.stage_id for row in self.rows if row.kind == "hold" and row.key not in closed}
        for effect in self.effects:
            if (
                effect.kind.partition(":")[0] == Kind.HOLD
                and effect.state is EffectState.INTENDED
                and effect.attempts
            ):
                held.add(effect.stage_id)
        return tuple(stage for stage in self.record.ticket.stages if stage.id in held)

    def captured(self, stage: Stage) -> LedgerRow | None:
        """What is written off for the stage, None where nothing is, or all of it was reversed."""
        last = self.last_write_off(stage)
        given_back = any(
            row.kind == "reversal" and last is not None and row.hold_key == last.hold_key for row in self.rows
        )
        return None if given_back else last

    def last_write_off(self, stage: Stage) -> LedgerRow | None:
        """The stage's newest write-off, reversed or not."""
        found = [row for row in self.rows if row.kind == "capture" and row.stage_id == stage.id]
        return found[-1] if found else None

    def charges(self, write_off: LedgerRow | None) -> tuple[Charge, ...]:
        """The lines of a write-off, none for none."""
        if write_off is None:
            return ()
        return next(
            charges_from(effect.request["charges"]) for effect in self.effects if effect.key == write_off.key
        )

    def under_correction(self, stage: Stage) -> Decision | None:
        """The stage's correction that is not booked to its end, None where there is none."""
        first = next(
            (one for one in self.effects if one.kind == Kind.WRITE_OFF and one.stage_id == stage.id), None
        )
        lines = charges_from(first.request["charges"]) if first is not None else ()
        booked = [row.kind for row in self.rows if row.stage_id == stage.id]
        reversals, write_offs, last = 0, 1, None
        for one in self.decisions:
            if one.kind != "correct" or one.document["stage_id"] != stage.id:
                continue
            after = charges_from(one.document["charges"])
            if after != lines:
                reversals, write_offs, lines, last = (
                    reversals + bool(lines),
                    write_offs + bool(after),
                    after,
                    one,
                )
        return last if booked.count("reversal") < reversals or booked.count("capture") < write_offs else None

    def late(self) -> tuple[TimeEntry, ...]:
        """Time entries that stand in no write-off, or with other minutes, and that no correction has seen."""
        seen: dict[str, int] = {}
        for stage in self.record.ticket.stages:
            freeze = self.history.attempt(stage, self.revision(stage)).done(Kind.FREEZE)
            seen |= freeze.request["entries"] if freeze is not None else {}
        for one in self.decisions:
            seen |= one.document["entries"] if one.kind == "correct" else {}
        return tuple(
            entry for entry in self.record.ticket.time_entries if seen.get(entry.id) != entry.minutes
        )
