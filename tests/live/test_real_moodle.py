"""A course of a real Moodle comes back from recycle bin and backup folder, a role is made, also when the
bridge is killed.
"""

from __future__ import annotations

import hashlib
import json
import signal
import time
import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.actions.program import File, Program, Step, Use
from tests.e2e.conftest import RESTORE, ROLE, World
from tests.live.conftest import COURSE, RealMoodle

pytestmark = pytest.mark.live


def follow(real: RealMoodle, operation: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + 180
    while operation["status"] in ("queued", "running"):
        assert time.monotonic() < deadline, f"{operation}: does the site's cron run?"
        time.sleep(0.5)
        operation = real.bridge.read("local_otbridge_get_operation", opkey=operation["opkey"])
    assert operation["status"] == "done", operation
    result: dict[str, Any] = json.loads(operation["result"])["course"]
    return result


def living_course(real: RealMoodle, shortname: str) -> dict[str, Any]:
    """A course with activities, questions and files, made from a backup file."""
    digest = hashlib.sha256(COURSE.read_bytes()).hexdigest()
    draft = real.bridge.upload(COURSE, digest)
    params = {
        "file": Use(digest),
        "category": 1,
        "fullname": f"Охрана труда {shortname}",
        "shortname": shortname,
        "othersite": True,
    }
    program = Program(
        (Step("course.restore", "course", params),), (File(digest, COURSE.name, COURSE.stat().st_size),)
    )
    operation = real.bridge.write(
        "local_otbridge_run", opkey=str(uuid.uuid4()), program=program.canonical(), draftitemid=draft
    )
    made = follow(real, operation)
    assert made["questions"] > 0
    assert made["files"] > 0
    assert made["activities"]
    return made


def back_up_automatically(real: RealMoodle, shortname: str) -> None:
    """Let Moodle's automated backup run until the course's backup lies in the folder.

    The first run only schedules a new course for the configured time of day, the next one queues it, and cron
    carries the task out.
    """
    soon = datetime.now() + timedelta(minutes=1)
    for name, value in (("backup_auto_hour", soon.hour), ("backup_auto_minute", soon.minute)):
        real.cli("admin/cli/cfg.php", "--component=backup", f"--name={name}", f"--set={value}")
    real.cli("admin/cli/automated_backups.php")
    time.sleep(max(0.0, (soon.replace(second=2) - datetime.now()).total_seconds()))
    real.cli("admin/cli/automated_backups.php")
    deadline = time.monotonic() + 240
    while not any(
        backup["source"] == "folder"
        for backup in real.bridge.read(
            "local_otbridge_find_backups", courseid=0, idnumber="", shortname=shortname
        )["backups"]
    ):
        assert time.monotonic() < deadline, (
            "no backup came into the folder: are automated backups on, and do they go to a folder?"
        )
        time.sleep(1)


def compare(evidence: dict[str, Any], before: dict[str, Any]) -> None:
    for what in ("activities", "questions", "files"):
        assert evidence[what] == before[what], what


def restored(
    world: World, real: RealMoodle, shortname: str, before: dict[str, Any], contents: list[Any]
) -> dict[str, Any]:
    """Order the course, let one pass restore it, accept, write off; returns the evidence."""
    ticket = world.ticket({**RESTORE, "param_shortname": shortname})
    report = world.sync()
    assert report["exit"] == 0, report
    (evidence,) = report["tickets"][0]["evidence"]
    compare(evidence, before)
    (course,) = real.course_by("shortname", shortname)
    assert course["id"] == evidence["course_id"]
    assert real.contents(course["id"]) == contents
    world.portal.accept(ticket, stage=1)
    world.sync()
    assert world.portal.ticket(ticket).state == "done"
    assert len(world.captures()) == 1
    found: dict[str, Any] = evidence
    return found


def test_a_deleted_course_comes_back_from_the_recycle_bin(
    live_world: World, real: RealMoodle, unique: str
) -> None:
    before = living_course(real, unique)
    contents = real.contents(before["id"])
    real.admin.write("core_course_delete_courses", courseids=[before["id"]])
    assert real.course_by("shortname", unique) == []

    evidence = restored(live_world, real, unique, before, contents)

    assert evidence["backup_source"] == "recyclebin"


def test_a_deleted_course_comes_back_from_the_backup_folder(
    live_world: World, real: RealMoodle, unique: str
) -> None:
    before = living_course(real, unique)
    contents = real.contents(before["id"])
    back_up_automatically(real, unique)
    real.cli("admin/cli/cfg.php", "--component=tool_recyclebin", "--name=categorybinenable", "--set=0")
    try:
        real.admin.write("core_course_delete_courses", courseids=[before["id"]])
    finally:
        real.cli("admin/cli/cfg.php", "--component=tool_recyclebin", "--name=categorybinenable", "--set=1")
    assert real.course_by("shortname", unique) == []

    evidence = restored(live_world, real, unique, before, contents)

    assert evidence["backup_source"] == "folder"


def test_a_role_has_exactly_the_ordered_capabilities_and_context_levels(
    live_world: World, real: RealMoodle, unique: str
) -> None:
    shortname = f"r{unique}"
    ticket = live_world.ticket(
        {**ROLE, "param_shortname": shortname, "param_context_levels": "coursecat, course"}
    )

    report = live_world.sync()

    (evidence,) = report["tickets"][0]["evidence"]
    assert sorted(evidence["context_levels"]) == ["course", "coursecat"]
    assert sorted((one["name"], one["permission"]) for one in evidence["capabilities"]) == [
        ("moodle/course:view", "allow"),
        ("moodle/course:viewhiddencourses", "allow"),
    ]
    live_world.portal.accept(ticket, stage=1)
    assert live_world.sync()["exit"] == 0
    assert len(live_world.captures()) == 1
    again = live_world.ticket({**ROLE, "param_shortname": shortname})
    assert {one["id"]: one["status"] for one in live_world.sync()["tickets"]}[again] == "failed"
    assert "уже есть" in live_world.customer_notes(again)
    assert len(live_world.captures()) == 1


def test_what_the_customer_rejects_is_taken_back_and_done_anew(
    live_world: World, real: RealMoodle, unique: str
) -> None:
    before = living_course(real, unique)
    contents = real.contents(before["id"])
    real.admin.write("core_course_delete_courses", courseids=[before["id"]])
    ticket = live_world.ticket({**RESTORE, "param_shortname": unique}, number=unique)
    (first,) = live_world.sync()["tickets"][0]["evidence"]
    live_world.portal.reject(ticket, stage=1, comment="не туда")
    assert live_world.sync()["exit"] == 1

    assert live_world.otbridge("undo", unique, "--reason", "не в ту категорию")[0] == 0
    report = live_world.sync()

    assert report["exit"] == 0, report
    (course,) = real.course_by("shortname", unique)
    assert course["id"] != first["course_id"]
    assert real.course_by("id", first["course_id"]) == []
    assert real.contents(course["id"]) == contents
    live_world.portal.accept(ticket, stage=1)
    assert live_world.sync()["exit"] == 0
    assert live_world.otbridge("correct", unique, "--hours", "0.5", "--reason", "скидка")[0] == 0
    assert live_world.sync()["exit"] == 0
    assert [entry.kind for entry in live_world.portal.ledger() if entry.ticket_id == ticket] == [
        "hold",
        "void",
        "hold",
        "capture",
        "reversal",
        "hold",
        "capture",
    ]
    assert live_world.portal.account("school").written_off == Decimal("0.5")
    assert live_world.otbridge("reconcile")[0] == 0
    assert live_world.otbridge("ledger", "verify")[0] == 0


def test_a_role_that_is_withdrawn_is_taken_back_on_an_operators_word(
    live_world: World, real: RealMoodle, unique: str
) -> None:
    shortname = f"r{unique}"
    ticket = live_world.ticket({**ROLE, "param_shortname": shortname}, number=unique)
    live_world.sync()
    live_world.portal.withdraw(ticket)
    live_world.sync()
    assert live_world.open_holds() == 0

    assert live_world.otbridge("undo", unique, "--reason", "отозвано")[0] == 0
    assert live_world.sync()["exit"] == 0

    again = live_world.ticket({**ROLE, "param_shortname": shortname})
    assert {one["id"]: one["status"] for one in live_world.sync()["tickets"]}[
        again
    ] == "awaiting-acceptance", "the name is free again"
    assert live_world.captures() == []


@pytest.mark.parametrize("moment", ["accepted", "running", "finished"])
def test_killed_in_the_middle_and_started_again_there_is_one_course(
    live_world: World, real: RealMoodle, unique: str, moment: str
) -> None:
    before = living_course(real, unique)
    real.admin.write("core_course_delete_courses", courseids=[before["id"]])
    ticket = live_world.ticket({**RESTORE, "param_shortname": unique}, number=unique)

    process = live_world.start("sync", "--json")
    opkey = ""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if not opkey:
            shown = live_world.otbridge("show", unique, "--json")[1]
            effects = json.loads(shown)["effects"] if shown.startswith("{") else []
            opkey = next((one["key"] for one in effects if one["kind"] == "operation"), "")
            continue
        status = real.bridge.read("local_otbridge_get_operation", opkey=opkey)["status"]
        if (
            status
            in {
                "accepted": ("queued", "running", "done"),
                "running": ("running", "done"),
                "finished": ("done",),
            }[moment]
        ):
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)

    live_world.sync()
    assert len(real.course_by("shortname", unique)) == 1
    live_world.portal.accept(ticket, stage=1)
    live_world.sync()
    live_world.sync()
    assert live_world.portal.ticket(ticket).state == "done"
    assert len(live_world.captures()) == 1
    named_alike = [
        one
        for one in real.bridge.read("core_course_get_courses_by_field")["courses"]
        if unique in one["shortname"]
    ]
    assert len(named_alike) == 1


def test_doctor_finds_nothing_wrong_with_the_real_site(live_world: World) -> None:
    code, told = live_world.otbridge("doctor", "--json")
    assert code == 0, [check for check in json.loads(told)["checks"] if not check["ok"]]
