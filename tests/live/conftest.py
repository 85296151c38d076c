"""A world whose Moodle is a real one: embedded portal, installed command, and the site that MOODLE_URL
names.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.moodle_ws import MoodleClient, connect
from bridge.sandbox.portal import SandboxPortal
from tests.e2e.conftest import World

COURSE = Path(__file__).with_name("course.mbz")
"""A course of a real Moodle 4.5 with a forum, a page with a file, a label, an assignment and a quiz with
questions.
"""


@dataclass(frozen=True)
class RealMoodle:
    """The real site: `bridge` is the bridge's own client, `admin` the tests' one."""

    url: str
    token: str
    bridge: MoodleClient
    admin: MoodleClient

    def course_by(self, field: str, value: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.bridge.read(
            "core_course_get_courses_by_field", field=field, value=str(value)
        )["courses"]
        return found

    def contents(self, course_id: int) -> list[tuple[str, str, tuple[str, ...]]]:
        """What a course holds: module, name, names of its files."""
        sections = self.admin.read("core_course_get_contents", courseid=course_id)
        return sorted(
            (
                module["modname"],
                module["name"],
                tuple(sorted(one["filename"] or "" for one in module.get("contents") or ())),
            )
            for section in sections
            for module in section["modules"]
        )

    def cli(self, *arguments: str) -> str:
        """Run a PHP script of the site; skips where MOODLE_PHP and MOODLE_DIRROOT do not tell how."""
        php, root = os.environ.get("MOODLE_PHP"), os.environ.get("MOODLE_DIRROOT")
        if not php or not root:
            pytest.skip("MOODLE_PHP and MOODLE_DIRROOT do not say how to run the site's scripts")
        done = subprocess.run(
            [*shlex.split(php), *arguments], cwd=root, check=True, capture_output=True, text=True, timeout=300
        )
        return done.stdout


@pytest.fixture
def real() -> Iterator[RealMoodle]:
    url, token, admin = (
        os.environ.get(name, "") for name in ("MOODLE_URL", "MOODLE_TOKEN", "MOODLE_ADMIN_TOKEN")
    )
    if not (url and token and admin):
        pytest.skip("MOODLE_URL, MOODLE_TOKEN and MOODLE_ADMIN_TOKEN name no real Moodle")
    with connect(url, token) as bridge, connect(url, admin) as administrator:
        yield RealMoodle(url, token, bridge, administrator)


@pytest.fixture
def live_world(tmp_path: Path, real: RealMoodle, unique: str) -> Iterator[World]:
    with SandboxPortal.start(directory=tmp_path / "portal") as portal:
        portal.open_account("school", "Школа", granted="10", hour_price="2500")
        world = World(tmp_path, portal, real)  # type: ignore[arg-type]
        # The site remembers operation keys for ever, and a portal's name is part of each key: every run is a
        # portal of its own.
        world.configure(read_seconds=60, name=unique)
        code, told = world.otbridge("migrate")
        assert code == 0, told
        yield world


@pytest.fixture
def unique() -> str:
    """A word that no other run has used."""
    return uuid.uuid4().hex[:10]
