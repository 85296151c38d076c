"""Answers that break off where HTTP cannot show it: a read is never taken for whole, a write never for done.

What the transport itself proves of cut answers: tests/unit/wire/test_transport.py.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from bridge.domain.tickets import Attachment
from bridge.portal import HttpPortal, PortalError, PortalNotContract, PortalOutcomeUnknown, PortalUnreachable
from tests.raw_server import RawServer, reset
from tests.unit.portal.portal_fakes import ATTACHMENT, META, WRITES, json_reply, page

FILE = Attachment("f1", "a.txt", 3, ATTACHMENT["sha256"], "text/plain")  # type: ignore[arg-type]
write = pytest.mark.parametrize("name", WRITES)


@write
def test_an_answer_without_an_end_that_is_cut_leaves_the_write_unknown(
    serve: Callable[..., tuple[RawServer, HttpPortal]], name: Any
) -> None:
    call, _, status, document = WRITES[name]
    whole = json_reply(document, status=f"{status} OK", framing="none")
    end = whole.rindex(b"}")
    place = {"cut": 0}
    _, client = serve(lambda connection, _: connection.sendall(whole[: place["cut"]]))
    cuts = range(end + 1) if name in {"note", "hold"} else range(0, end + 1, 13)
    for cut in [*cuts, end]:
        place["cut"] = cut
        with pytest.raises(PortalOutcomeUnknown):
            call(client)
    place["cut"] = len(whole)
    call(client)


def test_a_page_without_an_end_that_is_cut_is_none(
    serve: Callable[..., tuple[RawServer, HttpPortal]],
) -> None:
    whole = json_reply(page(cursor="c1"), status="200 OK", framing="none")
    place = {"cut": 0}
    _, client = serve(lambda connection, _: connection.sendall(whole[: place["cut"]]))
    for cut in range(whole.rindex(b"}") + 1):
        place["cut"] = cut
        with pytest.raises((PortalUnreachable, PortalNotContract)):
            client.changed_tickets(None)


@pytest.mark.parametrize("framing", ["length", "chunked", "none"])
def test_a_file_cut_at_any_byte_is_not_the_file(
    serve: Callable[..., tuple[RawServer, HttpPortal]], framing: str
) -> None:
    whole = json_reply(b"abc", status="200 OK", framing=framing)
    place = {"cut": 0}
    _, client = serve(lambda connection, _: connection.sendall(whole[: place["cut"]]))
    for cut in range(whole.rindex(b"abc") + 3):
        place["cut"] = cut
        with pytest.raises(PortalError):
            client.download("t1", FILE, io.BytesIO())
    place["cut"] = len(whole)
    client.download("t1", FILE, io.BytesIO())


@pytest.mark.parametrize("cut", [0, 9, 17, 40, 70, 120])
def test_a_read_is_sent_again_after_a_cut(
    serve: Callable[..., tuple[RawServer, HttpPortal]], cut: int
) -> None:
    whole = json_reply(META, status="200 OK")
    answers = [whole[:cut], whole]
    server, client = serve(lambda connection, _: connection.sendall(answers.pop(0)), attempts=2)
    assert client.meta().contract == "1.0"
    assert len(server.requests) == 2


@write
def test_a_write_whose_connection_is_reset_is_unknown_and_sent_once(
    serve: Callable[..., tuple[RawServer, HttpPortal]], name: Any
) -> None:
    server, client = serve(lambda connection, _: reset(connection), attempts=4)
    with pytest.raises(PortalOutcomeUnknown):
        WRITES[name][0](client)
    assert len(server.requests) == 1
