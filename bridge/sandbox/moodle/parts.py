"""What stands within activities: pages of lessons, entries of glossaries, questions of quizzes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle.steps.base import Changed

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


def add(site: Site, module: int, kind: str, name: str, content: str = "") -> int:
    """Put a part into an activity; returns its id."""
    return site.store.insert("part", module=module, kind=kind, name=name, content=content)


def remove(site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
    """Take a part out again.

    Raises:
        Changed: its name or content is another one by now.
    """
    found = site.store.row("SELECT name, content FROM part WHERE id = ?", result["id"])
    if found is None:
        return
    if (found["name"], found["content"]) != (kept["name"], kept["content"]):
        raise Changed(kept["name"])
    site.store.execute("DELETE FROM part WHERE id = ?", result["id"])
