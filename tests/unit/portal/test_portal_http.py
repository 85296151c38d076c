"""The portal's client against answers of every kind."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from bridge.domain.tickets import Attachment
from bridge.portal import (
    AnotherBridge,
    BearerAuth,
    HttpPortal,
    InsufficientBalance,
    KeyInProgress,
    KeyReused,
    PortalError,
    PortalForbidden,
    PortalNotContract,
    PortalNotFound,
    PortalOutcomeUnknown,
    PortalRefused,
    PortalTooLarge,
    PortalUnauthorized,
    PortalUnreachable,
    StateConflict,
    connect,
)
from bridge.portal.http import LARGEST_ATTACHMENT
from bridge.version import __version__
from tests.unit.portal.portal_fakes import (
    ACCOUNT,
    ATTACHMENT,
    FOUND,
    META,
    PORTAL,
    TICKET,
    TOKEN,
    WRITES,
    entry,
    page,
    problem,
)

FILE = Attachment("f1", "a.txt", 3, ATTACHMENT["sha256"], "text/plain")  # type: ignore[arg-type]
write = pytest.mark.parametrize("name", WRITES)


def do(client: HttpPortal, name: str) -> Any:
    return WRITES[name][0](client)


def post(answers: responses.RequestsMock, name: str, **answer: Any) -> None:
    answers.post(PORTAL + WRITES[name][1], **answer)


def test_a_bridge_names_itself_on_every_call(answers: responses.RequestsMock) -> None:
    ours = "5b1e9f0a-0000-4000-8000-000000000000"
    answers.get(f"{PORTAL}/meta", json=META)
    answers.get(f"{PORTAL}/tickets/t1/attachments/f1", body=b"abc")
    for name, (*_, status, document) in WRITES.items():
        post(answers, name, json=document, status=status)
    with connect("p", PORTAL, BearerAuth(TOKEN), category_prefix="", instance=ours) as client:
        client.meta()
        client.download("t1", FILE, io.BytesIO())
        for name in WRITES:
            do(client, name)
    assert {call.request.headers["Otbridge-Instance"] for call in answers.calls} == {ours}
    assert len(answers.calls) == 2 + len(WRITES)


def test_another_bridge_on_the_portal_is_an_error_of_its_own(
    client: HttpPortal, answers: responses.RequestsMock
) -> None:
    post(answers, "hold", **problem(409, "another_bridge", instance="b2", last_seen="2026-03-01T09:30:00Z"))
    with pytest.raises(AnotherBridge) as caught:
        do(client, "hold")
    assert caught.value.outcome_known


# Writes


@write
def test_a_write_carries_its_key_and_is_believed_when_the_answer_is_the_contracts(
    client: HttpPortal, answers: responses.RequestsMock, name: Any
) -> None:
    _, _, status, document = WRITES[name]
    post(answers, name, json=document, status=status)
    do(client, name)
    sent = answers.calls[0].request
    assert sent.headers["Idempotency-Key"] == "k"
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["User-Agent"] == f"otbridge/{__version__}"
    assert "Otbridge-Instance" not in sent.headers


def test_bodies_are_what_the_contract_says(client: HttpPortal, answers: responses.RequestsMock) -> None:
    for name, (_, _, status, document) in WRITES.items():
        post(answers, name, json=document, status=status)
        do(client, name)
    sent = {name: call.request.body for name, call in zip(WRITES, answers.calls, strict=True)}
    assert sent["attach"] == b"abc"
    assert {name: json.loads(body or "") for name, body in sent.items() if name != "attach"} == {
        "note": {"text": "готово", "visibility": "customer"},
        "set_ticket_state": {"state": "done", "expected": ["open"]},
        "set_stage_state": {"state": "ready", "expected": ["planned"], "evidence": {"url": "x"}},
        "hold": {"ticket_id": "t1", "stage_id": "s1", "amount_mh": 1000},
        "capture": {
            "charges": [
                {
                    "category": "developer",
                    "spent_minutes": 25,
                    "charged_minutes": 60,
                    "coefficient_milli": 1000,
                }
            ],
            "amount_mh": 1000,
            "evidence": {"url": "x"},
            "accepted_by": "customer",
        },
        "void": {},
        "reverse": {"reason": "дважды"},
    }


@write
def test_a_write_without_a_believable_answer_is_unknown_and_sent_once(
    client: HttpPortal, answers: responses.RequestsMock, name: Any
) -> None:
    post(answers, name, status=502, body="<html>", content_type="text/html")
    with pytest.raises(PortalOutcomeUnknown) as caught:
        do(client, name)
    assert not caught.value.outcome_known
    assert caught.value.endpoint == f"POST {WRITES[name][1]}"
    assert len(answers.calls) == 1


UNBELIEVABLE: dict[str, dict[str, Any]] = {
    "empty 200": {"status": 200, "body": b""},
    "empty 201": {"status": 201, "body": b""},
    "no content": {"status": 204, "body": b""},
    "a login page": {"status": 200, "body": "<html>Log in</html>", "content_type": "text/html"},
    "a login page as 201": {"status": 201, "body": "<html>Log in</html>", "content_type": "text/html"},
    "half of JSON": {"status": 201, "body": '{"id": "n1"', "content_type": "application/json"},
    "not an object": {"status": 201, "json": ["n1"]},
    "null": {"status": 201, "json": None},
    "no member that counts": {"status": 201, "json": {"ok": True}},
    "deep nesting": {"status": 201, "body": "[" * 100_000, "content_type": "application/json"},
}
"""Answers of a success that are not the contract's: what is not a success is the same for every portal, see
test_portal_line.py.
"""


@pytest.mark.parametrize("name", ["note", "set_ticket_state", "hold"])
@pytest.mark.parametrize("answer", UNBELIEVABLE)
def test_an_answer_that_the_contract_does_not_know_leaves_a_write_unknown(
    client: HttpPortal, answers: responses.RequestsMock, name: str, answer: Any
) -> None:
    post(answers, name, **UNBELIEVABLE[answer])
    with pytest.raises(PortalOutcomeUnknown):
        do(client, name)


@pytest.mark.parametrize(
    ("name", "member"),
    [
        (name, member)
        for name in ("note", "attach", "set_ticket_state", "hold")
        for member in WRITES[name][3]
        if member != "charges"
    ],
)
def test_an_answer_that_lacks_a_member_leaves_the_write_unknown(
    client: HttpPortal, answers: responses.RequestsMock, name: Any, member: Any
) -> None:
    """The other writes' answers are of the same kinds."""
    _, _, status, document = WRITES[name]
    post(answers, name, json={key: value for key, value in document.items() if key != member}, status=status)
    with pytest.raises(PortalOutcomeUnknown, match=f"{member}: missing"):
        do(client, name)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("hold", {"key": "another"}),
        ("hold", {"kind": "capture"}),
        ("hold", {"amount_mh": 999}),
        ("hold", {"amount_mh": 1000.0}),
        ("hold", {"hold_id": None}),
        ("capture", {"amount_mh": 1001}),
        ("void", {"kind": "hold"}),
        ("set_ticket_state", {"state": "open"}),
        ("attach", {"sha256": "0" * 64}),
        ("attach", {"size": 2}),
    ],
)
def test_an_answer_about_something_else_leaves_the_write_unknown(
    client: HttpPortal, answers: responses.RequestsMock, name: str, changes: Any
) -> None:
    _, _, status, document = WRITES[name]
    post(answers, name, json={**document, **changes}, status=status)
    with pytest.raises(PortalOutcomeUnknown):
        do(client, name)


