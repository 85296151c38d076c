"""Fixtures of the reliability suite, and how long its machine looks."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from tests.profile import NAME
from tests.reliability.trials import Trials
from tests.reliability.world import Disk

settings.register_profile(
    "reliability",
    max_examples=2,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,  # the same courses each time: what fails is the change's fault
    phases=(Phase.generate,),  # a course of thirty steps can be read; to look for a shorter one takes minutes
    report_multiple_bugs=False,
    database=None,
)
settings.register_profile(
    "thorough", settings.get_profile("reliability"), max_examples=10, stateful_step_count=30
)
settings.register_profile(
    "long",
    settings.get_profile("reliability"),
    max_examples=1_000,
    stateful_step_count=50,
    derandomize=False,
    phases=(Phase.reuse, Phase.generate, Phase.shrink),
    database=DirectoryBasedExampleDatabase(".hypothesis/examples"),
)
PROFILE = settings.get_profile(NAME or "reliability")


@pytest.fixture(scope="session")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """The journal's file of all trials, one after the other."""
    one = Disk(tmp_path_factory.mktemp("journal"))
    gc.collect()
    gc.freeze()  # else a quarter of the time goes into looking through what stays anyway
    yield one
    gc.unfreeze()
    one.close()


@pytest.fixture
def trials(disk: Disk) -> Trials:
    return Trials(disk)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What goes wrong here goes wrong on purpose."""
    log = logging.getLogger("bridge")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    yield
    log.setLevel(before)
