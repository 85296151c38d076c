"""What holds for all tests."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.databases import make_postgresql, postgresql_server, postgresql_template, sqlite_template

__all__ = ["make_postgresql", "postgresql_server", "postgresql_template", "sqlite_template"]

# The machines that run the tests are shared: how long one example takes says nothing.
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")


@pytest.fixture(autouse=True)
def _loggers_as_they_were() -> Iterator[None]:
    """The command line sets levels for the whole process, and tests of it run within this one."""
    loggers = [logging.getLogger(name) for name in ("urllib3", "zeep", "requests", "apscheduler")]
    before = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)
