"""What the tests of the portal's client answer with: the contract's values as JSON, and every write."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from bridge.domain.hours import Charge
from bridge.domain.tickets import StageState, TicketState
from bridge.portal import HttpPortal
from tests.raw_server import http_reply

PORTAL = "https://portal.test/api/otbridge/v1"
TOKEN = "token-that-nobody-may-read"
NOW = "2026-03-01T09:30:00Z"

ACCOUNT = {
    "id": "a1",
    "granted_mh": 10000,
    "posted_mh": 500,
    "held_mh": 1000,
    "available_mh": 8500,
    "overdraft_limit_mh": 0,
    "version": 3,
    "hour_price_kopecks": 250000,
}
STAGE = {
    "id": "s1",
    "title": "Роль",
    "estimate_mh": 1000,
    "coefficient_milli": 600,
    "state": "planned",
    "revision": 1,
    "accepted_at": None,
    "rejected_at": None,
    "comment": "",
}
ATTACHMENT = {
    "id": "f1",
    "name": "a.txt",
    "size": 3,
    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "media_type": "text/plain",
}
TICKET: dict[str, Any] = {
    "id": "t1",
    "number": "77",
    "version": 2,
    "category": "Выделенный специалист (н.часы) / Настройка",
    "subject": "Роль",
    "customer": {"id": "c1", "name": "Школа"},
    "account_id": "a1",
    "installation": None,
    "state": "open",
    "created_at": NOW,
    "updated_at": NOW,
    "agreement_required": True,
    "agreed_at": NOW,
    "withdrawn_at": None,
    "fields": {"service": "2.9.1-access"},
    "thread": [{"id": "n1", "author": "customer", "visibility": "customer", "at": NOW, "text": "Прошу"}],
    "attachments": [ATTACHMENT],
    "stages": [STAGE],
    "time_entries": [
        {
            "id": "w1",
            "stage_id": "s1",
            "specialist": "Иванов",
            "category": "developer",
            "minutes": 30,
            "at": NOW,
            "note": "",
        }
    ],
}
META = {
    "contract": "1.0",
    "engine": {"name": "osTicket", "version": "1.18.1"},
    "time": NOW,
    "capabilities": ["holds"],
    "scopes": ["tickets:read"],
    "rounding_unit_mh": 10,
}
FOUND = {"key": "k", "status": 201, "body": {"id": "n1"}, "at": NOW}


def entry(kind: str = "hold", **changes: Any) -> dict[str, Any]:
    """A ledger entry under the key "k"."""
    own = {
        "id": "l1",
        "key": "k",
        "kind": kind,
        "account_id": "a1",
        "ticket_id": "t1",
        "stage_id": "s1",
        "amount_mh": 1000,
        "hold_id": "h1",
        "reverses": None,
        "price_kopecks": None,
        "charges": [],
        "at": NOW,
    }
    return {**own, **changes}


CHARGES = [Charge("developer", 25, 60, Decimal(1))]
WRITES: dict[str, tuple[Callable[[HttpPortal], Any], str, int, dict[str, Any]]] = {
    "note": (lambda portal: portal.note("k", "t1", "готово"), "/tickets/t1/notes", 201, {"id": "n1"}),
    "attach": (
        lambda portal: portal.attach("k", "t1", "a.txt", "text/plain", b"abc"),
        "/tickets/t1/attachments",
        201,
        ATTACHMENT,
    ),
    "set_ticket_state": (
        lambda portal: portal.set_ticket_state("k", "t1", TicketState.DONE, [TicketState.OPEN]),
        "/tickets/t1/state",
        200,
        {"state": "done", "version": 3},
    ),
    "set_stage_state": (
        lambda portal: portal.set_stage_state(
            "k", "t1", "s1", StageState.READY, [StageState.PLANNED], {"url": "x"}
        ),
        "/tickets/t1/stages/s1/state",
        200,
        {"state": "ready", "version": 3},
    ),
    "hold": (
        lambda portal: portal.hold("k", "a1", "t1", "s1", Decimal(1)),
        "/accounts/a1/holds",
        201,
        entry(),
    ),
    "capture": (
        lambda portal: portal.capture("k", "h1", CHARGES, Decimal(1), {"url": "x"}),
        "/holds/h1/capture",
        201,
        entry("capture", price_kopecks=250000),
    ),
    "void": (lambda portal: portal.void("k", "h1"), "/holds/h1/void", 201, entry("void")),
    "reverse": (
        lambda portal: portal.reverse("k", "l1", "дважды"),
        "/ledger/l1/reversal",
        201,
        entry("reversal", hold_id=None, reverses="l1"),
    ),
}
"""Every write under the key "k": the call, its path, and the answer that makes it a success."""


def page(*tickets: Any, cursor: str = "c2", more: bool = False) -> dict[str, Any]:
    """A page of tickets."""
    return {"tickets": list(tickets), "next_cursor": cursor, "has_more": more}


def problem(status: int, code: str, **members: Any) -> dict[str, Any]:
    """What `responses` needs to answer with a problem document."""
    document = {
        "type": "about:blank",
        "title": code,
        "status": status,
        "detail": f"detail of {code}",
        "code": code,
        **members,
    }
    return {
        "body": json.dumps(document),
        "status": status,
        "content_type": "application/problem+json",
        "headers": {"X-Request-Id": "req-1"},
    }


def json_reply(document: Any, *, status: str = "201 Created", framing: str = "length") -> bytes:
    """An HTTP answer's bytes; `framing` as in `http_reply`."""
    body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
    return http_reply(body, status=status, framing=framing, X_Request_Id="req-1")
