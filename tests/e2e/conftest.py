"""A world for the installed command: embedded portal and Moodle over real HTTP, settings on disk,
`otbridge` as a process.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.journal import migrate
from bridge.sandbox.moodle import SandboxMoodle
from bridge.sandbox.portal import SandboxPortal
from tests.e2e.forked import Forked, start_origin
from tests.profile import THOROUGH

SERIAL = "AAAABBBBCCCCDDDD"
PAID = "Выделенный специалист (н.часы) / Настройка"
ROLE = {
    "service": "2.9.1-access",
    "param_shortname": "methodist",
    "param_name": "Методист",
    "param_context_levels": "course",
    "param_capabilities": "moodle/course:view = allow\nmoodle/course:viewhiddencourses",
}
RESTORE = {"service": "2.9.1-restore", "param_shortname": "OT-1"}


def environ() -> dict[str, str]:
    """The environment of a command: nothing of the bridge's own, and English."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OTBRIDGE_")}
    # An installed command is compiled, not once more at every start.
    return kept | {"COLUMNS": "200", "LANGUAGE": "en", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": ""}


@pytest.fixture(scope="session", autouse=True)
def _origin() -> None:
    """From where commands are forked."""
    if not THOROUGH:
        start_origin(environ())


@dataclass
class World:
    """Portal, Moodle, and a directory with the settings that point to them."""

    directory: Path
    portal: SandboxPortal
    moodle: SandboxMoodle

    def configure(
        self,
        *,
        portal_token: str | None = None,
        moodle_token: str | None = None,
        transport: str = "rest",
        read_seconds: int = 3,
        name: str = "test",
        engine: str = "",
    ) -> None:
        """Write the settings; `engine` is what a portal that does not serve the contract needs of them."""
        (self.directory / "bridge.toml").write_text(
            f"""
[bridge]
journal = "sqlite:///journal.sqlite3"
poll_seconds = 1
operation_wait_seconds = 60
[portal]
name = "{name}"
url = "{self.portal.url}"
connect_seconds = 2
read_seconds = {read_seconds}
{engine}
[[installation]]
serial = "{SERIAL}"
url = "{self.moodle.url}"
transport = "{transport}"
connect_seconds = 2
read_seconds = {read_seconds}
[policy]
unattended = ["2.9.1-restore", "2.9.1-access"]
""",
            encoding="utf-8",
        )
        env = self.directory / ".env"
        env.touch(mode=0o600)
        env.write_text(
            (
                f"OTBRIDGE_PORTAL_TOKEN={portal_token or self.portal.token}\n"
                f"OTBRIDGE_MOODLE_TOKEN={moodle_token or self.moodle.token}\n"
            ),
            encoding="utf-8",
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the installed `otbridge` as a process of its own."""
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("otbridge")), *self._configured(*arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environ(),
        )

    def begin(self, *arguments: str) -> subprocess.Popen[str] | Forked:
        """Start a command that ends by itself; in `make test` forked, in CI also as it is installed."""
        return self.start(*arguments) if THOROUGH else Forked(self._configured(*arguments), environ())

    def _configured(self, *arguments: str) -> list[str]:
        return ["--config", str(self.directory / "bridge.toml"), *arguments]

    def otbridge(self, *arguments: str) -> tuple[int, str]:
        """Run `otbridge` to its end; returns the exit code and all that it said."""
        code, out, err = self.said(*arguments)
        return code, out + err

    def said(self, *arguments: str) -> tuple[int, str, str]:
        """Run `otbridge` to its end; returns the exit code, and what it said on each of its two outputs."""
        process = self.begin(*arguments)
        out, err = process.communicate(timeout=90)
        assert process.returncode is not None
        return process.returncode, out, err

    def sync(self, *arguments: str) -> dict[str, Any]:
        """One pass; returns its JSON document."""
        code, out, err = self.said("sync", "--json", *arguments)
        assert out, err
        document: dict[str, Any] = json.loads(out)
        assert document["exit"] == code, err
        return document

    def sync_killed_when(self, happened: Callable[[], bool]) -> None:
        """Start a pass and kill it by SIGKILL as soon as `happened`."""
        process = self.begin("sync", "--json")
        deadline = time.monotonic() + 30
        while not happened():
            assert process.poll() is None, (
                f"the pass ended before it could be killed: {process.communicate()}"
            )
            assert time.monotonic() < deadline, "what the kill waits for never happened"
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        assert process.returncode == -signal.SIGKILL

    def course_deleted(self, **course: Any) -> int:
        """A course that was backed up and deleted by accident; returns its old id."""
        given = {
            "fullname": "Охрана труда",
            "shortname": "OT-1",
            "activities": {"quiz": 1, "page": 2},
            "questions": 5,
            "files": 3,
            **course,
        }
        course_id = self.moodle.add_course(**given)
        self.moodle.delete_course(course_id)
        return course_id

    def ticket(self, fields: dict[str, str], *, hours: str = "1", agreed: bool = True, **more: Any) -> str:
        """An open, agreed, paid ticket with one stage; returns its id."""
        given = {
            "category": PAID,
            "subject": "Заявка",
            "text": "",
            "account": "school",
            "installation": SERIAL,
            **more,
        }
        ticket_id = self.portal.open_ticket(fields=fields, **given)
        if agreed:
            self.portal.agree(ticket_id, [("Работа", hours, "1")])
        return ticket_id

    def captures(self) -> list[Any]:
        return [entry for entry in self.portal.ledger() if entry.kind == "capture"]

    def open_holds(self) -> int:
        entries = self.portal.ledger()
        ended = {entry.hold_id for entry in entries if entry.kind in ("capture", "void")}
        return sum(entry.kind == "hold" and entry.hold_id not in ended for entry in entries)

    def courses(self, shortname: str = "OT-1") -> list[Any]:
        return [course for course in self.moodle.courses() if course.shortname == shortname]

    def roles(self, shortname: str = "methodist") -> list[Any]:
        return [role for role in self.moodle.roles() if role.shortname == shortname]

    def customer_notes(self, ticket_id: str) -> str:
        return "\n".join(note.text for note in self.portal.notes(ticket_id) if note.visibility == "customer")


@pytest.fixture(scope="session")
def empty_journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with the schema and nothing in it, to be copied."""
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@contextmanager
def a_world(directory: Path, journal: Path) -> Iterator[World]:
    """Portal, Moodle, settings and a copy of the journal in this directory; one account with 10
    norm-hours.
    """
    with (
        SandboxMoodle.start(directory=directory / "moodle") as moodle,
        SandboxPortal.start(directory=directory / "portal") as portal,
    ):
        portal.open_account("school", "Школа", granted="10", hour_price="2500")
        one = World(directory, portal, moodle)
        one.configure()
        shutil.copy(journal, directory / "journal.sqlite3")
        yield one


@pytest.fixture
def world(tmp_path: Path, empty_journal: Path) -> Iterator[World]:
    with a_world(tmp_path, empty_journal) as one:
        yield one
