"""Backup files are written and read in Moodle's own layout."""

from __future__ import annotations

import io
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.sandbox.moodle import mbz

REAL = Path(__file__).parent / "backup_of_moodle_4_5.mbz"
LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


def packed(path: Path, **members: str) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in members.items():
            entry = tarfile.TarInfo(f"{name}.xml")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


def test_a_backup_of_a_real_moodle_is_understood() -> None:
    found = mbz.read(REAL)
    assert (found.courseid, found.fullname, found.shortname, found.idnumber) == (6, "Sbx A", "sbxA", "")
    assert (found.users, dict(found.activities), found.time) == (True, {"forum": 1}, 1795423519)


def test_a_zip_is_as_good_as_a_tar(tmp_path: Path) -> None:
    with tarfile.open(REAL) as archive, zipfile.ZipFile(tmp_path / "b.mbz", "w") as repacked:
        for name in archive.getnames():
            repacked.writestr(name, archive.extractfile(name).read())  # type: ignore[union-attr]
    assert mbz.read(tmp_path / "b.mbz") == mbz.read(REAL)


@given(
    fullname=LINE,
    shortname=LINE,
    idnumber=LINE,
    users=st.booleans(),
    questions=st.integers(0, 20),
    files=st.integers(0, 20),
)
def test_what_is_written_is_read_again(
    fullname: str, shortname: str, idnumber: str, users: bool, questions: int, files: int
) -> None:
    backup = mbz.Backup(
        7,
        fullname,
        shortname,
        idnumber,
        1_700_000_000,
        users,
        (("quiz", fullname, 1), ("forum", "F", 0)),
        questions,
        files,
    )
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "b.mbz"
        mbz.write(backup, path)
        assert mbz.read(path) == backup


def test_what_is_no_backup_says_why(tmp_path: Path) -> None:
    (tmp_path / "text.mbz").write_bytes(b"hello")
    with pytest.raises(mbz.BadBackup, match="archive"):
        mbz.read(tmp_path / "text.mbz")
    with pytest.raises(mbz.BadBackup, match=r"moodle_backup\.xml is missing"):
        mbz.read(packed(tmp_path / "other.mbz", readme="<x/>"))
    with pytest.raises(mbz.BadBackup, match="damaged XML"):
        mbz.read(packed(tmp_path / "cut.mbz", moodle_backup="<moodle_backup><inf"))
    (tmp_path / "short.mbz").write_bytes(REAL.read_bytes()[:200])
    with pytest.raises(mbz.BadBackup):
        mbz.read(tmp_path / "short.mbz")


@pytest.mark.parametrize("position", range(0, REAL.stat().st_size, 13))
def test_a_damaged_byte_is_survived(tmp_path: Path, position: int) -> None:
    damaged = bytearray(REAL.read_bytes())
    damaged[position] ^= 0xFF
    (tmp_path / "b.mbz").write_bytes(damaged)
    try:
        assert mbz.read(tmp_path / "b.mbz").modules
    except mbz.BadBackup as told:
        assert str(told)  # noqa: PT017 - either is right, nothing else is


def test_numbers_that_are_none_are_told(tmp_path: Path) -> None:
    head = (
        "<moodle_backup><information><original_course_id>x</original_course_id></information></moodle_backup>"
    )
    with pytest.raises(mbz.BadBackup, match="damaged"):
        mbz.read(packed(tmp_path / "b.mbz", moodle_backup=head))


def test_entities_in_a_backup_are_refused(tmp_path: Path) -> None:
    bomb = (
        "<!DOCTYPE x [<!ENTITY a "
        '"b">]><moodle_backup><information><name>&a;</name></information></moodle_backup>'
    )
    with pytest.raises(mbz.BadBackup, match="DTD"):
        mbz.read(packed(tmp_path / "bomb.mbz", moodle_backup=bomb))