@write
def test_a_write_that_the_portal_refuses_was_not_made(
    client: HttpPortal, answers: responses.RequestsMock, name: Any
) -> None:
    post(answers, name, **problem(404, "not_found"))
    with pytest.raises(PortalNotFound) as caught:
        do(client, name)
    assert caught.value.outcome_known


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (problem(401, "unauthorized"), PortalUnauthorized),
        (problem(403, "forbidden", scope="ledger:write"), PortalForbidden),
        (problem(404, "not_found"), PortalNotFound),
        (problem(409, "in_progress"), KeyInProgress),
        (problem(409, "state_conflict", actual="done"), StateConflict),
        (problem(412, "precondition_failed", actual="done"), StateConflict),
        (problem(422, "key_reused"), KeyReused),
        (problem(422, "invalid", errors=["text: missing"]), PortalRefused),
        (problem(413, "too_large"), PortalRefused),
        (problem(422, "a code of contract 1.7"), PortalRefused),
        (problem(403, "a code of contract 1.7"), PortalForbidden),
    ],
    ids=lambda value: json.loads(value["body"])["code"] if isinstance(value, dict) else None,
)
def test_a_refusal_is_told_by_its_kind(
    client: HttpPortal, answers: responses.RequestsMock, answer: Any, kind: Any
) -> None:
    post(answers, "hold", **answer)
    with pytest.raises(PortalRefused) as caught:
        do(client, "hold")
    told = json.loads(answer["body"])
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (
        answer["status"],
        told["code"],
        "req-1",
    )
    assert caught.value.outcome_known is (kind is not KeyInProgress)
    assert len(answers.calls) == 1


