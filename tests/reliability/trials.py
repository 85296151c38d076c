"""Trials: a life under chaos, from its beginning or from a rest on its way."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import count, product
from typing import Any

from tests.reliability.chaos import Chaos
from tests.reliability.scenarios import Scenario
from tests.reliability.world import Disk, Snapshot, World


@dataclass(frozen=True)
class Segment:
    """A part of a life from one move of the customer to the rest before the next, and what an undisturbed
    one leaves at its end.
    """

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
        """The scenario cut where everything rests and the customer moves; the undisturbed life is judged
        on the way.
        """
        found: list[Any] = []
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
        try:
            scenario.play(World(self._disk, snapshot, chaos))
        except Exception as error:
            at = "; then ".join(chaos.happened) or "nothing went wrong"
            raise AssertionError(f"{scenario.name}; {at}: {error!r}") from error
        return chaos

    def killed(self, segment: Segment, *kills: int, lasting: bool = False) -> list[str]:
        """Live a segment with the process killed at these boundaries; it must end as the undisturbed life
        does.

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
            raise AssertionError(
                f"{segment.name}; killed {'; then '.join(chaos.killed) or 'nowhere'}: {error!r}"
            ) from error
        return chaos.killed

    def kill_everywhere(self, segment: Segment, *, lasting: bool = False, every: int = 1) -> int:
        """Kill at every boundary, or every second, third … one, one in each trial; returns how many trials
        that took.
        """
        return next(
            trial
            for trial, number in enumerate(count(every, every))
            if not self.killed(segment, number, lasting=lasting)
        )

    def away_everywhere(self, segment: Segment, *, every: int = 1) -> int:
        """Let the journal be away from every turn, or every second, third … one, to the end of the pass, and
        for that turn alone; returns how many trials that took."""
        trial = 0
        for turn in count(1, every):
            for last in (turn, sys.maxsize):
                chaos = Chaos(away=(turn, last))
                try:
                    world = World(self._disk, segment.snapshot, chaos)
                    world.run_pass()
                    if not chaos.happened:
                        return trial
                    trial += 1
                    chaos.plan()
                    world.rest()
                    world.check()
                    assert world.trace() == segment.trace
                except Exception as error:
                    raise AssertionError(f"{segment.name}; {'; '.join(chaos.happened)}: {error!r}") from error
        raise AssertionError("unreachable")

    def kill_ever_again(self, segment: Segment) -> int:
        """Kill at every boundary that something lasting went before, and from what that leaves again, and
        again, however often.

        A kill leaves what was lasting, and what a restarted process does follows from that alone: so it is
        enough to go on once from every state that a kill can leave, until no new one turns up.

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

    def fail_everywhere(self, segment: Segment, modes: tuple[str, ...], *, every: int = 1) -> int:
        """Let every outside call, or every second, third … one, fail in every mode, one in each trial; all
        must end as the undisturbed life does. Returns how many trials that took."""
        chaos = Chaos()
        World(self._disk, segment.snapshot, chaos).rest()
        number = 0
        for (call, (name, write)), mode in product([*enumerate(chaos.calls, 1)][::every], modes):
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
