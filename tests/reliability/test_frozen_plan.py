"""A plan that was begun for one order is not mistaken for the plan of another one."""

from __future__ import annotations

from itertools import count

from bridge.domain.lifecycle import History, Kind
from tests.profile import LONG, THOROUGH
from tests.reliability.chaos import Chaos
from tests.reliability.scenarios import T
from tests.reliability.world import RESTORE, Disk, World


def test_what_is_restored_is_what_was_ordered_when_the_hours_were_held(disk: Disk) -> None:
    world = World(disk)
    world.moodle.lose_course("Пожарная безопасность", "PB-1")
    world.order(RESTORE)
    world.chaos.plan(faults={4: "unreachable"})
    world.run_pass()
    assert world.chaos.calls[3][0] == "core_course_get_courses_by_field", (
        "the plan was begun, and Moodle was down"
    )
    begun = world.snapshot()

    for boundary in count(1, 1 if LONG else 3 if THOROUGH else 10):
        world = World(disk, begun, Chaos((boundary,), lasting=True))
        world.portal.edit_fields(T, {**RESTORE, "param_shortname": "PB-1"})
        world.run_pass()
        with world.journal.transaction(read_only=True) as unit:
            (stage,) = world.portal.ticket(T).stages
            held = (
                History(unit.effects.of("test", T))
                .attempt(stage, unit.tickets.revision("test", T, stage.id))
                .sent(Kind.HOLD)
            )
        world.portal.edit_fields(T, RESTORE)
        world.rest()
        world.check()
        (course,) = world.moodle.courses.values()
        assert course["shortname"] == ("PB-1" if held else "OT-1"), (
            f"the order was changed back after the kill {world.chaos.killed}"
        )
        if not world.chaos.killed:
            break
