"""What shares a commit: what a call came to, its line in the log and the next intent; and a case that is kept
from step to step.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bridge.domain.effects import EffectState
from bridge.domain.lifecycle import Kind
from bridge.flow.kept import Kept, Turn
from bridge.flow.messages import Messages
from bridge.flow.perform import Call, Ended, Performer
from bridge.flow.sync import LEASE, Pass
from bridge.journal import Unit
from tests.reliability.scenarios import T
from tests.reliability.test_site_changes import ChangingWorld
from tests.reliability.world import ROLE, Disk, World


def accepted(world: World) -> None:
    world.order(ROLE)
    world.rest()
    world.portal.accept(T)


def ordered_with_a_bad_template(disk: Disk, directory: Path) -> World:
    """The message that a stage is ready cannot be written."""
    world = ChangingWorld(disk)
    world.order(ROLE)
    (directory / "ready.txt.j2").write_text("{{ nothing.at.all }}\n", encoding="utf-8")
    world.messages = Messages(directory)
    return world


def kept_in_spite_of_the_next_step(world: World, kind: str) -> None:
    """The effect stands in the journal, though the one after it could not be begun."""
    with world.journal.transaction(read_only=True) as unit:
        states = {effect.kind: effect.state for effect in unit.effects.of("test", T)}
        lines = [event.kind for event in unit.events.latest("test", T)]
    assert list(states)[-1] == kind
    assert states[kind] is EffectState.DONE
    assert lines.count(f"{kind}:done") == 1
    assert (world.statuses()[T], world.reasons()[T]) == ("failed", "fault")
    world.check(at_rest=False)


def test_what_a_call_came_to_is_kept_though_the_message_after_it_fails(disk: Disk, tmp_path: Path) -> None:
    world = ordered_with_a_bad_template(disk, tmp_path)
    world.run_pass()
    kept_in_spite_of_the_next_step(world, "stage:ready")


def test_what_a_call_came_to_is_kept_though_the_database_refuses_the_next_intent(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(disk)
    world.order(ROLE)
    begin = Performer.begin

    def refused(self: Performer, unit: Unit, call: Call) -> Any:
        if call.intent.kind == "ticket:in_progress":
            unit._connection.execute(text("INSERT INTO effects (key) VALUES (NULL)"))
        return begin(self, unit, call)

    with monkeypatch.context() as patch:
        patch.setattr(Performer, "begin", refused)
        world.run_pass()
    kept_in_spite_of_the_next_step(world, Kind.HOLD)
    with world.journal.transaction(read_only=True) as unit:
        assert [row.kind for row in unit.ledger.rows("test")] == ["hold"]
    world.run_pass(minutes=10)
    world.rest()
    assert world.statuses()[T] == "awaiting-acceptance"
    world.check()


def test_a_next_step_that_undoes_what_happened_would_be_seen(disk: Disk, tmp_path: Path) -> None:
    """The planted bug of the two tests above: the outcome goes where the transaction goes."""
    world = ordered_with_a_bad_template(disk, tmp_path)

    def forgetful(self: Pass, turn: Turn, ended: Ended | None) -> Any:
        with self._bridge.journal.transaction() as unit:
            changes = unit.queue.renew(turn.claim, self._bridge.clock(), LEASE)
            settled = [] if ended is None else [self._settle(unit, turn, ended)]
            turn.kept.bring_up(unit, changes)
            return self._next(unit, turn, ended, settled)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pass, "_written_down", forgetful)
        world.run_pass()
    with pytest.raises(AssertionError):
        kept_in_spite_of_the_next_step(world, "stage:ready")


@pytest.mark.parametrize("call", range(1, 9))
def test_an_operator_s_word_counts_from_the_next_step_on(disk: Disk, call: int) -> None:
    """However the case was kept: an operator pauses the ticket while a call is under way, and that call is
    the last one.
    """
    world = World(disk)
    world.order(ROLE)
    paused: list[int] = []

    def pause(number: int) -> None:
        writes = sum(write for _, write in world.chaos.calls)
        if world.chaos.calls[-1][1] and writes == call:
            world.desk(T).pause("ждём")
            paused.append(number)

    world.chaos.at_call = pause
    world.run_pass()
    assert paused
    assert sum(write for _, write in world.chaos.calls) == call
    assert world.statuses()[T] == "paused"


def test_a_difference_of_the_ledgers_that_is_found_meanwhile_stops_the_write_off(disk: Disk) -> None:
    """It wakes no ticket: a write-off looks for it in the transaction of its intent."""
    world = World(disk)
    accepted(world)
    put = Kept.put

    def read_before_the_comparison(*args: Any) -> None:
        put(*args)
        world.drift("school")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Kept, "put", read_before_the_comparison)
        world.run_pass()
    assert world.reasons()[T] == "drift"
    assert [entry.kind for entry in world.portal.entries if entry.kind == "capture"] == []
