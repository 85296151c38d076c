"""The world of one scenario: an embedded portal and Moodles over real HTTP, settings on disk, a journal;
and the moves in it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from bridge.cli import main
from bridge.cli.common import open_moodle, open_portal
from bridge.flow.context import Bridge
from bridge.flow.report import PassReport
from bridge.flow.sync import Pass
from bridge.journal import Journal
from bridge.journal.owner import own_name
from bridge.sandbox.moodle import SandboxMoodle, whole_site
from bridge.sandbox.portal import SandboxPortal
from bridge.settings import Settings, load
from tests.builders import messages
from tests.scenarios.form import FIRST, Course, Scenario, Step

ACCOUNT = "customer"
NOWHERE = "http://127.0.0.1:9"
"""The discard port: nobody answers there, so that a Moodle that a scenario does not have is never asked
unnoticed.
"""

_READS = re.compile(r"_(get|find)_|_check$")
_COMMANDS = CliRunner()


@dataclass
class Clock:
    """The real clock, and the days that were waited."""

    passed: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.passed


@dataclass(frozen=True)
class Memory:
    """A journal, open for scenarios one after another: each has a portal of a name of its own in it."""

    url: str
    journal: Journal
    clock: Clock
    numbers: Iterator[int] = field(default_factory=lambda: count(1))


@contextmanager
def remembered(url: str) -> Iterator[Memory]:
    """Open the journal at `url` for scenarios."""
    clock = Clock()
    with Journal.open(url, clock=clock) as journal:
        yield Memory(url, journal, clock)


class World:
    """What there is in a scenario, and what people do there."""

    def __init__(self, scenario: Scenario, directory: Path, memory: Memory, stack: ExitStack) -> None:
        self._stack = stack
        self._clock = memory.clock
        self._clock.passed = timedelta(0)
        self.journal = memory.journal
        self.name = f"portal-{next(memory.numbers)}"
        self.exit: int | None = None
        self.tickets: dict[str, str] = {}
        self.number = FIRST
        self.portal = SandboxPortal.start(directory / "portal")
        stack.callback(_leave, self.portal)
        self.portal.clock = self._clock
        account = scenario.account
        self.portal.open_account(
            ACCOUNT,
            "Заказчик",
            granted=account.granted,
            hour_price=account.hour_price,
            overdraft=account.overdraft,
        )
        self.moodles = self._start_moodles(scenario, directory)
        self._settings_path = directory / "bridge.toml"
        self._configure(scenario, memory.url)
        self.settings: Settings = load(self._settings_path, {})
        self._bridges = [self._open(own_name())]

    def move(self, name: str, step: Step) -> None:
        """Make one move of a step."""
        given = getattr(step, name)
        ticket = self.tickets.get(self.number, "")
        match name:
            case "open_ticket":
                self.tickets[self.number] = self.portal.open_ticket(
                    account=ACCOUNT,
                    number=self.number,
                    category=given.category,
                    subject=given.subject,
                    text=given.text,
                    installation=given.installation,
                    agreement_required=given.agreement_required,
                    fields=given.as_fields(),
                )
            case "edit_fields":
                self.portal.edit_fields(ticket, given.as_fields())
            case "attach":
                self.portal.add_attachment(ticket, given.name, given.text)
            case "log_time":
                self.portal.log_time(ticket, given.minutes, given.category, given.stage, note=given.note)
            case "reject":
                self.portal.reject(ticket, given.stage, given.comment)
            case "say" | "agree" | "report_ready" | "accept":
                getattr(self.portal, name)(ticket, given)
            case "withdraw":
                self.portal.withdraw(ticket)
            case "top_up":
                self.portal.top_up(ACCOUNT, given)
            case "command":
                self.exit = self._run(given)
            case "wait_days":
                self._clock.passed += timedelta(days=given)
            case "course":
                _put(given, self.moodles[0])
            case "fault":
                server = self.portal if given.at == "portal" else self.moodles[0]
                server.faults.add(given.match, given.mode, times=given.times)
            case "sync":
                self.exit = max(report.exit for report in self.sync(1 if given is True else given.workers))

    def sync(self, workers: int = 1) -> list[PassReport]:
        """One pass by each of so many workers, all at the same moment."""
        while len(self._bridges) < workers:
            self._bridges.append(self._open(f"another-host:{len(self._bridges)}:0"))
        if workers == 1:
            return [Pass(self._bridges[0]).run()]
        reports: list[PassReport] = []
        threads = [
            threading.Thread(target=lambda one=bridge: reports.append(Pass(one).run()))
            for bridge in self._bridges[:workers]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(reports) == workers, "a worker's pass ended in a traceback (see above)"
        return reports

    def moodle_writes(self) -> list[str]:
        """Functions that change something, as the Moodles received them."""
        return [
            call.name for moodle in self.moodles for call in moodle.calls() if not _READS.search(call.name)
        ]

    def standing(self) -> dict[str, Any]:
        """Everything that a pass could change, to be compared."""
        with self.journal.transaction(read_only=True) as unit:
            records = unit.tickets.all(self.name)
            rows = unit.ledger.rows(self.name)
        return {
            "ledger": self.portal.ledger(),
            "tickets": self.portal.tickets(),
            "journal": rows,
            "moodle": self.moodle_writes(),
            "statuses": [(record.ticket.number, record.state, record.reason) for record in records],
        }

    def _run(self, command: str) -> int:
        """Run an operator's command, here and now."""
        without = {name: None for name in os.environ if name.startswith("OTBRIDGE_")}
        result = _COMMANDS.invoke(
            main, ["--config", str(self._settings_path), *shlex.split(command)], env=without
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code

    def _start_moodles(self, scenario: Scenario, directory: Path) -> list[SandboxMoodle]:
        """A Moodle for each installation that is not down, where the scenario needs any; the first has the
        courses.
        """
        if not (scenario.moodle or scenario.policy.unattended):
            return []
        moodles = []
        for installation in scenario.installation:
            if not installation.down:
                moodle = SandboxMoodle.start(
                    directory / f"moodle-{installation.serial}", restore_seconds=0.02
                )
                self._stack.callback(_leave, moodle)
                moodles.append(moodle)
        for course in scenario.moodle:
            _put(course, moodles[0])
        return moodles

    def _configure(self, scenario: Scenario, journal_url: str) -> None:
        """Write bridge.toml and .env, as an operator does."""
        running = iter(self.moodles)
        tables: list[tuple[str, Mapping[str, Any]]] = [
            ("[bridge]", {"journal": journal_url, "operation_wait_seconds": 15}),
            (
                "[portal]",
                {"name": self.name, "url": self.portal.url, "connect_seconds": 2, "read_seconds": 5},
            ),
        ]
        secrets = {"OTBRIDGE_PORTAL_TOKEN": self.portal.token}
        for number, installation in enumerate(scenario.installation, 1):
            moodle = None if installation.down else next(running, None)
            table = {
                "name": f"site{number}",
                "serial": installation.serial,
                "url": moodle.url if moodle else NOWHERE,
                "read_seconds": 5,
            }
            tables.append(("[[installation]]", table))
            suffix = "" if len(scenario.installation) == 1 else f"_SITE{number}"
            secrets[f"OTBRIDGE_MOODLE_TOKEN{suffix}"] = moodle.token if moodle else "none"
        tables.append(("[policy]", scenario.policy.model_dump(exclude_none=True)))
        lines = [
            line
            for head, table in tables
            for line in (head, *(f"{key} = {json.dumps(value)}" for key, value in table.items()))
        ]
        self._settings_path.write_text("\n".join(lines), encoding="utf-8")
        env = self._settings_path.with_name(".env")
        env.touch(mode=0o600)
        env.write_text("".join(f"{key}={value}\n" for key, value in secrets.items()), encoding="utf-8")

    def _open(self, owner: str) -> Bridge:
        portal = self._stack.enter_context(open_portal(self.settings))
        return Bridge(
            self.settings,
            messages(),
            self.journal,
            portal,
            lambda installation: self._stack.enter_context(open_moodle(self.settings, installation)),
            owner,
            clock=self._clock,
        )


@contextmanager
def world_of(scenario: Scenario, directory: Path, memory: Memory) -> Iterator[World]:
    """A scenario's world, with its files in an empty directory."""
    with ExitStack() as stack:
        yield World(scenario, directory, memory, stack)


def _put(course: Course, moodle: SandboxMoodle) -> None:
    """Let the Moodle have a course, or have had it."""
    course_id = moodle.add_course(
        fullname=course.fullname, shortname=course.shortname, idnumber=course.idnumber
    )
    if course.backed_up:
        moodle.run_automated_backup(course_id)
    if course.whole_site:
        whole_site.back_up(moodle)
    if course.deleted:
        moodle.delete_course(course_id)
    if course.emptied_bin:
        moodle.empty_recycle_bin()


def _leave(server: SandboxPortal | SandboxMoodle) -> None:
    """Stop a server without waiting for it."""
    threading.Thread(target=server.stop, daemon=True).start()
