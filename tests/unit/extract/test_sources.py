"""Whole-site backups as 3KL lays them out: real repositories of git, real archives."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from otbridge_extract.errors import Refused
from otbridge_extract.guard import Guard
from otbridge_extract.sources import Archives, Git
from tests.unit.extract.small_site import PICTURE, PICTURE_HASH, VERSION, code, mysql_dump, rotated

UTC = ZoneInfo("UTC")
ABSENT = "a" * 40


def ignore(_: int) -> None:
    pass


class Host:
    """A virtual host's folder, in which backups are tagged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._git("init", "-q")
        self.pool = folder / "www/data/filedir"
        (folder / "sqldump").mkdir()
        self.pool.mkdir(parents=True)
        code(folder / "www/htdocs")

    def put(self, name: str, content: bytes) -> None:
        path = self.pool / name[:2] / name[2:4] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def save(self, tag: str, dump: bytes | None) -> None:
        if dump is not None:
            (self.folder / "sqldump/mysql.sql").write_bytes(dump)
        self._git("add", "-A")
        self._git("commit", "-q", "--allow-empty", "-m", "Backup data")
        self._git("tag", "-a", tag, "-m", "Резервная копия")

    def configure(self, name: str, value: str) -> None:
        self._git("config", name, value)

    def _git(self, *arguments: str) -> None:
        who = ("-c", "user.name=w1", "-c", "user.email=w1@c1")
        subprocess.run(["git", "-C", str(self.folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host")


@pytest.fixture
def git(host: Host, guard: Guard) -> Git:
    return Git(host.folder, "mysql.sql", UTC, guard)


def test_tags_of_3kl_are_found_with_their_dumps_and_others_are_not(host: Host, git: Git) -> None:
    host.save("261112013000", None)
    host.save("261113013000", mysql_dump())
    host.save("261114013000_before", mysql_dump(course="x"))
    host.save("v1", mysql_dump(course="y"))
    found = git.found()
    assert [one.name for one in found] == ["261112013000", "261113013000", "261114013000_before"]
    assert found[0].fingerprint == "none"
    assert found[1].fingerprint != found[2].fingerprint
    with git.dump(found[1]) as lines:
        assert b"".join(lines) == mysql_dump()
    with pytest.raises(Refused) as caught, git.dump(found[0]):
        pass
    assert caught.value.code == "wrongdump"


def test_files_of_a_tag_are_taken_out_and_checked(host: Host, git: Git, tmp_path: Path) -> None:
    host.put(PICTURE_HASH, PICTURE)
    host.put("b" * 40, b"not what its name says")
    host.save("261113013000", mysql_dump())
    (host.pool / PICTURE_HASH[:2] / PICTURE_HASH[2:4] / PICTURE_HASH).unlink()
    host.save("261114013000", mysql_dump())
    into = tmp_path / "into"
    into.mkdir()
    wanted = [PICTURE_HASH, "b" * 40, ABSENT]
    older, newer = git.found()
    assert git.files(older, wanted, into, ignore) == {"b" * 40, ABSENT}
    kept = [one for one in into.rglob("*") if one.is_file()]
    assert [(one.name, one.read_bytes()) for one in kept] == [(PICTURE_HASH, PICTURE)]
    other = tmp_path / "other"
    other.mkdir()
    assert git.files(newer, wanted, other, ignore) == set(wanted)


def test_code_of_a_tag_is_taken_out_without_links_and_without_filters(
    host: Host, git: Git, tmp_path: Path
) -> None:
    (host.folder / "www/htdocs/link").symlink_to("/etc/passwd")
    host.save("261113013000", mysql_dump())
    (host.folder / "www/htdocs/.gitattributes").write_text("*.php filter=evil\n")
    host.save("261114013000", mysql_dump())
    host.configure("filter.evil.smudge", f"touch {tmp_path / 'evil'}; cat")
    host.configure("core.fsmonitor", f"touch {tmp_path / 'evil'}")
    older, newer = git.found()
    assert git.code_id(older, VERSION) != git.code_id(newer, VERSION)
    into = tmp_path / "code"
    into.mkdir()
    git.code(newer, into)
    assert (into / "version.php").read_text() == (host.folder / "www/htdocs/version.php").read_text()
    assert (into / "admin/cli/backup.php").is_file()
    assert not (into / "link").exists()
    assert not (into / "asked").exists()
    assert not (tmp_path / "evil").exists()


def test_a_folder_that_is_no_repository_is_told(tmp_path: Path, guard: Guard) -> None:
    with pytest.raises(Refused, match="git failed"):
        Git(tmp_path, "mysql.sql", UTC, guard).found()


@pytest.fixture
def archives(tmp_path: Path, guard: Guard) -> Archives:
    return Archives(tmp_path / "rotate", code(tmp_path / "htdocs"), "mysql.sql", UTC, guard)


def test_archives_are_found_with_dump_and_files(archives: Archives, tmp_path: Path) -> None:
    rotated(tmp_path / "rotate", "20261113013000", mysql_dump(), {PICTURE_HASH: PICTURE, "b" * 40: b"x"})
    database_only = rotated(tmp_path / "rotate", "20261114013000", mysql_dump(), {})
    (database_only / "data.tar.gz").unlink()
    (only,) = archives.found()
    with archives.dump(only) as lines:
        assert b"".join(lines) == mysql_dump()
    assert archives.files(only, [PICTURE_HASH, "b" * 40, ABSENT], tmp_path, ignore) == {"b" * 40, ABSENT}


def cut(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def missing_member(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, missing_member])
def test_an_archive_that_is_cut_off_is_told(
    archives: Archives, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    folder = rotated(tmp_path / "rotate", "20261113013000", mysql_dump(), {PICTURE_HASH: PICTURE})
    for name in ("sql.tar.gz", "data.tar.gz"):
        damage(folder / name)
    (only,) = archives.found()
    with pytest.raises(Refused) as caught, archives.dump(only) as lines:
        list(lines)
    assert caught.value.code == "wrongdump"
    with pytest.raises(Refused) as caught:
        archives.files(only, [PICTURE_HASH], tmp_path, ignore)
    assert caught.value.code == "wrongdump"


def test_an_archive_of_another_version_than_the_sites_code_is_refused(
    archives: Archives, tmp_path: Path
) -> None:
    rotated(tmp_path / "rotate", "20261113013000", mysql_dump(), {})
    (only,) = archives.found()
    assert archives.code_id(only, VERSION) == archives.code_id(only, VERSION + ".00")
    with pytest.raises(Refused) as caught:
        archives.code_id(only, "2019052000")
    assert caught.value.code == "upgraded"
