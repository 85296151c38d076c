"""What a course looked like when a step had made it, so that an undo sees whether somebody worked in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


def footprint(site: Site, course: int) -> dict[str, Any]:
    """What changes when somebody works in a course."""
    return {
        "course": site.course(course)["timemodified"],
        "names": [site.course(course)[column] for column in ("fullname", "shortname", "summary", "visible")],
        "modules": [item["id"] for item in site.modules(course)],
        "sections": [
            [item["id"], item["name"]]
            for item in site.store.rows("SELECT id, name FROM section WHERE course = ? ORDER BY id", course)
        ],
        "groups": [item["id"] for item in site.store.rows('SELECT id FROM "group" WHERE course = ?', course)],
    }


def changed(site: Site, course: int, kept: Mapping[str, Any]) -> str:
    """What was changed in the course since, for people; "" where nothing was."""
    now = footprint(site, course)
    return ", ".join(f"{what} of course {course}" for what in kept if now[what] != kept[what])


def touched(site: Site, course: int, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The footprint after a step of the same program has worked in the course."""
    return {**kept, **footprint(site, course)}
