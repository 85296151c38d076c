"""The embedded portal's addresses: the contract's calls, and the customer's side under /sandbox/."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from flask import Flask, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Request
from werkzeug.wrappers.response import Response

from bridge.sandbox.faults import Call, Describe, describe_by_path
from bridge.sandbox.portal import bodies
from bridge.sandbox.portal.contract import OPERATIONS, Operation
from bridge.sandbox.portal.keys import fingerprint
from bridge.sandbox.portal.ledger import ROUNDING_UNIT_MH
from bridge.sandbox.portal.problems import Problem, invalid
from bridge.version import __version__

if TYPE_CHECKING:
    from bridge.sandbox.portal.office import Office

CAPABILITIES = (
    "ledger",
    "holds",
    "idempotent_writes",
    "compare_and_set",
    "reversals",
    "private_notes",
    "change_cursor",
    "tacit_acceptance",
)
LARGEST_BODY = 64 * 1024 * 1024
COMMANDS = (
    "open_account",
    "top_up",
    "open_ticket",
    "put_broken_ticket",
    "mend_ticket",
    "edit_fields",
    "say",
    "add_attachment",
    "agree",
    "accept",
    "reject",
    "withdraw",
    "report_ready",
    "log_time",
    "move",
    "merge",
    "delete",
    "release_bridge",
)
"""What the customer's side can do over HTTP: POST /sandbox/COMMAND with the method's parameters as a JSON
object.
"""

_KEY = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:-]{1,64}")
_LIMIT = re.compile(r"[1-9][0-9]?|100")
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}

Answer = tuple[int, Mapping[str, Any]]
Rule = Callable[[str, dict[str, str]], Answer]
"""Takes key and path arguments; judges the body and does the write."""


def application(portal: Office) -> Flask:
    """The WSGI application that serves a portal."""
    app = Flask("bridge.sandbox.portal", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.url_map.merge_slashes = False  # it would redirect
    reads, writes = _reads(portal), _writes(portal)
    for operation in OPERATIONS:
        serve = (
            _write(portal, operation, writes[operation.name])
            if operation.method == "POST"
            else _guarded(portal, operation, reads)
        )
        app.add_url_rule(operation.rule, operation.name, serve, methods=[operation.method])
    app.add_url_rule("/sandbox/<path:what>", "sandbox", _sandbox(portal), methods=["GET", "POST"])

    @app.errorhandler(Problem)
    def refused(problem: Problem) -> Response:
        headers = {"WWW-Authenticate": "Bearer, OTSerial"} if problem.status == 401 else {}
        body = json.dumps(problem.document(), ensure_ascii=False)
        return Response(body, problem.status, headers, content_type="application/problem+json")

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            message = error.description or error.name
            response = refused(
                Problem(_CODES[error.code], message) if error.code in _CODES else invalid(message)
            )
            if isinstance(error, MethodNotAllowed) and error.valid_methods:
                response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
            return response
        app.logger.error("the embedded portal failed", exc_info=error)
        return refused(Problem("internal", "the portal failed"))

    @app.after_request
    def number(response: Response) -> Response:
        response.headers["X-Request-Id"] = uuid4().hex
        return response

    return app


def describe(app: Flask) -> Describe:
    """Names a request by the contract's operation, for faults and the record; parameters are those of
    path, query and body, and the key.
    """
    address = app.url_map.bind("127.0.0.1")

    def describe(incoming: Request) -> Call:
        try:
            name, arguments = address.match(incoming.path, incoming.method)
        except HTTPException:
            return describe_by_path(incoming)
        body = incoming.get_json(silent=True) if incoming.is_json else None
        key = incoming.headers.get("Idempotency-Key")
        facts = {
            **arguments,
            **incoming.args.to_dict(),
            **(body if isinstance(body, dict) else {}),
            **({"key": key} if key else {}),
        }
        return Call(name, facts)

    return describe


def _allow(portal: Office, scope: str | None) -> frozenset[str]:
    address = str(request.environ.get("REQUEST_URI", ""))
    scopes = portal.auth.scopes(
        request.headers.get("Authorization", ""), request.method, address, request.get_data()
    )
    if scope is not None and scope not in scopes:
        raise Problem("forbidden", f"the token lacks the scope {scope}", scope=scope)
    return scopes


def _guarded(
    portal: Office, operation: Operation, reads: Mapping[str, Callable[..., Response]]
) -> Callable[..., Response]:
    def serve(**arguments: str) -> Response:
        scopes = _allow(portal, operation.scope)
        if instance := request.headers.get("Otbridge-Instance", ""):
            portal.bridges.hear(instance)
        return reads[operation.name](scopes, **arguments)

    return serve


def _write(portal: Office, operation: Operation, rule: Rule) -> Callable[..., Response]:
    def serve(**arguments: str) -> Response:
        _allow(portal, operation.scope)
        portal.bridges.admit(request.headers.get("Otbridge-Instance", ""))
        key = request.headers.get("Idempotency-Key", "")
        if not _KEY.fullmatch(key):
            raise invalid(
                "Idempotency-Key: must be 1 to 64 characters of A–Z, a–z, 0–9, . _ : -, and neither . nor .."
            )
        address = request.path + (
            f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
        )
        content = _file_as_sent() if operation.name == "attach" else bodies.canonical(request.get_data())
        stored = portal.keys.once(
            key, fingerprint(request.method, address, content), lambda: rule(key, arguments)
        )
        headers = {"Idempotent-Replayed": "true"} if stored.replayed else {}
        return Response(stored.body, stored.status, headers, content_type="application/json")

    return serve


def _reads(portal: Office) -> dict[str, Callable[..., Response]]:
    documents = portal.documents

    def meta(scopes: frozenset[str]) -> Response:
        return _json(
            {
                "contract": "1.0",
                "engine": {"name": "otbridge sandbox", "version": __version__},
                "time": portal.store.now(),
                "capabilities": list(CAPABILITIES),
                "scopes": sorted(scopes),
                "rounding_unit_mh": ROUNDING_UNIT_MH,
            }
        )

    def changed_tickets(_: frozenset[str]) -> Response:
        prefix, cursor, limit = request.args.get("category_prefix", ""), request.args.get("cursor"), _limit()
        thread = request.args.get("thread", "")
        if thread not in ("", "none"):
            raise invalid("thread: must be none, or be left out")
        page = documents.page(prefix, cursor, limit, thread=not thread)
        response = _json(page)
        response.headers["X-Next-Cursor"] = page["next_cursor"]
        asked = json.dumps([prefix, cursor, limit, thread]).encode()
        response.set_etag(hashlib.sha256(asked + response.get_data()).hexdigest()[:32])
        if request.if_none_match.contains_weak(response.get_etag()[0] or ""):
            return Response(status=304, headers={"ETag": response.headers["ETag"]})
        return response

    def download(_: frozenset[str], id: str, aid: str) -> Response:  # noqa: A002 - the contract's word
        row = documents.attachment_row(id, aid)
        return Response(
            row["content"], content_type=row["media_type"], headers={"X-Content-Type-Options": "nosniff"}
        )

    def ledger(_: frozenset[str]) -> Response:
        if "account_id" not in request.args:
            raise invalid("account_id: missing")
        return _json(documents.ledger_page(request.args["account_id"], request.args.get("cursor"), _limit()))

    return {
        "meta": meta,
        "changed_tickets": changed_tickets,
        "ticket": lambda _, id: _json(documents.shown_ticket(id)),  # noqa: A006
        "download": download,
        "account": lambda _, id: _json(documents.account(id)),  # noqa: A006
        "ledger": ledger,
        "find": lambda _, key: _json(portal.keys.find(key)),
    }


def _writes(portal: Office) -> dict[str, Rule]:
    tickets, ledger = portal.ticket_rules, portal.ledger_rules

    def note(_: str, at: dict[str, str]) -> Answer:
        body = bodies.read(bodies.Note, request.get_data())
        return 201, tickets.note(at["id"], body.text, body.visibility, author="bridge")

    def attach(_: str, at: dict[str, str]) -> Answer:
        return 201, tickets.attach(at["id"], request.args.get("name", ""), _media_type(), request.get_data())

    def set_ticket_state(_: str, at: dict[str, str]) -> Answer:
        body = bodies.read(bodies.TicketState, request.get_data())
        return 200, tickets.set_state(at["id"], body.state, body.expected)

    def set_stage_state(_: str, at: dict[str, str]) -> Answer:
        body = bodies.read(bodies.StageState, request.get_data())
        return 200, tickets.set_stage_state(at["id"], at["sid"], body.state, body.expected, body.evidence)

    def hold(key: str, at: dict[str, str]) -> Answer:
        body = bodies.read(bodies.Hold, request.get_data())
        return 201, ledger.hold(key, at["id"], body.ticket_id, body.stage_id, body.amount_mh)

    def capture(key: str, at: dict[str, str]) -> Answer:
        body = bodies.read(bodies.Capture, request.get_data())
        lines = [one.model_dump() for one in body.charges]
        return 201, ledger.capture(key, at["hold_id"], lines, body.amount_mh, body.evidence, body.accepted_by)

    def void(key: str, at: dict[str, str]) -> Answer:
        bodies.read(bodies.Void, request.get_data())
        return 201, ledger.void(key, at["hold_id"])

    def reverse(key: str, at: dict[str, str]) -> Answer:
        body = bodies.read(bodies.Reversal, request.get_data())
        return 201, ledger.reverse(key, at["id"], body.reason)

    return {
        "note": note,
        "attach": attach,
        "set_ticket_state": set_ticket_state,
        "set_stage_state": set_stage_state,
        "hold": hold,
        "capture": capture,
        "void": void,
        "reverse": reverse,
    }


def _sandbox(portal: Office) -> Callable[[str], Response]:
    """POST: the customer's and the specialist's doings. GET: tickets, tickets/ID, notes/ID, accounts/ID,
    ledger.
    """
    documents = portal.documents
    views: Mapping[str, Callable[..., Any]] = {
        "tickets": lambda id_="": documents.ticket(id_) if id_ else documents.tickets(),
        "notes": documents.notes,
        "accounts": documents.account,
        "ledger": documents.ledger,
    }

    def serve(what: str) -> Response:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), portal.admin_token.encode()):
            raise Problem("unauthorized", "this is for the sandbox's admin token")
        name, _, id_ = what.partition("/")
        try:
            if request.method == "GET" and name in views:
                return _json(views[name](*([id_] if id_ else [])))
            if request.method == "POST" and what in COMMANDS:
                return _json({"result": getattr(portal, what)(**request.get_json(force=True))})
        except (TypeError, ValueError, sqlite3.IntegrityError) as error:
            raise invalid(str(error)) from error
        raise Problem(
            "not_found",
            f"there is no /sandbox/{what}; POST knows {', '.join(COMMANDS)}; GET knows {', '.join(views)}",
        )

    return serve


def _media_type() -> str:
    return request.content_type or "application/octet-stream"


def _file_as_sent() -> bytes:
    return _media_type().encode() + b"\n" + request.get_data()


def _limit() -> int:
    text = request.args.get("limit", "100")
    if not _LIMIT.fullmatch(text):
        raise invalid("limit: must be a number from 1 to 100")
    return int(text)


def _json(document: Any) -> Response:
    return Response(json.dumps(document, ensure_ascii=False), content_type="application/json")
