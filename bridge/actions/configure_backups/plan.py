"""One step: backup.configure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.configure_backups.params import ConfigureBackupsParams
from bridge.actions.program import Part, Step


def plan(params: ConfigureBackupsParams, _context: Context) -> Plan:
    """Nothing is read: Moodle's own check knows which settings there are."""
    wanted: dict[str, Any] = {}
    if params.schedule:
        wanted["schedule"] = params.schedule
    if params.weekdays:
        wanted["weekdays"] = list(params.weekdays)
    if params.time:
        hour, minute = params.time.split(":")
        wanted |= {"hour": int(hour), "minute": int(minute)}
    if params.storage:
        wanted["storage"] = params.storage
    if params.destination:
        wanted["destination"] = params.destination
    numbers = {
        "keep": params.keep,
        "deletedays": params.delete_after_days,
        "skipunmodifieddays": params.skip_unmodified_days,
        "coursebindays": params.course_bin_days,
        "categorybindays": params.category_bin_days,
    }
    wanted |= {name: value for name, value in numbers.items() if value is not None}
    flags = {
        "skiphidden": params.skip_hidden,
        "coursebin": params.course_bin,
        "categorybin": params.category_bin,
    }
    wanted |= {name: "on" if value else "off" for name, value in flags.items() if value is not None}
    lists = {"with": params.include, "without": params.exclude}
    wanted |= {name: list(value) for name, value in lists.items() if value}
    summary = (
        "set automated backups and recycle bins",
        *(f"{name}: {_shown(wanted[name])}" for name in wanted),
    )
    return Plan(summary, Part((Step("backup.configure", "backups", wanted),)))


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The settings as they were read back, and what they were before."""
    found = results["backups"]
    return {
        "kind": "backup-settings",
        "settings": dict(found["settings"]),
        "before": {f"{plugin}/{name}": before for plugin, name, before, _ in found["changes"]},
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "backup-settings-restored", "settings": found["before"]}


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
