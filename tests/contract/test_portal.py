"""The portal contract, as every implementation has to keep it: docs/portal-api.md, rule by rule.

An implementation joins by a class like `SandboxEngine`: it serves the contract from a directory, makes tokens and installations, and has
the customer's side, named as in `bridge.sandbox.portal.customer`. Every answer is held against bridge/portal/openapi.yaml on the way.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import requests
import requests.adapters
import yaml
from jsonschema import Draft202012Validator

from bridge.hours import Charge
from bridge.perform import utc_now
from bridge.portal import (
    BearerAuth,
    HttpPortal,
    InsufficientBalance,
    KeyInProgress,
    KeyReused,
    OtserialAuth,
    PortalError,
    PortalForbidden,
    PortalNotFound,
    PortalRefused,
    PortalUnauthorized,
    Retries,
    StateConflict,
)
from bridge.portal.check import Reads
from bridge.portal.check_writes import Writes
from bridge.sandbox.portal import SandboxPortal
from bridge.tickets import StageState, TicketState
from tests.contract.osticket import OsTicket

OPENAPI: dict[str, Any] = yaml.safe_load(resources.files("bridge.portal").joinpath("openapi.yaml").read_text(encoding="utf-8"))
PAID = "Выделенный специалист (н.часы)"
ALL_SCOPES = frozenset({"tickets:read", "tickets:write", "ledger:read", "ledger:write"})
HOUR = Decimal(1)
CALLS = [(method.upper(), path, call) for path, item in OPENAPI["paths"].items() for method, call in item.items() if method != "parameters"]
IDS = [call["operationId"] for _, _, call in CALLS]


def needed_scope(call: dict[str, Any]) -> str | None:
    return next(iter(call["security"][0]["bearer"]), None) if "security" in call else None


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = OPENAPI
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/")]
        node = found
    return node


def hold_against_openapi(response: requests.Response, *_: Any, **__: Any) -> None:
    """Fail the test when an answer is not one that openapi.yaml knows for its call."""
    path = response.request.path_url.partition("?")[0].removeprefix("/api/otbridge/v1")
    method = str(response.request.method)
    fitting = [call for verb, template, call in CALLS if verb == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)]
    assert fitting, f"openapi.yaml has no {method} {path}"
    assert str(response.status_code) in fitting[0]["responses"], f"{method} {path} does not answer {response.status_code}: {response.text}"
    answer = resolve(fitting[0]["responses"][str(response.status_code)])
    for name, header in answer.get("headers", {}).items():
        assert not resolve(header).get("required") or name in response.headers, f"{method} {path}: no header {name}"
    media_type = response.headers.get("Content-Type", "").partition(";")[0]
    content = answer.get("content", {})
    if "*/*" in content or not content:
        return
    assert list(content) == [media_type]
    schema = {"components": OPENAPI["components"], **content[media_type]["schema"]}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(response.json())


class Sandbox(SandboxPortal):
    """The embedded portal: every test has one of its own."""

    prefix = ""

    def account_id(self, name: str) -> str:
        """The portal's id of an account that a test opened under this name."""
        return name


ENGINES = [Sandbox, pytest.param(OsTicket, marks=pytest.mark.live)]
"""Implementations of the contract. Each is started for a directory of its own, and plays its people: see `World`."""


