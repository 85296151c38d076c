"""What goes wrong: a process killed at a boundary, a call lost on its way, an operation that the server does
late.

A boundary stands before and after every commit of the journal and every call of the portal and of Moodle. Two
rules of the house are checked at every write: its intent is on disk, and it is sent at most once for each
attempt that is on disk.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, ClassVar

from bridge.domain.effects import Effect, EffectState
from bridge.errors import BridgeError
from bridge.journal import Journal, JournalUnavailable, Unit
from bridge.moodle_ws import Maintenance, MoodleRefused, OutcomeUnknown, Unreachable
from bridge.portal import KeyInProgress, LedgerEntry, PortalOutcomeUnknown, PortalRefused, PortalUnreachable
from tests.reliability.fake_moodle import FakeMoodle
from tests.reliability.fake_portal import FakePortal

PORTAL_WRITES = frozenset(
    {"note", "set_ticket_state", "set_stage_state", "hold", "capture", "void", "reverse"}
)
PORTAL_READS = frozenset({"meta", "changed_tickets", "ticket", "account", "ledger"})
"""What a pass asks, and the service's comparison of the ledgers after it."""

LATE = ("late 1", "late 2", "late 3", "late 5")
MODES = ("lost before", "lost after", "server error", "unreachable", "in progress", *LATE)
"""What can befall a call; "late N": the server does it just before the N-th call that comes after."""

WRONG = "about another"
"""What can befall a write to the ledger: it is carried out, and its answer, which keeps to the contract,
is that to another ticket's write.
"""


class Killed(BaseException):
    """The process died here."""


class Broken(BaseException):
    """What must hold of a write does not. A pass takes every exception for the fault of one ticket, and
    goes on; this one it must not take.
    """

    def __init__(self, error: AssertionError) -> None:
        super().__init__(str(error))
        self.error = error


class Chaos:
    """Counts boundaries and calls, and lets happen what is planned for them.

    Parameters:
        kills: numbers of boundaries, counted from the last kill, at which the process dies, one after the
            other.
        faults: mode by the number of the call (from 1, over the whole trial).
        away: at which turns of the journal it is away, the first and the last of them; a turn is the opening
            of a transaction, its commit, or the answer to that.
        lasting: only boundaries count that something lasting went before: a commit or an outside write.
    """

    def __init__(
        self,
        kills: tuple[int, ...] = (),
        faults: dict[int, str] | None = None,
        *,
        away: tuple[int, int] | None = None,
        lasting: bool = False,
    ) -> None:
        self.kills = list(kills)
        self.faults = dict(faults or {})
        self.calls: list[tuple[str, bool]] = []
        self.killed: list[str] = []
        self.happened: list[str] = []
        self.at_call: Callable[[int], None] = lambda _number: None
        self.at_lasting: Callable[[str], None] = lambda _name: None
        self._lasting = lasting
        self._passed = 0
        self._away = away
        self._turns = 0
        self._late: list[tuple[int, Callable[[], Any]]] = []

    def lose_every(self, step: int) -> None:
        """Lose the answers of every second, third … write."""

        def lose(number: int) -> None:
            if self.calls[-1][1] and sum(write for _, write in self.calls) % step == 0:
                self.faults[number] = "lost after"

        self.at_call = lose

    def plan(
        self,
        kills: tuple[int, ...] = (),
        faults: dict[int, str] | None = None,
        away: tuple[int, int] | None = None,
    ) -> None:
        """Plan anew, counted from here; what was planned and did not come about is forgotten."""
        self.kills = list(kills)
        self._passed = 0
        self._away, self._turns = away, 0
        self.faults = {len(self.calls) + number: mode for number, mode in (faults or {}).items()}

    def boundary(self, name: str, *, lasting: bool) -> None:
        """A place where the process may die."""
        if lasting:
            self.at_lasting(name)
        elif self._lasting:
            return
        self._passed += 1
        if self.kills and self.kills[0] == self._passed:
            self.kills.pop(0)
            self._passed = 0
            self.killed.append(f"{name} in {_caller()}")
            self.happened.append(f"killed {self.killed[-1]}")
            raise Killed(self.killed[-1])

    def turn(self, name: str) -> None:
        """A place where the journal may be away.

        Raises:
            JournalUnavailable: it is.
        """
        self._turns += 1
        if self._away is not None and self._away[0] <= self._turns <= self._away[1]:
            self.happened.append(f"the journal is away {name} in {_caller()}")
            raise JournalUnavailable("no database server")

    def call(self, name: str, do: Callable[[], Any], *, write: bool, errors: dict[str, type[Any]]) -> Any:
        """Make an outside call, or let happen to it what is planned."""
        self.calls.append((name, write))
        self.at_call(len(self.calls))
        self.deliver(len(self.calls))
        mode = self.faults.pop(len(self.calls), "")
        if mode:
            self.happened.append(f"call {len(self.calls)} ({name}): {mode}")
        self.boundary(f"before {name}", lasting=False)
        answer = self._misbehave(mode, name, do, write=write, errors=errors) if mode else do()
        self.boundary(f"after {name}", lasting=write)
        return answer

    def deliver(self, now: int | None = None) -> None:
        """What was under way arrives: what is due at the call `now`, or everything."""
        due = [do for when, do in self._late if now is None or when <= now]
        self._late = [(when, do) for when, do in self._late if now is not None and when > now]
        for do in due:
            with suppress(BridgeError):
                do()

    def _misbehave(
        self, mode: str, name: str, do: Callable[[], Any], *, write: bool, errors: dict[str, type[Any]]
    ) -> Any:
        if mode == WRONG:
            answer = do()
            return _of_another(answer) if isinstance(answer, LedgerEntry) else answer
        if mode == "lost after":
            with suppress(BridgeError):
                do()
        elif mode.startswith("late") and write:
            self._late.append((len(self.calls) + int(mode.split()[1]), do))
        kind = mode if mode in errors else "unreachable" if mode == "unreachable" or not write else "unknown"
        raise errors[kind](name, f"planned: {mode}")


