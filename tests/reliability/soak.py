"""A soak: the service for many days of simulated time, while portal, Moodle and journal go away, clocks
jump, and one order in ten is poisoned.
"""

from __future__ import annotations

import random
import signal
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from bridge import daemon
from bridge.flow.context import Bridge
from bridge.flow.report import PassReport
from bridge.flow.sync import Pass
from bridge.journal import JournalUnavailable, Unit
from bridge.moodle_ws import ServerError, Unreachable
from bridge.operators.reconciliation import watch_ledgers
from bridge.portal import PortalUnreachable
from bridge.settings import PolicyTable, Settings
from tests.reliability.world import ROLE, UNATTENDED, Disk, World

HOUR = 3600.0
DAY = 24 * HOUR
PEERS = ("portal", "moodle", "journal")
JUMPS = (-DAY, -3 * HOUR, -60.0, 60.0, 3 * HOUR, DAY)
KEPT_BY_FAKES = 1024 * 1024
POISONED = "poisoned"
"""Account of the poisoned orders, which answers 500 at times, and part of the short names that Moodle
fails for.
"""


@dataclass
class Soak:
    """One soak.

    Parameters:
        days: how long things happen; a calm day follows.
        poll: seconds between two passes.
    """

    disk: Disk
    days: float
    poll: float
    seed: int = 1
    policy: PolicyTable = field(
        default_factory=lambda: UNATTENDED.model_copy(update={"accept_after_days": 7})
    )

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.world = World(self.disk)
        self.world.policy = self.policy
        self.world.portal.open_account(POISONED, "Академия", granted=1000)
        self.world.portal.top_up("school", 1000)
        self.down: set[str] = set()
        self.outages: list[tuple[float, float]] = []
        self.passes: list[float] = []
        self.good: list[str] = []
        self.bad: list[str] = []
        self.silent: set[str] = set()
        self.ready_since: dict[str, datetime] = {}
        self.memory: list[int] = []
        self.handles: list[int] = []
        self._at = 0.0
        self._events = sorted(self._planned(), key=lambda event: event[0])
        self._poison()

    # --- what happens

    def _planned(self) -> Iterator[tuple[float, Callable[[], None]]]:
        end = self.days * DAY
        at = 0.0
        while (at := at + self.random.uniform(1, 4) * HOUR) < end:
            yield at, self._order
        for peer in PEERS:
            at = 0.0
            while (at := at + self.random.uniform(0.5, 3) * DAY) < end:
                lasts = self.random.choice((5.0, 60.0, HOUR, 5 * HOUR, DAY))
                yield at, lambda peer=peer: self.down.add(peer)  # type: ignore[misc]
                yield at + lasts, lambda peer=peer: self.down.discard(peer)  # type: ignore[misc]
                self.outages.append((at, at + lasts))
                at += lasts
        at = 0.0
        while (at := at + self.random.uniform(0.5, 2) * DAY) < end:
            jump = self.random.choice(JUMPS)
            yield at, lambda jump=jump: self._jump(jump)  # type: ignore[misc]
            yield at + self.random.choice((60.0, HOUR, 10 * HOUR)), lambda: self._jump(0.0)
        at = 0.0
        while (at := at + HOUR / 2) < end + DAY:
            yield at, self._people
        yield end, self._calm

    def _order(self) -> None:
        number = len(self.good) + len(self.bad)
        poisoned = number % 10 == 9
        name = f"{POISONED if poisoned else 'role'}{number}"
        fields = {**ROLE, "param_shortname": name} if number % 3 else {"service": "2.6"}
        ticket = self.world.order(
            fields, account=POISONED if poisoned else "school", stages=(("Работа", 1, 1),)
        )
        (self.bad if poisoned else self.good).append(ticket)
        if number % 4 == 1 and not poisoned:
            self.silent.add(ticket)

    def _jump(self, seconds: float) -> None:
        self.world.clock.ahead = timedelta(seconds=seconds)

    def _calm(self) -> None:
        self.down.clear()
        self.world.clock.ahead = timedelta(0)

    def _people(self) -> None:
        """Specialists report what they did, customers accept, as far as they say anything."""
        if self._at % DAY < HOUR / 2:
            self.handles.append(len(list(Path("/proc/self/fd").iterdir())))
            if tracemalloc.is_tracing():
                ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/bridge/*")])
                self.memory.append(sum(one.size for one in ours.statistics("filename")))
        portal = self.world.portal
        for id_, ticket in list(portal.tickets.items()):
            state = ticket.stages[0].state.value
            if state == "in_progress" and ticket.fields["service"] == "2.6":
                portal.log_time(id_, 30)
                portal.report_ready(id_)
            if state == "ready":
                self.ready_since.setdefault(id_, self.world.clock.now)
            if state == "ready" and (id_ not in self.silent or self._at > self.days * DAY):
                portal.accept(id_)

    def _poison(self) -> None:
        healthy = self.world.moodle.write

        def write(function: str, /, **params: Any) -> Any:
            if POISONED in str(params.get("shortname", "")):
                raise ServerError(function, "the server answered HTTP 504", status=504)
            return healthy(function, **params)

        account = self.world.portal.account

        def poisoned(id_: str) -> Any:
            if id_ == POISONED and int(self._at / HOUR) % 2:
                raise ZeroDivisionError("a fault of the program")
            return account(id_)

        self.world.moodle.write = write
        self.world.portal.account = poisoned

    # --- the service: its inbox is the simulated time

    def now(self) -> float:
        """See `daemon.Inbox`."""
        return self._at

    def start(self, work: Callable[[], None]) -> None:
        """See `daemon.Inbox`; a pass takes no time."""
        self._ended = True
        work()

    def wait(self, seconds: float | None) -> int:
        """See `daemon.Inbox`."""
        if getattr(self, "_ended", False):
            self._ended = False
            return daemon.ENDED
        if self._at >= (self.days + 1) * DAY:
            return signal.SIGTERM
        until = self._at + (seconds or 0.0)
        while self._events and self._events[0][0] <= until:
            at, event = self._events.pop(0)
            self._move_to(at)
            event()
        self._move_to(until)
        return daemon.TIMEOUT

    def _move_to(self, at: float) -> None:
        self.world.clock.now += timedelta(seconds=max(at - self._at, 0.0))
        self._at = max(at, self._at)

    @contextmanager
    def _opened(self, settings: Settings) -> Iterator[Bridge]:
        if "journal" in self.down:
            raise JournalUnavailable("no database server")
        bridge = self.world.bridge()
        self.disk.clock = self.world.clock.machine
        yield replace(
            bridge,
            settings=settings,
            journal=_Away(bridge.journal, self),  # type: ignore[arg-type]
            portal=_Line(bridge.portal, self, "portal"),
            connect_moodle=lambda row: _Line(bridge.connect_moodle(row), self, "moodle"),
            clock=self.world.clock.machine,
        )

    def run(self, patch: Callable[[Any, str, Any], None]) -> None:
        """Let the service run to the end. `patch` sets an attribute for the time of the test."""
        soak = self

        class Counted(Pass):
            def run(self, number: str | None = None, *, poll: bool = True) -> PassReport:
                soak.world.passes.append(self)
                try:
                    report = super().run(number, poll=poll)
                finally:
                    soak.world.passes.pop()
                if poll and not report.outage:
                    soak.passes.append(soak.now())
                return report

        patch(daemon, "Pass", Counted)
        settings = self.world.settings()
        settings = replace(settings, bridge=settings.bridge.model_copy(update={"poll_seconds": self.poll}))
        assert daemon.Service(lambda: settings, self._opened, watch_ledgers, self).run()

    # --- what must hold

    def check(self) -> None:
        """Nothing twice, each good ticket done, each bad one with an operator, no pass missed, memory and
        handles flat.
        """
        assert {
            ticket: self.world.statuses()[ticket]
            for ticket in self.good
            if self.world.statuses()[ticket] != "done"
        } == {}
        for ticket in self.good:
            kinds = [entry.kind for entry in self.world.portal.entries if entry.ticket_id == ticket]
            assert kinds == ["hold", "capture"], (ticket, kinds)
            assert self.world.taken(ticket) == Decimal("0.5"), ticket
        self._no_silence_cut_short()
        roles = [role["shortname"] for role in self.world.moodle.roles]
        assert len(roles) == len(set(roles)), "a role was made twice"
        self._no_pass_missed()
        assert len(set(self.handles)) == 1, f"open handles: {self.handles}"
        if len(self.memory) > 4:
            # The portal and the Moodle in memory keep every answer and text for ever, some hundred kilobytes
            # of them.
            grown = max(self.memory[len(self.memory) // 2 :]) - min(self.memory)
            assert grown < KEPT_BY_FAKES, f"memory of the bridge, bytes: {self.memory}"

    def _no_silence_cut_short(self) -> None:
        """What silence accepted was ready for so many days by the portal's clock, however this machine's
        jumped.
        """
        calm = max(
            self.world.clock.now - timedelta(days=1, hours=1),
            datetime.min.replace(tzinfo=self.world.clock.now.tzinfo),
        )
        captured = {
            entry.ticket_id: entry.at for entry in self.world.portal.entries if entry.kind == "capture"
        }
        days = timedelta(days=self.policy.accept_after_days or 0)
        for ticket in self.silent & captured.keys():
            if captured[ticket] < calm:  # afterwards the customers accept by themselves
                seen_late = timedelta(hours=1)
                assert captured[ticket] - self.ready_since[ticket] >= days - seen_late, (
                    f"{ticket}: silence was cut short"
                )

    def _no_pass_missed(self) -> None:
        """A pass comes later than its rhythm wants it by no more than the outages there were, and one
        interval.
        """
        for before, after in pairwise((0.0, *self.passes, self._at)):
            lost = sum(max(0.0, min(end, after) - max(begin, before)) for begin, end in self._outages_apart())
            assert after - (before + self.poll) <= lost + self.poll + 1, (
                f"no pass from {before} to {after} s, outages of {lost} s"
            )

    def _outages_apart(self) -> Iterator[tuple[float, float]]:
        """The outages, those that overlap as one; with the calm day they all end."""
        until = 0.0
        for begin, end in sorted(self.outages):
            if end > until:
                yield max(begin, until), min(end, self.days * DAY)
                until = end


class _Line:
    """A way to a peer that may be down."""

    def __init__(self, peer: Any, soak: Soak, name: str) -> None:
        self._peer = peer
        self._soak = soak
        self._name = name

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._peer, name)
        if not callable(found):
            return found

        def call(*args: Any, **more: Any) -> Any:
            if self._name in self._soak.down:
                raise (
                    PortalUnreachable(name, "no connection")
                    if self._name == "portal"
                    else Unreachable(name, "no connection")
                )
            return found(*args, **more)

        return call


class _Away:
    """A journal that may be away."""

    def __init__(self, journal: Any, soak: Soak) -> None:
        self._journal = journal
        self._soak = soak

    @contextmanager
    def transaction(self, *, read_only: bool = False) -> Iterator[Unit]:
        if "journal" in self._soak.down:
            raise JournalUnavailable("no database server")
        with self._journal.transaction(read_only=read_only) as unit:
            yield unit
