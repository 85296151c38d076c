"""The sites that the Moodle contract tests run against: the embedded Moodle, and a real one when its address
is given.

MOODLE_URL and MOODLE_TOKEN name the real one; its service needs the core functions of docs/plugin-api.md.
MOODLE_ADMIN_TOKEN makes the courses of the tests that need some (core_course_create_courses).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bridge.moodle_ws import AccessError, connect


@dataclass(frozen=True)
class RealMoodle:
    """A Moodle that runs elsewhere."""

    url: str
    token: str

    def add_course(self, *, fullname: str, shortname: str, idnumber: str = "", categoryid: int = 1) -> int:
        """Create a course; skips the test where the service does not allow it."""
        course = {
            "fullname": fullname,
            "shortname": shortname,
            "idnumber": idnumber,
            "categoryid": categoryid,
        }
        with connect(self.url, os.environ.get("MOODLE_ADMIN_TOKEN", self.token)) as client:
            try:
                return int(client.write("core_course_create_courses", courses=[course])[0]["id"])
            except AccessError:
                pytest.skip("the service lacks core_course_create_courses")


@pytest.fixture(params=["sandbox", pytest.param("real", marks=pytest.mark.live)])
def moodle_site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Moodle with `url`, `token` and `add_course`."""
    if request.param == "real":
        url, token = os.environ.get("MOODLE_URL"), os.environ.get("MOODLE_TOKEN")
        if not url or not token:
            pytest.skip("MOODLE_URL and MOODLE_TOKEN name no real Moodle")
        yield RealMoodle(url, token)
    else:
        sandbox = pytest.importorskip("bridge.sandbox.moodle")
        with sandbox.SandboxMoodle.start(directory=tmp_path_factory.mktemp("moodle")) as moodle:
            yield moodle


@pytest.fixture
def moodle_course(moodle_site: Any) -> Iterator[Any]:
    """Creates courses that are deleted after the test."""
    made: list[int] = []

    def create(**names: str) -> int:
        made.append(moodle_site.add_course(**names))
        return made[-1]

    yield create
    if made:
        with connect(moodle_site.url, moodle_site.token) as client:
            client.write("core_course_delete_courses", courseids=made)
