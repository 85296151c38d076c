"""What the token's service holds, and what else the site knows."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from bridge.sandbox.moodle.functions.plugin import PREFIX
from bridge.sandbox.moodle.registry import FUNCTIONS
from bridge.sandbox.moodle.site import Site

NO_CACHE = (
    ("Cache-Control", "private, must-revalidate, pre-check=0, post-check=0, max-age=0"),
    ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("Pragma", "no-cache"),
    ("Accept-Ranges", "none"),
)
"""Headers of every answer of a web service."""


def service_functions(site: Site) -> list[str]:
    """The functions that the token's service holds."""
    return [
        name
        for name in FUNCTIONS
        if not site.lacks_function(name) and (site.has_plugin() or not name.startswith(PREFIX))
    ]


@cache
def _core_functions() -> frozenset[str]:
    return frozenset(files("bridge.sandbox.moodle").joinpath("data/functions.txt").read_text("utf-8").split())


def known_functions(site: Site) -> frozenset[str]:
    """Every function that the site has, whether or not the token's service holds it."""
    own = {name for name in FUNCTIONS if site.has_plugin() or not name.startswith(PREFIX)}
    return _core_functions() | own
