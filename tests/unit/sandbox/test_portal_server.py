"""The embedded portal as a server: it remembers, it misbehaves on demand, its customer's side is its
admin's only.
"""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.domain.tickets import Attachment, StageState, TicketState
from bridge.portal import (
    BearerAuth,
    HttpPortal,
    PortalNotContract,
    PortalNotFound,
    PortalOutcomeUnknown,
    PortalRefused,
    PortalUnreachable,
    Retries,
)
from bridge.sandbox.portal import Problem, SandboxPortal
from bridge.sandbox.portal.store import Store

PAID = "Выделенный специалист (н.часы)"


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[SandboxPortal]:
    with SandboxPortal.start(tmp_path) as portal:
        portal.open_account("school", "Школа", granted="10", hour_price="2500")
        yield portal


def bridge(url: str, token: str, *, read_timeout: float = 5) -> HttpPortal:
    return HttpPortal(
        "test",
        url,
        BearerAuth(token),
        category_prefix=PAID,
        connect_timeout=2,
        read_timeout=read_timeout,
        retries=Retries(attempts=1),
    )


def opened(portal: SandboxPortal) -> tuple[str, str]:
    ticket = portal.open_ticket(account="school", category=PAID, subject="Роль")
    portal.agree(ticket, [("Роль", "1", "1")])
    return ticket, portal.ticket(ticket).stages[0].id


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    with SandboxPortal.start(tmp_path) as first:
        first.open_account("school", "Школа", granted="10")
        ticket, stage = opened(first)
        with bridge(first.url, first.token) as client:
            held = client.hold("k", "school", ticket, stage, Decimal(1))
            page = client.changed_tickets(None)
    with SandboxPortal.start(tmp_path) as second, bridge(second.url, first.token) as client:
        assert (second.token, second.admin_token) == (first.token, first.admin_token)
        assert client.hold("k", "school", ticket, stage, Decimal(1)) == held
        assert client.account("school").held == 1
        again = client.changed_tickets(None)
        assert page is not None
        assert again is not None
        assert (again.tickets, again.cursor, again.etag) == (page.tickets, page.cursor, page.etag)


