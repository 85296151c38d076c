"""`RedminePortal` is killed at every call of Redmine and at every transaction of its books, or loses an
answer, and is called again: all ends as if nothing had happened, with one record on Redmine."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.hours import Charge
from bridge.domain.tickets import StageState, TicketState
from bridge.journal.portal_books import JournalBooks
from bridge.portal import LedgerEntry, PortalOutcomeUnknown, PortalRefused, PortalUnreachable
from bridge.portal.errors import PortalNotContract, PortalNotFound
from bridge.portal.redmine.adapter import RedminePortal
from tests.profile import THOROUGH
from tests.reliability.chaos import Killed
from tests.reliability.fake_redmine import BRIDGE, CONVENTION, CUSTOMER, WRITES, FakeRedmine
from tests.reliability.mortal import MortalJournal, Process
from tests.reliability.world import Clock, Disk, Snapshot

SETTLE = timedelta(minutes=2)
TTL = timedelta(minutes=1)
SOME_TIME = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNT = "3"
KEY = "key-1"
HOUR = Decimal(1)
CHARGES = (Charge("development", 60, 60, HOUR),)
EVERY = 1 if THOROUGH else 3
"""Of the boundaries at which a process may die, every how manieth is tried."""
WRITE_FAULTS = ("lost after", "lost before", "late", "not sent")
READ_FAULTS = ("no answer", "no contract")


@dataclass
class Trial:
    """What goes wrong in one trial.

    Attributes:
        kill: number of the boundary at which the process dies, from 1; 0: at none.
        faults: what befalls a call of Redmine, by its number from 1.
        passed: the boundaries that were passed.
        calls: the calls of Redmine that were made.
        late: what is under way.
    """

    kill: int = 0
    faults: dict[int, str] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    late: list[Callable[[], object]] = field(default_factory=list)

    def at(self, process: Process, name: str, _open: bool) -> None:
        self.passed.append(name)
        process.dead = len(self.passed) == self.kill

    def misbehave(self, name: str, do: Callable[[], object]) -> None:
        """Let happen to a call what is planned for it."""
        self.calls.append(name)
        match self.faults.get(len(self.calls)):
            case None:
                return
            case "lost after":
                do()
            case "late":
                self.late.append(do)
            case "lost before":
                pass
            case "no contract":
                raise PortalNotContract(name, "HTML")
            case "hidden":
                raise PortalNotFound(name, "it may not be seen", status=403, code="not_found")
            case _:
                raise PortalUnreachable(name, "nobody answers")
        raise PortalOutcomeUnknown(name, "no answer came")


class Way:
    """The way to Redmine, as its client."""

    def __init__(self, redmine: FakeRedmine, process: Process, trial: Trial) -> None:
        self._redmine = redmine
        self._process = process
        self._trial = trial

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._redmine, name)
        if name == "clock":
            return method  # no call: what the last answer told

        def call(*args: Any) -> Any:
            self._process.passes(f"before {name}")
            self._trial.misbehave(name, lambda: method(*args))
            found = method(*args)
            found = iter(list(found)) if isinstance(found, Iterator) else found
            self._process.passes(f"after {name}")
            return found

        return call


class World:
    """A Redmine and a journal, as they were when the call began."""

    def __init__(self, disk: Disk, snapshot: Snapshot | None = None) -> None:
        self._disk = disk
        self._born = 0
        if snapshot is None:
            disk.load(disk.fresh)
            self.clock = Clock()
            self.redmine = FakeRedmine(self.clock)
            self.ids: dict[str, str] = {}
        else:
            self.clock, self.redmine, self.ids = disk.load(snapshot)
        disk.clock = self.clock

    def snapshot(self) -> Snapshot:
        return self._disk.save(self.clock, self.redmine, self.ids)

    def portal(self, trial: Trial | None = None, instance: str = "the-one-bridge") -> RedminePortal:
        """A new process; all before it are gone, and its books see that."""
        self._born += 1
        trial = trial or Trial()
        process = Process(f"{socket.gethostname()}:{os.getpid()}:{self._born}", trial.at)
        journal: Any = MortalJournal(self._disk.journal, process)
        books = JournalBooks(journal, "red", process.owner, TTL, self.clock, wait=timedelta(0))
        client: Any = Way(self.redmine, process, trial)
        return RedminePortal(
            "red", client, CONVENTION, books, prefix="", settle=SETTLE, clock=self.clock, instance=instance
        )

    def trace(self) -> dict[str, Any]:
        """All that is there but for moments."""
        portal = self.portal()
        account = portal.account(ACCOUNT)
        return {
            "issues": {
                one.id: (one.status, one.fields, [_timeless(journal) for journal in one.journals], one.files)
                for one in self.redmine.tree.values()
            },
            "times": [_timeless(one) for one in self.redmine.times.values()],
            "holds": [
                replace(one, at=SOME_TIME, ended_at=one.ended_at and SOME_TIME)
                for one in portal._books.holds(ACCOUNT)
            ],
            "balance": (account.granted, account.written_off, account.held, account.available),
            "ledger": sorted(
                (entry.kind, entry.key, entry.amount, entry.hold_id)
                for entry in portal.ledger(ACCOUNT).entries
            ),
            "answer": {
                name: value for name, value in (portal.find(KEY) or {}).items() if name in ("key", "status")
            },
        }


@dataclass(frozen=True)
class Act:
    """A write: what goes before it, the write, and what an undisturbed one leaves."""

    name: str
    begin: Callable[[World, RedminePortal], None]
    do: Callable[[World, RedminePortal], Any]
    judge: Callable[[World, Any], None]


def _begun(world: World, portal: RedminePortal) -> None:
    """A customer with ten hours and an agreed ticket of one stage."""
    world.redmine.top_up("10")
    world.ids["ticket"], (world.ids["stage"],) = world.redmine.open_ticket(("2", "1"))


def _held(world: World, portal: RedminePortal) -> None:
    _begun(world, portal)
    hold = portal.hold("held", ACCOUNT, world.ids["ticket"], world.ids["stage"], 2 * HOUR)
    world.ids["hold"] = str(hold.hold_id)


def _ready(world: World, portal: RedminePortal) -> None:
    _held(world, portal)
    world.redmine.moves(BRIDGE, world.ids["stage"], StageState.READY)


def _accepted(world: World, portal: RedminePortal) -> None:
    _ready(world, portal)
    world.redmine.moves(CUSTOMER, world.ids["stage"], StageState.ACCEPTED)


def _captured(world: World, portal: RedminePortal) -> None:
    _accepted(world, portal)
    world.ids["entry"] = portal.capture("captured", world.ids["hold"], CHARGES, HOUR, {"role": 9}).id


def _notes(world: World) -> list[tuple[str, bool]]:
    journals = portal_issue(world, "ticket").journals
    return [(one["notes"], one["private_notes"]) for one in journals if one["notes"]]


def _noted(world: World, answer: str, *, internal: bool) -> None:
    assert _notes(world) == [("Готово", internal)]
    assert [f"j{one['id']}" for one in portal_issue(world, "ticket").journals if one["notes"]] == [answer]


def portal_issue(world: World, which: str) -> Any:
    return world.redmine.tree[int(world.ids[which])]


def _attached(world: World, answer: Any) -> None:
    (file,) = portal_issue(world, "ticket").files
    assert (str(file["id"]), file["filename"], world.redmine.contents[file["id"]]) == (
        answer.id,
        "отчёт.txt",
        b"1",
    )


def _moved(world: World, which: str, status: int) -> None:
    details = [
        one
        for journal in portal_issue(world, which).journals
        for one in journal["details"]
        if one["name"] == "status_id"
    ]
    assert [one["new_value"] for one in details] == [str(status)]
    assert portal_issue(world, which).status == status


def _balance(world: World, *, posted: int = 0, held: int = 0) -> None:
    account = world.portal().account(ACCOUNT)
    assert (account.written_off, account.held, account.available) == (posted, held, 10 - posted - held)


def _rows(world: World) -> list[str]:
    """The ledger's time entries but for the top-up."""
    return [one["activity"]["name"] for one in world.redmine.times.values()][1:]