class OwnKeys(requests.adapters.HTTPAdapter):
    """Lets tests use the same keys again on a portal that keeps them for ever: puts a prefix before them on the wire, and takes it away."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        given = request.headers.get("Idempotency-Key", "")
        if given and not given.startswith("top-up:"):
            request.headers["Idempotency-Key"] = self._prefix + given
        request.url = re.sub(r"/keys/(?!top-up:)", f"/keys/{self._prefix}", str(request.url))
        response = super().send(request, *args, **options)
        if self._prefix and "json" in response.headers.get("Content-Type", ""):
            response._content = response.content.replace(self._prefix.encode(), b"")
        return response


class World:
    """An engine with a customer of ten hours, and the bridge's client."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.clients: list[HttpPortal] = []
        self.session = self._session()
        engine.open_account("school", "Школа № 7", granted="10", hour_price="2500")
        self.school = engine.account_id("school")
        self.bridge = self.client(engine.token)

    def open_account(self, name: str, customer: str, **terms: str) -> str:
        """A further account, which the bridge may use as well; returns the portal's id of it."""
        self.engine.open_account(name, customer, **terms)
        self.bridge = self.client(self.engine.token)
        return str(self.engine.account_id(name))

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.hooks["response"].append(hold_against_openapi)
        session.mount(self.engine.url, OwnKeys(self.engine.prefix))
        return session

    def client(self, token: str | None = None, *, auth: Any = None, prefix: str = PAID) -> HttpPortal:
        client = HttpPortal(
            "test", self.engine.url, auth or BearerAuth(token or ""), category_prefix=prefix, connect_timeout=5, read_timeout=20,
            session=self._session(), retries=Retries(attempts=1),
        )  # fmt: skip
        self.clients.append(client)
        return client

    def ticket(self, **given: Any) -> str:
        told = {"account": "school", "category": f"{PAID} / Настройка", "subject": "Роль", "installation": "AAAABBBBCCCCDDDD", **given}
        return str(self.engine.open_ticket(**told))

    def agreed(self, *stages: tuple[str, str, str], **given: Any) -> tuple[str, list[str]]:
        """An agreed ticket and the ids of its stages."""
        ticket = self.ticket(**given)
        self.engine.agree(ticket, stages or [("Работа", "1", "1")])
        return ticket, [stage.id for stage in self.bridge.ticket(ticket).stages]

    def held(self, amount: Decimal = HOUR, *, key: str = "hold", state: str = "accepted") -> tuple[str, str, str]:
        """Ticket, stage and hold; the stage is in `state`."""
        ticket, (stage,) = self.agreed()
        hold = self.bridge.hold(key, self.school, ticket, stage, amount)
        if state != "planned":
            self.bridge.set_stage_state(f"{key}-ready", ticket, stage, StageState.READY, [StageState.PLANNED])
        if state == "accepted":
            self.engine.accept(ticket, stage=1)
        assert hold.hold_id
        return ticket, stage, hold.hold_id

    def balance(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        account = self.bridge.account(self.school)
        return account.granted, account.posted, account.held, account.available

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.bridge.ledger(self.school).entries]

    def raw(self, method: str, path: str, **given: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.engine.token}", **given.pop("headers", {})}
        return self.session.request(method, self.engine.url + path, headers=headers, timeout=20, **given)

    def close(self) -> None:
        for client in self.clients:
            client.close()


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.__name__)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with request.param.start(tmp_path) as engine:
        one = World(engine)
        yield one
        one.close()


def charge(minutes: int, k: str = "1") -> Charge:
    return Charge("developer", minutes, minutes, Decimal(k))


def in_parallel(count: int, do: Callable[[int], Any]) -> list[Any]:
    """The results of `count` simultaneous calls; errors of the portal are results too."""

    def attempt(number: int) -> Any:
        try:
            return do(number)
        except PortalError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(attempt, range(count)))


# Who may ask


def test_meta_tells_contract_capabilities_scopes_and_clock(world: World) -> None:
    meta = world.bridge.meta()
    assert meta.contract == "1.0"
    assert meta.scopes == ALL_SCOPES
    assert meta.capabilities >= {"ledger", "holds", "idempotent_writes", "change_cursor"}
    assert abs(meta.time.timestamp() - time.time()) < 60
    assert meta.rounding_unit == Decimal("0.01")


def test_an_unknown_token_is_refused_and_not_told(world: World) -> None:
    with pytest.raises(PortalUnauthorized) as caught:
        world.client("sesame-of-the-thief").meta()
    assert "sesame" not in str(caught.value)
    assert caught.value.request_id


@pytest.mark.parametrize(("method", "path", "call"), CALLS, ids=IDS)
def test_every_call_wants_its_scope_and_no_more(world: World, method: str, path: str, call: dict[str, Any]) -> None:
    scope = needed_scope(call)
    address = re.sub(r"\{\w+\}", "none", path)
    without = {"Authorization": f"Bearer {world.engine.add_token(ALL_SCOPES - {scope})}", "Idempotency-Key": "k"}
    with_it = {"Authorization": f"Bearer {world.engine.add_token({scope or 'tickets:read'})}", "Idempotency-Key": "k"}
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
@pytest.mark.parametrize("key", [None, "", "two words", "k" * 65])
def test_a_write_without_a_proper_key_is_invalid(world: World, method: str, path: str, call: dict[str, Any], key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    refused = world.raw(method, re.sub(r"\{\w+\}", "none", path), headers=headers, json={})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


def test_an_installation_signs_its_requests(world: World) -> None:
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
def test_a_signature_that_does_not_fit_is_refused(world: World, auth: OtserialAuth) -> None:
    world.engine.add_installation("AAAABBBBCCCCDDDD", "secretkey")
    with pytest.raises(PortalUnauthorized):
        world.client(auth=auth).meta()


def test_a_signature_is_good_for_one_request_only(world: World) -> None:
    world.engine.add_installation("AAAABBBBCCCCDDDD", "secretkey")
    ticket, _ = world.agreed()
    prepared = requests.Request(
        "POST", f"{world.engine.url}/tickets/{ticket}/notes", json={"text": "a", "visibility": "internal"}, headers={"Idempotency-Key": "n"},
        auth=OtserialAuth("AAAABBBBCCCCDDDD", "secretkey"),
    ).prepare()  # fmt: skip
    forged = prepared.copy()
    forged.body = json.dumps({"text": "b", "visibility": "internal"}).encode()
    forged.headers["Content-Length"] = str(len(forged.body))
    assert world.session.send(forged).status_code == 401
    assert world.session.send(prepared).status_code == 201
    assert world.session.send(prepared).status_code == 401


# Exactly once


def test_a_repeated_write_gets_the_first_answer_and_does_nothing(world: World) -> None:
    ticket, _, hold = world.held()
    first = world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {"курс": 7})
    world.engine.top_up("school", "5")
    again = world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {"курс": 7})
    assert again == first
    assert world.kinds().count("capture") == 1
    notes = [world.bridge.note("n", ticket, "готово") for _ in range(3)]
    assert len(set(notes)) == 1
    assert [one.text for one in world.bridge.ticket(ticket).thread if one.author == "bridge"] == ["готово"]


