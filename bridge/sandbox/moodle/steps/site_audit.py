"""site.audit: a report on the site; changes nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import settings
from bridge.sandbox.moodle.schema import Fault, Field, Shape, line
from bridge.sandbox.moodle.steps.base import StepKind, Work

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

HEAD = "# otbridge checksums 1"
_LINE = re.compile(r"(# (version|release): .+|[0-9a-f]{64}  [^/].*)")


class SiteAudit(StepKind):
    """See the module."""

    name: ClassVar[str] = "site.audit"
    shape: ClassVar[Shape] = Shape({"checksums": Field("file", None), "lang": line(20, "")})
    results: ClassVar[Mapping[str, str]] = {"report": "json"}
    needs: ClassVar[tuple[str, ...]] = ("local/otbridge:audit",)
    heavy: ClassVar[bool] = True

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:  # noqa: ARG002 (its file is looked at later)
        """See `StepKind.check`."""
        yield from ()

    def check_files(self, params: Mapping[str, Any], held: Mapping[str, Path]) -> Iterator[Fault]:
        """See `StepKind.check_files`."""
        path = held.get(params["checksums"]["file"]) if params["checksums"] else None
        if path is None:
            return
        for number, one in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            if one != HEAD if number == 1 else not _LINE.fullmatch(one) or "../" in one:
                facts = {"name": path.name, "line": number}
                message = f"{path.name} is not a list of checksums: line {number}"
                yield Fault("checksums", "checksumsinvalid", message, facts)
                return

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        from bridge.sandbox.moodle.site import RELEASE, VERSION

        core: dict[str, Any] = {"state": "nolist"}
        if params["checksums"] is not None:
            core = _compared(work.files[params["checksums"]["file"]][1].read_text("utf-8"), VERSION)
        report = {
            "time": int(time.time()),
            "versions": {
                "release": RELEASE,
                "version": VERSION,
                "php": "8.2.0",
                "os": "Linux",
                "database": "postgres",
                "databaseversion": "15.0",
                "theme": settings.read(work.site, "core/theme"),
                "maintenance": False,
                "debug": 0,
            },
            "plugins": [
                {
                    "component": "local_otbridge",
                    "name": "Norm-hours bridge",
                    "added": True,
                    "status": "uptodate",
                    "release": "2.0.0",
                    "version": "2026112903",
                    "installed": "2026112903",
                    "requires": "2020061500",
                    "enabled": "unknown",
                    "maturity": "stable",
                    "origin": "",
                    "files": 1,
                    "digest": "0" * 64,
                }
            ],
            "core": core,
            "schema": {"count": 0, "problems": []},
            "checks": [
                {
                    "kind": "security",
                    "id": "core_displayerrors",
                    "name": "Отображение ошибок PHP",
                    "status": "ok",
                    "summary": "Ошибки не показываются.",
                },
                {
                    "kind": "status",
                    "id": "tool_task_cronrunning",
                    "name": "Cron",
                    "status": "warning",
                    "summary": "Cron давно не запускался.",
                },
            ],
            "backups": {
                "schedule": int(settings.read(work.site, "backup/backup_auto_active")),
                "weekdays": settings.read(work.site, "backup/backup_auto_weekdays"),
                "storage": int(settings.read(work.site, "backup/backup_auto_storage")),
                "folder": "none",
                "keep": int(settings.read(work.site, "backup/backup_auto_max_kept")),
                "users": 1,
                "last": 0,
                "results": [],
                "coursebin": 1,
                "categorybin": 1,
                "coursebindays": 7,
                "categorybindays": 7,
            },
            "cron": {
                "last": 0,
                "failing": [],
                "disabled": [],
                "waiting": 0,
                "oldest": 0,
                "failingadhoc": [],
            },
        }
        return {"report": report}, {}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """There is nothing to take back."""


def _compared(text: str, version: str) -> dict[str, Any]:
    """A site of no files of its own lacks all that a list names."""
    about = dict(re.findall(r"^# (version|release): (.+)$", text, re.MULTILINE))
    if about.get("version") != version:
        return {"state": "otherrelease", "list": about, "version": version}
    paths = re.findall(r"^[0-9a-f]{64}  (.+)$", text, re.MULTILINE)
    return {
        "state": "compared",
        "list": about,
        "files": len(paths),
        "changed": [],
        "changedcount": 0,
        "missing": paths[:300],
        "missingcount": len(paths),
        "added": [],
        "addedcount": 0,
    }


KIND = SiteAudit()
