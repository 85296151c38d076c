"""A course backup (.mbz) as Moodle wrote it: compared with its own list of files, and dated by the dump."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, cast

from otbridge_extract.errors import Refused

ABOUT = "moodle_backup.xml"
DATE = re.compile(rb"(<backup_date>)(\d{10})(</backup_date>)")
MOST_ABOUT = 256 * 1024 * 1024
CHUNK = 1024 * 1024


def finish(made: Path, into: Path, taken: int, course: int) -> Mapping[str, str]:
    """Copy the archive with the date of the dump; returns files that are listed in it and not there, by
    their hashes: names for people.

    Moodle leaves out a file that it misses, and ends as if nothing had happened.

    Args:
        taken: moment of the dump, Unix seconds; it has ten digits as long as Moodle's own has.

    Raises:
        Refused: `badarchive`: it is no backup of this course.
    """
    listed: dict[str, str] = {}
    held: set[str] = set()
    about = b""
    try:
        # Sizes stay as they are, so that Moodle's own index within the archive stays right.
        with (
            tarfile.open(made, "r|gz") as read,
            gzip.open(into, "wb", compresslevel=3) as packed,
            tarfile.open(fileobj=packed, mode="w|") as written,
        ):
            for member in read:
                if not member.isfile():
                    written.addfile(member)
                    continue
                content = cast("IO[bytes]", read.extractfile(member))
                if member.name == ABOUT and member.size <= MOST_ABOUT:
                    about = content.read()
                    changed, times = DATE.subn(rb"\g<1>%010d\g<3>" % taken, about, count=1)
                    if times != 1 or len(changed) != len(about):
                        raise Refused("badarchive", f"{ABOUT} tells no date", reason="date")
                    written.addfile(member, io.BytesIO(changed))
                elif member.name == "files.xml":
                    text = content.read()
                    listed = _listed(text)
                    written.addfile(member, io.BytesIO(text))
                elif member.name.startswith("files/"):
                    hashing = _Hashing(content)
                    written.addfile(member, cast("IO[bytes]", hashing))
                    if hashing.hexdigest() == member.name.rpartition("/")[2]:
                        held.add(hashing.hexdigest())
                else:
                    written.addfile(member, content)
    except (tarfile.TarError, EOFError, zlib.error, ET.ParseError) as error:
        raise Refused(
            "badarchive", f"the backup that Moodle made is broken: {error}", reason=str(error)
        ) from error
    found = re.search(rb"<original_course_id>(\d+)</original_course_id>", about)
    if not found or int(found[1]) != course:
        raise Refused("badarchive", f"the backup that Moodle made is not of course {course}", reason="course")
    return {one: name for one, name in listed.items() if one not in held}


def _listed(text: bytes) -> dict[str, str]:
    """Content hashes and names of the files that ought to be in the archive; none of references elsewhere."""
    listed: dict[str, str] = {}
    for one in ET.fromstring(text).iter("file"):
        values = {part.tag: part.text or "" for part in one}
        outside = values.get("repositorytype") not in {None, "", "$@NULL@$"}
        if values.get("filename") != "." and not outside and values.get("contenthash"):
            listed[values["contenthash"]] = values.get("filename", "")
    return listed


class _Hashing(io.RawIOBase):
    """A stream that is hashed as it is read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._digest = hashlib.sha1(usedforsecurity=False)

    def read(self, size: int = -1) -> bytes:
        """Read, and take the bytes into the hash."""
        piece = self._stream.read(size)
        self._digest.update(piece)
        return piece

    def hexdigest(self) -> str:
        """The hash so far."""
        return self._digest.hexdigest()
