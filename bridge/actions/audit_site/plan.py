"""One step: site.audit. Its report goes to the ticket as a page and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.audit_site.page import page
from bridge.actions.audit_site.params import AuditSiteParams
from bridge.actions.program import File, Part, Step, Use
from bridge.domain.attachments import NAME

FORM = "otbridge-audit-1"
"""What the JSON document calls its own form."""


def plan(params: AuditSiteParams, context: Context) -> Plan:
    """Find the list of checksums."""
    wanted: dict[str, Any] = {"lang": params.language}
    files: tuple[File, ...] = ()
    compared = "core files are not compared: the order names no list of checksums"
    if params.checksums:
        found = context.files.get(params.checksums)
        files = (File(found.sha256, found.name, found.size),)
        wanted["checksums"] = Use(found.sha256)
        compared = f"core files are compared with {found.name}"
    summary = ("report on the site; nothing is changed", compared)
    return Plan(summary, Part((Step("site.audit", "audit", wanted),), files))


def evidence(results: Results, moodle: Reader) -> dict[str, Any]:
    """What the report comes to, and the report itself as two files for the ticket."""
    report = results["audit"]["report"]
    made = datetime.fromtimestamp(report["time"], UTC)
    stem = f"audit-{made:%Y%m%d-%H%M%S}"
    document = {"form": FORM, "site": moodle.base_url, **report}
    core = report["core"]
    return {
        "kind": "audit",
        "release": report["versions"]["release"],
        "php": report["versions"]["php"],
        "database": f"{report['versions']['database']} {report['versions']['databaseversion']}",
        "plugins": [
            f"{one['component']} {one['release'] or one['version']}"
            for one in report["plugins"]
            if one["added"]
        ],
        "core": core["state"],
        "changed_files": core.get("changedcount", 0),
        "missing_files": core.get("missingcount", 0),
        "schema_problems": report["schema"]["count"],
        "checks": dict(Counter(one["status"] for one in report["checks"])),
        "files": [f"{stem}.html", f"{stem}.json"],
        NAME: [
            {"name": f"{stem}.html", "media_type": "text/html", "text": page(document)},
            {
                "name": f"{stem}.json",
                "media_type": "application/json",
                "text": json.dumps(document, ensure_ascii=False, indent=1) + "\n",
            },
        ],
    }


def taken_back(_found: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing was changed, so nothing is taken back; the report stays with the ticket."""
    return {"kind": "audit-kept"}
