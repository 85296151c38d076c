"""One module an action: parameters, plan, apply, undo. `ACTIONS` is all of them by name
(docs/new-action.md).
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.actions.base import (
    Action,
    ActionError,
    OperationFailed,
    OrderInvalid,
    OrderRefused,
    Plan,
    Policy,
    Site,
    StillRunning,
    validate,
)
from bridge.actions.create_role import CreateRole
from bridge.actions.restore_course import RestoreCourse

ACTIONS: Mapping[str, Action] = {action.name: action for action in (RestoreCourse(), CreateRole())}

__all__ = [
    "ACTIONS",
    "Action",
    "ActionError",
    "OperationFailed",
    "OrderInvalid",
    "OrderRefused",
    "Plan",
    "Policy",
    "Site",
    "StillRunning",
    "validate",
]