def test_tokens_are_files_of_their_owner_and_stand_in_no_table(portal: SandboxPortal, tmp_path: Path) -> None:
    for name in ("token", "admin-token"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert (
        portal.token.encode()
        not in (tmp_path / "portal.sqlite3").read_bytes() + (tmp_path / "portal.sqlite3-wal").read_bytes()
    )


def test_a_given_token_is_the_bridges(tmp_path: Path) -> None:
    with SandboxPortal.start(tmp_path, token="given") as portal, bridge(portal.url, "given") as client:
        assert client.meta().contract == "1.0"


def test_a_broken_ticket_is_told_as_broken_until_it_is_mended(portal: SandboxPortal) -> None:
    good, _ = opened(portal)
    broken = portal.put_broken_ticket({"number": None, "state": 7})
    with bridge(portal.url, portal.token) as client:
        page = client.changed_tickets(None)
        assert page is not None
        assert [one.id for one in page.tickets] == [good]
        assert [(fault.ref, len(fault.problems)) for fault in page.faults] == [(broken, 2)]
        with pytest.raises(PortalNotContract, match="number: missing"):
            client.ticket(broken)
        portal.mend_ticket(broken)
        mended = client.changed_tickets(page.cursor)
        assert mended is not None
        assert [one.id for one in mended.tickets] == [broken]


@pytest.mark.parametrize("mode", ["drop_after", "empty", "truncate", "late"])
def test_a_write_that_was_done_without_an_answer_is_found_and_not_done_again(
    portal: SandboxPortal, mode: str
) -> None:
    ticket, stage = opened(portal)
    portal.faults.add("hold", mode, seconds=0.01)
    with bridge(portal.url, portal.token) as client:
        with pytest.raises(PortalOutcomeUnknown):
            client.hold("k", "school", ticket, stage, Decimal(1))
        found = client.find("k")
        assert found is not None
        assert client.hold("k", "school", ticket, stage, Decimal(1)).id == found["body"]["id"]
    assert [entry.kind for entry in portal.ledger()] == ["top_up", "hold"]


@pytest.mark.parametrize("mode", ["drop_before", "error_500", "html", "garbage", "maintenance"])
def test_a_write_that_was_not_done_is_not_found_and_may_be_sent_again(
    portal: SandboxPortal, mode: str
) -> None:
    ticket, stage = opened(portal)
    portal.faults.add("POST /api/otbridge/v1/accounts", mode)
    with bridge(portal.url, portal.token) as client:
        with pytest.raises(PortalOutcomeUnknown):
            client.hold("k", "school", ticket, stage, Decimal(1))
        assert client.find("k") is None
        assert client.hold("k", "school", ticket, stage, Decimal(1)).amount == 1


def test_a_page_that_is_no_json_is_not_the_contracts(portal: SandboxPortal) -> None:
    portal.faults.add("changed_tickets", "garbage")
    with bridge(portal.url, portal.token) as client, pytest.raises(PortalNotContract):
        client.changed_tickets(None)


def test_a_portal_that_is_stopped_cannot_be_reached(portal: SandboxPortal) -> None:
    with bridge(portal.url, portal.token) as client:
        client.meta()
        portal.stop()
        with pytest.raises(PortalUnreachable):
            client.meta()


def test_calls_are_recorded_by_the_protocols_names_without_tokens(portal: SandboxPortal) -> None:
    ticket, _ = opened(portal)
    with bridge(portal.url, portal.token) as client:
        client.account("school")
        client.set_ticket_state("k", ticket, TicketState.DONE, [TicketState.OPEN])
    assert [(call.name, call.params) for call in portal.calls()] == [
        ("account", {"id": "school"}),
        ("set_ticket_state", {"id": ticket, "state": "done", "expected": ["open"], "key": "k"}),
    ]


def test_a_portal_that_fails_inside_keeps_nothing(
    portal: SandboxPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, stage = opened(portal)

    def insert(table: str, **values: Any) -> int:
        if table == "idempotency":
            raise RuntimeError("out of order, with the ledger's row written already")
        return Store.insert(portal.store, table, **values)

    with bridge(portal.url, portal.token) as client:
        with monkeypatch.context() as broken:
            broken.setattr(portal.store, "insert", insert)
            with pytest.raises(PortalOutcomeUnknown) as caught:
                client.hold("k", "school", ticket, stage, Decimal(1))
        assert caught.value.status == 500
        assert [entry.kind for entry in portal.ledger()] == ["top_up"]
        assert client.find("k") is None
        assert client.hold("k", "school", ticket, stage, Decimal(1)).amount == 1


def test_a_body_over_the_limit_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.sandbox.portal.routes.LARGEST_BODY", 1000)
    with SandboxPortal.start(tmp_path) as portal, bridge(portal.url, portal.token) as client:
        portal.open_account("school", "Школа")
        ticket = portal.open_ticket(account="school", category=PAID, subject="Роль")
        with pytest.raises(PortalRefused) as caught:
            client.attach("k", ticket, "a.bin", "application/octet-stream", b"x" * 1001)
        assert (caught.value.status, caught.value.code) == (413, "too_large")


@pytest.mark.parametrize(
    "number", ["01", "٣", "-1", "9" * 25, "9" * 5000], ids=["padded", "arabic", "negative", "long", "longer"]
)
def test_an_id_of_a_form_that_is_never_given_is_not_found(portal: SandboxPortal, number: str) -> None:
    ticket, _ = opened(portal)
    with bridge(portal.url, portal.token) as client:
        for call in (
            lambda: client.reverse("k", f"l{number}", "?"),
            lambda: client.set_stage_state("k", ticket, f"s{number}", StageState.READY, [StageState.PLANNED]),
            lambda: client.download(
                ticket, Attachment(f"a{number}", "a.txt", 1, "0" * 64, "text/plain"), io.BytesIO()
            ),
        ):
            with pytest.raises(PortalNotFound):
                call()


@pytest.mark.parametrize("id_", ["", ".", "..", "a/b", "x" * 201])
def test_an_account_has_an_id_that_can_stand_in_an_address(portal: SandboxPortal, id_: str) -> None:
    with pytest.raises(Problem, match="not valid"):
        portal.open_account(id_, "Школа")


def test_an_estimate_is_a_whole_number_of_minutes(portal: SandboxPortal) -> None:
    ticket = portal.open_ticket(account="school", category=PAID, subject="Роль")
    with pytest.raises(Problem, match="not valid") as caught:
        portal.agree(ticket, [("Роль", "0.333", "1")])
    assert "0.333" in caught.value.members["errors"][0]


def test_the_clock_may_be_another(portal: SandboxPortal) -> None:
    portal.clock = lambda: datetime(2026, 3, 1, 9, 30, tzinfo=UTC) + timedelta(hours=1)
    ticket, _ = opened(portal)
    assert portal.ticket(ticket).agreed_at == datetime(2026, 3, 1, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "act",
    [lambda portal, ticket: portal.accept(ticket), lambda portal, ticket: portal.reject(ticket, 1, "нет")],
)
def test_only_what_is_ready_is_judged(portal: SandboxPortal, act: Any) -> None:
    ticket, _ = opened(portal)
    with pytest.raises(Problem, match="planned, not ready"):
        act(portal, ticket)


def test_a_withdrawn_ticket_is_neither_withdrawn_nor_agreed_again(portal: SandboxPortal) -> None:
    ticket, _ = opened(portal)
    portal.withdraw(ticket)
    for act in (lambda: portal.withdraw(ticket), lambda: portal.agree(ticket, [("x", "1", "1")])):
        with pytest.raises(Problem, match="withdrawn"):
            act()


class Admin:
    """The customer's side over HTTP."""

    def __init__(self, url: str, token: str) -> None:
        self.base = url.removesuffix("/api/otbridge/v1") + "/sandbox"
        self.headers = {"Authorization": f"Bearer {token}"}

    def post(self, command: str, **params: Any) -> requests.Response:
        return requests.post(f"{self.base}/{command}", json=params, headers=self.headers, timeout=5)

    def get(self, view: str) -> Any:
        return requests.get(f"{self.base}/{view}", headers=self.headers, timeout=5).json()


def test_the_customers_side_works_over_http(portal: SandboxPortal) -> None:
    admin = Admin(portal.url, portal.admin_token)
    assert admin.post("open_account", id="a", customer="Академия", granted="2").status_code == 200
    ticket = admin.post("open_ticket", account="a", category=PAID, subject="Курс", fields={"x": "1"}).json()[
        "result"
    ]
    assert admin.post("agree", ticket=ticket, stages=[["Курс", "1.5", "0.6"]]).status_code == 200
    assert admin.post("log_time", ticket=ticket, minutes=5, stage=1).status_code == 200
    assert admin.post("add_attachment", ticket=ticket, name="a.txt", content="Ж").status_code == 200
    told = admin.get(f"tickets/{ticket}")
    assert (
        told["stages"][0]["estimate_mh"],
        told["time_entries"][0]["minutes"],
        told["attachments"][0]["size"],
    ) == (1500, 5, 2)
    assert len(admin.get("tickets")) == 1
    assert admin.get("accounts/a")["available_mh"] == 2000
    assert [entry["kind"] for entry in admin.get("ledger")] == ["top_up", "top_up"]
    with bridge(portal.url, portal.token) as client:
        client.note("k", ticket, "готово")
    assert [note["text"] for note in admin.get(f"notes/{ticket}")] == ["готово"]
    assert portal.calls()[-1].name == "note", "the customer's doings are not calls of the bridge"


@pytest.mark.parametrize(
    ("command", "params", "status"),
    [
        ("accept", {"ticket": "none"}, 404),
        ("accept", {}, 422),
        ("top_up", {"account": "school", "hours": 1.5}, 422),
        ("top_up", {"account": "school", "hours": "many"}, 422),
        ("open_account", {"id": "school", "customer": "Школа"}, 422),
        ("stop", {}, 404),
        ("add_token", {"scopes": []}, 404),
    ],
)
def test_what_the_customers_side_does_not_know_is_refused(
    portal: SandboxPortal, command: str, params: dict[str, Any], status: int
) -> None:
    assert Admin(portal.url, portal.admin_token).post(command, **params).status_code == status


def test_the_bridges_token_does_not_open_the_customers_side(portal: SandboxPortal) -> None:
    admin = Admin(portal.url, portal.token)
    assert admin.post("top_up", account="school", hours="100").status_code == 401
    assert admin.get("ledger")["code"] == "unauthorized"
    assert portal.account("school").granted == 10


def test_it_runs_as_a_process_and_stops_on_sigterm(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "bridge.sandbox.portal",
        "--directory",
        str(tmp_path),
        "--token",
        "given",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with bridge(url, "given") as client:
            assert client.meta().engine.startswith("otbridge sandbox")
        assert Admin(url, (tmp_path / "admin-token").read_text()).get("ledger") == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "path",
    [
        "/meta",
        "/tickets",
        "/tickets/t1",
        "/tickets/t1/notes",
        "/accounts/school",
        "/ledger",
        "/holds/h1/capture",
    ],
)
@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
def test_a_method_that_a_path_does_not_have_is_told_with_those_that_it_has(
    portal: SandboxPortal, path: str, method: str
) -> None:
    answer = requests.request(
        method, portal.url + path, headers={"Authorization": f"Bearer {portal.token}"}, timeout=5
    )
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.headers["Allow"].split(", ")) & {"GET", "POST"}
