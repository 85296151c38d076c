"""What a dump tells, and the index that is made of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from otbridge_extract import contents
from otbridge_extract.contents import Contents, Course
from otbridge_extract.dump import MySql
from otbridge_extract.index import LARGE, Index, runs
from otbridge_extract.service import first_of
from otbridge_extract.sources import Found, folder_time, key_of, tag_time
from tests.unit.extract.small_site import PICTURE, mysql_dump

UTC_ZONE = ZoneInfo("UTC")
LOGS = frozenset({"mdl_logstore_standard_log"})


def read(text: bytes) -> Contents:
    return contents.read(text.splitlines(keepends=True), MySql(), "mdl_", LOGS)


def found(name: str, fingerprint: str = "", kind: str = "git") -> Found:
    taken = datetime.strptime(name, "%y%m%d").replace(tzinfo=UTC)
    return Found(key_of(kind, name), kind, name, taken, fingerprint or name)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(tmp_path / "index.sqlite")
    yield made
    made.close()


def whole(*courses: Course) -> Contents:
    return dataclasses.replace(read(mysql_dump()), courses=courses)


def course(number: int = 7, shortname: str = "OT-1", weight: int = 0) -> Course:
    return Course(number, shortname, "Охрана труда", "", 2, "Курсы", weight)


def test_a_dump_tells_its_courses_with_the_weight_of_their_files() -> None:
    told = read(mysql_dump())
    assert told.courses == (Course(7, "OT-1", "Охрана труда; д'Артаньян", "", 2, "Курсы", len(PICTURE)),)
    assert (told.complete, told.version) == (True, "2020061508")
    assert told.site == "900150983cd24fb0d6963f7d28e17f72"
    assert 0 < told.load_bytes < told.dump_bytes <= len(mysql_dump())


def test_a_dump_that_was_cut_off_is_not_complete() -> None:
    assert read(mysql_dump(whole=False)).complete is False
    assert read(mysql_dump()[: len(mysql_dump()) // 2]).complete is False


def test_the_newest_good_backup_in_which_a_course_was_alive_is_found(index: Index) -> None:
    index.put(found("261112"), whole(course()), 12, "")
    index.put(found("261113"), whole(course(), course(8, "OT-2")), 13, "")
    index.put(found("261114"), whole(course(8, "OT-2")), 14, "")
    index.put(found("261115"), whole(course()), 15, "the dump's last line is missing")
    newest = index.newest_with(7)
    assert newest is not None
    assert newest.name == "261113"
    assert index.newest_with(9) is None


def test_what_is_published_tells_each_name_of_a_course_with_its_backups(index: Index) -> None:
    index.put(found("261112"), whole(course(), course(8)), 12, "")
    index.put(found("261113"), whole(course(weight=5)), 13, "")
    index.put(found("261114"), None, 14, "broken")
    index.put(found("261115"), whole(course(shortname="OT/1")), 15, "")
    head, *lines = [json.loads(one) for one in index.published(99)]
    assert [one["name"] for one in head["backups"]] == ["261112", "261113", "261115"]
    told = [(one["id"], one["shortname"], one["runs"]) for one in lines]
    assert told == [(7, "OT-1", [[0, 1]]), (7, "OT/1", [[2, 2]]), (8, "OT-1", [[0, 0]])]


def test_published_lines_begin_with_the_number_and_escape_nothing_that_php_would_not(index: Index) -> None:
    index.put(found("261112"), whole(course(shortname='a/"ё"\u2028')), 12, "")
    _, line = index.published(99)
    assert line.startswith('{"id":7,"shortname":"a/\\"ё\\"\u2028","fullname":"Охрана труда","idnumber":"",')


def test_a_backup_that_is_gone_is_forgotten_with_courses_that_only_it_held(index: Index) -> None:
    index.put(found("261112"), whole(course(8)), 12, "")
    index.put(found("261113"), whole(course()), 13, "")
    index.forget([key_of("git", "261112")])
    assert [one.name for one in index.backups()] == ["261113"]
    assert len(list(index.published(0))) == 2


def test_a_changed_backup_is_taken_in_anew(index: Index) -> None:
    index.put(found("261112"), None, 12, "it was cut off")
    index.put(found("261112", "other"), whole(course()), 12, "")
    (only,) = index.backups()
    assert (only.problem, index.holds(only, 7)) == ("", 0)


def test_an_estimate_grows_with_dump_and_files_and_learns_from_what_was_measured(index: Index) -> None:
    index.put(found("261112"), whole(course()), 12, "")
    (backup,) = index.backups()
    small, large = index.estimate(backup, 0), index.estimate(backup, 10**9)
    assert large.seconds > small.seconds
    assert large.bytes == small.bytes + 3 * 10**9
    index.measured_load(10, 1000.0)
    assert index.estimate(backup, 0).seconds > small.seconds
    before = index.speeds()["load"]
    index.measured_load(10 * LARGE, 2000.0)
    assert index.speeds()["load"] != before


def test_two_tags_with_one_dump_are_one_backup_the_older() -> None:
    first, again, other = found("261112", "same"), found("261113", "same"), found("261114")
    owners = first_of([again, other, first])
    assert {key: one.name for key, one in owners.items()} == {
        first.key: "261112",
        again.key: "261112",
        other.key: "261114",
    }


def test_tags_and_folders_tell_their_moment() -> None:
    assert tag_time("261114013005_before_upgrade", UTC_ZONE) == datetime(
        2026, 11, 14, 1, 30, 5, tzinfo=UTC_ZONE
    )
    assert folder_time("20261114013005", UTC_ZONE) == datetime(2026, 11, 14, 1, 30, 5, tzinfo=UTC_ZONE)
    for name in ("v1.0", "269999013005", "26111401300", "261114013005_a/b"):
        assert tag_time(name, UTC_ZONE) is None, name


def test_runs_are_pairs_of_first_and_last() -> None:
    assert runs([5, 0, 1, 2]) == [[0, 2], [5, 5]]
