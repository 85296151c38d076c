"""Clients that do not wait, and servers that are closed after the test."""

from __future__ import annotations

import pytest

from bridge.moodle_ws import Retries, connect
from tests.raw_server import RawServer
from tests.unit.moodle_ws.moodle_ws_fakes import SITE, TOKEN


@pytest.fixture
def pauses():
    """The pauses that were made before repeats, seconds."""
    return []


@pytest.fixture
def client(pauses):
    """A REST client of a site that `responses` plays."""
    with connect(SITE, TOKEN, retries=Retries(sleep=pauses.append)) as client:
        yield client


@pytest.fixture
def soap(pauses):
    """A SOAP client of a site that `responses` plays."""
    with connect(SITE, TOKEN, transport="soap", retries=Retries(sleep=pauses.append)) as client:
        yield client


@pytest.fixture
def serve():
    """Starts `RawServer`s."""
    servers = []

    def start(act):
        servers.append(RawServer(act))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