def test_a_refusal_says_who_what_where_and_why(client: HttpPortal, answers: responses.RequestsMock) -> None:
    post(answers, "note", **problem(422, "invalid", errors=["text: missing", "visibility: missing"]))
    with pytest.raises(PortalRefused) as caught:
        do(client, "note")
    assert str(caught.value) == (
        "portal clients: POST /tickets/t1/notes: 422 invalid: detail of invalid; text: "
        "missing; visibility: missing (request req-1)"
    )


def test_a_request_id_is_told_in_printable_characters(
    client: HttpPortal, answers: responses.RequestsMock
) -> None:
    post(
        answers, "note", **{**problem(422, "invalid"), "headers": {"X-Request-Id": "req\x1b[31m" + "x" * 200}}
    )
    with pytest.raises(PortalRefused) as caught:
        do(client, "note")
    assert caught.value.request_id.isprintable()
    assert len(caught.value.request_id) == 100


def test_a_balance_that_is_too_small_is_told_in_norm_hours(
    client: HttpPortal, answers: responses.RequestsMock
) -> None:
    post(answers, "hold", **problem(402, "insufficient_balance", available_mh=250, needed_mh=1000))
    with pytest.raises(InsufficientBalance) as caught:
        do(client, "hold")
    assert (caught.value.available, caught.value.needed) == (Decimal("0.25"), Decimal(1))


def test_a_conflict_tells_the_actual_state(client: HttpPortal, answers: responses.RequestsMock) -> None:
    post(answers, "set_ticket_state", **problem(409, "state_conflict", actual="withdrawn"))
    with pytest.raises(StateConflict) as caught:
        do(client, "set_ticket_state")
    assert caught.value.actual == "withdrawn"


@pytest.mark.parametrize("key", ["", "two words", "line\r\nX-Evil: 1", "k" * 65, "ключ"])
def test_a_key_that_the_contract_does_not_know_is_never_sent(
    client: HttpPortal, answers: responses.RequestsMock, key: str
) -> None:
    with pytest.raises(ValueError, match="not an Idempotency-Key"):
        client.note(key, "t1", "?")


# Reads


def test_a_read_is_repeated_after_a_status_that_may_pass(
    client: HttpPortal, answers: responses.RequestsMock, pauses: list[float]
) -> None:
    answers.get(f"{PORTAL}/meta", status=503)
    answers.get(f"{PORTAL}/meta", status=503, headers={"Retry-After": "3"})
    answers.get(f"{PORTAL}/meta", json=META)
    assert client.meta().engine == "osTicket 1.18.1"
    assert 0.25 <= pauses[0] <= 0.5
    assert pauses[1] == 3


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": 200, "body": "<html>", "content_type": "text/html"}, PortalNotContract),
        ({"status": 200, "json": {}}, PortalNotContract),
        ({"status": 201, "json": META}, PortalNotContract),
        ({"status": 200, "json": {**META, "rounding_unit_mh": 10.0}}, PortalNotContract),
        ({"status": 302, "headers": {"Location": "https://evil.test/"}}, PortalNotContract),
        ({"status": 404, "body": "nothing here"}, PortalNotContract),
        ({"status": 401, "body": "<html>", "content_type": "text/html"}, PortalUnauthorized),
        ({"status": 403, "body": "<html>", "content_type": "text/html"}, PortalForbidden),
        ({"status": 500, "body": "<html>", "content_type": "text/html"}, PortalUnreachable),
        (problem(500, "internal"), PortalUnreachable),
        (problem(401, "unauthorized"), PortalUnauthorized),
    ],
)
def test_a_read_that_fails_for_good_is_sent_once(
    client: HttpPortal, answers: responses.RequestsMock, answer: Any, kind: Any
) -> None:
    answers.get(f"{PORTAL}/meta", **answer)
    with pytest.raises(PortalError) as caught:
        client.meta()
    assert type(caught.value) is kind
    assert len(answers.calls) == 1


