"""`bridge.portal.books.Once` over a real journal, on an engine that appends on every write: all that can
happen, for hypothesis or a seed to drive.

Two processes write; both have the same journal. One is on this machine, so that its death is seen; the
other's lease has to end. What happens to a write happens at a named place on its way, see `PLACES`.

Left out, for nothing could help it: a process that sleeps for as long as `SETTLE` between the commit that
says it is sending and the request itself; here it never wakes up. The journal's clock is right, and
everybody's.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import bridge.journal.portal_books
from bridge.journal import LostClaim
from bridge.journal.portal_books import JournalBooks
from bridge.portal import KeyReused, PortalError, PortalOutcomeUnknown, PortalRefused, PortalUnreachable
from bridge.portal.books import Attempt, Once
from bridge.portal.errors import PortalNotContract
from tests.reliability.chaos import Killed
from tests.reliability.mortal import MortalJournal, Process
from tests.reliability.world import Disk

SETTLE = timedelta(seconds=60)
TTLS = (20, 60, 100)
"""Seconds: shorter than `SETTLE`, so that a lease ends while a request is under way, and longer."""

KEYS = ("a", "b")
HERE, THERE = 0, 1
"""The process on this machine, and the one on another."""

ANSWERED, LOST_AFTER, LOST_BEFORE, REFUSED, NOT_SENT, NOT_DONE = (
    "answered",
    "lost after",
    "lost before",
    "refused",
    "not sent",
    "answered, not done",
)
LATE = tuple(f"{seconds} s late" for seconds in (1, 30, 59, 60))
FATES = (ANSWERED, LOST_AFTER, LOST_BEFORE, REFUSED, NOT_SENT, NOT_DONE, *LATE)
"""What becomes of a request. A late one is not answered; the engine carries it out after that time, never
later than `SETTLE` after it was sent.
"""

JOURNAL = ("leasing", "sending", "forget", "answered", "releasing")
CALLS = ("look", "write", "look again")
PLACES = (
    *(f"{when} {what}" for what in JOURNAL for when in ("before", "in", "after")),
    *(f"{when} {what}" for what in CALLS for when in ("before", "after")),
)
"""Places on the way of a write; "in" is before the commit."""

DIES, FAILS, OTHER_ASKS = "dies", "fails", "the other one asks"
SLEEPS = tuple(f"sleeps {seconds} s" for seconds in (21, 45, 61, 120))
TAKEN_OVER = tuple(f"{nap}; {OTHER_ASKS}" for nap in SLEEPS)
HAPPENINGS = (*[DIES] * 8, *[FAILS] * 2, OTHER_ASKS, *SLEEPS, *TAKEN_OVER, *TAKEN_OVER)
"""What can happen at a place, as often as it should come: the process dies; a look there fails; the process
sleeps, and the other one asks for the same key meanwhile."""

LIKELY_FATES = (*FATES, LOST_BEFORE, LOST_AFTER, *LATE, *LATE)
LIKELY_PLACES = (*PLACES, *("after look", "after sending", "before write", "after write") * 3)
MOMENTS = (1, 29, 59, 61)
"""Seconds between what is asked."""

FREE, UNKNOWN, DONE = "free", "unknown", "done"
MOST_ASKS = 3
"""How deep processes ask while another one sleeps."""

LIVED: Counter[str] = Counter()
"""What courses have come to, by how many of them."""

EVERY = frozenset(
    {
        "done",
        "refused",
        "unknown",
        "not reached",
        "no contract",
        "lost its lease",
        "found before it was sent",
        "sent again",
        "arrived late",
        "refused after it was lost",
        *(f"died {place}" for place in PLACES if "forget" not in place),
    }
)
"""What the courses by seed must have come to, or they prove nothing of it."""

_portals = itertools.count()


@dataclass(frozen=True)
class Record:
    """What the engine keeps of a write."""

    id: int
    key: str
    text: str


@dataclass
class Work:
    """What a process is at: where something will happen on its way, and when it wrote down that it is
    sending.
    """

    worker: int
    key: str
    happens: dict[str, str]
    sent_at: datetime


class Engine:
    """Keeps what is written, as often as it is written.

    Attributes:
        under_way: requests that have not arrived: when they will, and what they write.
        closed: keys whose things must not be written now, as checking finds.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.under_way: list[tuple[datetime, str, str]] = []
        self.closed: set[str] = set()
        self.sent: Counter[str] = Counter()

    def append(self, key: str, text: str) -> None:
        self.records.append(Record(len(self.records), key, text))

    def of(self, key: str) -> list[Record]:
        return [one for one in self.records if one.key == key]

    def arrives(self, now: datetime) -> int:
        """Carry out what is due; returns how much that was."""
        due = sorted(one for one in self.under_way if one[0] <= now)
        self.under_way = [one for one in self.under_way if one[0] > now]
        for _, key, text in due:
            self.append(key, text)
        return len(due)


