"""Calls of Redmine's REST API: what is sent, what each refusal means, and that nothing but Redmine's own
answer is taken for success.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from bridge.errors import UserError
from bridge.portal import (
    PortalError,
    PortalNotContract,
    PortalNotFound,
    PortalOutcomeUnknown,
    PortalRefused,
    PortalUnauthorized,
    PortalUnreachable,
)
from bridge.portal.books import Contended
from bridge.portal.redmine.client import MOST, Client, KeyAuth, Unreadable, in_lists
from bridge.portal.redmine.wire import document
from tests.raw_server import RawServer, http_reply
from tests.unit.redmine.redmine_fakes import CUSTOMER, KEY, SITE, entry_json, stage_json, ticket_json

DATE = {"Date": "Sun, 01 Mar 2026 09:30:00 GMT"}
USER = {"id": 5, "login": "otbridge", "admin": False}
PROJECT = {"id": 3, "name": "Школа № 7", "time_entry_activities": [{"id": 22, "name": "Списание"}]}
ISSUE = {
    **ticket_json(),
    "journals": [],
    "attachments": [],
    "children": [{"id": 101, "tracker": {"id": 2}}],
    "allowed_statuses": [],
}

Call = Callable[[Client], Any]
READS: dict[str, tuple[Call, str, dict[str, Any]]] = {
    "user": (lambda client: client.user(), "/users/current.json", {"user": USER}),
    "permissions": (
        lambda client: client.permissions(),
        "/users/current.json",
        {"user": {**USER, "memberships": []}},
    ),
    "listed": (
        lambda client: client.listed("trackers", "/trackers.json"),
        "/trackers.json",
        {"trackers": [{"id": 1, "name": "Заявка"}]},
    ),
    "issue": (lambda client: client.issue("100"), "/issues/100.json", {"issue": ISSUE}),
    "issues": (lambda client: client.issues({"sort": "id"}), "/issues.json", {"issues": [ticket_json()]}),
    "entries": (
        lambda client: list(client.entries({})),
        "/time_entries.json",
        {"time_entries": [entry_json(1)]},
    ),
    "entry": (lambda client: client.entry("1"), "/time_entries/1.json", {"time_entry": entry_json(1)}),
    "project": (lambda client: client.project("3"), "/projects/3.json", {"project": PROJECT}),
}
"""Every read: the call, its path, and what Redmine answers."""

WRITES: dict[str, tuple[Call, str, str, dict[str, Any]]] = {
    "update_issue": (
        lambda client: client.update_issue("k", "100", {"notes": "да"}),
        "PUT",
        "/issues/100.json",
        {"status": 204},
    ),
    "add_entry": (
        lambda client: client.add_entry("k", {"issue_id": 101, "hours": 0}),
        "POST",
        "/time_entries.json",
        {"status": 201, "json": {"time_entry": entry_json(1)}},
    ),
    "delete_entry": (
        lambda client: client.delete_entry("k", 7),
        "DELETE",
        "/time_entries/7.json",
        {"status": 204},
    ),
    "upload": (
        lambda client: client.upload("k", "план.txt", b"abc"),
        "POST",
        "/uploads.json",
        {"status": 201, "json": {"upload": {"id": 1, "token": "1.abc"}}},
    ),
}
"""Every write under the key "k": the call, its method and path, and the answer of a success."""

HTML = {"body": "<html>Обслуживание</html>", "content_type": "text/html"}
read = pytest.mark.parametrize("name", READS)
write = pytest.mark.parametrize("name", WRITES)


def answer(answers: responses.RequestsMock, name: str, **told: Any) -> None:
    """What Redmine answers to a call of this name."""
    if name in READS:
        answers.get(SITE + READS[name][1], **{"headers": DATE, **told})
    else:
        answers.add(WRITES[name][1], SITE + WRITES[name][2], **told)


def do(client: Client, name: str) -> Any:
    return READS[name][0](client) if name in READS else WRITES[name][0](client)


def asked_of(request: requests.PreparedRequest) -> dict[str, list[str]]:
    """What a request asks for in its query."""
    return parse_qs(urlsplit(str(request.url)).query)


def refused(client: Client, name: str) -> PortalError:
    with pytest.raises(PortalError) as caught:
        do(client, name)
    assert caught.value.portal == "clients"
    return caught.value


# What is sent


@read
def test_a_read_is_a_get_under_the_key_of_the_api(
    client: Client, answers: responses.RequestsMock, name: Any
) -> None:
    answer(answers, name, json=READS[name][2])
    do(client, name)
    sent = answers.calls[0].request
    assert sent.method == "GET"
    assert sent.headers["X-Redmine-API-Key"] == KEY
    assert KEY not in str(sent.url)
    assert "Idempotency-Key" not in sent.headers


@write
def test_a_write_is_sent_once_under_the_key_of_the_api(
    client: Client, answers: responses.RequestsMock, name: Any
) -> None:
    answer(answers, name, **WRITES[name][3])
    do(client, name)
    (call,) = answers.calls
    assert call.request.headers["X-Redmine-API-Key"] == KEY
    assert KEY not in str(call.request.url)
    assert KEY.encode() not in (call.request.body or b"")


def test_what_is_asked_for_comes_with_the_request(client: Client, answers: responses.RequestsMock) -> None:
    for name, (call, _, document_) in READS.items():
        answer(answers, name, json=document_)
        call(client)
    asked = {name: asked_of(call.request) for name, call in zip(READS, answers.calls, strict=True)}
    assert asked == {
        "user": {},
        "permissions": {"include": ["memberships"]},
        "listed": {},
        "issue": {"include": ["journals,attachments,children,allowed_statuses"]},
        "issues": {"status_id": ["*"], "limit": ["100"], "offset": ["0"], "sort": ["id"]},
        "entries": {"limit": ["100"], "offset": ["0"]},
        "entry": {},
        "project": {"include": ["time_entry_activities"]},
    }


def test_bodies_are_redmines(client: Client, answers: responses.RequestsMock) -> None:
    for name, (call, *_, told) in WRITES.items():
        answer(answers, name, **told)
        call(client)
    sent = {name: call.request for name, call in zip(WRITES, answers.calls, strict=True)}
    assert json.loads(sent["update_issue"].body or "") == {"issue": {"notes": "да"}}
    assert json.loads(sent["add_entry"].body or "") == {"time_entry": {"issue_id": 101, "hours": 0}}
    assert sent["delete_entry"].body is None
    assert sent["upload"].body == b"abc"
    assert {name: one.headers["Content-Type"] for name, one in sent.items() if one.body is not None} == {
        "update_issue": "application/json",
        "add_entry": "application/json",
        "upload": "application/octet-stream",
    }
    assert asked_of(sent["upload"]) == {"filename": ["план.txt"]}


def test_answers_are_values(client: Client, answers: responses.RequestsMock) -> None:
    for name, (_, _, told) in READS.items():
        if name != "permissions":
            answer(answers, name, json=told)
    answer(answers, "upload", **WRITES["upload"][3])
    user, now = client.user()
    assert (user.id, user.login, now) == (5, "otbridge", datetime(2026, 3, 1, 9, 30, tzinfo=UTC))
    assert client.listed("trackers", "/trackers.json") == {1: "Заявка"}
    assert (
        client.issue("100").id,
        client.issue("100").children[0].id,
        client.issue("100").allowed_statuses,
    ) == (100, 101, ())
    issues, now = client.issues({})
    assert ([one.id for one in issues], now) == ([100], datetime(2026, 3, 1, 9, 30, tzinfo=UTC))
    assert [one.id for one in client.entries({})] == [1]
    assert (client.entry("1").id, client.project("3").time_entry_activities[0].name) == (1, "Списание")
    assert client.upload("k", "план.txt", b"abc") == "1.abc"


# Refusals


@pytest.mark.parametrize("name", [*READS, *WRITES])
def test_401_means_that_the_key_of_the_api_is_wrong(
    client: Client, answers: responses.RequestsMock, name: Any
) -> None:
    answer(answers, name, status=401, body="")
    error = refused(client, name)
    assert type(error) is PortalUnauthorized
    assert (error.status, error.code, error.outcome_known) == (401, "unauthorized", True)
    assert len(answers.calls) == 1


@pytest.mark.parametrize("told", [HTML, {"json": {"errors": []}}], ids=["a page", "JSON"])
@pytest.mark.parametrize("name", ["user", "update_issue"])
def test_401_means_the_same_whatever_comes_with_it(
    client: Client, answers: responses.RequestsMock, name: str, told: Any
) -> None:
    answer(answers, name, status=401, **told)
    assert type(refused(client, name)) is PortalUnauthorized


@pytest.mark.parametrize("status", [403, 404])
def test_what_may_not_be_seen_is_not_there(
    client: Client, answers: responses.RequestsMock, status: int
) -> None:
    answer(answers, "issue", status=status, body="")
    error = refused(client, "issue")
    assert type(error) is PortalNotFound
    assert (error.status, error.code) == (status, "not_found")


def test_a_write_that_is_forbidden_was_not_made(client: Client, answers: responses.RequestsMock) -> None:
    answer(answers, "update_issue", status=403, body="")
    error = refused(client, "update_issue")
    assert type(error) is PortalRefused
    assert (error.status, error.code, error.outcome_known) == (403, "forbidden", True)


def test_a_write_on_what_is_not_there_was_not_made(client: Client, answers: responses.RequestsMock) -> None:
    answer(answers, "update_issue", status=404, body="")
    error = refused(client, "update_issue")
    assert (type(error), error.code, error.outcome_known) == (PortalNotFound, "not_found", True)


@pytest.mark.parametrize(("name", "status"), [("upload", 413), ("update_issue", 422), ("add_entry", 422)])
def test_what_redmine_does_not_take_is_told_in_its_words(
    client: Client, answers: responses.RequestsMock, name: str, status: int
) -> None:
    answer(
        answers, name, status=status, json={"errors": ["Тема не может быть пустой", "Оценка\nслишком велика"]}
    )
    error = refused(client, name)
    assert type(error) is PortalRefused
    assert (error.status, error.code, error.outcome_known) == (status, "invalid", True)
    assert error.detail == "Тема не может быть пустой; Оценка слишком велика"
    assert len(answers.calls) == 1


@pytest.mark.parametrize(
    "told",
    [
        HTML,
        {"body": ""},
        {"json": []},
        {"json": {"errors": None}},
        {"json": {"errors": "no"}},
        {"json": {"errors": []}},
        {"body": "null"},
    ],
    ids=json.dumps,
)
def test_a_refusal_without_words_is_one_all_the_same(
    client: Client, answers: responses.RequestsMock, told: Any
) -> None:
    answer(answers, "update_issue", status=422, **told)
    error = refused(client, "update_issue")
    assert (type(error), error.code, error.detail) == (PortalRefused, "invalid", "Redmine refused it")


def test_a_refusal_is_told_in_printable_characters(client: Client, answers: responses.RequestsMock) -> None:
    answer(answers, "update_issue", status=422, json={"errors": ["\x1b[31m" + "x" * 9000]})
    detail = refused(client, "update_issue").detail
    assert detail.isprintable()
    assert len(detail) <= 1000


def test_a_change_that_came_in_between_is_told_and_not_sent_over_it(
    client: Client, answers: responses.RequestsMock
) -> None:
    answer(answers, "update_issue", status=409, body="")
    error = refused(client, "update_issue")
    assert type(error) is Contended
    assert isinstance(error, PortalUnreachable)
    assert (error.status, error.code, error.outcome_known) == (409, "conflict", True)
    assert len(answers.calls) == 1, "whether it may be sent again is seen by another look only"


def test_after_a_change_that_came_in_between_the_same_write_may_go_well(
    client: Client, answers: responses.RequestsMock
) -> None:
    answer(answers, "update_issue", status=409, body="")
    answer(answers, "update_issue", **WRITES["update_issue"][3])
    refused(client, "update_issue")
    do(client, "update_issue")
    assert len({call.request.body for call in answers.calls}) == 1


@read
def test_a_read_is_repeated_until_redmine_is_there_again(
    client: Client, answers: responses.RequestsMock, pauses: list[float], name: Any
) -> None:
    answer(answers, name, status=502, **HTML)
    answer(answers, name, json=READS[name][2])
    do(client, name)
    assert len(pauses) == 1


@write
def test_a_write_without_redmines_own_answer_is_unknown_and_sent_once(
    client: Client, answers: responses.RequestsMock, name: Any
) -> None:
    answer(answers, name, status=502, **HTML)
    error = refused(client, name)
    assert type(error) is PortalOutcomeUnknown
    assert not error.outcome_known
    assert error.endpoint == f"{WRITES[name][1]} {WRITES[name][2]}"
    assert len(answers.calls) == 1


DOUBTFUL: dict[str, dict[str, Any]] = {
    "a page": {"status": 200, **HTML},
    "a page as 201": {"status": 201, **HTML},
    "empty 200": {"status": 200, "body": ""},
    "empty 201": {"status": 201, "body": ""},
    "half of JSON": {"status": 201, "body": '{"time_entry": {"id": 1', "content_type": "application/json"},
    "not an object": {"status": 201, "json": ["time_entry", "upload"]},
    "null": {"status": 201, "body": "null"},
    "no member that counts": {"status": 201, "json": {"issue": {"id": 1}}},
    "deep nesting": {"status": 201, "body": "[" * 100_000, "content_type": "application/json"},
}
"""Answers of a success that are not Redmine's: what is not a success is the same for every portal, see
tests/unit/portal/test_portal_line.py.
"""


@pytest.mark.parametrize("name", ["update_issue", "add_entry", "upload"])
@pytest.mark.parametrize("told", DOUBTFUL)
def test_an_answer_that_redmine_does_not_give_leaves_a_write_unknown(
    client: Client, answers: responses.RequestsMock, name: str, told: Any
) -> None:
    answer(answers, name, **DOUBTFUL[told])
    assert type(refused(client, name)) is PortalOutcomeUnknown


@pytest.mark.parametrize("token", [{}, "1.abc", [], {"token": None}, {"token": 7}, None])
def test_an_upload_without_its_token_is_unknown(
    client: Client, answers: responses.RequestsMock, token: Any
) -> None:
    answer(answers, "upload", status=201, json={"upload": token})
    assert type(refused(client, "upload")) is PortalOutcomeUnknown


# Answers that are cut


@pytest.mark.parametrize("name", ["add_entry", "upload"])
def test_an_answer_without_an_end_that_is_cut_leaves_the_write_unknown(
    serve: Callable[..., tuple[RawServer, Client]], name: str
) -> None:
    call, *_, told = WRITES[name]
    whole = http_reply(json.dumps(told["json"]).encode(), status="201 Created", framing="none")
    place = {"cut": 0}
    _, client = serve(lambda connection, _: connection.sendall(whole[: place["cut"]]))
    end = whole.rindex(b"}")
    for cut in [*range(0, end, 11), end]:
        place["cut"] = cut
        with pytest.raises(PortalOutcomeUnknown):
            call(client)
    place["cut"] = len(whole)
    call(client)


def test_a_change_is_done_once_redmine_has_said_so(serve: Callable[..., tuple[RawServer, Client]]) -> None:
    whole = b"HTTP/1.1 204 No Content\r\nCache-Control: no-cache\r\n\r\n"
    place = {"cut": 0}
    server, client = serve(lambda connection, _: connection.sendall(whole[: place["cut"]]))
    for place["cut"] in range(len("HTTP/1.1 20") + 1):
        with pytest.raises(PortalOutcomeUnknown):
            client.update_issue("k", "100", {})
    place["cut"] = len(whole)
    client.update_issue("k", "100", {})
    assert f"X-Redmine-API-Key: {KEY}".encode() in server.requests[-1]


def test_a_page_without_an_end_that_is_cut_is_none(serve: Callable[..., tuple[RawServer, Client]]) -> None:
    whole = http_reply(json.dumps({"issues": [ticket_json()]}).encode(), framing="none", Date=DATE["Date"])
    place = {"cut": 0}
    _, client = serve(lambda connection, _: connection.sendall(whole[: place["cut"]]))
    for cut in range(0, len(whole), 23):
        place["cut"] = cut
        with pytest.raises((PortalUnreachable, PortalNotContract)):
            client.issues({})
    place["cut"] = len(whole)
    assert len(client.issues({})[0]) == 1


# Answers to reads that are none


@read
@pytest.mark.parametrize("told", [HTML, {"json": {}}, {"status": 204}], ids=["a page", "no member", "204"])
def test_what_is_no_answer_to_a_read_is_told(
    client: Client, answers: responses.RequestsMock, name: Any, told: Any
) -> None:
    answer(answers, name, **told)
    error = refused(client, name)
    assert type(error) is PortalNotContract
    assert error.endpoint == f"GET {READS[name][1]}"
    assert len(answers.calls) == 1


reading = pytest.mark.parametrize("name", ["user", "issue", "issues"])
"""The three ways in which Redmine's answers are read."""


