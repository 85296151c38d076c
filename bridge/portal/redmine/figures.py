"""What a stage shows people of its hours: those that are held for it now, and those that were written off
for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from bridge.domain.hours import text
from bridge.domain.kept import KeptHold
from bridge.portal.redmine.convention import RedmineConvention


def held_for(stage_id: str, holds: Iterable[KeptHold]) -> Decimal:
    """Norm-hours that are held for a stage, out of the holds of its account."""
    return sum((one.amount for one in holds if one.stage_id == stage_id and one.ended is None), Decimal(0))


def shown(
    convention: RedmineConvention, held: Decimal, written_off: Decimal | None = None
) -> list[dict[str, Any]]:
    """A stage's custom fields that show it; none where the convention has no fields for it.

    Parameters:
        held: norm-hours.
        written_off: norm-hours; None leaves what is shown.
    """
    fields = convention.issue_fields
    pairs = ((fields.held, held), (fields.taken, written_off))
    return [
        {"id": id_, "value": text(hours)} for id_, hours in pairs if id_ is not None and hours is not None
    ]