class World:
    """A journal, an engine and two processes.

    Attributes:
        standing: what the callers were told of each key last: it is free, its outcome is not known, or it is
            done.
        answers: the answers that were told.
        found: what this world has come to.
    """

    def __init__(self, disk: Disk, ttl: int) -> None:
        self._journal = disk.journal
        self._portal = f"keyless-{next(_portals)}"
        self._ttl = timedelta(seconds=ttl)
        self._born = 0
        self._gone: set[str] = set()
        self.now = datetime(2026, 3, 1, 9, tzinfo=UTC)
        self.engine = Engine()
        self.standing = dict.fromkeys(KEYS, FREE)
        self.answers: dict[str, Mapping[str, Any]] = {}
        self.found: set[str] = set()
        self._text = dict.fromkeys(KEYS, 0)
        self._asked: Counter[str] = Counter()
        self._deep = 0
        self._onces: dict[int, tuple[Process, Once]] = {}
        self._work: dict[str, Work] = {}
        bridge.journal.portal_books.is_stale = self._gone.__contains__  # type: ignore[assignment, attr-defined]
        for worker in (HERE, THERE):
            self.starts(worker)

    def clock(self) -> datetime:
        return self.now

    def forward(self, seconds: int) -> None:
        """Let time go by, second by second where something arrives."""
        until = self.now + timedelta(seconds=seconds)
        for due in sorted(due for due, _, _ in self.engine.under_way if due <= until):
            self.now = max(self.now, due)
            if self.engine.arrives(due):
                self.found.add("arrived late")
        self.now = until

    def starts(self, worker: int) -> None:
        """A process starts in the place of one that has died."""
        self._born += 1
        process = Process(f"{worker}:{self._born}", self._happens)
        books = JournalBooks(
            MortalJournal(self._journal, process),  # type: ignore[arg-type]
            self._portal,
            process.owner,
            self._ttl,
            self.clock,
            wait=timedelta(0),
        )
        self._onces[worker] = process, Once("red", books, SETTLE, self.clock)

    def dies(self, worker: int) -> None:
        """A process dies; of one on this machine that is seen."""
        process, _ = self._onces[worker]
        process.dead = True
        if worker == HERE:
            self._gone.add(process.owner)

    # --- what is asked

    def asks(self, worker: int, key: str, fate: str, happens: Mapping[str, str]) -> None:
        """A process writes under a key, or learns what came of it; judges what it is told."""
        if self._deep == MOST_ASKS:
            return
        process, once = self._onces[worker]
        if process.owner in self._work:
            return
        self._deep += 1
        self._asked[key] += 1
        turn, text = self._asked[key], f"{key} {self._text[key]}"
        self._work[process.owner] = Work(worker, key, dict(happens), self.now)
        told: BaseException | Mapping[str, Any]
        try:
            told = once.run(self._attempt(process, key, text, fate))
        except (PortalError, Killed) as error:
            told = error
            self.found |= {"lost its lease"} if isinstance(error.__cause__, LostClaim) else set()
        finally:
            del self._work[process.owner]
            self._deep -= 1
        if process.dead:
            self.starts(worker)
        self._judge(key, told, overtaken=self._asked[key] != turn)

    def asks_for_something_else(self, worker: int, key: str) -> None:
        """A caller that is at fault sends something else under a key that is done."""
        process, once = self._onces[worker]
        before = list(self.engine.records)
        try:
            once.run(self._attempt(process, key, "something else", ANSWERED))
        except (KeyReused, PortalUnreachable):
            assert self.engine.records == before
        else:
            raise AssertionError(f"{key} was used for something else")

    def _attempt(self, process: Process, key: str, text: str, fate: str) -> Attempt:
        looks = iter(CALLS[::2])

        def look() -> dict[str, Any] | None:
            name = next(looks)
            process.passes(f"before {name}")
            found = self.engine.of(key)
            process.passes(f"after {name}")
            if found and name == "look":
                self.found.add("found before it was sent")
            return {"id": found[0].id, "text": found[0].text} if found else None

        def prepare() -> None:
            if key in self.engine.closed:
                raise PortalRefused("check", "it must not be", code="invalid")

        def write(_prepared: None) -> None:
            process.passes("before write")
            latest = self._work[process.owner].sent_at + SETTLE
            if self.now >= latest:
                process.dead = True  # left out, see above
            else:
                self._send(key, text, fate, latest)
            process.passes("after write")
            self._answer(fate)

        return Attempt("things", key, "thing", {"text": text}, look, prepare, write)

    def _send(self, key: str, text: str, fate: str, latest: datetime) -> None:
        self.engine.sent[key] += 1
        if self.engine.sent[key] > 1:
            self.found.add("sent again")
        if fate in (ANSWERED, LOST_AFTER):
            self.engine.append(key, text)
        elif fate in LATE:
            due = min(self.now + timedelta(seconds=int(fate.split(maxsplit=1)[0])), latest)
            self.engine.under_way.append((due, key, text))

    @staticmethod
    def _answer(fate: str) -> None:
        if fate == REFUSED:
            raise PortalRefused("write", "no", code="invalid")
        if fate == NOT_SENT:
            raise PortalUnreachable("write", "nobody listens")
        if fate not in (ANSWERED, NOT_DONE):
            raise PortalOutcomeUnknown("write", "no answer came")

    def _happens(self, process: Process, place: str, open_: bool) -> None:
        """A process passes a place; what cannot happen within a transaction happens at the next place."""
        work = self._work.get(process.owner)
        if work is None:
            return
        if place == "in sending":
            work.sent_at = self.now
        what = work.happens.pop(place, "")
        if open_ and what and what != DIES:
            work.happens["after" + place.removeprefix("in")] = what
            return
        if what == DIES:
            self.found.add(f"died {place}")
            self.dies(work.worker)
        elif what == FAILS and "look" in place:
            raise (
                PortalUnreachable("look", "no answer came")
                if place.startswith("before")
                else PortalNotContract("look", "HTML")
            )
        elif what.startswith("sleeps"):
            self.forward(int(what.split()[1]))
        if what.endswith(OTHER_ASKS):
            self.asks(1 - work.worker, work.key, ANSWERED, {})

    # --- what holds

    def _judge(self, key: str, told: BaseException | Mapping[str, Any], *, overtaken: bool) -> None:
        """What was told of a key is true, and stays so.

        Parameters:
            overtaken: somebody else asked for the key meanwhile. The bridge has a claim on the ticket of each
                key, which has then passed on, so that nobody believes a word of it but an answer.
        """
        before = self.standing[key]
        match told:
            case Mapping():
                self._now(key, DONE, "done")
                assert self.answers.setdefault(key, told) == told, (
                    f"{key} was answered as {self.answers[key]}, now as {told}"
                )
            case _ if overtaken or isinstance(told, Killed):
                if before == FREE:
                    self.standing[key] = UNKNOWN
            case KeyReused():
                assert before != FREE, f"{key} was free, and is told to stand for something else"
                raise AssertionError(f"{key} stands for something else, and nobody asked for that: {told}")
            case PortalRefused():
                assert before != DONE, f"{key} was done, and is refused now: {told}"
                if before == UNKNOWN:
                    self.found.add("refused after it was lost")
                self._now(key, FREE, "refused")
                self._text[key] += 1
            case PortalOutcomeUnknown():
                assert before != DONE, f"{key} was done, and is unknown now: {told}"
                self._now(key, UNKNOWN, "unknown")
            case PortalUnreachable():
                self.found.add("not reached")
            case PortalNotContract():
                self.found.add("no contract")
            case _:
                raise AssertionError(f"{key}: {told!r}")

    def _now(self, key: str, standing: str, found: str) -> None:
        self.standing[key] = standing
        self.found.add(found)

    def check(self) -> None:
        """What must hold at every moment."""
        for key, standing in self.standing.items():
            records = self.engine.of(key)
            assert len(records) <= 1, f"{key} was written {len(records)} times"
            if standing == DONE:
                assert [{"id": one.id, "text": one.text} for one in records] == [self.answers[key]], (
                    f"{key} is done, and not what is there"
                )
            if standing == FREE:
                waiting = [one for one in self.engine.under_way if one[1] == key]
                assert not records, f"{key} was refused, and is there"
                assert not waiting, f"{key} was refused, and will be there"

    def calms(self) -> None:
        """Nothing goes wrong any more, and every key is done or refused."""
        self.forward(1_000)
        for worker in (HERE, THERE):
            self.dies(worker)
            self.starts(worker)
        for key in [key for key in KEYS if self._asked[key]]:
            for worker in (THERE,) if self.standing[key] == DONE else (HERE, THERE):
                self.asks(worker, key, ANSWERED, {})
                self.check()
            assert self.standing[key] == (DONE if self.engine.of(key) else FREE), f"{key} comes to no end"
            assert self.standing[key] == DONE or key in self.engine.closed, f"{key} was refused for nothing"


