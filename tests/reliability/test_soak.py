"""The service over days of simulated time (soak.py); `make soak` lets it run for thirty of them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from tests.profile import LONG, THOROUGH
from tests.reliability.soak import HOUR, Soak
from tests.reliability.world import Disk


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def test_a_day_of_outages_jumping_clocks_and_poisoned_orders(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    soak = Soak(disk, days=1, poll=HOUR)
    soak.run(monkeypatch.setattr)
    assert len(soak.good) > 5
    assert soak.bad
    soak.check()


@pytest.mark.skipif(not (LONG or THOROUGH), reason="takes minutes: make soak")
@pytest.mark.parametrize("seed", [1, 2] if LONG else [1])
def test_thirty_days_of_outages_jumping_clocks_and_poisoned_orders(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, traced: None, seed: int
) -> None:
    soak = Soak(disk, days=30, poll=1800, seed=seed)
    soak.run(monkeypatch.setattr)
    assert len(soak.good) > 150
    soak.check()