@reading
@pytest.mark.parametrize(
    "told",
    [
        {"body": "", "headers": {**DATE, "Content-Length": "0"}},
        {"body": "{"},
        {"body": "[" * 100_000},
        {"body": b"\xff"},
        {"body": '{"a": 1e99999999999999999999}'},
        {"body": "null"},
        {"json": []},
        {"json": "user issue issues"},
    ],
    ids=lambda told: str(told.get("body", told.get("json")))[:20],
)
def test_a_body_that_is_no_object_is_told(
    client: Client, answers: responses.RequestsMock, name: str, told: Any
) -> None:
    answer(answers, name, **told)
    assert type(refused(client, name)) is PortalNotContract


@read
def test_a_member_of_another_type_is_told(client: Client, answers: responses.RequestsMock, name: Any) -> None:
    (member,) = READS[name][2]
    answer(answers, name, json={member: 7})
    assert type(refused(client, name)) is PortalNotContract


@reading
@pytest.mark.parametrize(
    "value", [None, "x", [7], [None], {"id": "x"}, [{"id": 1.5}], {"id": None}], ids=json.dumps
)
def test_a_member_that_is_not_redmines_is_told(
    client: Client, answers: responses.RequestsMock, name: str, value: Any
) -> None:
    (member,) = READS[name][2]
    answer(answers, name, json={member: value})
    assert type(refused(client, name)) is PortalNotContract