class Keyless(RuleBasedStateMachine):
    """The world and all that can happen in it."""

    disk: Disk
    rested = 0
    """How many courses came to rest so far."""

    @initialize(ttl=st.sampled_from(TTLS))
    def begins(self, ttl: int) -> None:
        self.world = World(self.disk, ttl)

    @rule(
        worker=st.sampled_from((HERE, HERE, THERE)),
        key=st.sampled_from(KEYS),
        fate=st.sampled_from(LIKELY_FATES),
        happens=st.dictionaries(st.sampled_from(LIKELY_PLACES), st.sampled_from(HAPPENINGS), max_size=3),
    )
    def asks(self, worker: int, key: str, fate: str, happens: dict[str, str]) -> None:
        self.world.asks(worker, key, fate, happens)

    @rule(seconds=st.sampled_from(MOMENTS))
    def time_goes_by(self, seconds: int) -> None:
        self.world.forward(seconds)

    @rule(key=st.sampled_from(KEYS))
    def a_thing_must_not_be_any_more_or_may_be_again(self, key: str) -> None:
        self.world.engine.closed ^= {key}

    @precondition(lambda self: DONE in self.world.standing.values())
    @rule(worker=st.sampled_from((HERE, THERE)), key=st.sampled_from(KEYS))
    def somebody_asks_for_something_else(self, worker: int, key: str) -> None:
        if self.world.standing[key] == DONE:
            self.world.asks_for_something_else(worker, key)

    @invariant()
    def what_must_hold_at_every_moment_holds(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        """Once nothing goes wrong any more, every key that was asked for is done with one record, or
        refused with none.
        """
        if not hasattr(self, "world"):
            return
        self.world.calms()
        LIVED.update(self.world.found)
        Keyless.rested += 1
