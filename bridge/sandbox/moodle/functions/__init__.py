"""The web service functions of this Moodle; importing this package registers them all."""

from bridge.sandbox.moodle.functions import (
    categories,
    cohorts,
    contents,
    courses,
    files,
    groups,
    people,
    plugin,
    site_info,
)

__all__ = [
    "categories",
    "cohorts",
    "contents",
    "courses",
    "files",
    "groups",
    "people",
    "plugin",
    "site_info",
]