@pytest.mark.parametrize(
    ("name", "changes", "path"),
    [
        ("issue", {"status": None}, "status"),
        ("issue", {"created_on": "2026-03-01"}, "created_on"),
        ("issue", {"estimated_hours": "много"}, "estimated_hours"),
        ("issue", {"custom_fields": [{"id": 31, "name": "x", "value": {}}]}, "custom_fields.0.value"),
        ("issue", {"journals": [{"id": 1}]}, "journals.0.created_on"),
        ("entry", {"hours": None}, "hours"),
        ("entry", {"user": None}, "user"),
        ("project", {"name": 7}, "name"),
    ],
)
def test_a_member_that_does_not_fit_is_named(
    client: Client, answers: responses.RequestsMock, name: str, changes: Any, path: str
) -> None:
    ((member, document_),) = READS[name][2].items()
    answer(answers, name, json={member: {**document_, **changes}})
    error = refused(client, name)
    assert type(error) is (Unreadable if name == "issue" else PortalNotContract)
    assert path in error.detail


def test_a_page_about_another_issue_says_nothing_of_the_one_that_was_asked_for(
    client: Client, answers: responses.RequestsMock
) -> None:
    answer(answers, "issue", json={"issue": {"id": 5, "subject": 7}})
    assert type(refused(client, "issue")) is PortalNotContract


