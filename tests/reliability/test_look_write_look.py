"""Look, write, look: on an engine that cannot refuse a repeated key nothing is written twice, whatever dies,
sleeps, is lost or comes late.

A failure of the machine prints the steps that lead to it as a program; one of a course by seed names the
seed, and `course(seed)` plays it again.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

import bridge.journal.portal_books
from tests.profile import LONG, THOROUGH
from tests.reliability.conftest import PROFILE
from tests.reliability.keyless import (
    DONE,
    EVERY,
    HAPPENINGS,
    HERE,
    KEYS,
    LIKELY_FATES,
    LIKELY_PLACES,
    LIVED,
    MOMENTS,
    THERE,
    TTLS,
    Keyless,
    World,
)
from tests.reliability.world import Disk

ENOUGH = 1_000
COURSES = 20_000 if LONG else ENOUGH if THOROUGH else 70
"""How many there are by seed."""

MACHINE = settings(
    PROFILE, max_examples=PROFILE.max_examples * (80 if THOROUGH else 40), stateful_step_count=8
)
"""Courses are short: a key is done soon, and then nothing happens to it any more."""


@pytest.fixture(autouse=True)
def _who_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worlds say by themselves which processes are dead."""
    monkeypatch.setattr(bridge.journal.portal_books, "is_stale", bridge.journal.portal_books.is_stale)  # type: ignore[attr-defined]


def course(seed: int, disk: Disk) -> World:
    """One course in which likely things are likely; the same seed gives the same course."""
    chance = Random(seed)
    world = World(disk, chance.choice(TTLS))
    for _ in range(10):
        worker, key = chance.choice((HERE, HERE, THERE)), chance.choice(KEYS)
        match chance.choices(("asks", "time", "closes", "otherwise"), (10, 3, 1, 1))[0]:
            case "asks":
                happens = {
                    chance.choice(LIKELY_PLACES): chance.choice(HAPPENINGS)
                    for _ in range(chance.randint(0, 3))
                }
                world.asks(worker, key, chance.choice(LIKELY_FATES), happens)
            case "time":
                world.forward(chance.choice(MOMENTS))
            case "closes":
                world.engine.closed ^= {key}
            case _ if world.standing[key] == DONE:
                world.asks_for_something_else(worker, key)
        world.check()
        if set(world.standing.values()) == {DONE}:
            break
    world.calms()
    LIVED.update(world.found)
    return world


def courses(number: int, disk: Disk) -> None:
    """Courses by seed.

    Raises:
        AssertionError: in one of them something that must hold does not.
    """
    for seed in range(number):
        try:
            course(seed, disk)
        except Exception as error:
            error.add_note(f"replay: course({seed}, disk)")
            raise


def test_courses_in_which_likely_things_are_likely_write_everything_once_and_come_to_everything(
    disk: Disk,
) -> None:
    LIVED.clear()
    courses(COURSES, disk)

    assert not THOROUGH or sorted(EVERY - LIVED.keys()) == [], "too few courses come to these"


def test_whatever_happens_nothing_is_written_twice_and_every_key_comes_to_its_end(disk: Disk) -> None:
    Keyless.disk = disk

    run_state_machine_as_test(Keyless, settings=MACHINE)

    assert Keyless.rested >= MACHINE.max_examples