def test_a_replay_is_marked_and_compares_json_by_its_value(world: World) -> None:
    ticket, _ = world.agreed()
    bodies = ['{"text": "a", "visibility": "customer"}', '{ "visibility":"customer","text":"\\u0061"}']
    answers = [world.raw("POST", f"/tickets/{ticket}/notes", data=body, headers={"Idempotency-Key": "n"}) for body in bodies]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true"]


def test_a_key_belongs_to_one_request(world: World) -> None:
    ticket, (stage,) = world.agreed()
    world.bridge.note("k", ticket, "a")
    with pytest.raises(KeyReused):
        world.bridge.note("k", ticket, "b")
    with pytest.raises(KeyReused):
        world.bridge.hold("k", world.school, ticket, stage, HOUR)
    assert world.kinds() == ["top_up"]


@pytest.mark.parametrize("body", [b"", b"{", b'{"text": ""}', b"[]"])
def test_a_key_is_looked_up_before_the_body_is_judged(world: World, body: bytes) -> None:
    ticket = world.ticket()
    world.bridge.note("used", ticket, "a")
    used = world.raw("POST", f"/tickets/{ticket}/notes", data=body, headers={"Idempotency-Key": "used"})
    assert (used.status_code, used.json()["code"]) == (422, "key_reused")
    with world.engine.processing("busy"):
        busy = world.raw("POST", f"/tickets/{ticket}/notes", data=body, headers={"Idempotency-Key": "busy"})
    assert (busy.status_code, busy.json()["code"]) == (409, "in_progress")


def test_the_key_of_a_top_up_is_used_as_any_other(world: World) -> None:
    ticket, (stage,) = world.agreed()
    (top_up,) = world.bridge.ledger(world.school).entries
    with pytest.raises(KeyReused):
        world.bridge.hold(top_up.key, world.school, ticket, stage, HOUR)
    assert world.balance() == (10, 0, 0, 10)


def test_attachments_of_one_key_are_compared_with_name_and_type(world: World) -> None:
    ticket = world.ticket()
    world.bridge.attach("k", ticket, "a.txt", "text/plain", b"x")
    assert world.bridge.attach("k", ticket, "a.txt", "text/plain", b"x").name == "a.txt"
    for name, media_type, content in [("b.txt", "text/plain", b"x"), ("a.txt", "text/html", b"x"), ("a.txt", "text/plain", b"y")]:
        with pytest.raises(KeyReused):
            world.bridge.attach("k", ticket, name, media_type, content)


def test_a_key_in_progress_is_told_as_such(world: World) -> None:
    ticket = world.ticket()
    with world.engine.processing("k"), pytest.raises(KeyInProgress) as caught:
        world.bridge.note("k", ticket, "a")
    assert not caught.value.outcome_known
    assert world.bridge.note("k", ticket, "a")


def test_a_refused_write_leaves_its_key_free(world: World) -> None:
    ticket, (stage,) = world.agreed()
    with pytest.raises(InsufficientBalance):
        world.bridge.hold("k", world.school, ticket, stage, Decimal("10.001"))
    assert world.bridge.find("k") is None
    world.engine.top_up("school", "1")
    assert world.bridge.hold("k", world.school, ticket, stage, Decimal("10.001")).key == "k"


def test_a_key_finds_the_stored_answer(world: World) -> None:
    ticket, (stage,) = world.agreed()
    entry = world.bridge.hold("k", world.school, ticket, stage, HOUR)
    found = world.bridge.find("k")
    assert found is not None
    assert (found["status"], found["body"]["id"], found["body"]["amount_mh"]) == (201, entry.id, 1000)
    assert world.bridge.find("other") is None


