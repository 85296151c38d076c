"""backup.configure: automated backups and recycle bins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import settings
from bridge.sandbox.moodle.schema import Fault, Field, Items, Shape, choice, line
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
CONTENTS = (
    *settings.CONTENTS,
    *("calendarevents", "userscompletion", "logs", "histories", "questionbank", "groups", "competencies"),
    *("customfield", "contentbankcontent", "xapistate", "legacyfiles"),
)
OFFERED: Mapping[str, tuple[int, ...]] = {
    "keep": (0, 1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100, 200, 300, 400, 500),
    "deletedays": (0, 2, 5, 10, 35, 60, 90, 120, 150, 180, 365, 1000),
    "skipunmodifieddays": (0, 1, 2, 3, 5, 7, 10, 14, 20, 30, 60, 90, 120, 180, 365),
    "minute": tuple(range(0, 60, 5)),
}
NUMBERS = {
    "hour": "backup/backup_auto_hour",
    "minute": "backup/backup_auto_minute",
    "keep": "backup/backup_auto_max_kept",
    "deletedays": "backup/backup_auto_delete_days",
    "skipunmodifieddays": "backup/backup_auto_skip_modif_days",
}
DAYS_KEPT = {
    "coursebindays": "tool_recyclebin/coursebinexpiry",
    "categorybindays": "tool_recyclebin/categorybinexpiry",
}
FLAGS = {
    "skiphidden": "backup/backup_auto_skip_hidden",
    "coursebin": "tool_recyclebin/coursebinenable",
    "categorybin": "tool_recyclebin/categorybinenable",
}
SCHEDULES = {"off": "0", "on": "1", "manual": "2"}
STORAGES = {"course": "0", "folder": "1", "both": "2"}


def _maybe() -> Field:
    return Field("int", -1, least=-1)


def _flag() -> Field:
    return choice("", "on", "off", default="")


class BackupConfigure(StepKind):
    """See the module."""

    name: ClassVar[str] = "backup.configure"
    shape: ClassVar[Shape] = Shape(
        {
            "schedule": choice("", *SCHEDULES, default=""),
            "weekdays": Items(choice(*DAYS), most=7),
            "storage": choice("", *STORAGES, default=""),
            "destination": line(1000, ""),
            "with": Items(choice(*CONTENTS), most=30),
            "without": Items(choice(*CONTENTS), most=30),
            **{name: _maybe() for name in (*NUMBERS, *DAYS_KEPT)},
            **{name: _flag() for name in FLAGS},
        }
    )
    results: ClassVar[Mapping[str, str]] = {"changes": "json", "settings": "json"}
    needs: ClassVar[tuple[str, ...]] = ("local/otbridge:managesite",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        for name, offered in OFFERED.items():
            if params[name] != -1 and params[name] not in offered:
                facts = {"value": params[name], "choices": ", ".join(map(str, offered))}
                yield Fault(name, "paramchoice", f"{params[name]} is not offered", facts)
        for index, one in enumerate(params["without"]):
            if one in params["with"]:
                yield Fault(f"without[{index}]", "settingtwice", f"{one} is ordered twice", {"name": one})
        wanted = _wanted(params)
        if not wanted:
            yield Fault("", "nosettings", "Nothing is ordered that could be set")
        for name, (_, place) in wanted.items():
            if name not in settings.DEFAULTS:
                plugin, _, rest = name.partition("/")
                facts = {"plugin": plugin, "name": rest}
                yield Fault(place, "settingunknown", f"This site has no setting {name}", facts)
        storage = wanted.get("backup/backup_auto_storage", ("", ""))[0]
        where = params["destination"] or settings.read(site, "backup/backup_auto_destination")
        if (params["destination"] or storage in ("1", "2")) and not (where and Path(where).is_dir()):
            place = "destination" if params["destination"] else "storage"
            message = f"The folder “{where}” does not exist or cannot be written to"
            yield Fault(place, "foldernotwritable", message, {"folder": where})
        days = settings.read(site, "backup/backup_auto_weekdays")
        if params["schedule"] == "on" and not params["weekdays"] and "1" not in days:
            yield Fault("weekdays", "noweekdays", "No day of the week is set")

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        for name, (_, place) in _wanted(params).items():
            yield place, "settingtwice", ("setting", name)

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        wanted = {name: value for name, (value, _) in _wanted(params).items()}
        changes = settings.apply(work.site, wanted)
        told = [[*name.split("/", 1), before, after] for name, before, after in changes]
        return {"changes": told, "settings": wanted}, {"changes": changes}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:  # noqa: ARG002 (what changed is kept)
        """See `StepKind.undo`."""
        what = settings.changed(site, kept["changes"])
        if what:
            raise Changed(what)
        settings.restore(site, kept["changes"])


def _wanted(params: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Values by settings, each with the parameter that orders it."""
    wanted: dict[str, tuple[str, str]] = {}
    if params["schedule"]:
        wanted["backup/backup_auto_active"] = (SCHEDULES[params["schedule"]], "schedule")
    if params["weekdays"]:
        digits = "".join("1" if day in params["weekdays"] else "0" for day in DAYS)
        wanted["backup/backup_auto_weekdays"] = (digits, "weekdays")
    if params["storage"]:
        wanted["backup/backup_auto_storage"] = (STORAGES[params["storage"]], "storage")
    if params["destination"]:
        wanted["backup/backup_auto_destination"] = (params["destination"], "destination")
    for name, setting in NUMBERS.items():
        if params[name] != -1:
            wanted[setting] = (str(params[name]), name)
    for name, setting in DAYS_KEPT.items():
        if params[name] != -1:
            wanted[setting] = (str(params[name] * 86400), name)
    for name, setting in FLAGS.items():
        if params[name]:
            wanted[setting] = ("1" if params[name] == "on" else "0", name)
    for name, value in (("with", "1"), ("without", "0")):
        for place, one in enumerate(params[name]):
            wanted[f"backup/backup_auto_{one}"] = (value, f"{name}[{place}]")
    return wanted


KIND = BackupConfigure()
