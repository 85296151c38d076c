"""Transports that are closed after the test, to servers on real sockets and to the site that `responses`
plays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import responses

from bridge.wire.transport import Transport
from tests.raw_server import Act, RawServer

SITE = "https://site.test/base"
TransportOf = Callable[..., Transport]
Serve = Callable[[Act], RawServer]


@pytest.fixture
def transport_of() -> Iterator[TransportOf]:
    """Makes transports to an address."""
    with ExitStack() as stack:

        def make(url: str = SITE, **changes: Any) -> Transport:
            usual = {"connect_timeout": 1, "read_timeout": 5, "call_timeout": 300, "largest_answer": 100_000}
            transport = Transport(url, **{**usual, **changes})
            stack.callback(transport.close)
            return transport

        yield make


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts `RawServer`s."""
    with ExitStack() as stack:

        def start(act: Act) -> RawServer:
            server = RawServer(act)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    """What the site answers."""
    with responses.RequestsMock() as mock:
        yield mock