def test_parallel_identical_captures_make_one_row(world: World) -> None:
    _, _, hold = world.held()
    clients = [world.client(world.engine.token) for _ in range(8)]
    results = in_parallel(8, lambda number: clients[number].capture("c", hold, [charge(30)], Decimal("0.5"), {}))
    assert {type(result).__name__ for result in results} <= {"LedgerEntry", "KeyInProgress"}
    assert len({result.id for result in results if not isinstance(result, PortalError)}) == 1
    assert world.kinds().count("capture") == 1
    assert world.balance() == (10, Decimal("0.5"), 0, Decimal("9.5"))


def test_parallel_captures_of_one_hold_under_other_keys_make_one_row(world: World) -> None:
    _, _, hold = world.held()
    clients = [world.client(world.engine.token) for _ in range(8)]
    results = in_parallel(8, lambda number: clients[number].capture(f"c{number}", hold, [charge(30)], Decimal("0.5"), {}))
    assert sum(not isinstance(result, PortalError) for result in results) == 1
    assert sum(isinstance(result, StateConflict) for result in results) == 7
    assert world.kinds().count("capture") == 1


def test_parallel_holds_never_exceed_the_balance(world: World) -> None:
    ticket, (stage,) = world.agreed()
    clients = [world.client(world.engine.token) for _ in range(8)]
    results = in_parallel(8, lambda number: clients[number].hold(f"h{number}", world.school, ticket, stage, Decimal(3)))
    assert sum(not isinstance(result, PortalError) for result in results) == 3
    assert sum(isinstance(result, InsufficientBalance) for result in results) == 5
    assert world.balance() == (10, 0, 9, 1)


# Tickets


def test_a_ticket_tells_all_that_the_customer_gave(world: World) -> None:
    ticket, stages = world.agreed(("Роль", "1.5", "1"), ("Курс", "2", "0.6"), text="Прошу роль – срочно", fields={"param_name": "Методист"})
    world.engine.log_time(ticket, minutes=30, category="development", stage=2)
    told = world.bridge.ticket(ticket)
    assert told.number
    assert told.customer_name.startswith("Школа № 7")
    assert (told.account_id, told.installation) == (world.school, "AAAABBBBCCCCDDDD")
    assert told.fields == {"param_name": "Методист"}
    assert [(one.title, one.estimate, one.coefficient, one.state) for one in told.stages] == [
        ("Роль", Decimal("1.5"), Decimal(1), StageState.PLANNED),
        ("Курс", Decimal(2), Decimal("0.6"), StageState.PLANNED),
    ]
    assert [(one.author, one.visibility, one.text) for one in told.thread] == [("customer", "customer", "Прошу роль – срочно")]
    assert [(one.stage_id, one.minutes, one.category) for one in told.time_entries] == [(stages[1], 30, "development")]
    assert told.created_at <= told.agreed_at <= told.updated_at  # type: ignore[operator]


def test_the_page_holds_the_paid_category_and_what_is_below_it(world: World) -> None:
    paid = [world.ticket(category=category) for category in (PAID, f"{PAID} / Контент", f"{PAID}/Разработка/Отчёты")]
    for category in ("Техническая поддержка", f"{PAID}-2", f"Архив / {PAID}"):
        world.ticket(category=category)
    page = world.bridge.changed_tickets(None)
    assert page is not None
    assert [one.id for one in page.tickets] == paid
    everything = world.client(world.engine.token, prefix="").changed_tickets(None)
    assert everything is not None
    assert len(everything.tickets) == 6


def test_the_cursor_tells_every_change_once_more_and_in_order(world: World) -> None:
    first, second = world.ticket(), world.ticket()
    page = world.bridge.changed_tickets(None)
    assert page is not None
    assert [one.id for one in page.tickets] == [first, second]
    world.engine.edit_fields(first, {"param_name": "Куратор"})
    later = world.bridge.changed_tickets(page.cursor)
    assert later is not None
    assert [one.id for one in later.tickets] == [first]
    assert later.tickets[0].version > page.tickets[0].version
    again = world.bridge.changed_tickets(page.cursor)
    assert again is not None
    assert again.tickets == later.tickets


def test_pages_of_any_size_hold_every_ticket(world: World) -> None:
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


def test_the_oldest_change_comes_first_so_that_no_page_skips_one(world: World) -> None:
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


def test_no_change_is_lost_while_pages_are_read(world: World) -> None:
    tickets = [world.ticket() for _ in range(4)]
    seen: dict[str, int] = {}

    def change(number: int) -> None:
        client = world.client(world.engine.token)
        for turn in range(5):
            client.note(f"{number}-{turn}", tickets[number], str(turn))

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(change, number) for number in range(4)]
        cursor = None
        done = False
        while not done:
            done = all(one.done() for one in running)
            page = world.bridge.changed_tickets(cursor)
            assert page is not None
            for one in page.tickets:
                assert one.version >= seen.get(one.id, 0)
                seen[one.id] = one.version
            cursor = page.cursor
        for one in running:
            one.result()
    assert seen == {ticket: world.bridge.ticket(ticket).version for ticket in tickets}


