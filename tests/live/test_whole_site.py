"""A course of which nothing is left but in a whole-site backup comes back through the bridge.

Needs a 3KL whose server has otbridge-extract running for it (docs/whole-site-backups.md), and
MOODLE_SAVE_SITE: the command that makes a whole-site backup, as `otlamp_savevhost w1 c1000`.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import time
import uuid
from typing import Any

import pytest

from bridge.actions.program import File, Program, Step, Use
from tests.e2e.conftest import RESTORE, World
from tests.live.conftest import COURSE, RealMoodle
from tests.live.test_real_moodle import compare, follow

pytestmark = pytest.mark.live

FIND = "local_otbridge_find_backups"
MOST_SECONDS = 900


@pytest.fixture
def save_site() -> str:
    command = os.environ.get("MOODLE_SAVE_SITE", "")
    if not command:
        pytest.skip("MOODLE_SAVE_SITE does not say how to back the whole site up")
    return command


def sources(real: RealMoodle, shortname: str) -> list[str]:
    found = real.bridge.read(FIND, courseid=0, idnumber="", shortname=shortname)["backups"]
    return [one["source"] for one in found]


def course_of(real: RealMoodle, shortname: str) -> dict[str, Any]:
    """A course with activities and files, made from a backup file; 3.9 takes no questions of 4.5."""
    digest = hashlib.sha256(COURSE.read_bytes()).hexdigest()
    draft = real.bridge.upload(COURSE, digest)
    params = {"file": Use(digest), "category": 1, "shortname": shortname, "othersite": True}
    program = Program(
        (Step("course.restore", "course", params),), (File(digest, COURSE.name, COURSE.stat().st_size),)
    )
    made = follow(
        real,
        real.bridge.write(
            "local_otbridge_run", opkey=str(uuid.uuid4()), program=program.canonical(), draftitemid=draft
        ),
    )
    assert made["files"] > 0
    return made


def deleted_without_a_trace(real: RealMoodle, course: int) -> None:
    """Delete a course past the recycle bin."""
    real.cli("admin/cli/cfg.php", "--component=tool_recyclebin", "--name=categorybinenable", "--set=0")
    try:
        real.admin.write("core_course_delete_courses", courseids=[course])
    finally:
        real.cli("admin/cli/cfg.php", "--component=tool_recyclebin", "--name=categorybinenable", "--set=1")


def worked_off(world: World) -> dict[str, Any]:
    """Let passes go by until the ticket waits for its customer; returns the evidence."""
    deadline = time.monotonic() + MOST_SECONDS
    while True:
        told = world.sync()["tickets"]
        if told and told[0]["status"] != "running":
            assert told[0]["status"] == "awaiting-acceptance", told
            (evidence,) = told[0]["evidence"]
            return dict(evidence)
        assert time.monotonic() < deadline, told


def test_a_course_comes_back_out_of_a_whole_site_backup(
    live_world: World, real: RealMoodle, unique: str, save_site: str
) -> None:
    before = course_of(real, unique)
    contents = real.contents(before["id"])
    began = int(time.time())
    # 3KL's script ends with code 1 always.
    subprocess.run(shlex.split(save_site), check=False, capture_output=True, timeout=600)
    saved = int(time.time())
    deadline = time.monotonic() + MOST_SECONDS
    while "wholesite" not in sources(real, unique):
        assert time.monotonic() < deadline, "otbridge-extract has not read the backup: does it run?"
        time.sleep(2)
    deleted_without_a_trace(real, before["id"])
    assert set(sources(real, unique)) == {"wholesite"}

    ticket = live_world.ticket({**RESTORE, "param_shortname": unique})
    evidence = worked_off(live_world)

    compare(evidence, before)
    (course,) = real.course_by("shortname", unique)
    assert course["id"] == evidence["course_id"]
    assert real.contents(course["id"]) == contents
    (found,) = (
        one
        for one in real.bridge.read(FIND, courseid=0, idnumber="", shortname=unique)["backups"]
        if one["source"] == "wholesite"
    )
    assert began - 1 <= found["timecreated"] <= saved, "the copy bears the moment of the dump"
    assert "извлечён из резервной копии системы от" in live_world.customer_notes(ticket)
    live_world.portal.accept(ticket, stage=1)
    live_world.sync()
    assert live_world.portal.ticket(ticket).state == "done"
    assert len(live_world.captures()) == 1
