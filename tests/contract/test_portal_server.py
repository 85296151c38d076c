"""The portal contract as HTTP, as every server of it has to keep it: what the Portal protocol does not show
of docs/portal-api.md.

Every answer is held against bridge/portal/openapi.yaml on the way, those of test_portal.py too.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.portal import AnotherBridge, KeyInProgress, OtserialAuth, PortalRefused, PortalUnauthorized
from bridge.portal.port import CAPABILITIES
from tests.contract.engine import CALLS
from tests.contract.portal_world import HOUR, SERVERS, Sandbox, ServerWorld, charge

ALL_SCOPES = frozenset({"tickets:read", "tickets:write", "ledger:read", "ledger:write"})
IDS = [call["operationId"] for _, _, call in CALLS]


def needed_scope(call: dict[str, Any]) -> str | None:
    return next(iter(call["security"][0]["bearer"]), None) if "security" in call else None


@pytest.fixture(params=SERVERS, ids=lambda engine: engine.__name__)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerWorld]:
    with request.param.start(tmp_path) as engine, closing(ServerWorld(engine)) as one:
        yield one


# Who may ask


def test_meta_tells_contract_1_0_all_scopes_and_every_capability(world: ServerWorld) -> None:
    meta = world.bridge.meta()
    assert meta.contract == "1.0"
    assert meta.scopes == ALL_SCOPES
    assert meta.capabilities >= CAPABILITIES


def test_a_refusal_tells_the_requests_id(world: ServerWorld) -> None:
    with pytest.raises(PortalUnauthorized) as caught:
        world.client("sesame-of-the-thief").meta()
    assert caught.value.request_id


@pytest.mark.parametrize(("method", "path", "call"), CALLS, ids=IDS)
def test_every_call_wants_its_scope_and_no_more(
    world: ServerWorld, method: str, path: str, call: dict[str, Any]
) -> None:
    scope = needed_scope(call)
    address = re.sub(r"\{\w+\}", "none", path)
    without = {
        "Authorization": f"Bearer {world.engine.add_token(ALL_SCOPES - {scope})}",
        "Idempotency-Key": "k",
    }
    with_it = {
        "Authorization": f"Bearer {world.engine.add_token({scope or 'tickets:read'})}",
        "Idempotency-Key": "k",
    }
    if scope is not None:
        refused = world.raw(method, address, headers=without)
        assert (refused.status_code, refused.json()["scope"]) == (403, scope)
    assert world.raw(method, address, headers=with_it).status_code not in {401, 403}
    assert world.raw(method, address, headers={"Authorization": "Basic eDp5"}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "call"),
    [one for one in CALLS if one[0] == "POST"],
    ids=[n for n, c in zip(IDS, CALLS, strict=True) if c[0] == "POST"],
)
@pytest.mark.parametrize("key", [None, "", "two words", "k" * 65, ".."])
def test_a_write_without_a_proper_key_is_invalid(
    world: ServerWorld, method: str, path: str, call: dict[str, Any], key: str | None
) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    refused = world.raw(method, re.sub(r"\{\w+\}", "none", path), headers=headers, json={})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


def test_an_installation_signs_its_requests(world: ServerWorld) -> None:
    world.engine.add_installation("AAAABBBBCCCCDDDD", "secretkey")
    signed = world.client(auth=OtserialAuth("AAAABBBBCCCCDDDD", "secretkey"))
    ticket, (stage,) = world.agreed()
    assert signed.meta().scopes == ALL_SCOPES
    assert [one.id for one in signed.changed_tickets(None).tickets] == [ticket]  # type: ignore[union-attr]
    assert signed.hold("k", world.school, ticket, stage, HOUR).amount == HOUR
    assert signed.attach("a", ticket, "план.txt", "text/plain", b"\x00\xff").size == 2


@pytest.mark.parametrize(
    "auth",
    [
        OtserialAuth("AAAABBBBCCCCDDDD", "wrong key"),
        OtserialAuth("EEEEFFFFGGGGHHHH", "secretkey"),
        OtserialAuth("AAAABBBBCCCCDDDD", "secretkey", clock=lambda: time.time() - 310),
        OtserialAuth("AAAABBBBCCCCDDDD", "secretkey", clock=lambda: time.time() + 310),
    ],
    ids=["wrong key", "unknown serial", "too old", "from the future"],
)
def test_a_signature_that_does_not_fit_is_refused(world: ServerWorld, auth: OtserialAuth) -> None:
    world.engine.add_installation("AAAABBBBCCCCDDDD", "secretkey")
    with pytest.raises(PortalUnauthorized):
        world.client(auth=auth).meta()


def test_a_signature_is_good_for_one_request_only(world: ServerWorld) -> None:
    world.engine.add_installation("AAAABBBBCCCCDDDD", "secretkey")
    ticket, _ = world.agreed()
    prepared = requests.Request(
        "POST",
        f"{world.engine.url}/tickets/{ticket}/notes",
        json={"text": "a", "visibility": "internal"},
        headers={"Idempotency-Key": "n"},
        auth=OtserialAuth("AAAABBBBCCCCDDDD", "secretkey"),
    ).prepare()
    forged = prepared.copy()
    forged.body = json.dumps({"text": "b", "visibility": "internal"}).encode()
    forged.headers["Content-Length"] = str(len(forged.body))
    assert world.session.send(forged).status_code == 401
    assert world.session.send(prepared).status_code == 201
    assert world.session.send(prepared).status_code == 401


# Exactly once


def test_a_replay_is_marked_and_compares_json_by_its_value(world: ServerWorld) -> None:
    ticket, _ = world.agreed()
    bodies = ['{"text": "a", "visibility": "customer"}', '{ "visibility":"customer","text":"\\u0061"}']
    answers = [
        world.raw("POST", f"/tickets/{ticket}/notes", data=body, headers={"Idempotency-Key": "n"})
        for body in bodies
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true"]


@pytest.mark.parametrize("body", [b"", b"{", b'{"text": ""}', b"[]"])
def test_a_key_is_looked_up_before_the_body_is_judged(world: ServerWorld, body: bytes) -> None:
    ticket = world.ticket()
    world.bridge.note("used", ticket, "a")
    used = world.raw("POST", f"/tickets/{ticket}/notes", data=body, headers={"Idempotency-Key": "used"})
    assert (used.status_code, used.json()["code"]) == (422, "key_reused")
    with world.engine.processing("busy"):
        busy = world.raw("POST", f"/tickets/{ticket}/notes", data=body, headers={"Idempotency-Key": "busy"})
    assert (busy.status_code, busy.json()["code"]) == (409, "in_progress")


def test_a_key_in_progress_is_told_as_such(world: ServerWorld) -> None:
    ticket = world.ticket()
    with world.engine.processing("k"), pytest.raises(KeyInProgress) as caught:
        world.bridge.note("k", ticket, "a")
    assert not caught.value.outcome_known
    assert world.bridge.note("k", ticket, "a")


def test_a_key_finds_the_status_and_the_body_of_its_answer(world: ServerWorld) -> None:
    ticket, (stage,) = world.agreed()
    entry = world.bridge.hold("k", world.school, ticket, stage, HOUR)
    found = world.bridge.find("k")
    assert found is not None
    assert (found["status"], found["body"]["id"], found["body"]["amount_mh"]) == (201, entry.id, 1000)


# Tickets


def test_pages_of_any_size_hold_every_ticket(world: ServerWorld) -> None:
    made = [world.ticket() for _ in range(7)]
    told: list[str] = []
    cursor, more = "", True
    while more:
        address = f"/tickets?limit=3{f'&cursor={cursor}' if cursor else ''}"
        page = world.raw("GET", address).json()
        told += [one["id"] for one in page["tickets"]]
        assert len(page["tickets"]) <= 3
        cursor, more = page["next_cursor"], page["has_more"]
    assert told == made


def test_the_oldest_change_comes_first_so_that_no_page_skips_one(world: ServerWorld) -> None:
    first, second, third = world.ticket(), world.ticket(), world.ticket()
    world.engine.say(first, "?")
    world.engine.say(second, "?")
    told: list[str] = []
    cursor, more = "", True
    while more:
        page = world.raw("GET", f"/tickets?limit=1{f'&cursor={cursor}' if cursor else ''}").json()
        told += [one["id"] for one in page["tickets"]]
        cursor, more = page["next_cursor"], page["has_more"]
    assert told == [third, first, second]


def test_an_idle_poll_is_a_304_until_something_changes(world: ServerWorld) -> None:
    ticket = world.ticket()
    page = world.bridge.changed_tickets(None)
    assert page is not None
    idle = world.bridge.changed_tickets(page.cursor, page.etag)
    assert idle is not None, "the ETag of another address says nothing about this one"
    assert (idle.tickets, idle.cursor) == ((), page.cursor)
    assert world.bridge.changed_tickets(idle.cursor, idle.etag) is None
    world.engine.say(ticket, "?")
    assert world.bridge.changed_tickets(idle.cursor, idle.etag) is not None


@pytest.mark.parametrize(
    "query",
    [
        "cursor=",
        "cursor=next",
        f"cursor=c{'9' * 25}",
        f"cursor=c{'9' * 5000}",
        "limit=0",
        "limit=101",
        "limit=x",
        f"limit={'9' * 5000}",
    ],
)
def test_a_page_that_cannot_be_is_invalid(world: ServerWorld, query: str) -> None:
    assert world.raw("GET", f"/tickets?{query}").status_code == 422
    assert world.raw("GET", f"/ledger?account_id={world.school}&{query}").status_code == 422


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 40_000])
def test_an_attachment_tells_its_sha256(world: ServerWorld, content: bytes) -> None:
    ticket = world.ticket()
    attached = world.bridge.attach("a", ticket, "Отчёт № 1.bin", "application/octet-stream", content)
    assert attached.sha256 == hashlib.sha256(content).hexdigest()
    assert world.bridge.ticket(ticket).attachments == (attached,)


# Balance


def test_the_refusal_of_an_amount_tells_the_one_that_the_charges_make(world: ServerWorld) -> None:
    _, _, hold = world.held()
    with pytest.raises(PortalRefused) as caught:
        world.bridge.capture("c", hold, [charge(30)], Decimal("0.51"), {})
    assert caught.value.code == "amount_mismatch"
    assert "500" in caught.value.detail


def test_the_ledger_is_read_in_pages_oldest_first(world: ServerWorld) -> None:
    for _ in range(5):
        world.engine.top_up("school", "1")
    first = world.raw("GET", f"/ledger?account_id={world.school}&limit=4").json()
    rest = world.bridge.ledger(world.school, first["next_cursor"])
    assert (len(first["entries"]), first["has_more"], len(rest.entries), rest.has_more) == (4, True, 2, False)
    assert world.bridge.ledger(world.school, rest.cursor).entries == ()
    moments = [entry.at for entry in world.bridge.ledger(world.school).entries]
    assert moments == sorted(moments)


# What is not there, and what is not the contract's


def test_an_id_may_hold_what_an_address_cannot(world: ServerWorld) -> None:
    if not isinstance(world.engine, Sandbox):
        pytest.skip("this portal gives its accounts ids of its own")
    id_ = "школа № 7 (100%)?#&+;=%41"
    world.open_account(id_, "Школа", granted="3")
    ticket, (stage,) = world.agreed(account=id_)
    assert world.bridge.hold("k", id_, ticket, stage, HOUR).account_id == id_
    assert (world.bridge.account(id_).id, world.bridge.account(id_).held) == (id_, 1)
    assert [entry.kind for entry in world.bridge.ledger(id_).entries] == ["top_up", "hold"]


@pytest.mark.parametrize("path", ["//tickets", "/tickets/", "/accounts//holds", "/nothing"])
def test_the_portal_redirects_nothing(world: ServerWorld, path: str) -> None:
    headers = {"Authorization": f"Bearer {world.engine.token}"}
    answer = requests.get(world.engine.url + path, headers=headers, allow_redirects=False, timeout=20)
    assert (answer.status_code, answer.headers["Content-Type"], answer.json()["code"]) == (
        404,
        "application/problem+json",
        "not_found",
    )
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/meta", "GET"),
        ("DELETE", "/tickets/1", "GET"),
        ("PUT", "/keys/k", "GET"),
        ("GET", "/tickets/1/notes", "POST"),
        ("PATCH", "/holds/h/void", "POST"),
        ("DELETE", "/ledger", "GET"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_told_with_those_that_it_has(
    world: ServerWorld, method: str, path: str, allowed: str
) -> None:
    headers = {"Authorization": f"Bearer {world.engine.token}", "Idempotency-Key": "k"}
    answer = requests.request(
        method, world.engine.url + path, headers=headers, allow_redirects=False, timeout=20
    )
    assert (answer.status_code, answer.headers["Content-Type"], answer.json()["code"]) == (
        405,
        "application/problem+json",
        "method_not_allowed",
    )
    assert allowed in answer.headers["Allow"].split(", ")
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("notes", {"text": "", "visibility": "customer"}),
        ("notes", {"text": "a", "visibility": "everybody"}),
        ("notes", {"text": "a", "visibility": "customer", "colour": "red"}),
        ("notes", {"text": "\ud800", "visibility": "customer"}),
        ("notes", ["text"]),
        ("state", {"state": "done", "expected": []}),
        ("state", {"state": "finished", "expected": ["open"]}),
        ("holds", {"ticket_id": "t", "stage_id": "s", "amount_mh": 1.0}),
        ("holds", {"ticket_id": "t", "stage_id": "s", "amount_mh": "1000"}),
        ("holds", {"ticket_id": "t", "stage_id": "s", "amount_mh": -1}),
        ("holds", {"ticket_id": "t", "stage_id": "s", "amount_mh": True}),
        ("holds", {"ticket_id": "t", "amount_mh": 1000}),
    ],
)
def test_a_body_that_is_not_the_contracts_is_invalid(world: ServerWorld, path: str, body: Any) -> None:
    ticket = world.ticket()
    address = f"/accounts/{world.school}/holds" if path == "holds" else f"/tickets/{ticket}/{path}"
    refused = world.raw("POST", address, json=body, headers={"Idempotency-Key": "k"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert refused.json()["errors"]
    assert world.bridge.find("k") is None


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        '{"text": "а", "visibility": "customer"}'.encode("utf-16"),
        '{"text": "а", "visibility": "customer"}'.encode("cp1251"),
        b'{"state": "done", "expected": ["open"], "evidence": {"n": 1e999}}',
        b'{"state": "done", "expected": ["open"], "evidence": {"n": NaN}}',
        b"[" * 100_000,
    ],
    ids=["torn", "utf-16", "cp1251", "infinite", "no number", "too deep"],
)
def test_a_body_that_is_no_json_in_utf_8_is_invalid(world: ServerWorld, body: bytes) -> None:
    ticket, (stage,) = world.agreed()
    for path in ("notes", f"stages/{stage}/state"):
        refused = world.raw("POST", f"/tickets/{ticket}/{path}", data=body, headers={"Idempotency-Key": "k"})
        assert (refused.status_code, refused.json()["errors"]) == (422, ["the body is not JSON in UTF-8"])


# One bridge at a time


def test_a_second_bridge_reads_and_may_not_write_until_the_first_one_is_released(world: ServerWorld) -> None:
    ticket = world.ticket()
    name = str(uuid.uuid4())
    first, second = world.bridge_of(name), world.bridge_of(str(uuid.uuid4()))
    first.note("a", ticket, "готово")
    for key in ("a", "b"):
        with pytest.raises(AnotherBridge) as caught:
            second.note(key, ticket, "готово")
        assert name in caught.value.detail
    assert [one.id for one in second.changed_tickets(None).tickets] == [ticket]  # type: ignore[union-attr]
    assert second.find("b") is None
    assert world.bridge.note("c", ticket, "кто не называет себя, о том не судят")
    assert first.note("d", ticket, "?")
    world.engine.release_bridge(name)
    assert second.note("b", ticket, "готово")
    with pytest.raises(AnotherBridge):
        first.note("e", ticket, "?")


def test_a_second_bridge_with_a_token_of_its_own_is_another_bridge_all_the_same(world: ServerWorld) -> None:
    ticket = world.ticket()
    world.bridge_of(str(uuid.uuid4())).note("a", ticket, "?")
    headers = {
        "Authorization": f"Bearer {world.engine.add_token(ALL_SCOPES)}",
        "Idempotency-Key": "b",
        "Otbridge-Instance": str(uuid.uuid4()),
    }
    refused = world.raw(
        "POST", f"/tickets/{ticket}/notes", json={"text": "?", "visibility": "customer"}, headers=headers
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "another_bridge")


@pytest.mark.parametrize("name", ["short", "two words", "x" * 65])
def test_a_bridge_has_a_proper_name(world: ServerWorld, name: str) -> None:
    refused = world.raw(
        "POST", "/holds/none/void", json={}, headers={"Idempotency-Key": "k", "Otbridge-Instance": name}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


# Acceptance without the customer's word, corrections, withdrawal


def test_nobody_else_accepts(world: ServerWorld) -> None:
    _, _, hold = world.held()
    body = {"charges": [], "amount_mh": 0, "evidence": {}, "accepted_by": "bridge"}
    assert (
        world.raw("POST", f"/holds/{hold}/capture", json=body, headers={"Idempotency-Key": "c"}).json()[
            "code"
        ]
        == "invalid"
    )


# What its owner can check


@pytest.mark.parametrize("accepted", [False, True], ids=["agreed", "accepted"])
def test_the_owners_check_judges_seventeen_rules_and_finds_each_kept(
    world: ServerWorld, accepted: bool
) -> None:
    findings = world.owners_check(accepted=accepted)
    assert len(findings) == 17
    assert {one.rule: one.fault for one in findings if one.fault} == {}