def test_an_idle_poll_is_a_304_until_something_changes(world: World) -> None:
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
    "query", ["cursor=", "cursor=next", f"cursor=c{'9' * 25}", f"cursor=c{'9' * 5000}", "limit=0", "limit=101", "limit=x", f"limit={'9' * 5000}"]
)  # fmt: skip
def test_a_page_that_cannot_be_is_invalid(world: World, query: str) -> None:
    assert world.raw("GET", f"/tickets?{query}").status_code == 422
    assert world.raw("GET", f"/ledger?account_id={world.school}&{query}").status_code == 422


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 40_000])
def test_an_attachment_comes_back_as_it_was(world: World, content: bytes) -> None:
    ticket = world.ticket()
    attached = world.bridge.attach("a", ticket, "Отчёт № 1.bin", "application/octet-stream", content)
    told = world.bridge.ticket(ticket).attachments
    assert told == (attached,)
    assert (attached.name, attached.size, attached.sha256) == ("Отчёт № 1.bin", len(content), hashlib.sha256(content).hexdigest())
    target = io.BytesIO()
    world.bridge.download(ticket, attached, target)
    assert target.getvalue() == content


@pytest.mark.parametrize("name", ["", "a/b", "..\\b", "line\nbreak", "x" * 256])
def test_an_attachment_has_a_file_name(world: World, name: str) -> None:
    with pytest.raises(PortalRefused) as caught:
        world.bridge.attach("a", world.ticket(), name, "text/plain", b"x")
    assert caught.value.code == "invalid"


def test_notes_keep_their_visibility(world: World) -> None:
    ticket = world.ticket()
    world.bridge.note("a", ticket, "для заказчика")
    world.bridge.note("b", ticket, "для специалиста", internal=True)
    told = [(one.author, one.visibility, one.text) for one in world.bridge.ticket(ticket).thread if one.author != "customer"]
    assert told == [("bridge", "customer", "для заказчика"), ("bridge", "internal", "для специалиста")]


def test_a_ticket_state_is_compared_and_set(world: World) -> None:
    ticket = world.ticket()
    world.bridge.set_ticket_state("a", ticket, TicketState.IN_PROGRESS, [TicketState.OPEN, TicketState.SUSPENDED])
    version = world.bridge.ticket(ticket).version
    world.bridge.set_ticket_state("b", ticket, TicketState.IN_PROGRESS, [TicketState.OPEN])
    assert world.bridge.ticket(ticket).version == version, "what is set already is no change"
    with pytest.raises(StateConflict) as caught:
        world.bridge.set_ticket_state("c", ticket, TicketState.DONE, [TicketState.AWAITING_ACCEPTANCE])
    assert caught.value.actual == "in_progress"
    assert world.bridge.ticket(ticket).state is TicketState.IN_PROGRESS


def test_a_withdrawn_ticket_stays_withdrawn_and_takes_no_hold(world: World) -> None:
    ticket, (stage,) = world.agreed()
    world.engine.withdraw(ticket)
    told = world.bridge.ticket(ticket)
    assert told.state is TicketState.WITHDRAWN
    assert told.withdrawn_at is not None
    with pytest.raises(StateConflict) as caught:
        world.bridge.set_ticket_state("a", ticket, TicketState.DONE, list(TicketState))
    assert caught.value.actual == "withdrawn"
    with pytest.raises(StateConflict):
        world.bridge.hold("b", world.school, ticket, stage, HOUR)


def test_what_is_the_customers_is_not_the_bridges(world: World) -> None:
    ticket, (stage,) = world.agreed()
    with pytest.raises(PortalForbidden):
        world.bridge.set_ticket_state("a", ticket, TicketState.WITHDRAWN, list(TicketState))
    for state in (StageState.ACCEPTED, StageState.REJECTED, StageState.WRITTEN_OFF):
        with pytest.raises(PortalForbidden):
            world.bridge.set_stage_state("b", ticket, stage, state, list(StageState))
    assert world.bridge.ticket(ticket).stages[0].state is StageState.PLANNED


def test_a_stage_goes_through_rejection_to_acceptance(world: World) -> None:
    ticket, (stage,) = world.agreed()
    world.bridge.set_stage_state("a", ticket, stage, StageState.IN_PROGRESS, [StageState.PLANNED])
    with pytest.raises(StateConflict) as caught:
        world.bridge.set_stage_state("b", ticket, stage, StageState.READY, [StageState.PLANNED])
    assert caught.value.actual == "in_progress"
    world.bridge.set_stage_state("b", ticket, stage, StageState.READY, [StageState.IN_PROGRESS], {"url": "https://lms.example.ru"})
    world.engine.reject(ticket, stage=1, comment="не та роль")
    rejected = world.bridge.ticket(ticket).stages[0]
    assert (rejected.state, rejected.revision, rejected.comment) == (StageState.REJECTED, 2, "не та роль")
    assert rejected.rejected_at is not None
    world.bridge.set_stage_state("c", ticket, stage, StageState.READY, [StageState.REJECTED])
    world.engine.accept(ticket, stage=1)
    accepted = world.bridge.ticket(ticket).stages[0]
    assert (accepted.state, accepted.revision) == (StageState.ACCEPTED, 2)
    assert accepted.accepted_at is not None


