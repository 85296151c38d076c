"""The contract's JSON as the bridge's frozen values: strict integers, aware times, unknown members ignored.

A ticket that cannot be read becomes a `TicketFault` with every fault and its path, so that it can be shown
and stops nothing else. Everything else that cannot be read raises `NotTheContract` with all faults. Loaded
when a client is made, for pydantic is slow to load.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeGuard, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bridge.domain.hours import Charge, from_kopecks, from_milli, to_milli
from bridge.domain.tickets import (
    Account,
    Attachment,
    Stage,
    StageState,
    ThreadEntry,
    Ticket,
    TicketState,
    TimeEntry,
)
from bridge.portal.port import CONTRACT, Gone, LedgerEntry, LedgerPage, Meta, TicketFault, TicketPage

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_LARGEST = 2**53 - 1
_LONGEST_REF = 200


class NotTheContract(ValueError):
    """A JSON value is not what the contract says; `problems` names every fault with its path."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


def _time(value: object) -> datetime:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("must be an RFC 3339 time with its zone, such as 2026-03-01T09:30:00Z")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not a moment of the calendar") from None


def _storable(value: str) -> str:
    # JSON can spell lone surrogates, which no encoding knows; and PostgreSQL keeps no U+0000.
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("must hold neither U+0000 nor lone surrogates")
    return value


def _segment(value: str) -> str:
    # In an address these two would be taken for steps up and on the spot.
    if value in (".", ".."):
        raise ValueError("must be neither . nor ..")
    return value


def _whole_minutes(value: int) -> int:
    if value % 50:
        raise ValueError("must be a whole number of minutes, a multiple of 50")
    return value


Time = Annotated[datetime, BeforeValidator(_time)]
Text = Annotated[str, AfterValidator(_storable)]
Id = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable), AfterValidator(_segment)]
Count = Annotated[int, Field(ge=0, le=_LARGEST)]
Signed = Annotated[int, Field(ge=-_LARGEST, le=_LARGEST)]


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class _Engine(_Model):
    name: Text
    version: Text


class _Meta(_Model):
    contract: Text
    engine: _Engine
    time: Time
    capabilities: list[Text]
    scopes: list[Text]
    rounding_unit_mh: Annotated[int, Field(gt=0, le=_LARGEST)]


class _Customer(_Model):
    id: Id
    name: Text


class _ThreadEntry(_Model):
    id: Id
    author: Text
    visibility: Literal["customer", "internal"]
    at: Time
    text: Text

    def value(self) -> ThreadEntry:
        return ThreadEntry(self.id, self.author, self.visibility, self.at, self.text)


class _Attachment(_Model):
    id: Id
    name: Text
    size: Count
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    media_type: Text

    def value(self) -> Attachment:
        return Attachment(self.id, self.name, self.size, self.sha256, self.media_type)


class _TimeEntry(_Model):
    id: Id
    stage_id: Id | None
    specialist: Text
    category: Text
    minutes: Count
    at: Time
    note: Text


class _Stage(_Model):
    id: Id
    title: Text
    estimate_mh: Annotated[Count, AfterValidator(_whole_minutes)]
    coefficient_milli: Annotated[int, Field(gt=0, le=_LARGEST)]
    state: Annotated[StageState, Field(strict=False)]
    revision: Annotated[int, Field(ge=1, le=_LARGEST)]
    accepted_at: Time | None
    rejected_at: Time | None
    comment: Text

    def value(self) -> Stage:
        return Stage(
            self.id,
            self.title,
            from_milli(self.estimate_mh),
            from_milli(self.coefficient_milli),
            self.state,
            self.revision,
            self.accepted_at,
            self.rejected_at,
            self.comment,
        )


