"""audit-site: the step, the page that people read, and what goes to the ticket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bridge.actions import TicketFile, validate
from bridge.actions.audit_site import ACTION
from bridge.actions.audit_site.page import page
from bridge.actions.audit_site.params import AuditSiteParams
from bridge.actions.program import Use
from tests.unit.actions.fake_moodle import FakeMoodle, make_context

REPORT: dict[str, Any] = {
    "time": 1_796_000_000,
    "versions": {
        "release": "4.5.6", "version": "2024100706", "php": "8.2.1", "os": "Linux", "database": "postgres",
        "databaseversion": "15.2", "theme": "boost", "maintenance": False, "debug": 0,
    },
    "plugins": [
        {
            "component": "mod_evil", "name": "<script>alert(1)</script>", "added": True, "status": "uptodate",
            "release": "1.0", "version": "2026", "installed": "2025", "requires": "", "enabled": "no",
            "maturity": "alpha", "origin": "https://git.example/evil", "files": 3, "digest": "ab" * 32,
        },
        {
            "component": "mod_chat", "name": "Чат", "added": False, "status": "missing", "release": "",
            "version": "", "installed": "2024", "requires": "", "enabled": "unknown", "maturity": "",
            "origin": "", "files": 0, "digest": "",
        },
    ],
    "core": {
        "state": "compared", "list": {"version": "2024100706.00", "release": "4.5.6"}, "files": 27000,
        "changed": ["lib/moodlelib.php"], "changedcount": 500, "missing": [], "missingcount": 0,
        "added": ["shell.php"], "addedcount": 1,
    },
    "schema": {"count": 1, "problems": [{"table": "user", "problem": "column 'x' is not expected"}]},
    "checks": [
        {"kind": "security", "id": "core_a", "name": "А", "status": "ok", "summary": "хорошо"},
        {"kind": "status", "id": "core_b", "name": "Б", "status": "critical", "summary": "плохо"},
    ],
    "backups": {
        "schedule": 1, "weekdays": "1000000", "storage": 2, "folder": "bad", "keep": 0, "users": 1, "last": 0,
        "results": {"1": 4}, "coursebin": 1, "categorybin": 0, "coursebindays": 7, "categorybindays": 7,
    },
    "cron": {
        "last": 1_795_999_000, "failing": [{"task": "\\core\\task\\x", "delay": 60, "last": 0}],
        "disabled": ["\\core\\task\\y"], "waiting": 2, "oldest": 1_795_000_000, "failingadhoc": {"\\z": 3},
    },
}  # fmt: skip


def shown(**changes: Any) -> str:
    return page({"site": "https://lms.example", **REPORT, **changes})


def test_the_page_tells_what_is_wrong_and_escapes_it() -> None:
    text = shown()
    for said in (
        "mod_evil", "&lt;script&gt;", "в базе 2025", "alpha", "https://git.example/evil", "lib/moodlelib.php",
        "Показаны первые 1.", "shell.php", "column &#39;x&#39; is not expected", "опасно", "недоступна",
        "последний запуск: 30.11.2026", "разовые задачи с ошибками",
    ):  # fmt: skip
        assert said in text, said
    assert "<script" not in text
    assert text.index("core_b") < text.index("core_a"), "the worst check comes first"


def test_files_that_were_not_compared_are_never_called_sound() -> None:
    assert "об изменениях ядра ничего не известно" in shown(core={"state": "nolist"})
    other = {"state": "otherrelease", "list": {"version": "1", "release": "3.9"}, "version": "2"}
    assert "приложен список контрольных сумм версии 1, а на сайте 2" in shown(core=other).lower()


def test_lists_that_php_writes_for_empty_maps_are_no_fault() -> None:
    cron = {**REPORT["cron"], "failingadhoc": [], "failing": [], "disabled": []}
    assert "разовые задачи" not in shown(cron=cron)


def test_the_evidence_is_short_and_the_report_is_two_files() -> None:
    found = ACTION.evidence({"audit": {"report": REPORT}}, FakeMoodle())
    assert found["plugins"] == ["mod_evil 1.0"]
    assert (found["core"], found["changed_files"], found["schema_problems"]) == ("compared", 500, 1)
    assert found["checks"] == {"ok": 1, "critical": 1}
    html, document = found.pop("attachments")
    assert [html["name"], document["name"]] == found["files"]
    assert json.loads(document["text"])["core"] == REPORT["core"]
    assert len(json.dumps(found)) < 2000
    assert ACTION.taken_back(found) == {"kind": "audit-kept"}


def test_checksums_are_a_specialists_file(tmp_path: Path) -> None:
    class Files:
        """One file."""

        def get(self, name: str) -> TicketFile:
            return TicketFile(name, "0" * 64, 1, tmp_path)

    assert ACTION.specialists_only == {"checksums"}
    order = validate(AuditSiteParams, {"checksums": "sums.txt"})
    found = ACTION.plan(order, make_context(FakeMoodle(), files=Files()))
    assert found.part.steps[0].params == {"lang": "ru", "checksums": Use("0" * 64)}
    alone = ACTION.plan(validate(AuditSiteParams, {}), make_context(FakeMoodle()))
    assert "not compared" in alone.summary[1]
