"""A course of which nothing is left but in a whole-site backup comes back through the bridge.

Needs a 3KL whose server has otbridge-extract running for it (docs/whole-site-backups.md), and
MOODLE_SAVE_SITE: the command that makes a whole-site backup, as `otlamp_savevhost w1 c1000`.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from typing import Any

import pytest

from tests.e2e.conftest import RESTORE, World
from tests.live.conftest import RealMoodle
from tests.live.test_real_moodle import compare, living_course

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


def deleted_without_a_trace(real: RealMoodle, course: int) -> None:
    """Delete a course past the recycle bin."""
    real.cli("admin/cli/cfg.php", "--component=tool_recyclebin", "--name=categorybinenable", "--set=0")
    try:
        real.admin.write("core_course_delete_courses", courseids=[course])
    finally:
        real.cli("admin/cli/cfg.php", "--component=tool_recyclebin", "--name=categorybinenable", "--set=1")


def worked_off(world: World, ticket: str) -> dict[str, Any]:
    """Let passes go by until the ticket waits for its customer; returns the evidence."""
    deadline = time.monotonic() + MOST_SECONDS
    while True:
        report = world.sync("--ticket", ticket)
        (told,) = report["tickets"]
        if told["status"] != "running":
            assert told["status"] == "awaiting-acceptance", told
            (evidence,) = told["evidence"]
            return dict(evidence)
        assert time.monotonic() < deadline, told


def test_a_course_comes_back_out_of_a_whole_site_backup(
    live_world: World, real: RealMoodle, unique: str, save_site: str
) -> None:
    before = living_course(real, unique)
    contents = real.contents(before["id"])
    began = int(time.time())
    subprocess.run(shlex.split(save_site), check=True, capture_output=True, timeout=600)
    saved = int(time.time())
    deadline = time.monotonic() + MOST_SECONDS
    while "wholesite" not in sources(real, unique):
        assert time.monotonic() < deadline, "otbridge-extract has not read the backup: does it run?"
        time.sleep(2)
    deleted_without_a_trace(real, before["id"])
    assert set(sources(real, unique)) == {"wholesite"}

    ticket = live_world.ticket({**RESTORE, "param_shortname": unique})
    evidence = worked_off(live_world, ticket)

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
