"""theme.apply: the look of the site, by settings of a theme. SCSS is only looked at: braces and variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import settings
from bridge.sandbox.moodle.schema import Fault, Field, Shape, choice, flag, line
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

THEMES = ("boost", "classic")
PICTURES = {
    "logo": "core_admin",
    "logocompact": "core_admin",
    "favicon": "core_admin",
    "backgroundimage": "",
    "loginbackgroundimage": "",
}
TEXTS = ("brandcolor", "scsspre", "scss")
VARIABLES = {"primary", "secondary", "success", "info", "warning", "danger", "white", "black", "body-color"}
_ADDRESS = re.compile(r"(https?:)?//[a-z0-9]|@import\s+url|javascript:|</", re.IGNORECASE)


def _text() -> Field:
    return Field("text", None, 500_000, lines=True)


class ThemeApply(StepKind):
    """See the module."""

    name: ClassVar[str] = "theme.apply"
    shape: ClassVar[Shape] = Shape(
        {
            "theme": line(50),
            "activate": flag(default=True),
            "brandcolor": line(9, None),
            "preset": line(100, ""),
            "presetscss": _text(),
            "scsspre": _text(),
            "scss": _text(),
            "navbardark": choice("", "on", "off", default=""),
            **{name: Field("file", None) for name in PICTURES},
        }
    )
    results: ClassVar[Mapping[str, str]] = {
        "theme": "text",
        "active": "bool",
        "settings": "json",
        "changes": "json",
        "files": "json",
        "url": "text",
    }
    needs: ClassVar[tuple[str, ...]] = ("local/otbridge:managesite",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:  # noqa: ARG002 (all themes are the same)
        """See `StepKind.check`."""
        theme, preset = params["theme"], params["preset"]
        if theme not in THEMES:
            facts = {"theme": theme, "choices": ", ".join(THEMES)}
            yield Fault("theme", "themenotfound", f"There is no theme {theme}", facts)
            return
        if params["navbardark"] and theme != "classic":
            facts = {"plugin": f"theme_{theme}", "name": "navbardark"}
            yield Fault("navbardark", "settingunknown", "This theme has no setting navbardark", facts)
        if preset and params["presetscss"] is None and preset not in ("default.scss", "plain.scss"):
            yield Fault("preset", "presetnotfound", f"There is no preset {preset}", {"preset": preset})
        if params["presetscss"] is not None and preset in ("", "default.scss", "plain.scss"):
            message = f"A preset of one's own needs a name of its own, not “{preset}”"
            yield Fault("preset", "presetname", message, {"preset": preset})
        for name in ("scsspre", "scss", "presetscss"):
            yield from _scss(name, params)

    def check_files(self, params: Mapping[str, Any], held: Mapping[str, Path]) -> Iterator[Fault]:
        """See `StepKind.check_files`."""
        for name in PICTURES:
            path = held.get(params[name]["file"]) if params[name] else None
            if path is not None and path.read_bytes()[:3] not in (b"\x89PN", b"\xff\xd8\xff", b"GIF"):
                message = f"{path.name} is not a picture"
                yield Fault(name, "notpicture", message, {"name": path.name, "types": "png, jpg, jpeg, gif"})

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:  # noqa: ARG002 (one a program)
        """See `StepKind.claims`."""
        yield "", "settingtwice", ("theme",)

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        plugin = f"theme_{params['theme']}"
        wanted = {f"{plugin}/{name}": params[name] for name in TEXTS if params[name] is not None}
        if params["preset"]:
            wanted[f"{plugin}/preset"] = params["preset"]
        if params["presetscss"] is not None:
            wanted[f"{plugin}/presetfiles"] = f"/{params['preset']}"
        if params["navbardark"]:
            wanted[f"{plugin}/navbardark"] = "1" if params["navbardark"] == "on" else "0"
        files = []
        for name, owner in PICTURES.items():
            if params[name] is not None:
                title, path = work.files[params[name]["file"]]
                wanted[f"{owner or plugin}/{name}"] = f"/{title}"
                files.append([owner or plugin, name, [], [f"{path.stat().st_size} {title}"]])
        if params["activate"]:
            wanted["core/theme"] = params["theme"]
        changes = settings.apply(work.site, wanted)
        result = {
            "theme": params["theme"],
            "active": settings.read(work.site, "core/theme") == params["theme"],
            "settings": list(wanted),
            "changes": [[*name.split("/", 1), before, after] for name, before, after in changes],
            "files": files,
            "url": f"{work.site.url}/",
        }
        return result, {"changes": changes}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:  # noqa: ARG002 (what changed is kept)
        """See `StepKind.undo`."""
        what = settings.changed(site, kept["changes"])
        if what:
            raise Changed(what)
        settings.restore(site, kept["changes"])


def _scss(name: str, params: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with a text: one fault at most."""
    lines = (params[name] or "").split("\n")
    defined = VARIABLES | set(re.findall(r"\$([\w-]+)\s*:", "\n".join(params[one] or "" for one in TEXTS)))
    for number, one in enumerate(lines, 1):
        if _ADDRESS.search(re.sub(r"(^|\s)//\s.*$", "", one)):
            facts = {"where": name, "line": number, "text": one.strip()}
            yield Fault(name, "scssaddress", f"Line {number} of {name} loads from elsewhere", facts)
            return
        unknown = [found for found in re.findall(r"\$([\w-]+)", one) if found not in defined]
        if unknown:
            yield _invalid(name, number, one, f"Undefined variable ${unknown[0]}")
            return
    if sum(one.count("{") - one.count("}") for one in lines):
        yield _invalid(name, len(lines), lines[-1], "unclosed block")


def _invalid(where: str, number: int, text: str, reason: str) -> Fault:
    facts = {"where": where, "line": number, "text": text.strip(), "reason": reason}
    return Fault(where, "scssinvalid", f"The theme does not compile: {where}, line {number}: {reason}", facts)


KIND = ThemeApply()
