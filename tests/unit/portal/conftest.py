"""Clients that do not wait, and servers that are closed after the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import responses

from bridge.portal import BearerAuth, HttpPortal, Retries
from bridge.portal.transport import LARGEST_ANSWER
from tests.raw_server import RawServer
from tests.unit.portal.portal_fakes import PORTAL, TOKEN


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that were made before repeats, seconds."""
    return []


@pytest.fixture
def client_of(pauses: list[float]) -> Iterator[Callable[[int], HttpPortal]]:
    """Makes clients of the portal that `responses` plays, with the largest answer that they keep."""
    with ExitStack() as stack:
        yield lambda largest: stack.enter_context(
            HttpPortal(
                "clients",
                PORTAL,
                BearerAuth(TOKEN),
                category_prefix="Выделенный специалист (н.часы)",
                connect_timeout=1,
                read_timeout=2,
                retries=Retries(sleep=pauses.append),
                largest_answer=largest,
            )
        )


@pytest.fixture
def client(client_of: Callable[[int], HttpPortal]) -> HttpPortal:
    """A client of the portal that `responses` plays."""
    return client_of(LARGEST_ANSWER)


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
            "clients",
            f"{server.url}/api/otbridge/v1",
            BearerAuth(TOKEN),
            category_prefix="Платные",
            connect_timeout=1,
            read_timeout=read_timeout,
            retries=Retries(attempts=attempts, sleep=lambda _: None),
        )
        opened.extend((server, portal))
        return server, portal

    yield start
    for one in opened:
        one.close()
