"""The backup that Moodle made: dated by the dump, and compared with its own list of files."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from otbridge_extract.archive import finish
from otbridge_extract.errors import Refused
from tests.unit.extract.small_site import PICTURE, PICTURE_HASH, TAKEN, course_backup, tar


def members(path: Path) -> dict[str, bytes]:
    found = {}
    with tarfile.open(path) as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content
            found[member.name] = content.read()
    return found


def test_the_date_becomes_the_dumps_and_nothing_else_changes(tmp_path: Path) -> None:
    course_backup(tmp_path / "a.mbz")
    assert finish(tmp_path / "a.mbz", tmp_path / "b.mbz", TAKEN, 7) == {}
    before, after = members(tmp_path / "a.mbz"), members(tmp_path / "b.mbz")
    assert list(before) == list(after)
    changed = [name for name in before if before[name] != after[name]]
    assert changed == ["moodle_backup.xml"]
    assert after["moodle_backup.xml"] == before["moodle_backup.xml"].replace(
        b"1700000000", str(TAKEN).encode()
    )


def test_a_file_that_is_listed_and_not_there_is_told(tmp_path: Path) -> None:
    course_backup(tmp_path / "a.mbz", listed={PICTURE_HASH: "a.png", "f" * 40: "b.png"})
    assert finish(tmp_path / "a.mbz", tmp_path / "b.mbz", TAKEN, 7) == {"f" * 40: "b.png"}


def test_a_file_with_another_content_is_told(tmp_path: Path) -> None:
    course_backup(tmp_path / "a.mbz", held={PICTURE_HASH: PICTURE + b"!"})
    assert finish(tmp_path / "a.mbz", tmp_path / "b.mbz", TAKEN, 7) == {PICTURE_HASH: "a.png"}


def test_a_backup_of_another_course_is_refused(tmp_path: Path) -> None:
    course_backup(tmp_path / "a.mbz", course=8)
    with pytest.raises(Refused) as caught:
        finish(tmp_path / "a.mbz", tmp_path / "b.mbz", TAKEN, 7)
    assert caught.value.code == "badarchive"


def test_what_is_cut_off_or_no_backup_is_refused(tmp_path: Path) -> None:
    course_backup(tmp_path / "a.mbz")
    whole = (tmp_path / "a.mbz").read_bytes()
    (tmp_path / "a.mbz").write_bytes(whole[: len(whole) // 2])
    tar(tmp_path / "c.mbz", {"moodle_backup.xml": b"<x/>"})
    for name in ("a.mbz", "c.mbz"):
        with pytest.raises(Refused) as caught:
            finish(tmp_path / name, tmp_path / "b.mbz", TAKEN, 7)
        assert caught.value.code == "badarchive"
