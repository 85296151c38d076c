"""Letting a failed ticket go on: an operator's word that the cause is mended.

Work that failed, that was taken back, or that the customer rejected, is begun anew under a new revision, for
Moodle gives the old key the old result again. A write to the portal that was refused is sent again under its
own key, for a refused write leaves the key free.
"""

from __future__ import annotations

from datetime import datetime

from bridge.domain.effects import EffectState
from bridge.domain.lifecycle import History, Kind, Status
from bridge.domain.tickets import StageState
from bridge.errors import BridgeError
from bridge.i18n import tr
from bridge.journal import Journal, TicketRecord
from bridge.operators.decisions import Standing

HELPS = frozenset({Status.FAILED, Status.NEEDS_ORDER, Status.NOT_PAID})
"""Statuses in which another look may help although nothing was refused: the cause was mended in settings,
catalogue or portal.
"""


class NothingToRetry(BridgeError):
    """The ticket waits for something else; nothing was changed."""


def retry(journal: Journal, record: TicketRecord, now: datetime, by: str = "") -> list[str]:
    """Let the ticket go on with the next pass; returns the kinds of effects that are done anew.

    Parameters:
        by: who says so, for the ticket's log.

    Raises:
        NothingToRetry: nothing has failed, or the ticket is paused.
    """
    again: list[str] = []
    with journal.transaction() as unit:
        effects = unit.effects.of(record.portal, record.ticket.id)
        for effect in effects:
            # Effects of the whole ticket belong to no attempt.
            of_this_attempt = not effect.stage_id or effect.revision == record.revisions.get(
                effect.stage_id, 1
            )
            if effect.state is not EffectState.REFUSED or not (
                of_this_attempt or effect.kind == Kind.RELEASE
            ):
                continue
            again.append(effect.kind)
            if effect.kind in (Kind.EXAMINE, Kind.OPERATE):
                unit.tickets.bump_revision(
                    record.portal, record.ticket.id, effect.stage_id, expected=effect.revision
                )
            else:
                unit.effects.intend(effect, now)
        for stage in record.ticket.stages:
            revision = record.revisions.get(stage.id, 1)
            attempt = History(effects).attempt(stage, revision)
            if (stage.state is StageState.REJECTED and attempt.done(Kind.STAGE_READY)) or attempt.done(
                Kind.UNDO
            ):
                again.append(Kind.OPERATE)
                unit.tickets.bump_revision(record.portal, record.ticket.id, stage.id, expected=revision)
        if Standing.read(unit, record.portal, record.ticket.id).decisions.paused is not None:
            raise NothingToRetry(tr("it is paused: nothing is done for it until otbridge resume"))
        if not again and record.state not in HELPS:
            raise NothingToRetry(tr("nothing has failed"))
        unit.tickets.wake(record.portal, record.ticket.id)
        unit.events.log(
            record.portal, record.ticket.id, "retry", f"{by}: {', '.join(again)}".strip(": "), now
        )
    return again
