"""Answers of Moodle that break off where HTTP cannot show it, and secrets in what fails: a read repeats or
raises, a write is never taken for done.

What the transport itself proves of servers and networks: tests/unit/wire/test_transport.py.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from typing import Any

import pytest

from bridge.moodle_ws import (
    Maintenance,
    NotMoodle,
    OutcomeUnknown,
    Retries,
    Unreachable,
    connect,
)
from tests.raw_server import http_reply, reset
from tests.unit.moodle_ws.moodle_ws_fakes import TOKEN, soap_result, wsdl

ONCE = Retries(attempts=1)
CREATED = [{"id": 12345, "shortname": "bio"}]
CREATE = "core_course_create_courses"
DELETE = "core_user_delete_users"
GET = "core_course_get_courses_by_field"


def sends(data: Any) -> Any:
    """Acts by sending these bytes and closing."""
    return lambda connection, _request: connection.sendall(data)


def soap_site(answer: Any) -> Any:
    """Acts as a SOAP site: the WSDL whole, every call's answer by `answer`."""

    def act(connection: Any, request: Any) -> None:
        if b"wsdl=1" in request.split(b"\r\n")[0]:
            connection.sendall(http_reply(wsdl(), kind="application/xml"))
        else:
            answer(connection, request)

    return act


@pytest.mark.parametrize("body", [b'[{"id":12345,"shortname":"bio"}]', b"12345", b"null", b"[]"])
def test_a_rest_answer_without_an_end_that_is_cut_is_never_a_success(serve: Any, body: bytes) -> None:
    whole = http_reply(body, framing="none")
    place = {"cut": 0}
    server = serve(lambda connection, _: connection.sendall(whole[: place["cut"]]))
    with connect(server.url, TOKEN, retries=ONCE) as client:
        for cut in range(whole.rindex(body) + len(body)):
            place["cut"] = cut
            with pytest.raises(OutcomeUnknown):
                client.write(CREATE)
            with pytest.raises((Unreachable, NotMoodle)):
                client.read(GET)


def test_a_soap_result_without_an_end_that_is_cut_is_never_a_success(serve: Any) -> None:
    whole = http_reply(soap_result(CREATE, CREATED), framing="none", kind="text/xml")
    end = whole.rindex(b"Envelope>") + len(b"Envelope>")
    place = {"cut": 0}
    server = serve(soap_site(lambda connection, _: connection.sendall(whole[: place["cut"]])))
    with connect(server.url, TOKEN, transport="soap", retries=ONCE) as client:
        for cut in [*range(whole.index(b"\r\n\r\n") + 6), *range(end - 60, end)]:
            place["cut"] = cut
            with pytest.raises(OutcomeUnknown):
                client.write(CREATE, courses=[{"shortname": "bio"}])
        place["cut"] = len(whole)
        assert client.write(CREATE, courses=[{"shortname": "bio"}]) == CREATED


def test_a_soap_answer_without_result_cut_inside_its_head_is_never_a_success(serve: Any) -> None:
    whole = http_reply(b"", status="202 Accepted", kind="text/html")
    place = {"cut": 0}
    server = serve(soap_site(lambda connection, _: connection.sendall(whole[: place["cut"]])))
    with connect(server.url, TOKEN, transport="soap", retries=ONCE) as client:
        for cut in range(whole.index(b"Content-Length:") + len(b"Content-Length:")):
            place["cut"] = cut
            with pytest.raises(OutcomeUnknown):
                client.write(DELETE, userids=[1])
        place["cut"] = len(whole)
        assert client.write(DELETE, userids=[1]) is None


@pytest.mark.parametrize("cut", [0, 9, 17, 40, 70, 85])
def test_a_read_is_sent_again_after_a_cut(serve: Any, cut: int) -> None:
    whole = http_reply(b"[1]")
    answers = [whole[:cut], whole]
    server = serve(lambda connection, _: connection.sendall(answers.pop(0)))
    with connect(server.url, TOKEN, retries=Retries(sleep=lambda _: None)) as client:
        assert client.read(GET) == [1]
    assert len(server.requests) == 2


def test_neither_errors_nor_logs_nor_tracebacks_hold_the_token(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "Geheim-" + "1"
    server = serve(soap_site(lambda connection, _: reset(connection)))
    with connect(server.url, TOKEN, transport="soap", retries=ONCE) as client:
        try:
            client.write(CREATE, courses=[{"shortname": secret}])
        except OutcomeUnknown:
            logging.getLogger("bridge.test").exception("failed")
    assert "wstoken=TOKEN" in caplog.text
    assert TOKEN not in caplog.text
    assert secret not in caplog.text


def test_the_url_in_the_text_of_a_network_error_is_not_chained_to_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with connect(f"http://127.0.0.1:{port}", TOKEN, transport="soap", retries=ONCE) as client:
        with pytest.raises(Unreachable) as caught:
            client.write(CREATE, courses=[{"shortname": "bio"}])
    logging.getLogger("bridge.test").error("failed", exc_info=caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "failed" in caplog.text
    assert TOKEN not in caplog.text


def test_moodles_own_maintenance_page_proves_that_a_write_did_nothing(serve: Any) -> None:
    page = http_reply(b"<html>", status="503 Moodle under maintenance", kind="text/html")
    server = serve(sends(page.replace(b"Server:", b"Retry-After: 300\r\nServer:")))
    with connect(server.url, TOKEN) as client, pytest.raises(Maintenance) as caught:
        client.write(CREATE)
    assert caught.value.retry_after == 300


def test_soap_calls_of_one_site_go_one_at_a_time(serve: Any) -> None:
    inside, most = [], []

    def answer(connection: Any, _: Any) -> None:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        connection.sendall(http_reply(soap_result(GET, []), kind="text/xml"))

    server = serve(soap_site(answer))
    clients = [connect(server.url, TOKEN, transport="soap") for _ in range(2)]
    threads = [
        threading.Thread(target=client.read, args=(GET,), kwargs={"field": "id", "value": 1})
        for client in clients * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    assert len(most) == 8
    assert max(most) == 1
