"""What tickets that order a role cost, from agreement to written off: with the real clients over real HTTP
against the embedded portal and Moodle.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bridge.cli.common import open_moodle, open_portal
from bridge.flow.context import Bridge
from bridge.flow.messages import Messages
from bridge.flow.report import PassReport
from bridge.flow.sync import Pass
from bridge.journal import Journal
from bridge.journal.owner import own_name
from bridge.sandbox.moodle import SandboxMoodle
from bridge.sandbox.portal import SandboxPortal
from bridge.settings import load

SERIAL = "AAAABBBBCCCCDDDD"
PAID = "Выделенный специалист (н.часы) / Настройка"
ACCOUNT = "school"


@dataclass
class Costs:
    """What was counted within a block.

    Attributes:
        statements: SQL, what begins a transaction among it; by its first words.
        commits: transactions that could write and came to their end.
        portal, moodle: requests, by method and path's kind or function.
        cpu: seconds of processor time of the bridge's thread; the embedded servers have others.
        seconds: by the wall.
    """

    statements: Counter[str] = field(default_factory=Counter)
    commits: int = 0
    portal: Counter[str] = field(default_factory=Counter)
    moodle: Counter[str] = field(default_factory=Counter)
    cpu: float = 0.0
    seconds: float = 0.0


class Site:
    """A portal, a Moodle, and a bridge between them that runs unattended what orders a role."""

    def __init__(self, directory: Path, journal: Journal, journal_url: str, stack: ExitStack) -> None:
        self.portal = stack.enter_context(SandboxPortal.start(directory=directory / "portal"))
        self.moodle = stack.enter_context(SandboxMoodle.start(directory=directory / "moodle"))
        self.portal.open_account(ACCOUNT, "Школа", granted="100000", hour_price="2500")
        path = directory / "bridge.toml"
        path.write_text(
            f"""
[bridge]
journal = "{journal_url}"
[portal]
name = "bench"
url = "{self.portal.url}"
[[installation]]
serial = "{SERIAL}"
url = "{self.moodle.url}"
[policy]
unattended = ["2.9.1-access"]
""",
            encoding="utf-8",
        )
        env = directory / ".env"
        env.touch(mode=0o600)
        env.write_text(
            f"OTBRIDGE_PORTAL_TOKEN={self.portal.token}\nOTBRIDGE_MOODLE_TOKEN={self.moodle.token}\n",
            encoding="utf-8",
        )
        settings = load(path, {})
        self.journal = journal
        self._bridge = Bridge(
            settings,
            Messages(),
            journal,
            stack.enter_context(open_portal(settings)),
            lambda installation: stack.enter_context(open_moodle(settings, installation)),
            own_name(),
        )
        self._made = 0

    def order(self, hours: str = "1") -> str:
        """An agreed ticket that orders a role; returns its id."""
        self._made += 1
        ticket = self.portal.open_ticket(
            account=ACCOUNT,
            category=PAID,
            subject="Заявка",
            text="",
            installation=SERIAL,
            fields={
                "service": "2.9.1-access",
                "param_shortname": f"methodist{self._made}",
                "param_name": f"Методист {self._made}",
                "param_context_levels": "course",
                "param_capabilities": "moodle/course:view",
            },
        )
        self.portal.agree(ticket, [("Работа", hours, "1")])
        return ticket

    def accept(self, ticket: str) -> None:
        """The customer accepts the work."""
        self.portal.accept(ticket)

    def sync(self) -> PassReport:
        """One pass."""
        return Pass(self._bridge).run()

    def live(self, tickets: int) -> None:
        """Tickets from agreement to written off."""
        made = [self.order() for _ in range(tickets)]
        self.sync()
        for one in made:
            self.accept(one)
        self.sync()

    @contextmanager
    def counted(self) -> Iterator[Costs]:
        """Count what is done within the block."""
        costs, engine = Costs(), self.journal._engine

        def statement(_connection: Any, _cursor: Any, text: str, *_rest: object) -> None:
            costs.statements[" ".join(text.split()[:60])] += 1

        def commit(connection: Any) -> None:
            costs.commits += not connection.get_execution_options().get("otbridge_read_only", False)

        portal, moodle = len(self.portal.calls()), len(self.moodle.calls())
        event.listen(engine, "before_cursor_execute", statement)
        event.listen(engine, "commit", commit)
        began, cpu = time.perf_counter(), time.thread_time()
        yield costs
        costs.seconds, costs.cpu = time.perf_counter() - began, time.thread_time() - cpu
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)
        costs.portal.update(call.name for call in self.portal.calls()[portal:])
        costs.moodle.update(call.name for call in self.moodle.calls()[moodle:])