def test_tickets_are_asked_for_by_category_and_cursor(
    client: HttpPortal, answers: responses.RequestsMock
) -> None:
    answers.get(f"{PORTAL}/tickets", json=page(TICKET), headers={"ETag": '"x"'})
    told = client.changed_tickets("c 1&")
    assert told is not None
    assert (told.tickets[0].number, told.faults, told.cursor, told.etag, told.has_more) == (
        "77",
        (),
        "c2",
        '"x"',
        False,
    )
    query = parse_qs(urlsplit(str(answers.calls[0].request.url)).query)
    assert query == {
        "category_prefix": ["Выделенный специалист (н.часы)"],
        "cursor": ["c 1&"],
        "thread": ["none"],
    }
    assert "If-None-Match" not in answers.calls[0].request.headers


def test_an_unchanged_page_is_none(client: HttpPortal, answers: responses.RequestsMock) -> None:
    answers.get(
        f"{PORTAL}/tickets", status=304, match=[responses.matchers.header_matcher({"If-None-Match": '"x"'})]
    )
    assert client.changed_tickets("c1", '"x"') is None


def test_a_304_that_nobody_asked_for_is_not_the_contracts(
    client: HttpPortal, answers: responses.RequestsMock
) -> None:
    answers.get(f"{PORTAL}/tickets", status=304)
    with pytest.raises(PortalNotContract):
        client.changed_tickets("c1")


def test_a_cursor_that_does_not_move_is_not_followed_for_ever(
    client: HttpPortal, answers: responses.RequestsMock
) -> None:
    answers.get(f"{PORTAL}/tickets", json=page(TICKET, cursor="c1", more=True))
    with pytest.raises(PortalNotContract, match="cursor"):
        client.changed_tickets("c1")


def test_a_ledgers_cursor_that_does_not_move_is_not_followed_for_ever(
    client: HttpPortal, answers: responses.RequestsMock
) -> None:
    answers.get(f"{PORTAL}/ledger", json={"entries": [], "next_cursor": "c1", "has_more": True})
    with pytest.raises(PortalNotContract, match="cursor"):
        client.ledger("a1", "c1")


def test_a_key_that_the_portal_does_not_know_is_none(
    client: HttpPortal, answers: responses.RequestsMock
) -> None:
    answers.get(f"{PORTAL}/keys/k", **problem(404, "not_found"))
    assert client.find("k") is None


def test_a_404_that_is_not_the_portals_own_does_not_mean_that_a_write_never_happened(
    client: HttpPortal, answers: responses.RequestsMock
) -> None:
    answers.get(f"{PORTAL}/keys/k", status=404, body="<html>", content_type="text/html")
    with pytest.raises(PortalNotContract):
        client.find("k")


def test_a_stored_answer_is_about_the_key_that_was_asked_for(
    client: HttpPortal, answers: responses.RequestsMock
) -> None:
    answers.get(f"{PORTAL}/keys/k", json=FOUND)
    answers.get(f"{PORTAL}/keys/other", json=FOUND)
    assert client.find("k") == FOUND
    with pytest.raises(PortalNotContract):
        client.find("other")


def test_accounts_and_ledgers_are_read(client: HttpPortal, answers: responses.RequestsMock) -> None:
    answers.get(f"{PORTAL}/accounts/a1", json=ACCOUNT)
    answers.get(
        f"{PORTAL}/ledger?account_id=a1&cursor=c1",
        json={"entries": [entry()], "next_cursor": "c2", "has_more": True},
    )
    assert client.account("a1").available == Decimal("8.5")
    ledger = client.ledger("a1", "c1")
    assert (ledger.entries[0].hold_id, ledger.cursor, ledger.has_more) == ("h1", "c2", True)


