"""Whole-site backups of the embedded Moodle: courses have yet to be taken out of them, which otbridge-extract
does on a 3KL server.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bridge.sandbox.moodle.schema import Fault

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

SOURCE = "wholesite"
SECONDS = 60
MEGABYTES = 512


def back_up(site: Site) -> str:
    """Back the whole site up; returns the backup's name."""
    name = time.strftime("%y%m%d%H%M%S", time.gmtime())
    for row in site.store.rows("SELECT id, category FROM course"):
        site.store_backup(row["id"], SOURCE, name, category=row["category"])
    return name


def notes(site: Site, ref: object) -> Iterator[Fault]:
    """What taking a course out of a whole-site backup costs, where that is what a restore comes to."""
    found = site.backup(ref) if isinstance(ref, str) and ref.startswith(f"{SOURCE}:") else None
    if found is not None:
        facts = {"name": found.filename, "seconds": SECONDS, "megabytes": MEGABYTES, "minutes": SECONDS // 60}
        yield Fault(
            "ref",
            "extraction",
            f"The course has to be taken out of the whole-site backup {found.filename}: about {SECONDS} s, "
            f"{MEGABYTES} MB of disk for as long",
            {**facts, "taken": found.stored},
        )


def waits(site: Site, ref: object) -> str:
    """What a restore waits for; empty where it need not."""
    told = next(notes(site, ref), None)
    return f"Whole-site backup {told.facts['name']}: the database is being loaded" if told else ""
