"""Clients that do not wait, and servers that are closed after the test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bridge.moodle_ws import Retries, connect
from tests.raw_server import RawServer
from tests.unit.moodle_ws.moodle_ws_fakes import SITE, TOKEN


@pytest.fixture
def pauses() -> Any:
    """The pauses that were made before repeats, seconds."""
    return []


@pytest.fixture
def client(pauses: Any) -> Iterator[Any]:
    """A REST client of a site that `responses` plays."""
    with connect(SITE, TOKEN, retries=Retries(sleep=pauses.append)) as client:
        yield client


@pytest.fixture
def soap(pauses: Any) -> Iterator[Any]:
    """A SOAP client of a site that `responses` plays."""
    with connect(SITE, TOKEN, transport="soap", retries=Retries(sleep=pauses.append)) as client:
        yield client


@pytest.fixture
def serve() -> Iterator[Any]:
    """Starts `RawServer`s."""
    servers = []

    def start(act: Any) -> Any:
        servers.append(RawServer(act))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