def _hold_judged(world: World, answer: LedgerEntry) -> None:
    (hold,) = world.portal()._books.holds(ACCOUNT)
    assert (hold.id, hold.amount, hold.ended) == (answer.hold_id, 2 * HOUR, None)
    _balance(world, held=2)


def _void_judged(world: World, answer: LedgerEntry) -> None:
    (hold,) = world.portal()._books.holds(ACCOUNT)
    assert (hold.id, hold.ended_key) == (answer.hold_id, KEY)
    assert [entry.kind for entry in world.portal().ledger(ACCOUNT).entries] == ["top_up", "hold", "void"]
    _balance(world)


def _capture_judged(world: World, answer: LedgerEntry) -> None:
    (hold,) = world.portal()._books.holds(ACCOUNT)
    assert (hold.id, hold.ended_key, hold.ended_at) == (answer.hold_id, KEY, answer.at)
    assert _rows(world) == ["Списание"]
    assert portal_issue(world, "stage").status == CONVENTION.stage_states[StageState.WRITTEN_OFF]
    assert answer.price == 2500
    _balance(world, posted=1)


def _reverse_judged(world: World, answer: LedgerEntry) -> None:
    assert (_rows(world), answer.reverses) == (["Списание", "Возврат"], world.ids["entry"])
    assert portal_issue(world, "stage").status == CONVENTION.stage_states[StageState.ACCEPTED]
    _balance(world)