def test_a_new_agreement_changes_estimates_and_keeps_what_was_done(world: World) -> None:
    ticket, stage, _ = world.held()
    before = world.bridge.ticket(ticket)
    world.engine.agree(ticket, [("Работа", "2", "1"), ("Ещё", "1", "0.6")])
    after = world.bridge.ticket(ticket)
    assert [(one.id == stage, one.estimate, one.state) for one in after.stages] == [
        (True, 2, StageState.ACCEPTED),
        (False, 1, StageState.PLANNED),
    ]
    assert after.agreed_at > before.agreed_at  # type: ignore[operator]


# Balance


def test_hold_and_capture_move_hours_and_the_rest_returns(world: World) -> None:
    ticket, stage, hold = world.held(Decimal(2))
    assert world.balance() == (10, 0, 2, 8)
    entry = world.bridge.capture("c", hold, [charge(30), charge(60, "0.6")], Decimal("1.1"), {"course": 7})
    assert (entry.kind, entry.amount, entry.price, entry.hold_id) == ("capture", Decimal("1.1"), Decimal(2750), hold)
    assert (entry.ticket_id, entry.stage_id, entry.account_id) == (ticket, stage, world.school)
    assert world.balance() == (10, Decimal("1.1"), 0, Decimal("8.9"))
    assert world.bridge.ticket(ticket).stages[0].state is StageState.WRITTEN_OFF
    assert world.kinds() == ["top_up", "hold", "capture"]


@pytest.mark.parametrize(
    ("minutes", "k", "amount"),
    [(1, "1", "0.02"), (1, "0.6", "0.01"), (9, "0.5", "0.08"), (3, "0.1", "0.01"), (20, "1", "0.33"), (0, "1", "0")],
)
def test_the_amount_is_rounded_once_half_up_to_a_hundredth(world: World, minutes: int, k: str, amount: str) -> None:
    _, _, hold = world.held()
    assert world.bridge.capture("c", hold, [charge(minutes, k)], Decimal(amount), {}).amount == Decimal(amount)


def test_many_lines_are_rounded_as_one(world: World) -> None:
    _, _, hold = world.held()
    assert world.bridge.capture("c", hold, [charge(1, "0.2")] * 3, Decimal("0.01"), {}).amount == Decimal("0.01")


def test_an_amount_that_the_charges_do_not_make_is_refused(world: World) -> None:
    _, _, hold = world.held()
    with pytest.raises(PortalRefused) as caught:
        world.bridge.capture("c", hold, [charge(30)], Decimal("0.51"), {})
    assert caught.value.code == "amount_mismatch"
    assert "500" in caught.value.detail
    assert world.balance() == (10, 0, 1, 9)


def test_an_amount_above_the_hold_is_refused(world: World) -> None:
    _, _, hold = world.held()
    with pytest.raises(StateConflict):
        world.bridge.capture("c", hold, [charge(61)], Decimal("1.02"), {})
    assert world.kinds() == ["top_up", "hold"]


@pytest.mark.parametrize("state", ["planned", "ready"])
def test_only_an_accepted_stage_is_written_off(world: World, state: str) -> None:
    _, _, hold = world.held(state=state)
    with pytest.raises(StateConflict) as caught:
        world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {})
    assert caught.value.actual == state


def test_a_hold_ends_once(world: World) -> None:
    _, _, hold = world.held()
    assert world.bridge.void("v", hold).amount == HOUR
    assert world.balance() == (10, 0, 0, 10)
    with pytest.raises(StateConflict) as caught:
        world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {})
    assert caught.value.actual == "voided"
    with pytest.raises(StateConflict):
        world.bridge.void("w", hold)


def test_a_hold_that_does_not_fit_tells_what_is_there(world: World) -> None:
    ticket, (stage,) = world.agreed()
    world.bridge.hold("a", world.school, ticket, stage, Decimal("9.5"))
    with pytest.raises(InsufficientBalance) as caught:
        world.bridge.hold("b", world.school, ticket, stage, HOUR)
    assert (caught.value.available, caught.value.needed) == (Decimal("0.5"), HOUR)
    assert world.balance() == (10, 0, Decimal("9.5"), Decimal("0.5"))


