"""Operators' decisions: what those of a ticket come to, and the checks before a new one is written
(docs/cli.md).
"""

from bridge.operators.decisions.charges import by_hours, by_minutes, recounted
from bridge.operators.decisions.desk import Correction, DecisionRefused, Desk, Misplaced
from bridge.operators.decisions.standing import Standing

__all__ = [
    "Correction",
    "DecisionRefused",
    "Desk",
    "Misplaced",
    "Standing",
    "by_hours",
    "by_minutes",
    "recounted",
]
