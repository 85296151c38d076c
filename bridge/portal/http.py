"""`HttpPortal`: the Portal protocol over the HTTP contract of docs/portal-api.md.

Reads are repeated where that may help. A write is sent once, under its key; what has no believable answer is
`PortalOutcomeUnknown`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeVar
from urllib.parse import quote

from bridge.domain.hours import Charge, to_milli
from bridge.domain.tickets import Account, Attachment, StageState, Ticket, TicketState
from bridge.portal.errors import PortalNotContract, PortalNotFound, PortalTooLarge
from bridge.portal.port import LedgerEntry, LedgerPage, Meta, Portal, TicketFault, TicketPage
from bridge.wire.retries import Retries

if TYPE_CHECKING:
    import requests

    from bridge.portal.transport import Answer, Request
    from bridge.wire.transport import Authenticate

LARGEST_ATTACHMENT = 512 * 1024 * 1024
"""Bytes of an attachment that is downloaded; a larger one is refused before anything is asked for."""

LARGEST_PAGE = 100
"""Tickets that a page holds unless fewer are asked for (docs/portal-api.md)."""

_LONGEST_REF = 200
_KEY = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:-]{1,64}")
Value = TypeVar("Value")


def connect(
    name: str,
    base_url: str,
    auth: Authenticate,
    *,
    category_prefix: str,
    connect_timeout: float = 10,
    read_timeout: float = 60,
    call_timeout: float = 300,
    ca_file: Path | None = None,
    proxy: str = "",
    instance: str = "",
) -> HttpPortal:
    """A client of the portal at `base_url`; nothing is sent yet. Close it, or use it with `with`.

    Parameters:
        name: the portal's name in the settings; part of the keys of all effects.
        base_url: the contract's base address, ending with its version.
        auth: `BearerAuth` or `OtserialAuth`.
        category_prefix: the portal sends tickets of this category and those below it.
        connect_timeout, read_timeout: seconds; the second is the longest silence in an answer.
        call_timeout: seconds of a whole call.
        ca_file, proxy: see `bridge.wire.deadline.session`.
        instance: whose writes these are, so that the portal lets one bridge write at a time; "" where it does
            not matter.
    """
    return HttpPortal(
        name,
        base_url,
        auth,
        category_prefix=category_prefix,
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        call_timeout=call_timeout,
        ca_file=ca_file,
        proxy=proxy,
        instance=instance,
    )


class HttpPortal(Portal):
    """See `connect` and `bridge.portal.port.Portal`. Safe to use from several threads.

    Parameters:
        session: a `requests.Session` to be used instead of one of its own.
        retries: how reads are repeated.
        largest_answer: bytes of a JSON answer that are kept in memory; 0 for the usual limit.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        auth: Authenticate,
        *,
        category_prefix: str,
        connect_timeout: float,
        read_timeout: float,
        call_timeout: float = 300,
        ca_file: Path | None = None,
        proxy: str = "",
        instance: str = "",
        session: requests.Session | None = None,
        retries: Retries | None = None,
        largest_answer: int = 0,
    ) -> None:
        from bridge.portal import transport, wire
        from bridge.wire.transport import Transport

        self.name = name
        self._category_prefix = category_prefix
        self._wire = wire
        self._request_type = transport.Request
        http = Transport(
            base_url.rstrip("/"),
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            call_timeout=call_timeout,
            largest_answer=largest_answer or transport.LARGEST_ANSWER,
            ca_file=ca_file,
            proxy=proxy,
            headers={"Otbridge-Instance": instance} if instance else None,
            auth=auth,
            within=session,
        )
        self._line = transport.Line(http, retries or Retries())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._line.close()

    def meta(self) -> Meta:
        """See `Portal.meta`."""
        return self._read("/meta", self._wire.meta)

    def changed_tickets(self, cursor: str | None, etag: str | None = None) -> TicketPage | None:
        """See `Portal.changed_tickets`."""
        try:
            return self._page(cursor, etag)
        except PortalTooLarge as error:
            return self._smaller_page(cursor, error)

    def _smaller_page(self, cursor: str | None, error: PortalTooLarge) -> TicketPage:
        """A page of fewer tickets; a single one that is too large is a fault of the page, where the portal
        says what comes behind it.

        Raises:
            PortalTooLarge: it does not say.
        """
        limit = LARGEST_PAGE
        while limit > 1:
            limit //= 2
            try:
                page = self._page(cursor, None, limit)
            except PortalTooLarge as again:
                error = again
            else:
                assert page is not None, "without an ETag a page always comes"
                return page
        if not error.next_cursor or error.next_cursor == cursor:
            raise error
        ref = self._wire.first_ticket_id(error.begun) or f"after cursor {cursor or 'none'}"[:_LONGEST_REF]
        fault = TicketFault(
            ref, "", (f"{error.detail}: shorten the ticket's fields, files or time entries on the portal",)
        )
        return TicketPage((), (fault,), error.next_cursor, None, has_more=True)

    def _page(self, cursor: str | None, etag: str | None, limit: int | None = None) -> TicketPage | None:
        params = {"category_prefix": self._category_prefix, "thread": "none"} | (
            {} if cursor is None else {"cursor": cursor}
        )
        if limit is not None:
            params["limit"] = str(limit)
        answer = self._line.send(self._get("/tickets", params, {"If-None-Match": etag} if etag else {}))
        if answer.status == 304 and etag:
            return None
        page: TicketPage = _parsed(
            answer, 200, lambda document: self._wire.ticket_page(document, answer.headers.get("etag"))
        )
        _moved(answer, page, cursor)
        return page

    def ticket(self, ticket_id: str) -> Ticket:
        """See `Portal.ticket`."""
        path = _path("tickets", ticket_id)
        answer = self._line.send(self._get(path, {}, {}))
        ticket: Ticket = _parsed(answer, 200, self._wire.ticket)
        _about(answer, "ticket", ticket.id, ticket_id)
        return ticket

    def account(self, account_id: str) -> Account:
        """See `Portal.account`."""
        answer = self._line.send(self._get(_path("accounts", account_id), {}, {}))
        account: Account = _parsed(answer, 200, self._wire.account)
        _about(answer, "account", account.id, account_id)
        return account

    def ledger(self, account_id: str, cursor: str | None = None) -> LedgerPage:
        """See `Portal.ledger`."""
        params = {"account_id": account_id} | ({} if cursor is None else {"cursor": cursor})
        answer = self._line.send(self._get("/ledger", params, {}))
        page: LedgerPage = _parsed(answer, 200, self._wire.ledger_page)
        _moved(answer, page, cursor)
        for entry in page.entries:
            _about(answer, "account", entry.account_id, account_id)
        return page

    def find(self, key: str) -> Mapping[str, Any] | None:
        """See `Portal.find`."""
        try:
            found = self._read(_path("keys", key), self._wire.found)
        except PortalNotFound:
            return None
        if found["key"] != key:
            raise PortalNotContract(
                f"GET {_path('keys', key)}", "the answer is about another key", status=200, portal=self.name
            )
        return found

    def download(self, ticket_id: str, attachment: Attachment, target: BinaryIO) -> None:
        """See `Portal.download`. What was written before an error is to be thrown away.

        Raises:
            PortalNotContract: the content is not the one announced, or larger than `LARGEST_ATTACHMENT`.
        """
        request = self._get(
            _path("tickets", ticket_id, "attachments", attachment.id),
            {},
            {"Accept": "*/*", "Accept-Encoding": "identity"},
        )
        if attachment.size > LARGEST_ATTACHMENT:
            detail = (
                f"the attachment has {attachment.size} bytes, more than the limit of {LARGEST_ATTACHMENT}"
            )
            raise PortalNotContract(request.endpoint, detail, portal=self.name)
        with self._line.stream(request) as (answer, pieces):
            if answer.status != 200:
                answer.refuse()
            size, digest = 0, hashlib.sha256()
            for piece in pieces:
                size += len(piece)
                if size > attachment.size:
                    answer.unbelievable(f"the attachment is larger than its {attachment.size} bytes")
                digest.update(piece)
                target.write(piece)
            if size != attachment.size or digest.hexdigest() != attachment.sha256:
                answer.unbelievable("the attachment does not match its size and sha256")

    def attach(self, key: str, ticket_id: str, name: str, media_type: str, content: bytes) -> Attachment:
        """See `Portal.attach`."""
        request = self._request_type(
            self.name,
            "POST",
            _path("tickets", ticket_id, "attachments"),
            {"name": name},
            {"Content-Type": media_type},
            content,
            _key(key),
        )
        answer = self._line.send(request)
        attached = _parsed(answer, 201, self._wire.attachment)
        if (attached.size, attached.sha256) != (len(content), hashlib.sha256(content).hexdigest()):
            answer.unbelievable("the portal keeps another content than was sent")
        return attached

    def note(self, key: str, ticket_id: str, text: str, *, internal: bool = False) -> str:
        """See `Portal.note`."""
        body = {"text": text, "visibility": "internal" if internal else "customer"}
        return _parsed(self._post(key, _path("tickets", ticket_id, "notes"), body), 201, self._wire.note_id)

    def set_ticket_state(
        self, key: str, ticket_id: str, state: TicketState, expected: Sequence[TicketState]
    ) -> None:
        """See `Portal.set_ticket_state`."""
        self._set_state(
            key,
            _path("tickets", ticket_id, "state"),
            {"state": state.value, "expected": [one.value for one in expected]},
        )

    def set_stage_state(
        self,
        key: str,
        ticket_id: str,
        stage_id: str,
        state: StageState,
        expected: Sequence[StageState],
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        """See `Portal.set_stage_state`."""
        body = {
            "state": state.value,
            "expected": [one.value for one in expected],
            "evidence": dict(evidence or {}),
        }
        self._set_state(key, _path("tickets", ticket_id, "stages", stage_id, "state"), body)

    def hold(self, key: str, account_id: str, ticket_id: str, stage_id: str, amount: Decimal) -> LedgerEntry:
        """See `Portal.hold`."""
        body = {"ticket_id": ticket_id, "stage_id": stage_id, "amount_mh": to_milli(amount)}
        about = {"account_id": account_id, "ticket_id": ticket_id, "stage_id": stage_id, "amount": amount}
        return self._entry(key, "hold", _path("accounts", account_id, "holds"), body, about)

    def capture(
        self,
        key: str,
        hold_id: str,
        charges: Sequence[Charge],
        amount: Decimal,
        evidence: Mapping[str, Any],
        accepted_by: str = "customer",
    ) -> LedgerEntry:
        """See `Portal.capture`."""
        body = {
            "charges": self._wire.charge_lines(charges),
            "amount_mh": to_milli(amount),
            "evidence": dict(evidence),
            "accepted_by": accepted_by,
        }
        return self._entry(
            key, "capture", _path("holds", hold_id, "capture"), body, {"hold_id": hold_id, "amount": amount}
        )

    def void(self, key: str, hold_id: str) -> LedgerEntry:
        """See `Portal.void`."""
        return self._entry(key, "void", _path("holds", hold_id, "void"), {}, {"hold_id": hold_id})

    def reverse(self, key: str, entry_id: str, reason: str) -> LedgerEntry:
        """See `Portal.reverse`."""
        return self._entry(
            key, "reversal", _path("ledger", entry_id, "reversal"), {"reason": reason}, {"reverses": entry_id}
        )

    def _get(self, path: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Request:
        return self._request_type(self.name, "GET", path, params, headers)

    def _read(self, path: str, parse: Callable[[object], Value]) -> Value:
        return _parsed(self._line.send(self._get(path, {}, {})), 200, parse)

    def _post(self, key: str, path: str, body: Mapping[str, Any]) -> Answer:
        content = json.dumps(body, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()
        return self._line.send(
            self._request_type(
                self.name, "POST", path, {}, {"Content-Type": "application/json"}, content, _key(key)
            )
        )

    def _set_state(self, key: str, path: str, body: Mapping[str, Any]) -> None:
        answer = self._post(key, path, body)
        if _parsed(answer, 200, self._wire.state) != body["state"]:
            answer.unbelievable("the answer names another state than was set")

    def _entry(
        self, key: str, kind: str, path: str, body: Mapping[str, Any], about: Mapping[str, Any]
    ) -> LedgerEntry:
        """Write to the ledger; `about` holds what the answer has to repeat."""
        answer = self._post(key, path, body)
        entry: LedgerEntry = _parsed(answer, 201, self._wire.ledger_entry)
        for member, asked in {"key": key, "kind": kind, **about}.items():
            _about(answer, f"ledger entry's {member}", getattr(entry, member), asked)
        if kind == "hold" and entry.hold_id is None:
            answer.unbelievable("the hold has no id")
        return entry


def _about(answer: Answer, what: str, answered: object, asked: object) -> None:
    """See to it that an answer is about what was asked.

    Raises:
        PortalNotContract, PortalOutcomeUnknown: it is about something else.
    """
    if answered != asked:
        answer.unbelievable(
            f"the answer is about another {what}: {answered!s:.100} instead of {asked!s:.100}"
        )


def _parsed(answer: Answer, status: int, parse: Callable[[object], Value]) -> Value:
    """The value in an answer that has to have `status`.

    Raises:
        PortalError: a refusal, or an answer that is not the contract's.
    """
    if answer.status >= 300:
        answer.refuse()
    if answer.status != status:
        answer.unbelievable(f"HTTP {answer.status} where the contract has {status}")
    if not answer.body:
        answer.unbelievable("the answer is empty")
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        answer.unbelievable("the answer is not JSON")
    try:
        return parse(document)
    except ValueError as error:
        answer.unbelievable(f"the answer is not the contract's: {error}"[:1000])


def _moved(answer: Answer, page: TicketPage | LedgerPage, cursor: str | None) -> None:
    """Refuse a page that would be asked for again and again."""
    if page.has_more and page.cursor == cursor:
        answer.unbelievable("there is more, but the cursor does not move")


def _path(*segments: str) -> str:
    """A path of percent-encoded segments.

    Raises:
        ValueError: a segment that no encoding keeps from being taken for a step of the path.
    """
    for segment in segments:
        if segment in ("", ".", ".."):
            raise ValueError(f"{segment!r} is not an identifier")
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)


def _key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is not an Idempotency-Key")
    return key
