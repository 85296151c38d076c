"""What tests of the helper share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from otbridge_extract.guard import Guard


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    made = Guard([tmp_path], 0, every=0.01)
    yield made
    made.stopping.set()