@pytest.mark.parametrize("id_", ["a/b", "../x", "?x=1", "#x", "%2e%2e", "ключ 1", "a\r\nb"])
def test_ids_are_encoded_in_paths(client: HttpPortal, answers: responses.RequestsMock, id_: str) -> None:
    from urllib.parse import quote

    answers.get(f"{PORTAL}/accounts/{quote(id_, safe='')}", json={**ACCOUNT, "id": id_})
    client.account(id_)
    assert urlsplit(str(answers.calls[0].request.url)).path.count("/") == urlsplit(PORTAL).path.count("/") + 2


@pytest.mark.parametrize("id_", ["", ".", ".."])
def test_an_id_that_would_change_the_path_is_never_sent(
    client: HttpPortal, answers: responses.RequestsMock, id_: str
) -> None:
    with pytest.raises(ValueError, match="not an identifier"):
        client.ticket(id_)


# Files


def test_an_attachment_is_written_to_its_target(client: HttpPortal, answers: responses.RequestsMock) -> None:
    answers.get(f"{PORTAL}/tickets/t1/attachments/f1", body=b"abc")
    target = io.BytesIO()
    client.download("t1", FILE, target)
    assert target.getvalue() == b"abc"


@pytest.mark.parametrize("body", [b"", b"ab", b"abd", b"abcd", b"x" * 200_000])
def test_an_attachment_that_is_not_the_announced_one_is_an_error(
    client: HttpPortal, answers: responses.RequestsMock, body: bytes
) -> None:
    answers.get(f"{PORTAL}/tickets/t1/attachments/f1", body=body)
    target = io.BytesIO()
    with pytest.raises(PortalNotContract):
        client.download("t1", FILE, target)
    assert len(target.getvalue()) <= 3


def test_an_attachment_over_the_limit_is_not_asked_for(
    client: HttpPortal, answers: responses.RequestsMock
) -> None:
    with pytest.raises(PortalNotContract, match="limit"):
        client.download("t1", Attachment("f1", "a", LARGEST_ATTACHMENT + 1, "0" * 64, "x/y"), io.BytesIO())


def test_an_attachment_that_is_gone_is_not_found(client: HttpPortal, answers: responses.RequestsMock) -> None:
    answers.get(f"{PORTAL}/tickets/t1/attachments/f1", **problem(404, "not_found"))
    with pytest.raises(PortalNotFound):
        client.download("t1", FILE, io.BytesIO())


def test_a_download_is_repeated_after_a_status_that_may_pass(
    client: HttpPortal, answers: responses.RequestsMock
) -> None:
    answers.get(f"{PORTAL}/tickets/t1/attachments/f1", status=503)
    answers.get(f"{PORTAL}/tickets/t1/attachments/f1", body=b"abc")
    target = io.BytesIO()
    client.download("t1", FILE, target)
    assert target.getvalue() == b"abc"


def test_an_answer_that_is_too_large_is_not_kept(
    client_of: Callable[[int], HttpPortal], answers: responses.RequestsMock
) -> None:
    client = client_of(1000)
    answers.get(f"{PORTAL}/meta", json={**META, "padding": "x" * 1000})
    post(answers, "note", json={"id": "n1", "padding": "x" * 1000}, status=201)
    with pytest.raises(PortalNotContract, match="larger"):
        client.meta()
    with pytest.raises(PortalOutcomeUnknown, match="larger"):
        do(client, "note")


def test_a_refusal_of_a_download_that_is_too_large_is_not_kept(
    client_of: Callable[[int], HttpPortal], answers: responses.RequestsMock
) -> None:
    client = client_of(1000)
    answers.get(f"{PORTAL}/tickets/t1/attachments/f1", json={"padding": "x" * 1000}, status=404)
    with pytest.raises(PortalNotContract, match="larger than 1000"):
        client.download("t1", FILE, io.BytesIO())