def test_an_overdraft_limit_lets_the_balance_go_below_nothing(world: World) -> None:
    credit = world.open_account("credit", "Академия", granted="1", overdraft="2")
    ticket, (stage,) = world.agreed(account="credit")
    with pytest.raises(InsufficientBalance) as caught:
        world.bridge.hold("a", credit, ticket, stage, Decimal("3.01"))
    assert caught.value.available == 3
    world.bridge.hold("a", credit, ticket, stage, Decimal(3))
    account = world.bridge.account(credit)
    assert (account.available, account.overdraft_limit, account.hour_price) == (-2, 2, None)


def test_a_hold_is_for_a_stage_of_a_ticket_of_the_account(world: World) -> None:
    second = world.open_account("other", "Академия", granted="10")
    ticket, (stage,) = world.agreed()
    other, (others_stage,) = world.agreed(account="other")
    for account, ticket_id, stage_id in [
        (second, ticket, stage),
        (world.school, ticket, others_stage),
        (world.school, "none", stage),
        ("none", other, others_stage),
    ]:
        with pytest.raises(PortalNotFound):
            world.bridge.hold("a", account, ticket_id, stage_id, HOUR)


def test_a_capture_is_reversed_once(world: World) -> None:
    _, _, hold = world.held()
    capture = world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {})
    reversal = world.bridge.reverse("r", capture.id, "написано дважды")
    assert (reversal.kind, reversal.reverses, reversal.amount) == ("reversal", capture.id, Decimal("0.5"))
    assert world.balance() == (10, 0, 0, 10)
    with pytest.raises(StateConflict):
        world.bridge.reverse("s", capture.id, "ещё раз")


def test_only_a_capture_is_reversed(world: World) -> None:
    world.held()
    for entry in world.bridge.ledger(world.school).entries:
        with pytest.raises(StateConflict):
            world.bridge.reverse("r", entry.id, "?")


def test_the_ledger_is_read_in_pages_oldest_first(world: World) -> None:
    for _ in range(5):
        world.engine.top_up("school", "1")
    first = world.raw("GET", f"/ledger?account_id={world.school}&limit=4").json()
    rest = world.bridge.ledger(world.school, first["next_cursor"])
    assert (len(first["entries"]), first["has_more"], len(rest.entries), rest.has_more) == (4, True, 2, False)
    assert world.bridge.ledger(world.school, rest.cursor).entries == ()
    moments = [entry.at for entry in world.bridge.ledger(world.school).entries]
    assert moments == sorted(moments)


# What is not there, and what is not the contract's


def test_an_id_may_hold_what_an_address_cannot(world: World) -> None:
    if not isinstance(world.engine, Sandbox):
        pytest.skip("this portal gives its accounts ids of its own")
    id_ = "школа № 7 (100%)?#&+;=%41"
    world.open_account(id_, "Школа", granted="3")
    ticket, (stage,) = world.agreed(account=id_)
    assert world.bridge.hold("k", id_, ticket, stage, HOUR).account_id == id_
    assert (world.bridge.account(id_).id, world.bridge.account(id_).held) == (id_, 1)
    assert [entry.kind for entry in world.bridge.ledger(id_).entries] == ["top_up", "hold"]


@pytest.mark.parametrize("path", ["//tickets", "/tickets/", "/accounts//holds", "/nothing"])
def test_the_portal_redirects_nothing(world: World, path: str) -> None:
    headers = {"Authorization": f"Bearer {world.engine.token}"}
    answer = requests.get(world.engine.url + path, headers=headers, allow_redirects=False, timeout=20)
    assert (answer.status_code, answer.headers["Content-Type"], answer.json()["code"]) == (404, "application/problem+json", "not_found")
    assert answer.headers["X-Request-Id"]


def test_what_is_not_there_is_not_found(world: World) -> None:
    ticket = world.ticket()
    for call in (
        lambda: world.bridge.ticket("none"),
        lambda: world.bridge.account("none"),
        lambda: world.bridge.ledger("none"),
        lambda: world.bridge.note("k", "none", "?"),
        lambda: world.bridge.set_stage_state("k", ticket, "none", StageState.READY, [StageState.PLANNED]),
        lambda: world.bridge.capture("k", "none", [charge(1)], Decimal("0.02"), {}),
        lambda: world.bridge.void("k", "none"),
        lambda: world.bridge.reverse("k", "none", "?"),
    ):
        with pytest.raises(PortalNotFound):
            call()


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
def test_a_body_that_is_not_the_contracts_is_invalid(world: World, path: str, body: Any) -> None:
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
def test_a_body_that_is_no_json_in_utf_8_is_invalid(world: World, body: bytes) -> None:
    ticket, (stage,) = world.agreed()
    for path in ("notes", f"stages/{stage}/state"):
        refused = world.raw("POST", f"/tickets/{ticket}/{path}", data=body, headers={"Idempotency-Key": "k"})
        assert (refused.status_code, refused.json()["errors"]) == (422, ["the body is no JSON in UTF-8"])


