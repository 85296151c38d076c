"""Lives of a ticket that every kill and every fault is tried on: how each begins, what its customer does at rest, how it must end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count, product
from typing import Any

from bridge.tickets import StageState
from tests.reliability.chaos import Chaos
from tests.reliability.world import RESTORE, ROLE, Disk, Snapshot, World, captured

T = "t1"
"""The ticket of every scenario."""

Move = Callable[[World], None]


@dataclass(frozen=True)
class Scenario:
    """One life of a ticket.

    Attributes:
        begin: what is there before the first pass.
        moves: what the customer does, one move each time when everything rests.
        meanwhile: what the customer does once, after the first pass, whatever became of that.
        notes: how many messages the customer has at the end.
        taken: norm-hours that are written off at the end, None: nothing.
        made: short names of what exists in Moodle at the end.
    """

    name: str
    begin: Move
    moves: tuple[Move, ...]
    status: str
    notes: int
    taken: str | None = None
    made: tuple[str, ...] = ()
    meanwhile: Move | None = field(default=None)

    def play(self, world: World) -> None:
        """Live it from here to the end, and look whether everything is as it must be."""
        told = self.meanwhile is None
        if not told:

            def between(world: World) -> None:
                nonlocal told
                if not told:
                    told = True
                    self.meanwhile(world)  # type: ignore[misc]

            world.between = between
        for move in self.moves:
            world.rest()
            world.check()
            move(world)
        world.rest()
        world.chaos.deliver()
        world.rest()
        self.judge(world)

    def judge(self, world: World) -> None:
        """Everything as it must be at the end."""
        world.check()
        assert world.statuses()[T] == self.status
        assert captured(world) == ([] if self.taken is None else [Decimal(self.taken)])
        assert len(world.portal.notes(T)) == self.notes, [note.text for note in world.portal.notes(T)]
        made = Counter(thing["shortname"] for thing in (*world.moodle.courses.values(), *world.moodle.roles))
        assert made == Counter(self.made)
        if self.status == "done":
            assert world.portal.ticket(T).state == "done"
            assert all(stage.state is StageState.WRITTEN_OFF for stage in world.portal.ticket(T).stages)


def accept(world: World) -> None:
    world.portal.accept(T)


def withdraw(world: World) -> None:
    world.portal.withdraw(T)


def _order(fields: dict[str, str]) -> Move:
    def begin(world: World) -> None:
        world.order(fields)

    return begin


def _poor(world: World) -> None:
    world.portal.open_account("poor", "Академия", granted="0.25")
    world.order(ROLE, account="poor")


def _top_up(world: World) -> None:
    world.portal.top_up("poor", 2)


def _restore_fails(world: World) -> None:
    world.moodle.failures.append("restorefailed")
    world.order(RESTORE)


def _order_otherwise(world: World) -> None:
    world.portal.edit_fields(T, {**RESTORE, "param_users": "нет"})


def _log_time_and_accept(world: World) -> None:
    world.portal.log_time(T, 15)
    world.portal.accept(T)


def _accept_and_withdraw(world: World) -> None:
    world.portal.accept(T)
    world.portal.withdraw(T)


def _agree_on_more(world: World) -> None:
    world.portal.agree(T, [("Работа", 2, 1)])


ROLE_DONE = Scenario("a role is made and written off", _order(ROLE), (accept,), "done", 4, "0.5", ("methodist",))
RESTORE_DONE = Scenario("a course comes back and is written off", _order(RESTORE), (accept,), "done", 4, "1", ("OT-1",))
POOR = Scenario("the balance is too small, then topped up", _poor, (_top_up, accept), "done", 5, "0.5", ("methodist",))
WITHDRAWN = Scenario("withdrawn before acceptance", _order(ROLE), (withdraw,), "withdrawn", 2, None, ("methodist",))
ACCEPTED_WITHDRAWN = Scenario("withdrawn after acceptance", _order(ROLE), (_accept_and_withdraw,), "withdrawn", 2, "0.5", ("methodist",))
FAILED = Scenario("the restore fails, the order is changed", _restore_fails, (_order_otherwise, accept), "done", 6, "1", ("OT-1",))
LATE_TIME = Scenario("time is logged after the report", _order(ROLE), (_log_time_and_accept,), "done", 4, "0.5", ("methodist",))
AGREED_ANEW = Scenario(
    "more is agreed on while it begins", _order(ROLE), (accept,), "done", 4, "0.5", ("methodist",), meanwhile=_agree_on_more
)

MAIN = (ROLE_DONE, RESTORE_DONE)
OTHERS = (POOR, WITHDRAWN, ACCEPTED_WITHDRAWN, FAILED, LATE_TIME, AGREED_ANEW)


@dataclass(frozen=True)
class Segment:
    """A part of a life from one move of the customer to the rest before the next, and what an undisturbed one leaves at its end."""

    name: str
    snapshot: Snapshot
    trace: dict[str, Any]


class Trials:
    """Runs a scenario under chaos, from the beginning or from a snapshot on its way."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.run = 0

    def begun(self, scenario: Scenario) -> Snapshot:
        """The scenario's world before the first pass."""
        world = World(self._disk)
        scenario.begin(world)
        return world.snapshot()

    def segments(self, scenario: Scenario) -> list[Segment]:
        """The scenario cut where everything rests and the customer moves; the undisturbed life is judged on the way."""
        found = []
        snapshot = self.begun(scenario)
        for move in (*scenario.moves, None):
            world = World(self._disk, snapshot)
            world.rest()
            world.check()
            found.append(Segment(f"{scenario.name}, part {len(found) + 1}", snapshot, world.trace()))
            if move is None:
                scenario.judge(world)
            else:
                move(world)
                snapshot = world.snapshot()
        return found

    def trial(self, scenario: Scenario, snapshot: Snapshot, chaos: Chaos) -> Chaos:
        """Play the scenario to its end; an invariant that breaks tells under which chaos.

        Raises:
            AssertionError: with the kill points or the faults of the trial.
        """
        self.run += 1
        calls = dict(chaos.faults)
        try:
            scenario.play(World(self._disk, snapshot, chaos))
        except Exception as error:
            at = [f"killed {place}" for place in chaos.killed]
            at += [f"call {number} ({chaos.calls[number - 1][0]}): {mode}" for number, mode in calls.items() if number <= len(chaos.calls)]
            raise AssertionError(f"{scenario.name}; {'; then '.join(at) or 'nothing went wrong'}: {error!r}") from error
        return chaos

    def killed(self, segment: Segment, *kills: int, lasting: bool = False) -> list[str]:
        """Live a segment with the process killed at these boundaries; it must end as the undisturbed life does.

        Returns:
            where it was killed, less than asked for when there are no so many boundaries.
        """
        chaos = Chaos(kills, lasting=lasting)
        try:
            world = World(self._disk, segment.snapshot, chaos)
            world.rest()
            world.check()
            assert world.trace() == segment.trace
        except Exception as error:
            raise AssertionError(f"{segment.name}; killed {'; then '.join(chaos.killed) or 'nowhere'}: {error!r}") from error
        return chaos.killed

    def kill_everywhere(self, segment: Segment, *, lasting: bool = False) -> int:
        """Kill at every boundary, one in each trial; returns how many there are."""
        return next(number for number in count(1) if not self.killed(segment, number, lasting=lasting)) - 1

    def kill_ever_again(self, segment: Segment) -> int:
        """Kill at every boundary that something lasting went before, and from what that leaves again, and again, however often.

        A kill leaves what was lasting, and what a restarted process does follows from that alone: so it is enough to go on once from every
        state that a kill can leave, until no new one turns up.

        Returns:
            how many different states there are.
        """
        first = World(self._disk, segment.snapshot)
        seen = {first.state()}
        waiting = [(segment.snapshot, "never")]
        while waiting:
            snapshot, at = waiting.pop()
            chaos = Chaos()
            world = World(self._disk, snapshot, chaos)

            def look(name: str, world: World = world, at: str = at) -> None:
                if (state := world.state()) not in seen:
                    seen.add(state)
                    waiting.append((world.snapshot(), f"{at}, {name}"))

            chaos.at_lasting = look
            try:
                world.rest()
                world.check()
                assert world.trace() == segment.trace
            except Exception as error:
                raise AssertionError(f"{segment.name}; killed {at}: {error!r}") from error
        return len(seen)

    def calls(self, scenario: Scenario, snapshot: Snapshot) -> list[tuple[str, bool]]:
        """The outside calls of a life in which nothing goes wrong: name, and whether it writes."""
        return self.trial(scenario, snapshot, Chaos()).calls

    def fail_everywhere(self, segment: Segment, modes: tuple[str, ...]) -> int:
        """Let every outside call fail in every mode, one in each trial; all must end as the undisturbed life does. Returns how many trials."""
        chaos = Chaos()
        World(self._disk, segment.snapshot, chaos).rest()
        number = 0
        for (call, (name, write)), mode in product(enumerate(chaos.calls, 1), modes):
            if not write and mode != "unreachable":
                continue  # a read that got no answer is the same, however it was lost
            number += 1
            try:
                world = World(self._disk, segment.snapshot, Chaos(faults={call: mode}))
                world.rest()
                world.chaos.deliver()
                world.rest()
                world.check()
                assert world.trace() == segment.trace
            except Exception as error:
                raise AssertionError(f"{segment.name}; call {call} ({name}) {mode}: {error!r}") from error
        return number
