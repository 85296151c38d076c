"""What operators have decided about a ticket, as `decide` looks at it; the journal keeps each decision for
ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bridge.domain.hours import Charge, write_off
from bridge.domain.lifecycle.steps import charges_from


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The ticket counts as withdrawn (R7) since `at`, because of `reason`."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A stage's write-off is replaced by another one.

    Attributes:
        charges: lines of the new write-off; none: the old one is only taken back.
        entries: minutes of the time entries, by id, that the operator saw: they ask for no further
            correction.
    """

    stage_id: str
    charges: tuple[Charge, ...]
    reason: str
    entries: Mapping[str, int]

    @property
    def amount(self) -> Decimal:
        """Norm-hours that the new write-off takes."""
        return write_off(self.charges)


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions about one ticket.

    Attributes:
        assigned: the order that an operator gave the ticket, None where there is none.
        paused: why the bridge does nothing for the ticket, None when it may.
        undone: stages and revisions of the attempts whose work is to be taken back.
        corrections: in the order in which they were made.
    """

    assigned: Mapping[str, Any] | None = None
    paused: str | None = None
    withdrawal: Withdrawal | None = None
    undone: frozenset[tuple[str, int]] = frozenset()
    corrections: tuple[Correction, ...] = ()

    @classmethod
    def of(cls, made: Iterable[tuple[str, Mapping[str, Any], datetime]]) -> Decisions:
        """From the kind, the document and the moment of each decision, oldest first."""
        assigned: Mapping[str, Any] | None = None
        paused: str | None = None
        withdrawal: Withdrawal | None = None
        undone: set[tuple[str, int]] = set()
        corrections: list[Correction] = []
        for kind, document, at in made:
            match kind:
                case "assign":
                    assigned = document
                case "pause":
                    paused = document["reason"]
                case "resume":
                    paused = None
                case "withdraw":
                    withdrawal = withdrawal or Withdrawal(at, document["reason"])
                case "undo":
                    undone.add((document["stage_id"], document["revision"]))
                case "correct":
                    corrections.append(_correction(document))
                case _:
                    raise ValueError(f"the program knows no decision {kind!r}")
        return cls(assigned, paused, withdrawal, frozenset(undone), tuple(corrections))


def _correction(document: Mapping[str, Any]) -> Correction:
    return Correction(
        document["stage_id"],
        charges_from(document["charges"]),
        document["reason"],
        document["entries"],
    )