def _reads_and_notes(world: World, portal: RedminePortal) -> str:
    portal.ticket(world.ids["ticket"])
    return portal.note(KEY, world.ids["ticket"], "Готово")


def _reads_and_holds(world: World, portal: RedminePortal) -> LedgerEntry:
    portal.account(ACCOUNT)
    return portal.hold(KEY, ACCOUNT, world.ids["ticket"], world.ids["stage"], 2 * HOUR)


ACTS = (
    Act(
        "note",
        _begun,
        lambda world, portal: portal.note(KEY, world.ids["ticket"], "Готово"),
        lambda world, answer: _noted(world, answer, internal=False),
    ),
    Act(
        "internal note",
        _begun,
        lambda world, portal: portal.note(KEY, world.ids["ticket"], "Готово", internal=True),
        lambda world, answer: _noted(world, answer, internal=True),
    ),
    Act(
        "note on what was just read",
        _begun,
        _reads_and_notes,
        lambda world, answer: _noted(world, answer, internal=False),
    ),
    Act(
        "attach",
        _begun,
        lambda world, portal: portal.attach(KEY, world.ids["ticket"], "отчёт.txt", "text/plain", b"1"),
        _attached,
    ),
    Act(
        "set_ticket_state",
        _begun,
        lambda world, portal: portal.set_ticket_state(
            KEY, world.ids["ticket"], TicketState.IN_PROGRESS, [TicketState.OPEN]
        ),
        lambda world, _: _moved(world, "ticket", CONVENTION.ticket_states[TicketState.IN_PROGRESS]),
    ),
    Act(
        "set_stage_state",
        _begun,
        lambda world, portal: portal.set_stage_state(
            KEY,
            world.ids["ticket"],
            world.ids["stage"],
            StageState.READY,
            [StageState.PLANNED, StageState.IN_PROGRESS],
            {"role": 9},
        ),
        lambda world, _: _moved(world, "stage", CONVENTION.stage_states[StageState.READY]),
    ),
    Act(
        "hold",
        _begun,
        lambda world, portal: portal.hold(KEY, ACCOUNT, world.ids["ticket"], world.ids["stage"], 2 * HOUR),
        _hold_judged,
    ),
    Act("hold on a balance that was just read", _begun, _reads_and_holds, _hold_judged),
    Act("void", _held, lambda world, portal: portal.void(KEY, world.ids["hold"]), _void_judged),
    Act(
        "capture",
        _accepted,
        lambda world, portal: portal.capture(KEY, world.ids["hold"], CHARGES, HOUR, {"role": 9}),
        _capture_judged,
    ),
    Act(
        "capture by silence",
        _ready,
        lambda world, portal: portal.capture(
            KEY, world.ids["hold"], CHARGES, HOUR, {"role": 9}, accepted_by="silence"
        ),
        _capture_judged,
    ),
    Act(
        "reverse",
        _captured,
        lambda world, portal: portal.reverse(KEY, world.ids["entry"], "ошибка"),
        _reverse_judged,
    ),
)


