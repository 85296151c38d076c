"""A tiny site in 3KL's layout: its dump, its pool, its code, and a fake PHP that backs its course up."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

PICTURE = b"a picture"
PICTURE_HASH = hashlib.sha1(PICTURE, usedforsecurity=False).hexdigest()
ENDED = "2026-11-14  1:30:05"
TAKEN = int(datetime(2026, 11, 14, 1, 30, 5, tzinfo=UTC).timestamp())
VERSION = "2020061508"


FOLDER = "<file><contenthash>0</contenthash><filename>.</filename></file>"


def mysql_dump(
    *, ended: str = ENDED, course: str = "Охрана труда; д\\'Артаньян", whole: bool = True
) -> bytes:
    """What mysqldump of MariaDB 10.11 writes, as far as it matters."""
    lines = [
        "/*!999999\\- enable the sandbox mode */ ",
        "-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB",
        "/*!40101 SET NAMES utf8mb4 */;",
        *_table(
            "config", ("id", "name", "value"), [f"(1,'version','{VERSION}'),", "(2,'siteidentifier','abc')"]
        ),
        *_table(
            "context",
            ("id", "contextlevel", "instanceid", "path"),
            ["(1,10,0,'/1'),", "(20,50,7,'/1/3/20'),", "(21,70,5,'/1/3/20/21')"],
        ),
        *_table(
            "course",
            ("id", "category", "shortname", "fullname", "idnumber"),
            ["(1,0,'site','Site',''),", f"(7,2,'OT-1','{course}','')"],
        ),
        *_table("course_categories", ("id", "name"), ["(2,'Курсы'),", "(3,'x')"]),
        *_table(
            "files",
            ("id", "contenthash", "contextid", "filename", "filesize"),
            [f"(1,'{PICTURE_HASH}',21,'a.png',{len(PICTURE)}),", "(2,'00',1,'b',50),", "(3,'',21,'.',0)"],
        ),
        *_table("logstore_standard_log", ("id", "other"), ["(1,'a log; with\\nlines')"]),
        *([f"-- Dump completed on {ended}"] if whole else []),
    ]
    return ("\n".join(lines) + "\n").encode()


def _table(name: str, columns: tuple[str, ...], rows: list[str]) -> list[str]:
    return [
        f"DROP TABLE IF EXISTS `mdl_{name}`;",
        f"CREATE TABLE `mdl_{name}` (",
        *[f"  `{one}` longtext NOT NULL," for one in columns],
        "  PRIMARY KEY (`id`)",
        ") ENGINE=InnoDB ROW_FORMAT=COMPRESSED COMMENT='a; b';",
        f"LOCK TABLES `mdl_{name}` WRITE;",
        f"INSERT INTO `mdl_{name}` VALUES",
        *rows[:-1],
        rows[-1] + ";",
        "UNLOCK TABLES;",
    ]


def tar(path: Path, files: Mapping[str, bytes]) -> None:
    """A gzipped tar of files."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def rotated(folder: Path, name: str, dump: bytes, pool: Mapping[str, bytes]) -> Path:
    """An archive of `otlamp_rotatebackup`."""
    made = folder / name
    made.mkdir(parents=True)
    tar(made / "sql.tar.gz", {"./sqldump/mysql.sql": dump})
    tar(
        made / "data.tar.gz",
        {f"./data/filedir/{one[:2]}/{one[2:4]}/{one}": text for one, text in pool.items()},
    )
    return made


def course_backup(
    path: Path,
    *,
    course: int = 7,
    listed: Mapping[str, str] | None = None,
    held: Mapping[str, bytes] | None = None,
) -> None:
    """A backup as Moodle would write it: what its files.xml lists, and what is really in it."""
    listed = {PICTURE_HASH: "a.png"} if listed is None else listed
    held = {PICTURE_HASH: PICTURE} if held is None else held
    rows = "".join(
        f"<file id='1'><contenthash>{one}</contenthash><filename>{name}</filename>"
        "<repositorytype>$@NULL@$</repositorytype></file>"
        for one, name in listed.items()
    )
    about = f"<x><backup_date>1700000000</backup_date><original_course_id>{course}</original_course_id></x>"
    tar(
        path,
        {
            ".ARCHIVE_INDEX": b"Moodle archive file index. Count: 2",
            "moodle_backup.xml": about.encode(),
            "files.xml": f"<files>{rows}{FOLDER}</files>".encode(),
            **{f"files/{one[:2]}/{one}": content for one, content in held.items()},
        },
    )


def code(folder: Path, version: str = VERSION) -> Path:
    """The site's code."""
    (folder / "admin" / "cli").mkdir(parents=True)
    (folder / "version.php").write_text(f"<?php\n$version  = {version}.00;\n")
    (folder / "admin" / "cli" / "backup.php").write_text("<?php\n")
    return folder


def fake_php(folder: Path, made: Path) -> tuple[str, ...]:
    """A PHP that copies a backup that was made before to where Moodle's would go; it fails without one."""
    script = folder / "php.py"
    script.write_text(
        "import shutil, sys\n"
        "out = [one.partition('=')[2] for one in sys.argv if one.startswith('--destination=')][0]\n"
        f"shutil.copy({str(made)!r}, out + '/backup.mbz')\n"
    )
    return (sys.executable, str(script))