def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(
    client_of: Callable[[int], HttpPortal], answers: responses.RequestsMock
) -> None:
    client = client_of(5000)
    large, small = (
        page(*[{**TICKET, "subject": "x" * 3000}] * 2),
        page({**TICKET, "subject": "x" * 3000}, cursor="c1", more=True),
    )
    for limit in (None, "50", "25", "12"):
        asked = {} if limit is None else {"limit": limit}
        told = large if limit != "12" else small
        answers.get(
            f"{PORTAL}/tickets",
            json=told,
            match=[responses.matchers.query_param_matcher(asked, strict_match=False)],
        )
    found = client.changed_tickets(None)
    assert found is not None
    assert ([one.id for one in found.tickets], found.cursor, found.has_more) == (["t1"], "c1", True)


def test_one_ticket_that_is_too_large_is_told_as_a_fault_and_passed(
    client_of: Callable[[int], HttpPortal], answers: responses.RequestsMock
) -> None:
    client = client_of(1000)
    answers.get(
        f"{PORTAL}/tickets", json=page({**TICKET, "subject": "x" * 3000}), headers={"X-Next-Cursor": "c2"}
    )
    found = client.changed_tickets("c1")
    assert found is not None
    (fault,) = found.faults
    assert (fault.ref, found.tickets, found.cursor, found.has_more) == ("t1", (), "c2", True)
    assert "larger than 1000 bytes" in fault.problems[0]


@pytest.mark.parametrize("headers", [{}, {"X-Next-Cursor": "c1"}])
def test_a_ticket_that_is_too_large_is_not_passed_where_the_portal_does_not_say_what_comes_behind(
    client_of: Callable[[int], HttpPortal], answers: responses.RequestsMock, headers: Any
) -> None:
    client = client_of(1000)
    answers.get(f"{PORTAL}/tickets", json=page({**TICKET, "subject": "x" * 3000}), headers=headers)
    with pytest.raises(PortalTooLarge):
        client.changed_tickets("c1")


WRONG = [
    ("hold", {"account_id": "other"}),
    ("hold", {"ticket_id": "other"}),
    ("hold", {"stage_id": "other"}),
    ("capture", {"hold_id": "other"}),
    ("void", {"hold_id": "other"}),
    ("reverse", {"reverses": "other"}),
]


@pytest.mark.parametrize(("name", "changes"), WRONG)
def test_an_answer_that_keeps_the_contract_and_is_about_another_thing_leaves_the_write_unknown(
    client: HttpPortal, answers: responses.RequestsMock, name: Any, changes: Any
) -> None:
    post(answers, name, json={**WRITES[name][3], **changes}, status=201)
    with pytest.raises(PortalOutcomeUnknown, match="about another"):
        do(client, name)


@pytest.mark.parametrize(
    ("path", "document", "read"), [("tickets", TICKET, "ticket"), ("accounts", ACCOUNT, "account")]
)
def test_a_read_about_another_thing_is_not_believed(
    client: HttpPortal, answers: responses.RequestsMock, path: str, document: Any, read: str
) -> None:
    answers.get(f"{PORTAL}/{path}/x", json={**document, "id": "other"})
    with pytest.raises(PortalNotContract, match="about another"):
        getattr(client, read)("x")


def test_a_ledger_of_another_account_is_not_believed(
    client: HttpPortal, answers: responses.RequestsMock
) -> None:
    answers.get(
        f"{PORTAL}/ledger",
        json={"entries": [entry(account_id="other")], "next_cursor": "c2", "has_more": False},
    )
    with pytest.raises(PortalNotContract, match="another account: other instead of a1"):
        client.ledger("a1")


# Trust


def test_the_token_stands_in_no_error_and_no_log(
    client: HttpPortal, answers: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers.get(f"{PORTAL}/meta", json=META)
    answers.get(f"{PORTAL}/tickets/t1", body=requests.ConnectionError(f"https://x/?token={TOKEN}"))
    post(answers, "note", body=requests.ReadTimeout(TOKEN))
    client.meta()
    told = [repr(BearerAuth(TOKEN))]
    for call in (lambda: client.ticket("t1"), lambda: do(client, "note")):
        with pytest.raises(PortalError) as caught:
            call()
        assert caught.value.__cause__ is None
        told += [str(caught.value), repr(caught.value)]
    assert caplog.messages
    assert TOKEN not in "".join(caplog.messages + told)
