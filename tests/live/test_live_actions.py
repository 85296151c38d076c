"""create-course on a real Moodle: made, shown to the customer, taken back."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import World
from tests.live.conftest import RealMoodle

pytestmark = pytest.mark.live


def test_a_course_is_made_shown_and_taken_back(live_world: World, real: RealMoodle, unique: str) -> None:
    fields = {
        "service": "4-empty-course",
        "param_fullname": f"R&D {unique}",
        "param_shortname": unique,
        "param_category_id": "1",
        "param_sections": "Знакомство\nИтоги",
        "params": 'first_section = "Начните <здесь>"\nvisible = "нет"\n',
    }
    settings = live_world.directory / "bridge.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("unattended = [", 'unattended = ["4-empty-course", '), encoding="utf-8")
    ticket = live_world.ticket(fields, number=unique)
    report = live_world.sync()
    assert report["exit"] == 0, report
    (evidence,) = report["tickets"][0]["evidence"]
    (course,) = real.course_by("shortname", unique)
    assert (course["id"], course["fullname"], evidence["sections"]) == (
        evidence["course_id"],
        f"R&D {unique}",
        2,
    )
    sections = real.admin.read("core_course_get_contents", courseid=course["id"])
    assert [one["name"] for one in sections][1:] == ["Знакомство", "Итоги"]
    assert "&lt;здесь&gt;" in sections[1]["summary"]
    assert f"R&D {unique}" in live_world.customer_notes(ticket)

    live_world.portal.reject(ticket, stage=1, comment="не то")
    live_world.sync()
    assert live_world.otbridge("undo", unique, "--reason", "не то")[0] == 0
    live_world.sync()
    shown = json.loads(live_world.otbridge("show", unique, "--json")[1])
    assert any(one["kind"] == "undo" and one["state"] == "done" for one in shown["effects"])
