"""An embedded Moodle for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.sandbox.moodle import SandboxMoodle


@pytest.fixture
def moodle(tmp_path: Path) -> Iterator[SandboxMoodle]:
    with SandboxMoodle.start(tmp_path / "moodle", restore_seconds=0.05) as started:
        yield started
