"""Whole-site backups among the copies of a course: 3KL's own kind, out of which the course is taken first.

Source: seed, item 2.9.1 ("копия нужного курса извлекается из последней резервной копии"); the plugin tells
them as the source `wholesite` (docs/whole-site-backups.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SOURCE = "wholesite"
HEAD_START = 86_400
"""Seconds. Taking a course out of a whole-site backup costs minutes and gigabytes: a copy of the course
itself that is at most a day older is as good.
"""


def freshness(copy: Mapping[str, Any]) -> int:
    """When a copy was stored, for comparing it with others, Unix seconds."""
    return int(copy["stored"]) - (HEAD_START if copy["source"] == SOURCE else 0)
