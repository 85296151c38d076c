"""Clients of a Redmine that do not wait, and servers that are closed after the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses

from bridge.portal import Retries
from bridge.portal.redmine.client import Client, KeyAuth
from bridge.portal.transport import LARGEST_ANSWER, Line
from bridge.wire.transport import Transport
from tests.raw_server import RawServer
from tests.unit.redmine.redmine_fakes import KEY, SITE


def client_of(site: str, retries: Retries, *, read_timeout: float = 2) -> Client:
    transport = Transport(
        site,
        connect_timeout=1,
        read_timeout=read_timeout,
        call_timeout=300,
        largest_answer=LARGEST_ANSWER,
        auth=KeyAuth(KEY),
    )
    return Client("clients", Line(transport, retries))


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that were made before repeats, seconds."""
    return []


@pytest.fixture
def client(pauses: list[float]) -> Iterator[Client]:
    """A client of the Redmine that `responses` plays."""
    made = client_of(SITE, Retries(sleep=pauses.append))
    yield made
    made.close()


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    """What Redmine answers."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[RawServer, Client]]]:
    """Starts a `RawServer` and a client of it; reads are not repeated."""
    opened: list[Any] = []

    def start(act: Any, *, read_timeout: float = 5) -> tuple[RawServer, Client]:
        server = RawServer(act)
        made = client_of(server.url, Retries(attempts=1), read_timeout=read_timeout)
        opened.extend((made, server))
        return server, made

    yield start
    for one in opened:
        one.close()
