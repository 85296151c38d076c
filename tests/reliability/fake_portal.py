"""A portal in memory: the Portal protocol with the contract's semantics, and the customer's and the
specialists' side of it.

The names are the embedded portal's, and test_fakes.py holds the two together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from bridge.domain.hours import Charge, exact, price, write_off
from bridge.domain.tickets import (
    Account,
    Stage,
    StageState,
    ThreadEntry,
    Ticket,
    TicketState,
    TimeEntry,
    within_category,
)
from bridge.portal import (
    Gone,
    InsufficientBalance,
    KeyReused,
    LedgerEntry,
    LedgerPage,
    Meta,
    PortalForbidden,
    PortalNotFound,
    PortalRefused,
    StateConflict,
    TicketPage,
)
from bridge.portal.port import CAPABILITIES, SCOPES

T = TypeVar("T")
PAGE = 2
PAID = "Выделенный специалист (н.часы)"
"""Tickets a page: few, so that a pass reads several."""


class FakePortal:
    """Accounts, tickets, a ledger that only grows, and the answers to all keys that ever succeeded.

    Attributes:
        ready_at: when each stage was last reported ready.
    """

    name = "test"

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.tickets: dict[str, Ticket] = {}
        self.entries: list[LedgerEntry] = []
        self.accounts: dict[str, tuple[Decimal, Decimal | None]] = {}
        self.answers: dict[str, tuple[str, Any]] = {}
        self.gone: dict[str, Gone] = {}
        self.ready_at: dict[str, datetime] = {}
        self.paid = PAID
        self.changes = 0
        self._changed: dict[str, int] = {}

    # --- reads

    def meta(self) -> Meta:
        return Meta("1.0", "fake", self._clock(), CAPABILITIES, SCOPES, Decimal("0.001"))

    def changed_tickets(self, cursor: str | None, etag: str | None = None) -> TicketPage | None:
        after = int(cursor.removeprefix("c")) if cursor else 0
        tag = f'"{after}-{self.changes}"'
        if etag == tag:
            return None
        due = sorted((change, id_) for id_, change in self._changed.items() if change > after)
        page = due[:PAGE]
        cursor = f"c{page[-1][0] if page else after}"
        there = tuple(
            self.tickets[id_]
            for _, id_ in page
            if id_ not in self.gone and within_category(self.tickets[id_].category, self.paid)
        )
        told = {ticket.id for ticket in there}
        moved = [
            self.gone.get(id_) or Gone(id_, "moved", self._clock()) for _, id_ in page if id_ not in told
        ]
        return TicketPage(there, (), cursor, tag, len(due) > PAGE, tuple(moved))

    def ticket(self, ticket_id: str) -> Ticket:
        if ticket_id not in self.tickets or ticket_id in self.gone:
            raise PortalNotFound("GET /tickets", f"no ticket {ticket_id}", status=404, code="not_found")
        return self.tickets[ticket_id]

    def account(self, account_id: str) -> Account:
        if account_id not in self.accounts:
            raise PortalNotFound("GET /accounts", f"no account {account_id}", status=404, code="not_found")
        mine = [entry for entry in self.entries if entry.account_id == account_id]
        granted, captured, reversed_ = (
            _sum(entry for entry in mine if entry.kind == kind) for kind in ("top_up", "capture", "reversal")
        )
        posted = captured - reversed_
        held = _sum(
            entry for entry in mine if entry.kind == "hold" and self.open_hold(entry.hold_id) is not None
        )
        overdraft, hour_price = self.accounts[account_id]
        return Account(
            account_id, granted, posted, held, granted - posted - held, overdraft, len(mine), hour_price
        )

    def ledger(self, account_id: str, cursor: str | None = None) -> LedgerPage:
        return LedgerPage(
            tuple(entry for entry in self.entries if entry.account_id == account_id),
            f"c{len(self.entries)}",
            False,
        )

    def find(self, key: str) -> Mapping[str, Any] | None:
        return {"key": key} if key in self.answers else None

    def open_hold(self, hold_id: str | None) -> LedgerEntry | None:
        """The hold, None when it is unknown or has ended."""
        named = {entry.kind: entry for entry in self.entries if entry.hold_id == hold_id}
        return named["hold"] if set(named) == {"hold"} else None

    def open_holds(self, ticket: str) -> list[LedgerEntry]:
        """What is held for a ticket."""
        named = [entry for entry in self.entries if entry.ticket_id == ticket]
        return [
            entry for entry in named if entry.kind == "hold" and self.open_hold(entry.hold_id) is not None
        ]

    # --- writes

    def note(self, key: str, ticket_id: str, text: str, *, internal: bool = False) -> str:
        def do() -> str:
            return self._say(ticket_id, text, "bridge", "internal" if internal else "customer")

        return self._once(key, ["note", ticket_id, text, internal], do)

    def set_ticket_state(
        self, key: str, ticket_id: str, state: TicketState, expected: Sequence[TicketState]
    ) -> None:
        def do() -> None:
            ticket = self.ticket(ticket_id)
            if state is TicketState.WITHDRAWN:
                raise PortalForbidden(
                    "POST state", "only the customer withdraws", status=403, code="forbidden"
                )
            if ticket.state is state:
                return
            if ticket.state is TicketState.WITHDRAWN or ticket.state not in expected:
                raise _conflict(f"the ticket is {ticket.state}", ticket.state)
            self._touch(replace(ticket, state=state))

        self._once(key, ["ticket state", ticket_id, state, list(expected)], do)

    def set_stage_state(
        self,
        key: str,
        ticket_id: str,
        stage_id: str,
        state: StageState,
        expected: Sequence[StageState],
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        def do() -> None:
            stage = self._stage(ticket_id, stage_id)
            if state in (StageState.ACCEPTED, StageState.REJECTED, StageState.WRITTEN_OFF):
                raise PortalForbidden(
                    "POST state", f"the bridge sets no stage to {state}", status=403, code="forbidden"
                )
            if stage.state is state:
                return
            if stage.state not in expected:
                raise _conflict(f"the stage is {stage.state}", stage.state)
            self._set_stage(ticket_id, replace(stage, state=state))

        self._once(key, ["stage state", ticket_id, stage_id, state, list(expected), dict(evidence or {})], do)

    def hold(self, key: str, account_id: str, ticket_id: str, stage_id: str, amount: Decimal) -> LedgerEntry:
        def do() -> LedgerEntry:
            account, ticket = self.account(account_id), self.ticket(ticket_id)
            stage = self._stage(ticket_id, stage_id)
            if ticket.account_id != account_id:
                raise PortalNotFound("POST holds", "another account's ticket", status=404, code="not_found")
            if ticket.state is TicketState.WITHDRAWN and stage.state is not StageState.ACCEPTED:
                raise _conflict("the ticket is withdrawn", "withdrawn")
            fits = account.available + account.overdraft_limit
            if fits < amount:
                code = "insufficient_balance"
                raise InsufficientBalance(
                    "POST holds", "does not fit", available=fits, needed=amount, status=402, code=code
                )
            return self._append(
                key, "hold", account_id, ticket_id, stage_id, amount, hold_id=f"h{len(self.entries) + 1}"
            )

        return self._once(key, ["hold", account_id, ticket_id, stage_id, amount], do)

    def capture(
        self,
        key: str,
        hold_id: str,
        charges: Sequence[Charge],
        amount: Decimal,
        evidence: Mapping[str, Any],
        accepted_by: str = "customer",
    ) -> LedgerEntry:
        def do() -> LedgerEntry:
            hold = self._held(hold_id)
            stage = self._stage(str(hold.ticket_id), str(hold.stage_id))
            tacit = accepted_by != "customer" and stage.state is StageState.READY
            if stage.state is not StageState.ACCEPTED and not tacit:
                raise _conflict("the stage is not accepted", stage.state)
            if amount != write_off(charges):
                raise PortalRefused(
                    "POST capture",
                    f"the charges make {write_off(charges)}",
                    status=422,
                    code="amount_mismatch",
                )
            if amount > hold.amount:
                raise _conflict("more than the hold", "held")
            accepted_at = stage.accepted_at or self._clock()
            self._set_stage(
                str(hold.ticket_id), replace(stage, state=StageState.WRITTEN_OFF, accepted_at=accepted_at)
            )
            hour_price = self.accounts[hold.account_id][1]
            cost = None if hour_price is None else price(amount, hour_price)
            return self._append(
                key,
                "capture",
                hold.account_id,
                hold.ticket_id,
                hold.stage_id,
                amount,
                hold_id=hold_id,
                price=cost,
            )

        return self._once(
            key,
            ["capture", hold_id, [asdict(charge) for charge in charges], amount, dict(evidence), accepted_by],
            do,
        )

    def void(self, key: str, hold_id: str) -> LedgerEntry:
        def do() -> LedgerEntry:
            hold = self._held(hold_id)
            return self._append(
                key, "void", hold.account_id, hold.ticket_id, hold.stage_id, hold.amount, hold_id=hold_id
            )

        return self._once(key, ["void", hold_id], do)

    def reverse(self, key: str, entry_id: str, reason: str) -> LedgerEntry:
        def do() -> LedgerEntry:
            captured = next(
                (entry for entry in self.entries if entry.id == entry_id and entry.kind == "capture"), None
            )
            if captured is None:
                raise PortalNotFound("POST reversal", "no such capture", status=404, code="not_found")
            if any(entry.reverses == entry_id for entry in self.entries):
                raise _conflict("the capture is reversed already", "reversed")
            stage = self._stage(str(captured.ticket_id), str(captured.stage_id))
            if stage.state is StageState.WRITTEN_OFF:
                self._set_stage(str(captured.ticket_id), replace(stage, state=StageState.ACCEPTED))
            names = (captured.account_id, captured.ticket_id, captured.stage_id)
            return self._append(key, "reversal", *names, captured.amount, reverses=entry_id)

        return self._once(key, ["reversal", entry_id, reason], do)

    def _once(self, key: str, request: list[Any], do: Callable[[], T]) -> T:
        """The first answer for ever; a refused write leaves its key free."""
        asked = json.dumps(request, sort_keys=True, default=str)
        if key in self.answers:
            kept, answer = self.answers[key]
            if kept != asked:
                raise KeyReused(
                    f"POST {request[0]}",
                    f"the key {key} belongs to another request",
                    status=422,
                    code="key_reused",
                )
            return answer  # type: ignore[no-any-return]
        answer = do()
        self.answers[key] = (asked, answer)
        return answer

    # --- the customer and the specialist

    def open_account(
        self,
        id: str,  # noqa: A002 (the contract's word)
        customer: str,
        *,
        granted: Any = 0,
        hour_price: Any = None,
        overdraft: Any = 0,
    ) -> None:
        self.accounts[id] = (exact(overdraft), None if hour_price is None else exact(hour_price))
        if exact(granted):
            self.top_up(id, granted)

    def top_up(self, account: str, hours: Any) -> None:
        self._append(f"top-up:{len(self.entries)}", "top_up", account, None, None, exact(hours))

    def open_ticket(
        self,
        *,
        account: str,
        category: str,
        subject: str,
        fields: Mapping[str, str],
        installation: str | None = None,
    ) -> str:
        n, now = len(self.tickets) + 1, self._clock()
        self._touch(
            Ticket(
                id=f"t{n}",
                number=str(100_000 + n),
                version=0,
                category=category,
                subject=subject,
                customer_id=account,
                customer_name="Школа",
                account_id=account,
                installation=installation,
                state=TicketState.OPEN,
                created_at=now,
                updated_at=now,
                fields=dict(fields),
            )
        )
        return f"t{n}"

    def agree(self, ticket: str, stages: Sequence[tuple[str, Any, Any]]) -> None:
        """Agree on stages (title, estimate, K); agreeing again changes estimates, states stay."""
        known = self.ticket(ticket)
        if known.withdrawn_at:
            raise _conflict("the ticket is withdrawn", "withdrawn")
        agreed = list(known.stages)
        for place, (title, estimate, coefficient) in enumerate(stages):
            terms: dict[str, Any] = {
                "title": title,
                "estimate": exact(estimate),
                "coefficient": exact(coefficient),
            }
            if place < len(agreed):
                agreed[place] = replace(agreed[place], **terms)
            else:
                agreed.append(
                    Stage(id=f"s{ticket.removeprefix('t')}-{place + 1}", state=StageState.PLANNED, **terms)
                )
        self._touch(replace(known, stages=tuple(agreed), agreed_at=self._clock()))

    def accept(self, ticket: str, stage: int = 1) -> None:
        ready = self._ready(ticket, stage)
        self._set_stage(ticket, replace(ready, state=StageState.ACCEPTED, accepted_at=self._clock()))

    def reject(self, ticket: str, stage: int = 1, comment: str = "") -> None:
        ready = self._ready(ticket, stage)
        rejected: dict[str, Any] = {
            "state": StageState.REJECTED,
            "portal_revision": ready.portal_revision + 1,
            "rejected_at": self._clock(),
            "comment": comment,
        }
        self._set_stage(ticket, replace(ready, **rejected))

    def withdraw(self, ticket: str) -> None:
        known = self.ticket(ticket)
        if known.state in (TicketState.DONE, TicketState.WITHDRAWN):
            raise _conflict(f"the ticket is {known.state}", known.state)
        self._touch(replace(known, state=TicketState.WITHDRAWN, withdrawn_at=self._clock()))

    def reopen(self, ticket: str) -> None:
        """Take a withdrawal back, as people can on some engines: a help desk opens a closed ticket again."""
        self._touch(replace(self.ticket(ticket), state=TicketState.OPEN, withdrawn_at=None))

    def move(self, ticket: str, category: str) -> None:
        self._touch(replace(self.ticket(ticket), category=category))

    def delete(self, ticket: str) -> None:
        self._leave(ticket, Gone(ticket, "deleted", self._clock()))

    def merge(self, ticket: str, into: str) -> None:
        self._leave(ticket, Gone(ticket, "merged", self._clock(), self.ticket(into).number))

    def drop_stage(self, ticket: str, stage: int = 1) -> None:
        """Take a stage out of the agreement, as only a portal's administrator can."""
        known = self.ticket(ticket)
        self._touch(
            replace(known, stages=tuple(one for place, one in enumerate(known.stages, 1) if place != stage))
        )

    def report_ready(self, ticket: str, stage: int = 1) -> None:
        known = self.ticket(ticket).stages[stage - 1]
        if known.state not in (StageState.PLANNED, StageState.IN_PROGRESS, StageState.REJECTED):
            raise _conflict(f"the stage is {known.state}", known.state)
        self._set_stage(ticket, replace(known, state=StageState.READY))

    def edit_fields(self, ticket: str, fields: Mapping[str, str]) -> None:
        self._touch(replace(self.ticket(ticket), fields=dict(fields)))

    def log_time(
        self, ticket: str, minutes: int, category: str = "development", stage: int | None = None
    ) -> None:
        known = self.ticket(ticket)
        stage_id = None if stage is None else known.stages[stage - 1].id
        entry = TimeEntry(f"w{len(known.time_entries)}", stage_id, "Иванов", category, minutes, self._clock())
        self._touch(replace(known, time_entries=(*known.time_entries, entry)))

    def notes(self, ticket: str) -> list[ThreadEntry]:
        """What the bridge wrote into the ticket's thread."""
        return [entry for entry in self.tickets[ticket].thread if entry.author == "bridge"]

    # --- inside

    def _leave(self, ticket: str, gone: Gone) -> None:
        self._touch(self.ticket(ticket))
        self.gone[ticket] = gone

    def _say(self, ticket_id: str, text: str, author: str, visibility: str) -> str:
        ticket = self.ticket(ticket_id)
        entry = ThreadEntry(f"n{self.changes}", author, visibility, self._clock(), text)
        self._touch(replace(ticket, thread=(*ticket.thread, entry)))
        return entry.id

    def _ready(self, ticket: str, number: int) -> Stage:
        stage = self.ticket(ticket).stages[number - 1]
        if stage.state is not StageState.READY:
            raise _conflict(f"the stage is {stage.state}, not ready", stage.state)
        return stage

    def _stage(self, ticket_id: str, stage_id: str) -> Stage:
        for stage in self.ticket(ticket_id).stages:
            if stage.id == stage_id:
                return stage
        raise PortalNotFound("stages", f"no stage {stage_id}", status=404, code="not_found")

    def _set_stage(self, ticket_id: str, stage: Stage) -> None:
        if stage.state is StageState.READY:
            self.ready_at[stage.id] = self._clock()
        ticket = self.ticket(ticket_id)
        self._touch(
            replace(ticket, stages=tuple(stage if one.id == stage.id else one for one in ticket.stages))
        )

    def _touch(self, ticket: Ticket) -> None:
        self.changes += 1
        self._changed[ticket.id] = self.changes
        self.tickets[ticket.id] = replace(ticket, version=ticket.version + 1, updated_at=self._clock())

    def _held(self, hold_id: str) -> LedgerEntry:
        if not any(entry.hold_id == hold_id for entry in self.entries):
            raise PortalNotFound("holds", f"no hold {hold_id}", status=404, code="not_found")
        hold = self.open_hold(hold_id)
        if hold is None:
            raise _conflict("the hold has ended", "captured or voided")
        return hold

    def _append(
        self,
        key: str,
        kind: str,
        account: str,
        ticket: str | None,
        stage: str | None,
        amount: Decimal,
        **more: Any,
    ) -> LedgerEntry:
        entry = LedgerEntry(
            f"l{len(self.entries) + 1}", key, kind, account, ticket, stage, amount, self._clock(), **more
        )
        self.entries.append(entry)
        return entry


def _conflict(detail: str, actual: str) -> StateConflict:
    return StateConflict("POST", detail, actual=str(actual), status=409, code="state_conflict")


def _sum(entries: Any) -> Decimal:
    return sum((entry.amount for entry in entries), Decimal(0))
