"""Operations that are killed at random moments end whole or undone, on a real Moodle (`killing.py`).

`OTBRIDGE_KILLS=50` kills so often at each kind of step. The site's own cron had better rest meanwhile: rows
of the whole database are counted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.live.killing import PROGRAMS, Killer, Missing, killer

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def at_work() -> Iterator[Killer]:
    try:
        with killer() as made:
            yield made
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_killed_program_ends_whole_or_undone(at_work: Killer, kind: str) -> None:
    kills = int(os.environ.get("OTBRIDGE_KILLS", "2"))
    try:
        tally = at_work.kind(kind, kills, say=lambda _: None)
    except Missing as missing:
        pytest.skip(str(missing))
    print(tally)
    assert tally.wrong == []
    assert tally.at[kind.split(maxsplit=1)[0]] >= kills, f"too few kills hit: {tally}"