@pytest.mark.parametrize("name", ["user", "issues"])
def test_without_a_date_the_moment_is_this_machine_s_and_rather_early(
    client: Client, answers: responses.RequestsMock, name: str
) -> None:
    answer(answers, name, json=READS[name][2], headers={})
    _, now = READS[name][0](client)
    assert timedelta(minutes=3) < datetime.now(UTC) - now < timedelta(minutes=5)


def test_redmines_clock_goes_on_from_its_last_answer_whatever_this_machines_does(
    client: Client, answers: responses.RequestsMock
) -> None:
    assert client.clock() is None
    answer(answers, "issues", json=READS["issues"][2], headers={"Date": "Sun, 01 Mar 2026 09:30:00 GMT"})
    with mock.patch("bridge.portal.redmine.client.time.monotonic", return_value=100.0) as clock:
        READS["issues"][0](client)
        clock.return_value = 107.5
        assert client.clock() == datetime(2026, 3, 1, 9, 30, 7, 500_000, UTC)


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_an_answer_that_needs_no_moment_is_read_without_one(
    client: Client, answers: responses.RequestsMock, date: str
) -> None:
    answer(answers, "project", json=READS["project"][2], headers={"Date": date})
    READS["project"][0](client)
    assert client.clock() is None


@pytest.mark.parametrize("date", ["yesterday", "2026-03-01T09:30:00Z", "Fri, 31 Dec 9999 23:59:59 -1400"])
@pytest.mark.parametrize("name", ["user", "issues"])
def test_an_answer_without_its_moment_is_told(
    client: Client, answers: responses.RequestsMock, name: str, date: str
) -> None:
    answer(answers, name, json=READS[name][2], headers={"Date": date})
    error = refused(client, name)
    assert type(error) is PortalNotContract
    assert "Date" in error.detail


