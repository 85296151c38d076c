"""The site's own Moodle over a scratch database: which files a course needs, and its backup."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from otbridge_extract.commands import running
from otbridge_extract.database import Scratch
from otbridge_extract.errors import Refused
from otbridge_extract.guard import Guard
from otbridge_extract.settings import Settings

EVERYTHING = (
    *("users", "role_assignments", "activities", "blocks", "filters", "comments", "badges", "calendarevents"),
    *("userscompletion", "histories", "questionbank", "groups", "competencies", "customfield", "files"),
    *("contentbankcontent", "xapistate", "legacyfiles", "permissions"),
)
"""Moodle's general settings of backups: all that a course has."""


@dataclass(frozen=True)
class PoolFile:
    """A file that the course may need: its content hash, its size in bytes, its name."""

    contenthash: str
    size: int
    name: str


def needed_files(scratch: Scratch, database: str, prefix: str, course: int) -> Sequence[PoolFile]:
    """The files that a backup of the course may read.

    Those of its contexts; of the contexts above it such as questions, outcomes and scales need; pictures and
    profile files of people. Not: copies of courses, drafts, private files.

    Raises:
        Refused: `nocourse`: the course is not in the database.
    """
    found = scratch.rows(
        database, f"SELECT path FROM {prefix}context WHERE contextlevel = 50 AND instanceid = {course:d}"
    )
    path = found[0][0] if found else ""
    if not re.fullmatch(r"(/\d+)+", path):
        raise Refused("nocourse", f"course {course} is not in the database of that backup", course=course)
    above = ", ".join(path.strip("/").split("/"))
    rows = scratch.rows(
        database,
        f"""SELECT f.contenthash, MAX(f.filesize), MAX(f.filename)
              FROM {prefix}files f JOIN {prefix}context c ON c.id = f.contextid
             WHERE f.filename <> '.' AND f.referencefileid IS NULL
               AND f.component <> 'backup' AND f.component <> 'tool_recyclebin'
               AND (c.path LIKE '{path}/%' OR c.path = '{path}'
                    OR (f.component = 'user' AND f.filearea IN ('icon', 'profile')
                        AND c.instanceid IN (SELECT ra.userid FROM {prefix}role_assignments ra
                                               JOIN {prefix}context rc ON rc.id = ra.contextid
                                              WHERE rc.path LIKE '{path}/%' OR rc.path = '{path}'))
                    OR (c.id IN ({above}) AND f.component IN ('question', 'grade')))
          GROUP BY f.contenthash""",
    )
    files = [PoolFile(one[0], int(one[1]), one[2]) for one in rows if re.fullmatch(r"[0-9a-f]{40}", one[0])]
    return sorted(files, key=lambda one: one.contenthash)


def configuration(settings: Settings, database: str, password: str, data: Path) -> str:
    """The text of a config.php for a scratch site: no mail, no cache server, no cron; all that a course has
    goes into its backup.
    """
    one = settings.database
    host = (one.socket if one.kind == "pgsql" and one.socket else one.host) or "localhost"
    options: dict[str, object] = {"dbpersist": 0}
    if one.socket and one.kind != "pgsql":
        options["dbsocket"] = one.socket
    if one.port:
        options["dbport"] = one.port
    general: dict[str, object] = {}
    for name in (*EVERYTHING, "logs"):
        general[f"backup_general_{name}"] = int(name != "logs" or settings.limits.logs)
        general[f"backup_general_{name}_locked"] = 0
    general["backup_general_anonymize"] = 0
    values: dict[str, object] = {
        "dbtype": one.kind,
        "dblibrary": "native",
        "dbhost": host,
        "dbname": database,
        "dbuser": one.user,
        "dbpass": password,
        "prefix": one.prefix,
        "dboptions": options,
        "wwwroot": settings.site.wwwroot,
        "dataroot": str(data),
        "admin": "admin",
        "directorypermissions": 0o770,
        "noemailever": True,
        "cronclionly": True,
        "forced_plugin_settings": {"backup": general},
    }
    lines = [f"$CFG->{name} = {php(value)};" for name, value in values.items()]
    return "\n".join(
        [
            "<?php",
            "unset($CFG);",
            "global $CFG;",
            "$CFG = new stdClass();",
            *lines,
            "require_once(__DIR__ . '/lib/setup.php');",
            "",
        ]
    )


def php(value: object) -> str:
    """A value as PHP source."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "[" + ", ".join(f"{php(str(name))} => {php(one)}" for name, one in value.items()) + "]"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def back_up(settings: Settings, guard: Guard, code: Path, data: Path, course: int) -> Path:
    """Run Moodle's own backup of the course; returns its file.

    Raises:
        Refused: `backupfailed`, with what Moodle said last.
    """
    out = data / "out"
    out.mkdir(exist_ok=True)
    for old in out.iterdir():
        old.unlink()
    command = [
        *settings.php.command,
        *("-d", f"memory_limit={settings.php.memory_mb}M", "-d", "sendmail_path=/bin/false"),
        *("-d", "display_errors=stderr", "-d", f"sys_temp_dir={data / 'temp'}"),
        *("admin/cli/backup.php", f"--courseid={course:d}", f"--destination={out}"),
    ]
    (data / "temp").mkdir(exist_ok=True)
    log = data / "backup.log"
    env = {"TMPDIR": str(data / "temp")}
    with log.open("wb") as said:
        try:
            with running(guard, command, what="php", stdout=said, cwd=code, env=env):
                pass
        except Refused as refused:
            if refused.code != "failed":
                raise
            told = f"{_tail(log)} {refused}".strip()
            raise Refused("backupfailed", f"Moodle's backup failed: {told}", reason=told[-500:]) from refused
    made = list(out.glob("*.mbz"))
    if len(made) != 1:
        raise Refused("backupfailed", f"Moodle's backup made no file: {_tail(log)}", reason=_tail(log))
    return made[0]


def _tail(log: Path) -> str:
    return log.read_bytes()[-1000:].decode("utf-8", "replace").strip()


def document(value: object) -> str:
    """JSON as this program writes it: PHP's json_encode makes the same text of the same value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