class KillableJournal:
    """A journal whose every commit has a boundary before and after it."""

    def __init__(self, journal: Journal, chaos: Chaos) -> None:
        self._journal = journal
        self._chaos = chaos

    @contextmanager
    def transaction(self, *, read_only: bool = False) -> Iterator[Unit]:
        self._chaos.turn("at the beginning of a transaction")
        with self._journal.transaction(read_only=read_only) as unit:
            yield unit
            if not read_only:
                self._chaos.boundary("before the commit", lasting=False)
                self._chaos.turn("at a commit")
        if not read_only:
            self._chaos.boundary("after the commit", lasting=True)
            self._chaos.turn("after a commit")

    def scratch(self, portal: str) -> Journal:
        return self._journal.scratch(portal)


Judge = Callable[[Unit, Effect], None]
"""Looks at a write that is about to be sent, and at the journal as it is then."""


class _Line:
    """A way to the other side, on which things go wrong, and the rules that every write on it keeps."""

    def __init__(self, chaos: Chaos, journal: Journal, judge: Judge) -> None:
        self._chaos = chaos
        self._journal = journal
        self._judge = judge
        self._sent: Counter[str] = Counter()

    def _write(
        self,
        name: str,
        its: Callable[[Effect], bool],
        do: Callable[[], Any],
        errors: dict[str, type[Any]],
        refused: type[Exception],
    ) -> Any:
        """Send the write whose intent is the one that `its` knows."""
        try:
            key = self._allowed(name, its)
        except AssertionError as error:
            raise Broken(error) from error
        try:
            return self._chaos.call(name, do, write=True, errors=errors)
        except refused:
            self._sent[key] = 0  # the key is free again, and the journal counts anew
            raise

    def _allowed(self, name: str, its: Callable[[Effect], bool]) -> str:
        """The key of the write that is about to be sent.

        Raises:
            AssertionError: it must not be sent.
        """
        with self._journal.transaction(read_only=True) as unit:
            intent = next(
                (
                    effect
                    for effect in unit.effects.open()
                    if effect.state is EffectState.INTENDED and its(effect)
                ),
                None,
            )
            assert intent is not None, f"{name} was sent, but no intent of it is on disk"
            assert intent.attempts > 0, f"{name} was sent, but no attempt at it is on disk"
            key = intent.key
            self._sent[key] += 1
            assert self._sent[key] <= intent.attempts, (
                f"{name} was sent {self._sent[key]} times, {intent.attempts} attempts are on disk"
            )
            self._judge(unit, intent)
        return key


class PortalLine(_Line):
    """The way to the portal."""

    _errors: ClassVar[dict[str, type[Any]]] = {
        "unknown": PortalOutcomeUnknown,
        "unreachable": PortalUnreachable,
        "in progress": KeyInProgress,
    }

    def __init__(self, portal: FakePortal, chaos: Chaos, journal: Journal, judge: Judge) -> None:
        super().__init__(chaos, journal, judge)
        self._portal = portal
        self.name = portal.name

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._portal, name)
        if name in PORTAL_WRITES:
            return lambda key, *args, **more: self._write(
                f"portal.{name}",
                lambda effect: effect.key == key,
                lambda: method(key, *args, **more),
                self._errors,
                PortalRefused,
            )
        if name not in PORTAL_READS:
            raise Broken(AssertionError(f"a pass does not ask the portal for {name}"))
        return lambda *args: self._chaos.call(
            f"portal.{name}",
            lambda: method(*args),
            write=False,
            errors=self._errors | {"in progress": PortalUnreachable},
        )


class MoodleLine(_Line):
    """The way to Moodle."""

    _errors: ClassVar[dict[str, type[Any]]] = {
        "unknown": OutcomeUnknown,
        "unreachable": Unreachable,
        "in progress": Maintenance,
    }

    def __init__(self, moodle: FakeMoodle, chaos: Chaos, journal: Journal, judge: Judge) -> None:
        super().__init__(chaos, journal, judge)
        self._moodle = moodle
        self.base_url = moodle.base_url

    def read(self, function: str, /, **params: Any) -> Any:
        return self._chaos.call(
            function, lambda: self._moodle.read(function, **params), write=False, errors=self._errors
        )

    def write(self, function: str, /, **params: Any) -> Any:
        def its(effect: Effect) -> bool:
            return bool(effect.key == params["opkey"])

        return self._write(
            function, its, lambda: self._moodle.write(function, **params), self._errors, MoodleRefused
        )


def _of_another(entry: LedgerEntry) -> LedgerEntry:
    """The like of an entry, of another customer."""
    return replace(
        entry,
        id="l-other",
        key="other",
        account_id="other",
        ticket_id="t-other",
        stage_id="s-other",
        hold_id="h-other",
    )


def _caller() -> str:
    """The function of the bridge that was at work."""
    frame = sys._getframe(1)
    while frame.f_back is not None and not frame.f_globals.get("__name__", "").startswith("bridge."):
        frame = frame.f_back
    return f"{frame.f_globals['__name__']}.{frame.f_code.co_name}"
