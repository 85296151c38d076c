"""One key, one answer: calls that come at once with one key are one operation, and none is refused.

`OTBRIDGE_ROUNDS=200` goes round so often; a program that a task runs needs the site's cron.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from bridge.actions.program import Program, Step, ref
from bridge.moodle_ws import MoodleClient, connect
from tests.contract.test_plugin import OPERATION, PREFIX, Site, course_step, program, role_step
from tests.live.conftest import RealMoodle

pytestmark = pytest.mark.live

AT_ONCE = 8
LIGHT_STEPS = 200


def groups(number: int) -> Program:
    """A course with groups."""
    named = [
        Step("group.create", f"g{one}", {"course": ref("course", "id"), "name": f"Группа {one}"})
        for one in range(number)
    ]
    return program(course_step(), *named)


@pytest.fixture
def site(real: RealMoodle) -> Iterator[Site]:
    made = Site(real.url, real.token)
    yield made
    made.clear()


@pytest.fixture
def callers(real: RealMoodle) -> Iterator[list[MoodleClient]]:
    made = [connect(real.url, real.token) for _ in range(AT_ONCE)]
    yield made
    for one in made:
        one.close()


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(lambda: program(role_step()), id="quick"),
        pytest.param(lambda: groups(5), id="light"),
        pytest.param(lambda: groups(LIGHT_STEPS), id="heavy"),
    ],
)
def test_calls_at_once_with_one_key_get_the_same_operation(
    site: Site, callers: list[MoodleClient], order: Callable[[], Program]
) -> None:
    wrong = []
    rounds = int(os.environ.get("OTBRIDGE_ROUNDS", "5"))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(rounds):
            what, key, together = order(), str(uuid.uuid4()), Barrier(AT_ONCE)

            def call(
                client: MoodleClient, text: str = what.canonical(), key: str = key, go: Barrier = together
            ) -> str:
                go.wait()
                try:
                    answer = client.write(PREFIX + "run", opkey=key, program=text)
                except Exception as error:
                    return f"{type(error).__name__}: {error}"
                found = answer["status"] in {"queued", "running", "done"} and answer["opkey"] == key
                return "" if found and answer.keys() == OPERATION else repr(answer)

            wrong += [(number, one) for one in pool.map(call, callers) if one]
            made = site.run(what, key)
            assert (made["status"], made["stepsdone"]) == ("done", len(what.steps))
    assert not wrong, f"{len({number for number, _ in wrong})} of {rounds} rounds: {wrong[:5]}"
