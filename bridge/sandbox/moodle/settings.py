"""Settings of the site that steps change, and their earlier values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

CONTENTS = ("users", "role_assignments", "activities", "blocks", "files", "filters", "comments", "badges")
DEFAULTS: Mapping[str, str] = {
    "core/theme": "boost",
    "backup/backup_auto_active": "0",
    "backup/backup_auto_weekdays": "0000000",
    "backup/backup_auto_hour": "0",
    "backup/backup_auto_minute": "0",
    "backup/backup_auto_storage": "0",
    "backup/backup_auto_destination": "",
    "backup/backup_auto_max_kept": "1",
    "backup/backup_auto_delete_days": "0",
    "backup/backup_auto_skip_hidden": "1",
    "backup/backup_auto_skip_modif_days": "30",
    **{f"backup/backup_auto_{one}": "1" for one in CONTENTS},
    **{
        f"backup/backup_auto_{one}": "0" for one in ("calendarevents", "userscompletion", "logs", "histories")
    },
    "tool_recyclebin/coursebinenable": "1",
    "tool_recyclebin/coursebinexpiry": "604800",
    "tool_recyclebin/categorybinenable": "1",
    "tool_recyclebin/categorybinexpiry": "604800",
    **{
        f"theme_{theme}/{one}": ""
        for theme in ("boost", "classic")
        for one in ("brandcolor", "scsspre", "scss")
    },
    **{f"theme_{theme}/preset": "default.scss" for theme in ("boost", "classic")},
    "theme_classic/navbardark": "0",
}
"""What a new Moodle 4.5 has of them; files have no setting until one is there."""

Change = tuple[str, str, str]
"""Setting, value before, value after."""


def read(site: Site, name: str) -> str:
    """A setting as `plugin/name`, "" where it is not set."""
    kept = site.store.get(f"setting:{name}")
    return DEFAULTS.get(name, "") if kept is None else str(json.loads(kept))


def write(site: Site, name: str, value: str) -> None:
    """Set a setting, as an administrator would by hand."""
    site.store.set(f"setting:{name}", json.dumps(value))


def apply(site: Site, wanted: Mapping[str, str]) -> list[Change]:
    """Set settings; returns what really changed."""
    changes = [
        (name, before, value) for name, value in wanted.items() if (before := read(site, name)) != value
    ]
    for name, _, value in changes:
        write(site, name, value)
    return changes


def changed(site: Site, changes: Sequence[Sequence[str]]) -> str:
    """The first setting that somebody changed since, "" where nobody did."""
    return next((name for name, _, after in changes if read(site, name) != after), "")


def restore(site: Site, changes: Sequence[Sequence[str]]) -> None:
    """Give the earlier values back."""
    for name, before, after in reversed(changes):
        if read(site, name) == after:
            write(site, name, before)