@dataclass(frozen=True)
class Undisturbed:
    """A write in which nothing goes wrong."""

    act: Act
    begun: Snapshot
    answer: Any
    trace: Mapping[str, Any]
    trial: Trial

    @classmethod
    def of(cls, disk: Disk, act: Act) -> Undisturbed:
        world = World(disk)
        act.begin(world, world.portal())
        begun, trial = world.snapshot(), Trial()
        answer = act.do(world, world.portal(trial))
        return cls(act, begun, _answer(answer), world.trace(), trial)

    def disturbed(self, disk: Disk, trial: Trial) -> None:
        """The same write, in which something goes wrong, and which is made again: at once, when all has
        settled, and once more.

        Raises:
            AssertionError: it does not end as the undisturbed one.
        """
        world = World(disk, self.begun)
        answers = [self._ask(world, trial), self._ask(world, Trial())]
        for arrives in trial.late:
            arrives()
        world.clock.now += SETTLE + timedelta(seconds=1)
        answers += [self.act.do(world, world.portal()), self.act.do(world, world.portal())]

        told = [one for one in answers if not isinstance(one, BaseException)]
        assert all(one == told[0] for one in told), f"answers differ: {told}"
        assert _answer(told[0]) == self.answer
        assert world.trace() == self.trace
        self.act.judge(world, told[0])

    def _ask(self, world: World, trial: Trial) -> Any:
        try:
            return self.act.do(world, world.portal(trial))
        except (Killed, PortalOutcomeUnknown, PortalUnreachable, PortalNotContract) as error:
            return error


def _answer(answer: Any) -> Any:
    """An answer but for its moment."""
    return replace(answer, at=SOME_TIME) if isinstance(answer, LedgerEntry) else answer


def _timeless(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in row.items() if not name.endswith("_on")}
    details = CONVENTION.entry_fields.details
    if details in told.get("fields", {}):
        kept = {name: value for name, value in json.loads(told["fields"][details]).items() if name != "at"}
        told["fields"] = {**told["fields"], details: kept}
    return told


@pytest.fixture(params=ACTS, ids=lambda act: act.name)
def undisturbed(disk: Disk, request: pytest.FixtureRequest) -> Undisturbed:
    return Undisturbed.of(disk, request.param)


def _tried(undisturbed: Undisturbed, disk: Disk, trial: Trial, what: str) -> None:
    try:
        undisturbed.disturbed(disk, trial)
    except Exception as error:
        raise AssertionError(f"{undisturbed.act.name}; {what}: {error!r}") from error


def test_a_write_in_which_nothing_goes_wrong_leaves_what_it_should(
    disk: Disk, undisturbed: Undisturbed
) -> None:
    undisturbed.disturbed(disk, Trial())


def test_a_kill_at_any_call_and_any_transaction_changes_nothing(disk: Disk, undisturbed: Undisturbed) -> None:
    for number, name in [*enumerate(undisturbed.trial.passed, 1)][::EVERY]:
        trial = Trial(kill=number)
        _tried(undisturbed, disk, trial, f"killed {name}, boundary {number}")
        assert trial.passed[-1] == name, "the same call goes another way"


def test_a_call_that_fails_in_any_way_changes_nothing(disk: Disk, undisturbed: Undisturbed) -> None:
    for number, name in enumerate(undisturbed.trial.calls, 1):
        for mode in WRITE_FAULTS if name in WRITES else READ_FAULTS:
            _tried(undisturbed, disk, Trial(faults={number: mode}), f"call {number} ({name}): {mode}")


def test_a_refusal_tells_that_nothing_was_written(disk: Disk, undisturbed: Undisturbed) -> None:
    before = World(disk, undisturbed.begun).trace()
    for number, name in enumerate(undisturbed.trial.calls, 1):
        if name in WRITES:
            continue
        world = World(disk, undisturbed.begun)
        try:
            undisturbed.act.do(world, world.portal(Trial(faults={number: "hidden"})))
        except PortalRefused:
            assert world.trace() == before, (
                f"{undisturbed.act.name}: call {number} ({name}) was refused, and what was asked for is there"
            )
        except PortalOutcomeUnknown:
            pass
