"""Importing this module imports the whole program: also what a command imports only when it is run."""

from __future__ import annotations

import importlib
import pkgutil

import bridge

_NOT_THE_PROGRAM = ("bridge.sandbox", "bridge.journal.migrations")

for _module in pkgutil.walk_packages(bridge.__path__, "bridge."):
    if not _module.name.startswith(_NOT_THE_PROGRAM):
        importlib.import_module(_module.name)
