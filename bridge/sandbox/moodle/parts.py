"""What stands within activities: pages of lessons, entries of glossaries, questions of quizzes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle.steps.base import Changed, known

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


def find(site: Site, module: Any, name: str) -> dict[str, Any] | None:
    """The only part of a name."""
    if not known(module):
        return None
    rows = site.store.rows("SELECT id FROM part WHERE module = ? AND name = ?", module, name)
    return {"id": rows[0]["id"]} if len(rows) == 1 else None


def differences(site: Site, found: Mapping[str, Any], text: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The text of a part, where it is not the parameter `text`; it stands first in the part's content."""
    row = site.store.row("SELECT content FROM part WHERE id = ?", found["id"])
    there = None if row is None else json.loads(row["content"])[0]
    return {} if there in (None, params[text]) else {text: there}


def change(site: Site, result: Mapping[str, Any], text: str, values: Mapping[str, Any]) -> None:
    """Give a part another text."""
    row = site.store.row("SELECT content FROM part WHERE id = ?", result["id"])
    if row is not None and text in values:
        content = json.dumps([values[text], *json.loads(row["content"])[1:]], ensure_ascii=False)
        site.store.execute("UPDATE part SET content = ? WHERE id = ?", content, result["id"])
