"""The embedded portal lets one bridge write at a time, and another one when the first was silent for a
day.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.sandbox.portal import Problem
from bridge.sandbox.portal.office import Office

FIRST, SECOND = "bridge-one", "bridge-two"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.clock = lambda: datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    office.bridges.admit(FIRST)
    return office


def later(office: Office, **after: int) -> None:
    now = office.clock() + timedelta(**after)
    office.clock = lambda: now


def test_a_bridge_that_is_silent_for_a_day_gives_its_place_up(office: Office) -> None:
    later(office, hours=23)
    with pytest.raises(Problem) as caught:
        office.bridges.admit(SECOND)
    assert caught.value.members == {"instance": FIRST, "last_seen": "2026-03-01T09:30:00.000000Z"}
    later(office, hours=1, seconds=1)
    office.bridges.admit(SECOND)
    with pytest.raises(Problem):
        office.bridges.admit(FIRST)


def test_a_bridge_that_only_reads_is_heard(office: Office) -> None:
    later(office, hours=23)
    office.bridges.hear(FIRST)
    office.bridges.hear(SECOND)
    later(office, hours=2)
    with pytest.raises(Problem):
        office.bridges.admit(SECOND)
    office.bridges.admit(FIRST)
