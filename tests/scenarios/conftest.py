"""A place for each scenario, and a journal on each database, as a copy of one with the schema."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from bridge.actions import engine
from tests.profile import THOROUGH
from tests.scenarios.form import Scenario
from tests.scenarios.world import Memory, World, remembered, world_of

POSTGRESQL = pytest.param(
    "postgresql",
    marks=pytest.mark.skipif(not THOROUGH, reason="the same once more: HYPOTHESIS_PROFILE=thorough"),
)


@pytest.fixture(scope="session", params=["sqlite", POSTGRESQL])
def make_journal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], str]:
    """Makes a journal with nothing in it, in a directory where it is a file; returns its address."""
    if request.param == "postgresql":
        template = request.getfixturevalue("postgresql_template")
        copy = request.getfixturevalue("make_postgresql")
        return lambda _directory: copy(template)
    file = request.getfixturevalue("sqlite_template")

    def make(directory: Path) -> str:
        shutil.copyfile(file, directory / "journal.sqlite3")
        return f"sqlite:///{directory}/journal.sqlite3"

    return make


@pytest.fixture(scope="session")
def shared_memory(make_journal: Callable[[Path], str]) -> Iterator[Memory]:
    """A journal for scenarios without commands: one for all is quicker, and a portal's tickets are no
    other portal's business.
    """
    with a_directory() as directory, remembered(make_journal(directory)) as memory:
        yield memory


@pytest.fixture
def world(
    scenario: Scenario,
    make_journal: Callable[[Path], str],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """The scenario's world. One with operators' commands has a journal of its own, for they find a ticket
    by its number alone.
    """
    monkeypatch.setattr(engine, "_FIRST_PAUSE", 0.02)  # the embedded Moodle restores quicker than a real one
    monkeypatch.setattr("bridge.wire.retries.Retries.pause", lambda _self, _number: 0.0)
    with a_directory() as directory, ExitStack() as stack:
        own = scenario.commands
        memory = (
            stack.enter_context(remembered(make_journal(directory)))
            if own
            else request.getfixturevalue("shared_memory")
        )
        yield stack.enter_context(world_of(scenario, directory, memory))


@contextmanager
def a_directory() -> Iterator[Path]:
    """An empty directory."""
    with tempfile.TemporaryDirectory(prefix="otbridge-", ignore_cleanup_errors=True) as made:
        yield Path(made)
