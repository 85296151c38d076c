"""Where a ticket stands for an operator: what its decisions, effects and ledger rows come to. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import Charge
from bridge.domain.lifecycle import Decisions, History, Kind, Status, Work, charges_from
from bridge.domain.tickets import Stage, Ticket
from bridge.journal import Decision, LedgerRow, Unit


@dataclass(frozen=True, slots=True)
class Standing(Work):
    """A ticket with all that was decided, done and booked about it. What is held and written off is what the
    ledger says, for that is where an operator mends what the effects cannot tell.

    Attributes:
        made: the decisions as they are kept, oldest first; `decisions` is what they come to.
        rows: the ticket's rows of the journal's ledger.
    """

    ticket: Ticket
    history: History
    decisions: Decisions
    revisions: Mapping[str, int]
    state: str
    effects: Sequence[Effect]
    made: Sequence[Decision]
    rows: Sequence[LedgerRow]

    @classmethod
    def read(cls, unit: Unit, portal: str, ticket_id: str) -> Standing:
        """Where the ticket stands by the journal."""
        record = unit.tickets.get(portal, ticket_id)
        assert record is not None, "tickets are never deleted"
        effects, made = unit.effects.of(portal, ticket_id), unit.decisions.of(portal, ticket_id)
        return cls(
            record.ticket,
            History(effects),
            Decisions.of((one.kind, one.document, one.at) for one in made),
            record.revisions,
            record.state,
            effects,
            made,
            unit.ledger.rows(portal=portal, ticket_id=ticket_id),
        )

    @property
    def is_done(self) -> bool:
        """Whether everything was accepted and written off."""
        return self.state == Status.DONE

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
        return tuple(stage for stage in self.ticket.stages if stage.id in held)

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
