"""Clients that do not wait, and servers that are closed after the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses

from bridge.portal import BearerAuth, HttpPortal, Retries
from tests.raw_server import RawServer
from tests.unit.portal.portal_fakes import PORTAL, TOKEN


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that were made before repeats, seconds."""
    return []


@pytest.fixture
def client(pauses: list[float]) -> Iterator[HttpPortal]:
    """A client of the portal that `responses` plays."""
    with HttpPortal(
        "clients", PORTAL, BearerAuth(TOKEN), category_prefix="Выделенный специалист (н.часы)", connect_timeout=1, read_timeout=2,
        retries=Retries(sleep=pauses.append),
    ) as portal:  # fmt: skip
        yield portal


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    """What the portal answers."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[RawServer, HttpPortal]]]:
    """Starts a `RawServer` and a client of it; the client repeats without waiting."""
    opened: list[Any] = []

    def start(act: Any, *, read_timeout: float = 5, attempts: int = 1) -> tuple[RawServer, HttpPortal]:
        server = RawServer(act)
        portal = HttpPortal(
            "clients", f"{server.url}/api/otbridge/v1", BearerAuth(TOKEN), category_prefix="Платные", connect_timeout=1, read_timeout=read_timeout,
            retries=Retries(attempts=attempts, sleep=lambda _: None),
        )  # fmt: skip
        opened.extend((server, portal))
        return server, portal

    yield start
    for one in opened:
        one.close()
