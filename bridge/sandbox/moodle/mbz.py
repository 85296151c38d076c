"""Moodle's course backup files (.mbz): written and read as Moodle does, as far as restoring a course needs.

An .mbz is a gzipped tar (or a zip) of XML files: `moodle_backup.xml` says what is in it, `course/course.xml`
holds the course's own fields, `questions.xml` and `files.xml` list questions and files. Backups of a real
Moodle can be read.
"""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape as _xml_escape

from lxml import etree

NULL = "$@NULL@$"
"""How a backup writes that a field has no value."""
MAX_MEMBER = 256 * 1024 * 1024


class BadBackup(Exception):
    """The file is no course backup that could be read."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a course backup holds.

    Attributes:
        courseid: the course's id when it was backed up.
        time: moment of the backup, Unix seconds.
        users: whether users and their data are in it.
        modules: (modname, name, section number) of each activity.
        questions: how many.
        files: how many.
        site: hash of the identifier of the site that it was made on.
        siteurl: that site's address.
    """

    courseid: int
    fullname: str
    shortname: str
    idnumber: str
    time: int
    users: bool
    modules: tuple[tuple[str, str, int], ...]
    questions: int
    files: int
    site: str = ""
    siteurl: str = ""

    @property
    def activities(self) -> Mapping[str, int]:
        """Number of activities by modname."""
        counted: dict[str, int] = {}
        for modname, _, _ in self.modules:
            counted[modname] = counted.get(modname, 0) + 1
        return counted


def write(backup: Backup, path: Path) -> None:
    """Write a backup file."""
    activities = "".join(
        f"<activity><moduleid>{number}</moduleid><sectionid>{section}</sectionid>"
        f"<modulename>{escape(modname)}</modulename>"
        f"<title>{escape(name)}</title><directory>activities/{escape(modname)}_{number}</directory>"
        "</activity>"
        for number, (modname, name, section) in enumerate(backup.modules, 1)
    )
    members = {
        "moodle_backup.xml": f"<moodle_backup><information><name>{escape(path.name)}</name>"
        "<moodle_version>2024100706</moodle_version>"
        f"<original_wwwroot>{escape(backup.siteurl)}</original_wwwroot>"
        f"<original_site_identifier_hash>{escape(backup.site)}</original_site_identifier_hash>"
        f"<backup_date>{backup.time}</backup_date><original_course_id>{backup.courseid}</original_course_id>"
        f"<original_course_fullname>{escape(backup.fullname)}</original_course_fullname>"
        f"<original_course_shortname>{escape(backup.shortname)}</original_course_shortname>"
        "<details><detail><type>course</type></detail></details>"
        f"<contents><activities>{activities}</activities></contents><settings><setting>"
        "<level>root</level><name>users</name>"
        f"<value>{int(backup.users)}</value></setting></settings></information></moodle_backup>",
        "course/course.xml": "<course "
        f'id="{backup.courseid}"><shortname>{escape(backup.shortname)}</shortname>'
        f"<fullname>{escape(backup.fullname)}</fullname><idnumber>{escape(backup.idnumber)}</idnumber>"
        "</course>",
        "questions.xml": "<question_categories>"
        + "".join(f'<question id="{number}"/>' for number in range(1, backup.questions + 1))
        + "</question_categories>",
        "files.xml": "<files>"
        + "".join(f'<file id="{number}"/>' for number in range(1, backup.files + 1))
        + "</files>",
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, text in members.items():
            data = ('<?xml version="1.0" encoding="UTF-8"?>\n' + text).encode()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), backup.time
            archive.addfile(entry, io.BytesIO(data))


def escape(text: str) -> str:
    """Text as Moodle writes it into a backup: without the control characters that XML cannot hold."""
    return _xml_escape(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]", "", text), {"\r": "&#13;"})


def read(path: Path) -> Backup:
    """Read a backup file.

    Raises:
        BadBackup: with the reason in words.
    """
    try:
        members = _members(path, ("moodle_backup.xml", "course/course.xml", "questions.xml", "files.xml"))
    except (OSError, EOFError, zlib.error, RuntimeError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise BadBackup(f"not an archive that can be read ({error})") from error
    if "moodle_backup.xml" not in members:
        raise BadBackup("moodle_backup.xml is missing")
    try:
        return _content({name: parse_xml(data) for name, data in members.items()})
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadBackup(f"damaged XML ({error})") from error


def _content(trees: Mapping[str, etree._Element]) -> Backup:
    head = trees["moodle_backup.xml"]
    course, questions, stored = (
        trees.get(name) for name in ("course/course.xml", "questions.xml", "files.xml")
    )
    return Backup(
        courseid=int(head.findtext(".//original_course_id") or 0),
        fullname=head.findtext(".//original_course_fullname") or "",
        shortname=head.findtext(".//original_course_shortname") or "",
        idnumber="" if course is None else (course.findtext("idnumber") or "").replace(NULL, ""),
        time=int(head.findtext(".//backup_date") or 0),
        users=head.findtext(".//setting[name='users']/value") == "1",
        modules=tuple(
            (
                item.findtext("modulename") or "",
                item.findtext("title") or "",
                int(item.findtext("sectionid") or 0),
            )
            for item in head.iterfind(".//contents/activities/activity")
        ),
        questions=0 if questions is None else len(questions.findall(".//question[@id]")),
        files=0 if stored is None else _count_files(stored),
        site=head.findtext(".//original_site_identifier_hash") or "",
        siteurl=head.findtext(".//original_wwwroot") or "",
    )


def parse_xml(data: bytes) -> etree._Element:
    """Parse XML from outside: no DTD, no entities, no network.

    Raises:
        lxml.etree.XMLSyntaxError: it is not XML.
        ValueError: it carries a document type declaration.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(data, parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("DTD are not supported")
    return root


def _count_files(files: etree._Element) -> int:
    """Moodle lists directories, too: files that are named with a dot."""
    return sum(1 for item in files.iterfind(".//file[@id]") if item.findtext("filename") != ".")


def _members(path: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            for name in wanted:
                if name in packed.namelist() and packed.getinfo(name).file_size <= MAX_MEMBER:
                    found[name] = packed.read(name)
        return found
    with tarfile.open(path, "r:gz") as archive:
        for entry in archive:
            name = entry.name.removeprefix("./")
            if name in wanted and entry.isfile() and entry.size <= MAX_MEMBER:
                content = archive.extractfile(entry)
                assert content is not None
                found[name] = content.read()
    return found