# The key of the API


def test_the_key_of_the_api_stands_in_no_error_and_no_log(
    client: Client, answers: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer(answers, "user", json=READS["user"][2])
    answer(answers, "issue", body=requests.ConnectionError(f"https://x/?key={KEY}"))
    answer(answers, "update_issue", body=requests.ReadTimeout(KEY))
    answer(answers, "add_entry", status=401, body="")
    client.user()
    told = [repr(KeyAuth(KEY)), str(KeyAuth(KEY)), repr(client)]
    for name in ("issue", "update_issue", "add_entry"):
        error = refused(client, name)
        assert error.__cause__ is None
        told += [str(error), repr(error)]
    assert caplog.messages
    assert KEY not in "".join(caplog.messages + told)


@pytest.mark.parametrize("key", ["secret\n", "sec\r\nX-Evil: 1", "секрет", "secret\x00", " secret\x7f"])
def test_a_key_that_no_header_can_carry_is_told_without_it(key: str) -> None:
    with pytest.raises(UserError, match="API key") as caught:
        KeyAuth(key)
    assert key.strip() not in str(caught.value)
    assert caught.value.__cause__ is None


# Ids


@pytest.mark.parametrize(
    "id_",
    ["", "..", ".", "1/../2", "٣", "१", "²", "1?x=1", "1#", "-1", "+1", "1.0", " 1", "1\n", "none", "%31"],
)
def test_an_id_that_is_no_number_never_reaches_a_path(
    client: Client, answers: responses.RequestsMock, id_: str
) -> None:
    for path in ("/issues/0.json", "/time_entries/0.json", "/projects/0.json", "/attachments/download/0"):
        answers.get(SITE + path, status=404)
    answers.put(f"{SITE}/issues/0.json", status=404)
    for call in (
        lambda: client.issue(id_),
        lambda: client.entry(id_),
        lambda: client.project(id_),
        lambda: client.file(id_).__enter__(),
        lambda: client.update_issue("k", id_, {}),
    ):
        with pytest.raises(PortalNotFound):
            call()
    assert {urlsplit(str(call.request.url)).path.rpartition("/")[2] for call in answers.calls} == {
        "0.json",
        "0",
    }


# Lists


class Entries:
    """Time entries, in the order in which Redmine lists them; `meanwhile` happens between two pages, by
    how many were told before.
    """

    def __init__(self, answers: Any, count: int) -> None:
        self.rows = [entry_json(number) for number in range(1, count + 1)]
        self.told = 0
        self.meanwhile: dict[int, Callable[[], object]] = {}
        answers.add_callback("GET", f"{SITE}/time_entries.json", callback=self._page)

    def _page(self, request: Any) -> tuple[int, dict[str, str], str]:
        query = parse_qs(urlsplit(request.url).query)
        assert (query["limit"], query["spent_on"]) == (["100"], ["*"])
        offset = int(query["offset"][0])
        page = json.dumps({"time_entries": self.rows[offset : offset + MOST], "total_count": len(self.rows)})
        self.told += 1
        self.meanwhile.pop(self.told, lambda: None)()
        return 200, {}, page


@pytest.mark.parametrize("count", [0, 1, MOST - 1, MOST, MOST + 1, 2 * MOST - 1, 2 * MOST, 3 * MOST + 7])
def test_time_entries_are_read_page_by_page(
    client: Client, answers: responses.RequestsMock, count: int
) -> None:
    Entries(answers, count)
    assert [one.id for one in client.entries({"spent_on": "*"})] == list(range(1, count + 1))


def test_what_is_deleted_or_added_between_two_pages_takes_no_other_along(
    client: Client, answers: responses.RequestsMock
) -> None:
    there = Entries(answers, 2 * MOST)
    there.meanwhile = {1: lambda: there.rows.pop(0), 3: lambda: there.rows.insert(0, entry_json(999))}
    assert [one.id for one in client.entries({"spent_on": "*"})] == [999, *range(2, 2 * MOST + 1)]


def test_a_list_that_never_stands_still_is_no_list(client: Client, answers: responses.RequestsMock) -> None:
    there = Entries(answers, 2 * MOST)
    there.meanwhile = {number: lambda: there.rows.pop(0) for number in range(1, 30)}
    with pytest.raises(PortalNotContract, match="again and again"):
        client.entries({"spent_on": "*"})


def test_the_newest_entries_are_read_for_as_long_as_somebody_asks_and_none_is_passed_over(
    client: Client, answers: responses.RequestsMock
) -> None:
    there = Entries(answers, 2 * MOST)
    newest = client.newest_entries({"spent_on": "*"})
    assert next(newest).id == 1
    assert there.told == 1
    there.rows.pop(0)
    assert {one.id for one in newest} == set(range(2, 2 * MOST + 1))
    assert "sort=created_on%3Adesc" in str(answers.calls[0].request.url)


def test_a_page_that_breaks_off_breaks_the_list_off(client: Client, answers: responses.RequestsMock) -> None:
    answer(answers, "entries", json={"time_entries": [entry_json(number) for number in range(MOST)]})
    answer(answers, "entries", status=500, body="")
    with pytest.raises(PortalUnreachable):
        list(client.entries({}))


def test_a_page_of_issues_is_the_one_that_was_asked_for(
    client: Client, answers: responses.RequestsMock
) -> None:
    answer(answers, "issues", json={"issues": [stage_json()]})
    client.issues({"updated_on": ">=2026-03-01T09:30:00Z", "sort": "updated_on,id"}, 50, 25)
    query = asked_of(answers.calls[0].request)
    assert query == {
        "status_id": ["*"],
        "limit": ["25"],
        "offset": ["50"],
        "updated_on": [">=2026-03-01T09:30:00Z"],
        "sort": ["updated_on,id"],
    }


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_ids_are_asked_for_in_lists_of_a_page(count: int) -> None:
    ids = [str(number) for number in range(count)]
    lists = list(in_lists(ids))
    assert [id_ for one in lists for id_ in one.split(",")] == ids
    assert all(one.count(",") < MOST for one in lists)


# Rights


def roles(
    answers: responses.RequestsMock, *memberships: list[int], admin: bool = False, **permissions: list[str]
) -> None:
    """The bridge's user is a member of a project a list of roles; `r1` are the permissions of role 1."""
    members = [
        {"id": 1, "project": {"id": 1}, "roles": [{"id": id_, "name": "x"} for id_ in ids]}
        for ids in memberships
    ]
    answer(answers, "user", json={"user": {**USER, "admin": admin, "memberships": members}})
    for name, some in permissions.items():
        answers.get(
            f"{SITE}/roles/{name[1:]}.json", json={"role": {"id": 1, "name": "x", "permissions": some}}
        )


def test_the_bridge_may_do_what_it_may_in_each_of_its_projects(
    client: Client, answers: responses.RequestsMock
) -> None:
    roles(answers, [1, 2], [2, 3], r1=["a", "b"], r2=["b", "c"], r3=["a", "c", "d"])
    assert client.permissions() == {"a", "b", "c"}


def test_the_roles_of_one_project_add_up(client: Client, answers: responses.RequestsMock) -> None:
    roles(answers, [1, 2], r1=["a"], r2=["b"])
    assert client.permissions() == {"a", "b"}


def test_a_project_where_it_may_do_nothing_takes_all_away(
    client: Client, answers: responses.RequestsMock
) -> None:
    roles(answers, [1], [2], r1=["a"], r2=[])
    assert client.permissions() == frozenset()


def test_an_administrator_may_do_everything(client: Client, answers: responses.RequestsMock) -> None:
    roles(answers, [1], admin=True)
    assert client.permissions() is None


def test_who_is_a_member_of_nothing_may_do_nothing(client: Client, answers: responses.RequestsMock) -> None:
    roles(answers)
    assert client.permissions() == frozenset()


# Files


def test_the_bytes_of_a_file_come_as_they_are(client: Client, answers: responses.RequestsMock) -> None:
    answers.get(f"{SITE}/attachments/download/7", body=b"\x00\xff" * 70_000)
    with client.file("7") as (_, pieces):
        assert b"".join(pieces) == b"\x00\xff" * 70_000
    assert answers.calls[0].request.headers["X-Redmine-API-Key"] == KEY


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"status": 401}, PortalUnauthorized),
        ({"status": 403}, PortalNotFound),
        ({"status": 404}, PortalNotFound),
        ({"status": 500}, PortalUnreachable),
        ({"status": 302}, PortalNotContract),
        ({"status": 204}, PortalNotContract),
    ],
)
def test_a_file_that_does_not_come_is_told(
    client: Client, answers: responses.RequestsMock, told: Any, kind: Any
) -> None:
    answers.get(f"{SITE}/attachments/download/7", body="", **told)
    with pytest.raises(PortalError) as caught, client.file("7"):
        pass
    assert type(caught.value) is kind


def test_an_answer_is_read_without_members_that_the_bridge_does_not_know() -> None:
    assert document(json.dumps({"issue": ISSUE}).encode())["issue"]["author"]["id"] == CUSTOMER
