"""The history of a ticket: what is known of its effects, to be asked by kind, stage and attempt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import write_off
from bridge.domain.lifecycle.steps import charges_from, order_from
from bridge.domain.lifecycle.values import Kind, numbered
from bridge.domain.tickets import Order, Stage, StageState

ACCEPTED = (StageState.ACCEPTED, StageState.WRITTEN_OFF)


class History:
    """The effects of one ticket."""

    def __init__(self, effects: Iterable[Effect] = ()) -> None:
        self._effects = {(effect.kind, effect.stage_id, effect.revision): effect for effect in effects}

    def followed_by(self, effect: Effect) -> History:
        """The history once the effect has come to this."""
        return History((*self._effects.values(), effect))

    def get(self, kind: str, stage_id: str = "", revision: int = 0) -> Effect | None:
        """The effect of this kind, None when it was never intended."""
        return self._effects.get((kind, stage_id, revision))

    def settled(self, kind: str, stage_id: str = "", revision: int = 0) -> bool:
        """Whether the effect happened or was refused for good."""
        effect = self.get(kind, stage_id, revision)
        return effect is not None and effect.state is not EffectState.INTENDED

    def attempts_at(self, *, but: Collection[str]) -> list[tuple[str, int]]:
        """Stage ids and revisions of all attempts at other stages than `but`, in order."""
        found = {(effect.stage_id, effect.revision) for effect in self._effects.values() if effect.stage_id}
        return sorted(one for one in found if one[0] not in but)

    def outcomes(self, kind: str) -> tuple[Mapping[str, Any], ...]:
        """What came of every effect of this kind that happened, oldest attempt first."""
        found = [
            effect
            for effect in self._effects.values()
            if effect.kind == kind and effect.state is EffectState.DONE
        ]
        return tuple(
            effect.outcome or {}
            for effect in sorted(found, key=lambda effect: (effect.stage_id, effect.revision))
        )

    def attempt(self, stage: Stage, revision: int) -> Attempt:
        """What is known of one attempt at a stage."""
        return Attempt(stage, revision, self)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a stage, and what the history says of it.

    An attempt has one hold at a time. A new agreement on more hours replaces it: holds are numbered, from 1.
    """

    stage: Stage
    revision: int
    history: History

    def get(self, kind: str) -> Effect | None:
        """The attempt's effect of this kind, None when it was never intended."""
        return self.history.get(kind, self.stage.id, self.revision)

    def done(self, kind: str) -> Effect | None:
        """The effect if it happened, else None."""
        effect = self.get(kind)
        return effect if effect is not None and effect.state is EffectState.DONE else None

    def refused(self, kind: str) -> Effect | None:
        """The effect if it was refused, else None."""
        effect = self.get(kind)
        return effect if effect is not None and effect.state is EffectState.REFUSED else None

    def settled(self, kind: str) -> bool:
        """Whether the effect happened or was refused for good."""
        effect = self.get(kind)
        return effect is not None and effect.state is not EffectState.INTENDED

    def sent(self, kind: str) -> bool:
        """Whether the effect happened, or may have."""
        effect = self.get(kind)
        return effect is not None and (
            effect.state is EffectState.DONE or (effect.state is EffectState.INTENDED and effect.attempts > 0)
        )

    @property
    def hold_number(self) -> int:
        """Number of the newest hold that was intended, 1 when none was."""
        number = 1
        while self.get(numbered(Kind.HOLD, number + 1)) is not None:
            number += 1
        return number

    @property
    def hold(self) -> Effect | None:
        """The newest hold, also one whose outcome is not known."""
        return self.get(numbered(Kind.HOLD, self.hold_number))

    @property
    def order(self) -> Order:
        """The order with which the attempt was begun; only for an attempt that has a hold."""
        first = self.get(Kind.HOLD)
        assert first is not None
        return order_from(first.request["order"])

    @property
    def unattended(self) -> bool:
        """Whether an action does the work of the attempt."""
        first = self.get(Kind.HOLD)
        return first is not None and bool(first.request["unattended"])

    @property
    def is_accepted(self) -> bool:
        """Whether the customer has accepted the stage."""
        return self.stage.state in ACCEPTED

    @property
    def reported_by_hand(self) -> bool:
        """Whether a specialist, who works by hand, has reported the stage ready."""
        return (self.is_accepted or self.stage.state is StageState.READY) and not self.unattended

    @property
    def freeze(self) -> Effect:
        """The effect that froze the lines of the write-off; only for an attempt whose lines are frozen."""
        freeze = self.done(Kind.FREEZE)
        assert freeze is not None
        return freeze

    @property
    def frozen_entries(self) -> Mapping[str, int]:
        """Minutes of the time entries in the attempt's write-off, by id; none before it is frozen."""
        freeze = self.done(Kind.FREEZE)
        entries: Mapping[str, int] = freeze.request["entries"] if freeze is not None else {}
        return entries

    @property
    def charged_minutes(self) -> int:
        """Minutes that the attempt's write-off charged, 0 before it happened."""
        done = self.done(Kind.WRITE_OFF)
        return 0 if done is None else sum(line["charged_minutes"] for line in done.request["charges"])

    @property
    def to_write_off(self) -> Decimal:
        """Norm-hours that the frozen lines come to."""
        return write_off(charges_from(self.freeze.request["charges"]))

    @property
    def begun(self) -> bool:
        """Whether hours are held, or may be, or were."""
        return any(self.sent(numbered(Kind.HOLD, number)) for number in range(1, self.hold_number + 1))

    @property
    def held_hours(self) -> Decimal:
        """Norm-hours of the open hold, 0 where none is open."""
        number = self.hold_number
        hold = self.done(numbered(Kind.HOLD, number))
        closed = self.done(Kind.WRITE_OFF) or self.done(numbered(Kind.RELEASE, number))
        return (
            Decimal(0) if hold is None or closed or hold.outcome is None else Decimal(hold.outcome["amount"])
        )
