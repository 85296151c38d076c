"""One step: theme.apply. Texts go into the program, so that Moodle compiles them before hours are held."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results, TicketFiles
from bridge.actions.apply_theme.params import PICTURES, ApplyThemeParams
from bridge.actions.apply_theme.policy import OWN_PRESETS, SETTINGS, refuse_beyond
from bridge.actions.base import OrderRefused
from bridge.actions.pictures import refuse_no_picture
from bridge.actions.program import File, Part, Step, Use

LARGEST_TEXT = 400_000
"""Bytes of a file of SCSS."""


def plan(params: ApplyThemeParams, context: Context) -> Plan:
    """Judge the order by the site's policy, and read its files."""
    refuse_beyond(params, context.policy)
    wanted: dict[str, Any] = {"theme": params.theme, "activate": params.activate}
    if params.brand_color:
        wanted["brandcolor"] = params.brand_color.lower()
    if params.preset:
        wanted |= _preset(params.preset, context.files)
    for name, text, file in (
        ("scss", params.scss, params.scss_file),
        ("scsspre", params.scss_before, params.scss_before_file),
    ):
        if text or file:
            wanted[name] = text or _read(context.files, file)
    if params.dark_navbar is not None:
        wanted["navbardark"] = "on" if params.dark_navbar else "off"
    files = []
    for name in PICTURES:
        if getattr(params, name):
            picture = context.files.get(getattr(params, name))
            refuse_no_picture(picture)
            files.append(File(picture.sha256, picture.name, picture.size))
            wanted[SETTINGS[name]] = Use(picture.sha256)
    unique = tuple({one.sha256: one for one in files}.values())
    ordered = [SETTINGS[name] for name in params.model_fields_set if name in SETTINGS]
    active = ", and make it the site's theme" if params.activate else ""
    summary = (f"set the theme {params.theme}{active}", f"settings: {', '.join(sorted(ordered)) or 'none'}")
    return Plan(summary, Part((Step("theme.apply", "theme", wanted),), unique))


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The theme, what was set of it, and where to look."""
    found = results["theme"]
    return {
        "kind": "theme",
        "theme": found["theme"],
        "active": found["active"],
        "settings": list(found["settings"]),
        "url": found["url"],
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "theme-restored", "theme": found["theme"], "settings": found["settings"]}


def _preset(name: str, files: TicketFiles) -> dict[str, Any]:
    if name in OWN_PRESETS:
        return {"preset": f"{name.removesuffix('.scss')}.scss"}
    if not re.fullmatch(r"[A-Za-z0-9_-]+\.scss", name):
        raise OrderRefused("preset-name", f"Moodle takes no preset called {name}", file=name)
    return {"preset": name, "presetscss": _read(files, name)}


def _read(files: TicketFiles, name: str) -> str:
    """A text file of the ticket.

    Raises:
        OrderRefused: it is too large or not UTF-8 (`text-unusable`).
    """
    file = files.get(name)
    why = ""
    if file.size > LARGEST_TEXT:
        why = f"он больше {LARGEST_TEXT // 1000} кБ"
    else:
        try:
            return file.path.read_text("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            why = "это не текст в кодировке UTF-8"
    raise OrderRefused(
        "text-unusable", f"the file {file.name} cannot be used: {why}", file=file.name, why=why
    )
