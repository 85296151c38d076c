"""The kinds of steps, one a file, found by their files; small, and held to the real plugin's by the contract
tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from bridge.sandbox.moodle.steps.base import StepKind

__all__ = ["StepKind", "kinds"]


@cache
def kinds() -> Mapping[str, StepKind]:
    """Every kind of step by name."""
    found: dict[str, StepKind] = {}
    for module in iter_modules(__path__):
        kind = getattr(import_module(f"{__name__}.{module.name}"), "KIND", None)
        if kind is not None:
            found[kind.name] = kind
    return found