class _Ticket(_Model):
    id: Id
    number: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable)]
    version: Count
    category: Text
    subject: Text
    customer: _Customer
    account_id: Id
    installation: Id | None
    state: Annotated[TicketState, Field(strict=False)]
    created_at: Time
    updated_at: Time
    agreement_required: bool
    agreed_at: Time | None
    withdrawn_at: Time | None
    fields: dict[Text, Text]
    thread: list[_ThreadEntry] = []
    attachments: list[_Attachment]
    stages: list[_Stage]
    time_entries: list[_TimeEntry]

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the ticket as a whole."""
        found = []
        if self.agreed_at is not None and not self.stages:
            found.append("stages: an agreed ticket has at least one")
        if len({stage.id for stage in self.stages}) != len(self.stages):
            found.append("stages: two have the same id")
        return tuple(found)

    def value(self) -> Ticket:
        return Ticket(
            id=self.id,
            number=self.number,
            version=self.version,
            category=self.category,
            subject=self.subject,
            customer_id=self.customer.id,
            customer_name=self.customer.name,
            account_id=self.account_id,
            installation=self.installation,
            state=self.state,
            created_at=self.created_at,
            updated_at=self.updated_at,
            agreement_required=self.agreement_required,
            agreed_at=self.agreed_at,
            withdrawn_at=self.withdrawn_at,
            fields=self.fields,
            thread=tuple(one.value() for one in self.thread),
            attachments=tuple(one.value() for one in self.attachments),
            stages=tuple(one.value() for one in self.stages),
            time_entries=tuple(
                TimeEntry(one.id, one.stage_id, one.specialist, one.category, one.minutes, one.at, one.note)
                for one in self.time_entries
            ),
        )


class _Account(_Model):
    id: Id
    granted_mh: Count
    posted_mh: Signed
    held_mh: Count
    available_mh: Signed
    overdraft_limit_mh: Count
    version: Count
    hour_price_kopecks: Count | None


class _LedgerEntry(_Model):
    id: Id
    key: Text
    kind: Literal["top_up", "hold", "capture", "void", "reversal"]
    account_id: Id
    ticket_id: Id | None
    stage_id: Id | None
    amount_mh: Count
    hold_id: Id | None
    reverses: Id | None
    price_kopecks: Count | None
    at: Time

    def value(self) -> LedgerEntry:
        return LedgerEntry(
            self.id,
            self.key,
            self.kind,
            self.account_id,
            self.ticket_id,
            self.stage_id,
            from_milli(self.amount_mh),
            self.at,
            self.hold_id,
            self.reverses,
            None if self.price_kopecks is None else from_kopecks(self.price_kopecks),
        )


class _LedgerPage(_Model):
    entries: list[_LedgerEntry]
    next_cursor: Annotated[str, Field(min_length=1)]
    has_more: bool


class _Gone(_Model):
    id: Id
    reason: Literal["moved", "merged", "deleted"]
    at: Time
    into: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable)] | None

    def value(self) -> Gone:
        return Gone(self.id, self.reason, self.at, self.into)


class _TicketPage(_Model):
    tickets: list[Any]
    gone: list[Any] = []
    next_cursor: Annotated[str, Field(min_length=1)]
    has_more: bool


class _Note(_Model):
    id: Id


class _Found(_Model):
    key: Text
    status: int
    body: dict[str, Any]
    at: Time


class _State(_Model):
    state: Text
    version: Count


M = TypeVar("M", bound=BaseModel)


def meta(document: object) -> Meta:
    """`GET /meta`. Of a contract that this program does not know, nothing but its version is believed."""
    version = document.get("contract") if isinstance(document, dict) else None
    if isinstance(version, str) and not version.startswith(CONTRACT):
        return Meta(
            version[:40], "", datetime.fromtimestamp(0, UTC), frozenset(), frozenset(), Decimal("0.01")
        )
    read = _read(_Meta, document)
    engine = f"{read.engine.name} {read.engine.version}"
    return Meta(
        read.contract,
        engine,
        read.time,
        frozenset(read.capabilities),
        frozenset(read.scopes),
        from_milli(read.rounding_unit_mh),
    )


def ticket(document: object) -> Ticket:
    """A Ticket that has to be readable."""
    read = _read(_Ticket, document)
    if read.problems():
        raise NotTheContract(read.problems())
    return read.value()


def ticket_page(document: object, etag: str | None) -> TicketPage:
    """`GET /tickets`: the readable tickets and those that are gone, and the faults of the others."""
    page = _read(_TicketPage, document)
    tickets, gone, faults = [], [], []
    for one in page.tickets:
        try:
            tickets.append(ticket(one))
        except NotTheContract as error:
            faults.append(_fault(one, error.problems))
    for one in page.gone:
        try:
            gone.append(_read(_Gone, one).value())
        except NotTheContract as error:
            faults.append(_fault(one, tuple(f"gone: {problem}" for problem in error.problems)))
    return TicketPage(tuple(tickets), tuple(faults), page.next_cursor, etag, page.has_more, tuple(gone))


_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[\s,:]*")


def first_ticket_id(begun: bytes) -> str:
    """The id of the first ticket of a page that was not read to its end, "" where it does not stand in
    front of what is missing.
    """
    text = begun.decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):
        first = text.index("{", _member(text, 0, "tickets"))
        id_, _ = _DECODER.raw_decode(text, _member(text, first, "id"))
        return id_ if _is_ref(id_) else ""
    return ""


def _member(text: str, start: int, wanted: str) -> int:
    """Where the value of a member begins, in the object that begins at `start` or behind.

    Raises:
        ValueError: the text ends before it, or the object has no such member.
    """
    place = text.index("{", start) + 1
    while True:
        name, place = _DECODER.raw_decode(text, _behind(text, place))
        place = _behind(text, place)
        if name == wanted:
            return place
        _, place = _DECODER.raw_decode(text, place)


def _behind(text: str, place: int) -> int:
    found = _BETWEEN.match(text, place)
    return place if found is None else found.end()


def account(document: object) -> Account:
    """An Account whose sums agree."""
    read = _read(_Account, document)
    if read.available_mh != read.granted_mh - read.posted_mh - read.held_mh:
        raise NotTheContract(("available_mh: is not granted − posted − held",))
    price = None if read.hour_price_kopecks is None else from_kopecks(read.hour_price_kopecks)
    return Account(
        read.id,
        from_milli(read.granted_mh),
        from_milli(read.posted_mh),
        from_milli(read.held_mh),
        from_milli(read.available_mh),
        from_milli(read.overdraft_limit_mh),
        read.version,
        price,
    )


def thread_entry(document: object) -> ThreadEntry:
    """A message of a thread."""
    return _read(_ThreadEntry, document).value()


def attachment(document: object) -> Attachment:
    """An Attachment."""
    return _read(_Attachment, document).value()


def ledger_entry(document: object) -> LedgerEntry:
    """A LedgerEntry."""
    return _read(_LedgerEntry, document).value()


def ledger_page(document: object) -> LedgerPage:
    """`GET /ledger`; an entry that cannot be read spoils the page, for a ledger with holes proves nothing."""
    page = _read(_LedgerPage, document)
    return LedgerPage(tuple(entry.value() for entry in page.entries), page.next_cursor, page.has_more)


def charge_lines(charges: Iterable[Charge]) -> list[dict[str, Any]]:
    """The lines of a write-off."""
    return [
        {
            "category": one.category,
            "spent_minutes": one.spent_minutes,
            "charged_minutes": one.charged_minutes,
            "coefficient_milli": to_milli(one.coefficient),
        }
        for one in charges
    ]


def note_id(document: object) -> str:
    """The answer to a note."""
    return _read(_Note, document).id


def state(document: object) -> str:
    """The answer to a state that was set: the state as it is now."""
    return _read(_State, document).state


def found(document: object) -> Mapping[str, Any]:
    """`GET /keys/{key}`."""
    return _read(_Found, document).model_dump(mode="json")


def _read(model: type[M], document: object) -> M:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise NotTheContract(
            tuple(_problem(one) for one in error.errors(include_url=False, include_input=False))
        ) from None


def _problem(fault: Any) -> str:
    path = ".".join(str(part) for part in fault["loc"] if part != "[key]")
    if fault["type"] == "missing":
        message = "missing"
    elif fault["type"] == "model_type":
        message = "must be an object"
    else:
        message = str(fault["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    return _plain(f"{path}: {message}" if path else message)


def _fault(document: object, problems: tuple[str, ...]) -> TicketFault:
    """A ticket that cannot be read; its thread, which nobody reads, is not kept."""
    kept = (
        {name: value for name, value in document.items() if name != "thread"}
        if isinstance(document, dict)
        else document
    )
    payload = _plain(json.dumps(kept, ensure_ascii=False))
    id_ = document.get("id") if isinstance(document, dict) else None
    if _is_ref(id_):
        return TicketFault(id_, payload, problems)
    canonical = json.dumps(document, sort_keys=True).encode()
    return TicketFault(f"sha256:{hashlib.sha256(canonical).hexdigest()[:12]}", payload, problems)


def _is_ref(id_: object) -> TypeGuard[str]:
    return isinstance(id_, str) and id_.isprintable() and 0 < len(id_) <= _LONGEST_REF


def _plain(text: str) -> str:
    """`text` with what is not Unicode text (lone surrogates) spelt out, so that it can be stored."""
    return text.encode("utf-8", "backslashreplace").decode()
