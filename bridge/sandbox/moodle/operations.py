"""The plugin's operations: each write under a key that is used once, restores done by a worker.

An operation's row is committed before its work begins. The worker goes on with every operation that is queued
or running when it starts, so a killed server finishes its restores after it is started again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle import mbz
from bridge.sandbox.moodle.problems import MoodleProblem

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

FIELDS = (
    "opkey",
    "action",
    "status",
    "progress",
    "step",
    "result",
    "errorcode",
    "error",
    "timecreated",
    "timestarted",
    "timefinished",
)
STEPS = ("extracting", "prechecking", "restoring", "restoring", "finishing")


class Failure(Exception):
    """An operation failed for good; its key stays used."""

    def __init__(self, errorcode: str, message: str) -> None:
        self.errorcode = errorcode
        super().__init__(message)


def get(site: Site, opkey: str) -> dict[str, Any]:
    """The operation under a key; status `none` when the key was never seen."""
    found = site.store.row(f"SELECT {', '.join(FIELDS)} FROM operation WHERE opkey = ?", opkey)
    return found or {
        **dict.fromkeys(FIELDS, ""),
        "opkey": opkey,
        "status": "none",
        "progress": 0.0,
    } | dict.fromkeys(FIELDS[-3:], 0)


def once(
    site: Site,
    action: str,
    params: Mapping[str, Any],
    *,
    check: Callable[[], None],
    do: Callable[[], Mapping[str, Any]] | None,
) -> dict[str, Any]:
    """Do an action under its key, or return what became of it when the key was seen before.

    Parameters:
        params: the validated parameters, `opkey` among them.
        check: raises what refuses the action before the key is used.
        do: the work, done at once in the same transaction; None leaves it to the worker.

    Raises:
        MoodleProblem: `opkeyreused`, and what `check` raises.
    """
    opkey = params["opkey"]
    rest = {name: value for name, value in params.items() if name != "opkey"}
    canonical = json.dumps({"action": action, **rest}, sort_keys=True, ensure_ascii=False)
    fingerprint = hashlib.sha256(canonical.encode()).hexdigest()
    now = int(time.time())
    with site.store.transaction():
        known = site.store.row("SELECT paramshash FROM operation WHERE opkey = ?", opkey)
        if known is not None:
            if known["paramshash"] != fingerprint:
                raise MoodleProblem(
                    "opkeyreused", f"The operation key {opkey} was used with other parameters"
                )
            return get(site, opkey)
        check()
        site.store.insert(
            "operation",
            opkey=opkey,
            action=action,
            paramshash=fingerprint,
            params=json.dumps(rest, ensure_ascii=False),
            status="queued",
            timecreated=now,
        )
        if do is not None:
            _update(site, opkey, timestarted=now)
            _done(site, opkey, do())
    if do is None:
        site.work_waiting.set()
    return get(site, opkey)


class Worker(threading.Thread):
    """Does the queued restores, one after the other, as cron does ad hoc tasks."""

    def __init__(self, site: Site) -> None:
        super().__init__(name="sandbox-cron", daemon=True)
        self._site = site
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until `stop` is called."""
        while not self._stopping.is_set():
            self._site.work_waiting.clear()
            row = self._site.store.row(
                "SELECT * FROM operation WHERE status IN ('queued', 'running') ORDER BY id LIMIT 1"
            )
            if row is None:
                self._site.work_waiting.wait(0.2)
                continue
            try:
                self._restore(row["opkey"], json.loads(row["params"]))
            except Failure as failure:
                _update(
                    self._site,
                    row["opkey"],
                    status="failed",
                    errorcode=failure.errorcode,
                    error=str(failure),
                    timefinished=int(time.time()),
                )

    def stop(self) -> None:
        """Stop, leaving what is being done for the next start."""
        self._stopping.set()
        self._site.work_waiting.set()
        self.join()

    def _restore(self, opkey: str, params: Mapping[str, Any]) -> None:
        site = self._site
        _update(site, opkey, status="running", timestarted=int(time.time()))
        source, filename, path = find(site, params)
        content = _read(path)
        for number, step in enumerate(STEPS):
            _update(site, opkey, step=step, progress=number / len(STEPS))
            if self._stopping.wait(site.restore_seconds / len(STEPS)):
                return
        taken = (
            ""
            if not content.idnumber
            else site.store.row("SELECT id FROM course WHERE idnumber = ?", content.idnumber)
        )
        content = dataclasses.replace(
            content,
            fullname=params["fullname"] or content.fullname,
            shortname=params["shortname"] or content.shortname,
            idnumber="" if taken else content.idnumber,
            users=content.users and params["users"],
        )
        with site.store.transaction():
            try:
                course = site.insert_course(content, categoryid=params["categoryid"])
            except MoodleProblem as problem:
                raise Failure("restorefailed", problem.message) from problem
            _done(
                site,
                opkey,
                {
                    "courseid": course,
                    "fullname": content.fullname,
                    "shortname": content.shortname,
                    "url": f"{site.url}/course/view.php?id={course}",
                    "categoryid": params["categoryid"],
                    "backuptime": content.time,
                    "source": source,
                    "filename": filename,
                    "activities": dict(content.activities),
                    "questions": content.questions,
                    "files": content.files,
                    "users": content.users,
                    "warnings": [],
                },
            )


def find(site: Site, params: Mapping[str, Any]) -> tuple[str, str, Path]:
    """The backup that a restore names: its source, file name and file.

    Raises:
        Failure: `backupnotfound`.
    """
    for item in site.drafts(params["draftitemid"]) if params["draftitemid"] else ():
        return "draft", item["filename"], site.files / item["path"]
    for ref, source, filename, path, _ in site.backup_files() if params["ref"] else ():
        if ref == params["ref"] and path.is_file():
            return source, filename, path
    raise Failure("backupnotfound", "The backup is not there, or not there any more")


def _read(path: Path) -> mbz.Backup:
    try:
        return mbz.read(path)
    except mbz.BadBackup as problem:
        raise Failure("backupinvalid", f"The file is no course backup: {problem}") from problem


def shortname_in_backup(site: Site, params: Mapping[str, Any]) -> str:
    """The short name under which a restore would come back; "" when its backup cannot be read, which the
    worker will tell.
    """
    if params["shortname"]:
        return str(params["shortname"])
    try:
        return _read(find(site, params)[2]).shortname
    except Failure:
        return ""


def _done(site: Site, opkey: str, result: Mapping[str, Any]) -> None:
    _update(
        site,
        opkey,
        status="done",
        progress=1.0,
        step="",
        result=json.dumps(result, ensure_ascii=False),
        timefinished=int(time.time()),
    )


def _update(site: Site, opkey: str, **values: Any) -> None:
    assignments = ", ".join(f"{name} = ?" for name in values)
    site.store.execute(f"UPDATE operation SET {assignments} WHERE opkey = ?", *values.values(), opkey)
