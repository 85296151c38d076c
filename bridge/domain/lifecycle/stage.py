"""The gates of one stage in their order: from its hold over its work, its freezing and its acceptance to its
write-off (R4: one stage after another).
"""

from __future__ import annotations

from bridge.domain.lifecycle.acceptance import accepted, attached, reported
from bridge.domain.lifecycle.gates import StageGate
from bridge.domain.lifecycle.holding import held
from bridge.domain.lifecycle.rework import not_refused, not_rejected, not_undone
from bridge.domain.lifecycle.working import frozen, started, worked
from bridge.domain.lifecycle.writing_off import written_off

STAGE_GATES: tuple[StageGate, ...] = (
    not_rejected,
    not_undone,
    not_refused,
    held,
    started,
    worked,
    frozen,
    attached,
    reported,
    accepted,
    written_off,
)
