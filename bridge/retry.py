"""Letting a failed ticket go on: an operator's word that the cause is mended.

Work that failed, that was taken back, or that the customer rejected, is begun anew under a new revision, for Moodle gives the old key the old result again. A
write to the portal that was refused is sent again under its own key, for a refused write leaves the key free.
"""

from __future__ import annotations

from datetime import datetime

from bridge.effects import EffectState
from bridge.journal import Journal, TicketRecord
from bridge.lifecycle import History, Kind
from bridge.tickets import StageState


def retry(journal: Journal, record: TicketRecord, now: datetime) -> list[str]:
    """Let the ticket go on with the next pass; returns the kinds of effects that are done anew."""
    again: list[str] = []
    with journal.transaction() as unit:
        effects = unit.effects(record.portal, record.ticket.id)
        for effect in effects:
            # Effects of the whole ticket belong to no attempt.
            of_this_attempt = not effect.stage_id or effect.revision == record.revisions.get(effect.stage_id, 1)
            if effect.state is not EffectState.REFUSED or not (of_this_attempt or effect.kind == Kind.VOID):
                continue
            again.append(effect.kind)
            if effect.kind in (Kind.PLAN, Kind.OPERATION):
                unit.bump_revision(record.portal, record.ticket.id, effect.stage_id, expected=effect.revision)
            else:
                unit.intend(effect, now)
        for stage in record.ticket.stages:
            revision = record.revisions.get(stage.id, 1)
            attempt = History(effects).attempt(stage, revision)
            if (stage.state is StageState.REJECTED and attempt.done(Kind.STAGE_READY)) or attempt.done(Kind.UNDO):
                again.append(Kind.OPERATION)
                unit.bump_revision(record.portal, record.ticket.id, stage.id, expected=revision)
        unit.wake(record.portal, record.ticket.id)
        unit.log(record.portal, record.ticket.id, "retry", ", ".join(again), now)
    return again
