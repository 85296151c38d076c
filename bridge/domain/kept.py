"""What the bridge keeps itself for an engine that keeps no keys and no holds, as plain frozen values;
`bridge.portal.books` says what for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Written:
    """What is known of a key.

    Attributes:
        fingerprint: of what was written under it.
        sent_at: when it was last sent; None where no request is under way.
        answer: what came of it, None as long as that is not known.
        answered_at: when that was learnt.
    """

    fingerprint: str
    sent_at: datetime | None
    answer: Mapping[str, Any] | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptHold:
    """A hold that the bridge keeps.

    Attributes:
        id: `hold_id` on the portal's side.
        amount: norm-hours.
        ended: captured or voided; None while it is open.
    """

    id: str
    key: str
    account_id: str
    ticket_id: str
    stage_id: str
    amount: Decimal
    at: datetime
    ended: str | None = None
    ended_key: str | None = None
    ended_at: datetime | None = None
