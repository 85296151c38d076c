"""The embedded Moodle's whole-site backups, over its functions as the bridge calls them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.actions.program import Program, Step
from bridge.moodle_ws import MoodleClient, connect
from bridge.sandbox.moodle import SandboxMoodle, whole_site

FIND = "local_otbridge_find_backups"


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[tuple[SandboxMoodle, MoodleClient]]:
    """A course of which nothing is left but in a whole-site backup."""
    with (
        SandboxMoodle.start(tmp_path, restore_seconds=0) as moodle,
        connect(moodle.url, moodle.token) as client,
    ):
        course = moodle.add_course(fullname="Охрана труда", shortname="OT-1")
        whole_site.back_up(moodle)
        moodle.delete_course(course)
        moodle.empty_recycle_bin()
        yield moodle, client


def test_a_course_is_found_in_a_whole_site_backup(lost: tuple[SandboxMoodle, MoodleClient]) -> None:
    (found,) = lost[1].read(FIND, shortname="OT-1")["backups"]
    assert (found["source"], found["size"], found["users"]) == ("wholesite", 0, True)


def test_a_check_notes_what_taking_it_out_costs(lost: tuple[SandboxMoodle, MoodleClient]) -> None:
    (found,) = lost[1].read(FIND, shortname="OT-1")["backups"]
    step = Step("course.restore", "course", {"ref": found["ref"], "category": 1})
    text = Program((step,)).canonical()
    (note,) = lost[1].read("local_otbridge_check", program=text, draftitemid=0)["notes"]
    assert (note["path"], note["code"]) == ("steps[0].ref", "extraction")
    facts = json.loads(note["facts"])
    assert facts["seconds"] > 0
    assert facts["megabytes"] > 0
