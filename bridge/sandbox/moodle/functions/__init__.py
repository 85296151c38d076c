"""The web service functions of this Moodle; importing this package registers them all."""

from bridge.sandbox.moodle.functions import categories, contents, courses, files, people, plugin, site_info

__all__ = ["categories", "contents", "courses", "files", "people", "plugin", "site_info"]
