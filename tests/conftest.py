"""What holds for all tests."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.databases import make_postgresql, postgresql_server, postgresql_template, sqlite_template

__all__ = ["make_postgresql", "postgresql_server", "postgresql_template", "sqlite_template"]

# The machines that run the tests are shared: how long one example takes says nothing.
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")

MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30
"""Bytes. What the tests keep at one time is far less."""


def pytest_configure() -> None:
    """Keep the tests' files in memory where the machine has room there.

    No test depends on what a power cut leaves, and half of the time would be spent on waiting for the disk.
    """
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return
    if shutil.disk_usage(MEMORY).free >= ROOM:
        tempfile.tempdir = str(MEMORY)


@pytest.fixture(autouse=True)
def _loggers_as_they_were() -> Iterator[None]:
    """The command line sets levels for the whole process, and tests of it run within this one.

    A level that stayed would also let pytest keep each line of a later test, which then seems to need ever
    more memory.
    """
    loggers = [
        logging.getLogger(name)
        for name in ("bridge", "bridge.done", "urllib3", "zeep", "requests", "apscheduler")
    ]
    before = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)
