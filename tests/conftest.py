"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

from tests.databases import make_postgresql, postgresql_server, postgresql_template, sqlite_template

__all__ = ["make_postgresql", "postgresql_server", "postgresql_template", "sqlite_template"]

# The machines that run the tests are shared: how long one example takes says nothing.
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")
