"""Lists of checksums: out of a folder, a tar archive, a zip archive; and what is no release of Moodle."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from bridge.errors import UserError
from bridge.operators.checksums import checksums

VERSION = b"<?php\n$version  = 2024100706.00; // no\n$release  = '4.5.6 (Build: 20250811)';\n"
FILES = {
    "moodle/version.php": VERSION,
    "moodle/lib/a.php": b"<?php // a",
    "moodle/mod/quiz/version.php": b"<?php $plugin->version = 1;",
    "moodle/config.php": b"secret",
    "moodle/.git/config": b"x",
    "moodle/node_modules/x/index.js": b"x",
}


def tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("moodle/link.php")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (path / "moodle" / "link.php").symlink_to("/etc/passwd")
    return path


@pytest.mark.parametrize("made", [tar, packed, folder])
def test_a_release_is_told_file_by_file(tmp_path: Path, made: object) -> None:
    assert callable(made)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    assert checksums(made(tmp_path / "release", FILES)) == [
        "# otbridge checksums 1",
        "# version: 2024100706.00",
        "# release: 4.5.6 (Build: 20250811)",
        f"{sums['moodle/lib/a.php']}  lib/a.php",
        f"{sums['moodle/mod/quiz/version.php']}  mod/quiz/version.php",
        f"{sums['moodle/version.php']}  version.php",
    ]


def test_a_release_whose_pages_stand_below_public_begins_above_it(tmp_path: Path) -> None:
    files = {
        "moodle/public/version.php": VERSION,
        "moodle/admin/cli/cron.php": b"",
        "moodle/public/config.php": b"",
    }
    paths = [one.partition("  ")[2] for one in checksums(tar(tmp_path / "a.tgz", files))[3:]]
    assert paths == ["admin/cli/cron.php", "public/version.php"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"no archive", "cannot be read"), (b"", "cannot be read")],
)
def test_what_is_no_archive_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "moodle.tgz"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        checksums(path)
    assert said in caught.value.problems[0]
    assert "moodle.tgz" in caught.value.problems[0]


def test_an_archive_without_moodle_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no list of checksums was made") as caught:
        checksums(packed(tmp_path / "a.zip", {"plugin/version.php": b"<?php $plugin->version = 1;"}))
    assert "there is no version.php with a release" in caught.value.problems[0]
