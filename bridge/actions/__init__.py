"""One folder an action: parameters, words, plan. `ACTIONS` is all of them by name (docs/new-action.md)."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.actions.action import Action, Context, Plan, Policy, Rules, TicketFile, TicketFiles
from bridge.actions.base import (
    ActionError,
    OperationFailed,
    OrderInvalid,
    OrderRefused,
    StillRunning,
    validate,
)
from bridge.actions.engine import Site
from bridge.actions.registry import gather

ACTIONS: Mapping[str, Action] = gather()

__all__ = [
    "ACTIONS",
    "Action",
    "ActionError",
    "Context",
    "OperationFailed",
    "OrderInvalid",
    "OrderRefused",
    "Plan",
    "Policy",
    "Rules",
    "Site",
    "StillRunning",
    "TicketFile",
    "TicketFiles",
    "validate",
]