# Acceptance without the customer's word, corrections, withdrawal


@pytest.mark.parametrize("accepted_by", ["silence", "policy"])
def test_silence_or_policy_accept_a_ready_stage_where_the_portal_can_that(world: World, accepted_by: str) -> None:
    ticket, _, hold = world.held(state="ready")
    if "tacit_acceptance" in world.bridge.meta().capabilities:
        assert world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {}, accepted_by).amount == Decimal("0.5")
        stage = world.bridge.ticket(ticket).stages[0]
        assert (stage.state, stage.accepted_at is not None) == (StageState.WRITTEN_OFF, True)
    else:
        with pytest.raises(StateConflict) as caught:
            world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {}, accepted_by)
        assert caught.value.actual == "ready"


@pytest.mark.parametrize("accepted_by", ["silence", "policy"])
def test_neither_silence_nor_policy_accepts_what_is_not_ready(world: World, accepted_by: str) -> None:
    _, _, hold = world.held(state="planned")
    with pytest.raises(StateConflict) as caught:
        world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {}, accepted_by)
    assert caught.value.actual == "planned"


def test_nobody_else_accepts(world: World) -> None:
    _, _, hold = world.held()
    body = {"charges": [], "amount_mh": 0, "evidence": {}, "accepted_by": "bridge"}
    assert world.raw("POST", f"/holds/{hold}/capture", json=body, headers={"Idempotency-Key": "c"}).json()["code"] == "invalid"


def test_a_reversed_stage_is_accepted_again_and_can_be_written_off_anew(world: World) -> None:
    ticket, stage, hold = world.held()
    capture = world.bridge.capture("c", hold, [charge(60)], HOUR, {})
    world.bridge.reverse("r", capture.id, "лишнее")
    assert world.bridge.ticket(ticket).stages[0].state is StageState.ACCEPTED
    again = world.bridge.hold("h2", world.school, ticket, stage, Decimal("0.5"))
    assert again.hold_id is not None
    world.bridge.capture("c2", again.hold_id, [charge(30)], Decimal("0.5"), {})
    assert world.bridge.ticket(ticket).stages[0].state is StageState.WRITTEN_OFF
    assert world.kinds() == ["top_up", "hold", "capture", "reversal", "hold", "capture"]
    assert world.balance() == (10, Decimal("0.5"), 0, Decimal("9.5"))


def test_a_repeated_reversal_gets_the_first_answer(world: World) -> None:
    _, _, hold = world.held()
    capture = world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {})
    first = world.bridge.reverse("r", capture.id, "написано дважды")
    assert world.bridge.reverse("r", capture.id, "написано дважды") == first
    assert world.kinds().count("reversal") == 1


def test_parallel_reversals_under_other_keys_make_one_row(world: World) -> None:
    _, _, hold = world.held()
    capture = world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {})
    clients = [world.client(world.engine.token) for _ in range(8)]
    results = in_parallel(8, lambda number: clients[number].reverse(f"r{number}", capture.id, "?"))
    assert sum(not isinstance(result, PortalError) for result in results) == 1
    assert world.balance() == (10, 0, 0, 10)


def test_an_accepted_stage_of_a_withdrawn_ticket_is_still_held_and_written_off(world: World) -> None:
    ticket, stage, hold = world.held()
    world.bridge.void("v", hold)
    world.engine.withdraw(ticket)
    again = world.bridge.hold("h2", world.school, ticket, stage, HOUR)
    assert again.hold_id is not None
    assert world.bridge.capture("c", again.hold_id, [charge(30)], Decimal("0.5"), {}).amount == Decimal("0.5")


def test_a_specialist_reports_a_stage_ready(world: World) -> None:
    ticket, (stage,) = world.agreed()
    world.bridge.set_stage_state("a", ticket, stage, StageState.IN_PROGRESS, [StageState.PLANNED])
    world.engine.report_ready(ticket, stage=1)
    assert world.bridge.ticket(ticket).stages[0].state is StageState.READY


# What its owner can check


@pytest.mark.parametrize("accepted", [False, True], ids=["agreed", "accepted"])
def test_the_owners_check_finds_every_rule_kept(world: World, accepted: bool) -> None:
    ticket, _ = world.agreed(("Работа", "1", "1"))
    if accepted:
        world.engine.report_ready(ticket, stage=1)
        world.engine.accept(ticket, stage=1)
    findings = [*Reads(world.bridge, world.client("nobody's"), utc_now).findings(), *Writes(world.bridge).findings(ticket)]
    assert len(findings) == 16
    assert {one.rule: one.fault for one in findings if one.fault} == {}
    assert world.balance() == (10, 0, 0, 10)
