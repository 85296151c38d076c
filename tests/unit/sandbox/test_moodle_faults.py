"""The embedded Moodle misbehaves as planned, and can be run and steered as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bridge.sandbox.faults import MODES, Fault
from bridge.sandbox.moodle import SandboxMoodle, Site
from tests.unit.sandbox.moodle_calls import rest

CREATE = "core_course_create_courses"


def create(moodle: SandboxMoodle, timeout: float = 10) -> requests.Response:
    fields = {"courses[0][fullname]": "A", "courses[0][shortname]": "a", "courses[0][categoryid]": 1}
    sent = {"wstoken": moodle.token, "wsfunction": CREATE, "moodlewsrestformat": "json", **fields}
    return requests.post(f"{moodle.url}/webservice/rest/server.php", data=sent, timeout=timeout)


@pytest.mark.parametrize(
    ("mode", "status", "done"),
    [
        ("error_500", 500, False),
        ("html", 200, False),
        ("garbage", 200, False),
        ("empty", 200, True),
        ("maintenance", 503, False),
    ],
)
def test_a_wrong_answer_comes_once_and_then_all_is_well(
    moodle: SandboxMoodle, mode: str, status: int, done: bool
) -> None:
    moodle.faults.add(CREATE, mode)
    answer = create(moodle)
    assert answer.status_code == status
    assert bool(moodle.courses()) is done
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert answer.headers.get("Retry-After") == ("300" if mode == "maintenance" else None)
    assert create(moodle).status_code == 200


@pytest.mark.parametrize(("mode", "done"), [("drop_before", False), ("drop_after", True), ("truncate", True)])
def test_a_connection_breaks_before_or_after_the_work(moodle: SandboxMoodle, mode: str, done: bool) -> None:
    moodle.faults.add(CREATE, mode)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        create(moodle)
    assert bool(moodle.courses()) is done
    assert [call.name for call in moodle.calls()] == [CREATE]


def test_a_late_answer_does_the_work_after_the_client_has_gone(moodle: SandboxMoodle) -> None:
    moodle.faults.add(CREATE, "late", seconds=0.4)
    with pytest.raises(requests.Timeout):
        create(moodle, timeout=0.1)
    assert moodle.courses() == []
    deadline = time.monotonic() + 5
    while not moodle.courses() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(moodle.courses()) == 1


def test_a_hanging_server_has_done_the_work_and_keeps_silent(moodle: SandboxMoodle) -> None:
    moodle.faults.add(CREATE, "hang_after", seconds=30)
    with pytest.raises(requests.Timeout):
        create(moodle, timeout=0.3)
    assert len(moodle.courses()) == 1


def test_a_delay_only_takes_time(moodle: SandboxMoodle) -> None:
    moodle.faults.add(CREATE, "delay", seconds=0.2)
    begun = time.monotonic()
    assert create(moodle).json()[0]["shortname"] == "a"
    assert time.monotonic() - begun >= 0.2


def test_faults_are_matched_by_function_path_or_star_in_their_order(moodle: SandboxMoodle) -> None:
    moodle.faults.add("POST /webservice/upload.php", "error_500")
    moodle.faults.add(CREATE, "garbage", times=2)
    assert rest(moodle, "core_course_get_categories")
    moodle.faults.add("*", "html")
    assert create(moodle).headers["Content-Type"].startswith("text/plain")
    assert requests.post(f"{moodle.url}/webservice/upload.php", timeout=10).status_code == 500
    assert "Log in" in rest(moodle, "core_course_get_categories", form=None)
    assert [(fault.match, fault.mode) for fault in moodle.faults.planned()] == [(CREATE, "garbage")]


def test_a_misspelt_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown mode"):
        Fault("*", "dorp_after")
    assert all(MODES.values())


def test_connections_are_kept_alive(moodle: SandboxMoodle) -> None:
    with requests.Session() as session:
        for _ in range(20):
            session.get(f"{moodle.url}/webservice/rest/server.php", timeout=10)
        adapter = session.get_adapter(moodle.url)
        assert isinstance(adapter, requests.adapters.HTTPAdapter)
        (pool,) = adapter.poolmanager.pools._container.values()
        assert pool.num_connections == 1


class Process:
    """The embedded Moodle in a process of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        command = [
            sys.executable,
            "-m",
            "bridge.sandbox.moodle",
            "--directory",
            str(directory),
            "--token",
            "t" * 32,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def call(self, function: str) -> requests.Response:
        sent = {"wstoken": "t" * 32, "wsfunction": function, "moodlewsrestformat": "json"}
        return requests.post(f"{self.url}/webservice/rest/server.php", data=sent, timeout=10)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    started = Process(tmp_path)
    yield started
    started.process.kill()
    started.process.communicate()


def test_a_process_of_its_own_is_steered_over_http_and_ends_on_sigterm(process: Process) -> None:
    planned = {"match": "core_webservice_get_site_info", "mode": "maintenance", "times": 2}
    assert requests.post(f"{process.url}/sandbox/faults", json=planned, timeout=10).status_code == 204
    assert (
        requests.post(
            f"{process.url}/sandbox/faults", json={"match": "*", "mode": "no"}, timeout=10
        ).status_code
        == 400
    )
    assert process.call("core_webservice_get_site_info").status_code == 503
    assert requests.delete(f"{process.url}/sandbox/faults", timeout=10).status_code == 204
    assert process.call("core_webservice_get_site_info").json()["siteurl"] == process.url
    assert (
        requests.post(f"{process.url}/sandbox/tempo", json={"restore_seconds": 0}, timeout=10).status_code
        == 204
    )
    received = requests.get(f"{process.url}/sandbox/calls", timeout=10).json()
    assert received == [{"name": "core_webservice_get_site_info", "params": {}}] * 2
    process.process.send_signal(signal.SIGTERM)
    assert process.process.wait(10) == 0


def test_its_site_can_be_read_and_changed_from_outside(process: Process) -> None:
    site = Site(process.directory)
    course = site.add_course(fullname="A", shortname="a")
    site.close()
    assert len(process.call("core_course_get_courses_by_field").json()["courses"]) == 2
    process.process.kill()
    process.process.wait()
    again = Process(process.directory)
    try:
        assert again.call("core_course_get_courses_by_field").json()["courses"][1]["id"] == course
    finally:
        again.process.kill()
        again.process.communicate()
