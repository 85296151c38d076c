"""One pass: poll the portal, then let every ticket that can move go as far as it can.

Pages of changed tickets are merged into the journal, the cursor in the same transaction. Then tickets are
claimed one by one in the order of final agreement (R6); for each, `decide` and `perform` alternate until the
ticket waits for somebody. A fault of one ticket, of any class, stops nothing else
(bridge/flow/scope.py); a Moodle that is down stops its own tickets; a portal that is down stops the pass.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.domain import lifecycle
from bridge.domain.attachments import without_attachments
from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import text
from bridge.domain.lifecycle import (
    Kind,
    Reason,
    Status,
    Wait,
    decide,
    is_operators_turn,
    is_reversal,
    is_write_off,
)
from bridge.domain.tickets import Account, Ticket, is_paid
from bridge.errors import BridgeError, UserError
from bridge.flow.case import build_case, fetched_orders
from bridge.flow.context import Bridge, Postpone, Progress
from bridge.flow.oplog import log_done
from bridge.flow.orders import order_attachments
from bridge.flow.perform import Performer
from bridge.flow.scope import OWN_FAULTS, PATIENCE, Exit, Outage, Scope, named, own_fault, pause
from bridge.i18n import tr
from bridge.journal import (
    Claim,
    EffectConflict,
    JournalError,
    JournalUnusable,
    LostClaim,
    TicketRecord,
)
from bridge.journal.owner import is_stale
from bridge.moodle_ws import MoodleError
from bridge.portal import Gone, PortalError, PortalNotFound, TicketFault, TicketPage, changed_pages

log = logging.getLogger("bridge.flow.sync")

LEASE = timedelta(minutes=5)
MOST_STEPS = 200
"""No ticket takes more steps in one pass; one that does goes in circles and is an operator's turn."""

MAY_NEED_OPERATOR = frozenset(
    {Status.NEEDS_ORDER, Status.FAILED, Status.WRITING_OFF, Status.AWAITING_ACCEPTANCE}
)
"""Statuses in which a ticket may wait for an operator; the reason says whether it does."""
DUE_EVERY_PASS = frozenset({Status.QUEUED, Status.SUSPENDED, Status.RUNNING, Status.WRITING_OFF})
"""Statuses that may end without a change of the ticket: by a top-up, or when the other side can be reached
again.
"""
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""A moment in the past for every clock. `now` would not do: a machine whose clock ran ahead would write a
moment that lies in the future once the clock is corrected.
"""

SOMEBODY_MOVES = frozenset({"by-hand"})
"""Reasons that, at any status, only a change of the ticket or an operator's word ends."""


RUNS_IN_MOODLE = frozenset({"still-running"})
"""Reasons that end when an operation does: the ticket is looked at again at its due time, no earlier."""


@dataclass(slots=True)
class TicketReport:
    """What a pass did for one ticket.

    Attributes:
        done: kinds of the effects that happened in this pass, in order.
        evidence: what operations of this pass left to show.
        written_off: norm-hours written off in this pass, less those that it gave back.
    """

    id: str
    number: str
    subject: str
    status: Status
    reason: Reason
    done: list[str] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    written_off: Decimal = Decimal(0)

    def followed_by(self, later: TicketReport) -> TicketReport:
        """One report of what two passes did."""
        return replace(
            later,
            done=self.done + later.done,
            evidence=self.evidence + later.evidence,
            written_off=self.written_off + later.written_off,
        )


@dataclass(slots=True)
class PassReport:
    """What a pass did.

    Attributes:
        tickets: those that it looked at, in the order in which it took them.
        faults: tickets that cannot be read, by reference, and why.
        operator: numbers of all tickets that wait for an operator, of this pass or of earlier ones.
        problems: what went wrong beside.
        outage: whether the portal or a Moodle is down.
        due: when the operations that run in Moodle are to be looked at again, those of earlier passes, too.
    """

    tickets: list[TicketReport] = field(default_factory=list)
    faults: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    operator: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    exit: Exit = Exit.WELL
    outage: bool = False
    due: list[datetime] = field(default_factory=list)

    def raise_to(self, code: Exit) -> None:
        """Let the exit code be at least `code`."""
        self.exit = max(self.exit, code)

    def followed_by(self, later: PassReport) -> PassReport:
        """One report of this pass and a later one."""
        tickets = {one.id: one for one in self.tickets}
        for one in later.tickets:
            before = tickets.get(one.id)
            tickets[one.id] = one if before is None else before.followed_by(one)
        problems = self.problems + [one for one in later.problems if one not in self.problems]
        return replace(
            later,
            tickets=list(tickets.values()),
            problems=problems,
            exit=max(self.exit, later.exit),
            outage=self.outage or later.outage,
        )


@dataclass(slots=True)
class _Known:
    """What a pass has learned for one ticket.

    Attributes:
        account, portal_time: as they were just read, None where nobody has asked.
        refreshed: whether the ticket was looked at once more on the portal.
    """

    account: Account | None = None
    portal_time: datetime | None = None
    refreshed: bool = False


class Pass:
    """One pass over a portal; make a new one for each."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._name = bridge.portal.name
        self._category = bridge.settings.portal.category_prefix
        self._report = PassReport()
        self._accounts: dict[str, Account] = {}
        self._scope = Scope(bridge)
        self._unknown_holds: set[str] = set()

    def run(self, number: str | None = None, *, poll: bool = True) -> PassReport:
        """Poll and work, on the ticket that people call `number` only if one is named.

        Parameters:
            poll: False to leave the portal's page of changes alone: between two polls only what is due is
                looked at.

        Raises:
            UserError: there is no ticket of that number.
            JournalUnusable: the journal cannot be used; the pass ends. Nothing was called whose intent is not
                on disk.
        """
        if poll:
            self._poll()
        only = None if number is None else self._id_of(number)
        seen: set[str] = set()
        while not (self._scope.portal or self._bridge.stopping()) and (only is None or not seen):
            with self._bridge.journal.transaction() as unit:
                now = self._bridge.clock()
                claim = unit.queue.claim(
                    self._name,
                    self._bridge.owner,
                    now=now,
                    ttl=LEASE,
                    is_stale=self._is_over,
                    only=only,
                    not_again=seen,
                )
            if claim is None:
                break
            seen.add(claim.record.ticket.id)
            try:
                self._work(claim)
            except (LostClaim, EffectConflict) as error:  # this worker slept past its lease
                log.warning("%s; another worker goes on with it", error)
        self._scope.close()
        with self._bridge.journal.transaction(read_only=True) as unit:
            self._report.faults = [(fault.ref, fault.problems) for fault in unit.polling.faults(self._name)]
            waiting = [
                record
                for status in sorted(MAY_NEED_OPERATOR)
                for record in unit.tickets.all(self._name, status.value)
            ]
            running = unit.tickets.all(self._name, Status.RUNNING.value)
        self._report.operator = [
            one.ticket.number
            for one in waiting
            if is_operators_turn(one.state, Reason.from_json(one.reason) if one.reason else None)
        ]
        if self._report.faults or self._report.operator:
            self._report.raise_to(Exit.OPERATOR)
        self._report.due = [
            one.due_at
            for one in running
            if one.due_at is not None and runs_in_moodle(one.reason) and only in (None, one.ticket.id)
        ]
        return self._report

    def _is_over(self, owner: str) -> bool:
        """Whether nobody works under a lease any more; one of this worker's own is of a pass that lost the
        journal, and came to no release.
        """
        return owner == self._bridge.owner or is_stale(owner)

    def _id_of(self, number: str) -> str:
        with self._bridge.journal.transaction(read_only=True) as unit:
            records = unit.tickets.by_number(number, self._name)
        if len(records) != 1:
            raise UserError(
                f"portal {self._name} has {len(records) or 'no'} tickets with the number {number}"
            )
        return records[0].ticket.id

    def _poll(self) -> None:
        bridge = self._bridge
        with bridge.journal.transaction(read_only=True) as unit:
            record = unit.polling.cursor(self._name, self._category)
        cursor = record.cursor
        try:
            for page in changed_pages(bridge.portal, cursor, record.etag):
                self._keep(page, cursor)
                cursor = page.cursor
        except PortalError as error:
            outage = self._scope.outage(error, None)
            self._problem(outage or Outage("", error, Exit.UNREACHABLE))

    def _keep(self, page: TicketPage, cursor: str | None) -> None:
        """Take a page into the journal; a ticket that the journal cannot take is parked, and the rest of
        the page is taken.
        """
        journal, faults = self._bridge.journal, list(page.faults)
        try:
            with journal.transaction() as unit:
                unit.polling.merge(self._name, page.tickets, page.cursor, page.etag, category=self._category)
                for one in page.gone:
                    unit.polling.depart(self._name, one.id, one.reason, one.into or "")
        except JournalUnusable:
            raise
        except Exception:
            log.exception("a page of changed tickets cannot be kept whole; its tickets are kept one by one")
            faults += self._keep_singly(page, cursor)
            with journal.transaction() as unit:
                unit.polling.merge(self._name, (), page.cursor, page.etag, category=self._category)
        faults += self._wrongly_sent(page.tickets)
        with journal.transaction() as unit:
            for fault in faults:
                unit.polling.park(self._name, fault.ref, fault.payload, fault.problems)

    def _keep_singly(self, page: TicketPage, cursor: str | None) -> list[TicketFault]:
        """Keep each ticket in a transaction of its own, with the cursor in front of their page; returns those
        that cannot be kept.
        """
        faults: list[TicketFault] = []
        changed: tuple[Ticket | Gone, ...] = (*page.tickets, *page.gone)
        for one in changed:
            try:
                with self._bridge.journal.transaction() as unit:
                    if isinstance(one, Ticket):
                        unit.polling.merge(self._name, (one,), cursor, None)
                    else:
                        unit.polling.depart(self._name, one.id, one.reason, one.into or "")
            except JournalUnusable:
                raise
            except Exception as error:
                log.exception("ticket %s cannot be kept", one.id)
                faults.append(TicketFault(one.id, "", (named(error),)))
        return faults

    def _wrongly_sent(self, tickets: Iterable[Ticket]) -> Iterator[TicketFault]:
        """Tickets that the portal sends as paid ones although they are not: it compares categories in another
        way, so that work may be missed.
        """
        sentence = tr(
            "the portal sends it as one of category “{prefix}”, but it stands in “{category}”; it "
            "is not worked on"
        )
        for ticket in tickets:
            if not is_paid(ticket, self._category):
                yield TicketFault(
                    ticket.id, "", (sentence.format(prefix=self._category, category=ticket.category),)
                )

    def _work(self, claim: Claim) -> None:
        """Let a claimed ticket go as far as it can, and give it back; a fault that it meets is its own,
        unless a peer is down.

        Raises:
            LostClaim, EffectConflict: another worker has it by now.
            JournalUnusable: see `run`.
        """
        ticket = claim.record.ticket
        report = TicketReport(ticket.id, ticket.number, ticket.subject, Status.QUEUED, Reason("queued"))
        self._report.tickets.append(report)
        try:
            wait = self.advance(claim, report)
        except Postpone as postponed:
            wait = self._met_fault(
                claim, postponed.cause, Wait(postponed.status, postponed.reason, postponed.until)
            )
        except (PortalError, MoodleError) as error:
            code = "portal" if isinstance(error, PortalError) else "moodle"
            wait = self._met_fault(
                claim, error, Wait(Status.QUEUED, Reason(code, {"detail": str(error), "what": "ticket"}))
            )
        except (LostClaim, EffectConflict, JournalUnusable):
            raise
        except Exception as error:
            log.exception("ticket %s", ticket.number)
            fault = Wait(Status.FAILED, Reason("fault", {"what": "ticket"}))
            wait = own_fault(BridgeError(named(error)), fault, _waited_for(claim))
        report.status, report.reason = wait.status, wait.reason
        now = self._bridge.clock()
        with self._bridge.journal.transaction() as unit:
            unit.queue.release(
                claim,
                state=wait.status.value,
                reason=wait.reason.to_json(),
                due_at=_due_at(wait, now),
                now=now,
            )

    def _met_fault(self, claim: Claim, cause: Exception, wait: Wait) -> Wait:
        """Where the ticket waits after a fault outside: as `wait` says while a peer is down, otherwise as
        with a fault of its own.
        """
        ticket, what = claim.record.ticket, str(wait.reason.facts.get("what", ""))
        outage = self._scope.outage(cause, self._bridge.settings.installation(ticket.installation))
        if outage is not None:
            self._problem(outage)
        elif isinstance(cause, (PortalError, MoodleError)):
            wait = own_fault(cause, wait, _waited_for(claim))
            if wait.reason.facts.get("times", 1) in (
                1,
                PATIENCE,
            ):  # reported when it begins, and when an operator is asked
                log.warning("ticket %s: %s", ticket.number, cause)
            if wait.status is not Status.FAILED:
                self._report.raise_to(Exit.UNREACHABLE)
        elif wait.reason.code not in RUNS_IN_MOODLE:
            log.warning("ticket %s: %s", ticket.number, cause)
        if wait.status is not Status.FAILED and Kind.HOLD in what.split(":"):
            self._unknown_holds.add(ticket.account_id)
        return wait

    def advance(self, claim: Claim, report: TicketReport) -> Wait:
        """Decide and perform until the ticket waits. Overridden by the preview."""
        bridge, record = replace(self._bridge, progress=self._keeping(claim)), claim.record
        known = _Known()
        if record.damage or record.ticket.gone:
            record = self._look_again(record)
        if not record.ticket.gone:
            self._fetch_orders(record.ticket)
        for _ in range(MOST_STEPS):
            with bridge.journal.transaction() as unit:
                unit.queue.renew(claim, bridge.clock(), LEASE)
                record = unit.tickets.get(self._name, record.ticket.id) or record
                case = build_case(bridge, unit, record, known.account, known.portal_time)
            step = decide(case)
            if isinstance(step, Wait):
                return step
            performer = Performer(bridge, record.ticket, self._accounts, lambda unit: unit.queue.guard(claim))
            if isinstance(step, (lifecycle.AskBalance, lifecycle.AskTime, lifecycle.NewRevision)):
                self._answer(step, record, performer, known)
                continue
            wait = self._may_not(step, record.ticket)
            if wait is not None:
                return wait
            if _wants_the_newest(step) and not known.refreshed:
                self._refresh(record.ticket)
                known.refreshed = True
                continue
            effect = self.perform(performer, step, record.ticket)
            self._record(effect, report)
            if effect.state is EffectState.REFUSED:
                code = (effect.outcome or {}).get("code")
                if code == "insufficient_balance":
                    # Not round again: a portal that shows a balance and refuses a hold that fits it would be
                    # asked until the pass went in circles. The next pass reads the balance anew.
                    return Wait(Status.SUSPENDED, Reason("balance", _missing(effect)))
                if code == "state_conflict":
                    self._refresh(record.ticket)
            known.account = None
        return Wait(Status.FAILED, Reason("circles", {"steps": MOST_STEPS}))

    def perform(self, performer: Performer, step: lifecycle.EffectStep, ticket: Ticket) -> Effect:
        """One step, with its line in the log. Overridden by the preview."""
        began = time.monotonic()
        effect = performer.perform(step)
        log_done(ticket, effect, time.monotonic() - began)
        return effect

    def _answer(
        self,
        step: lifecycle.AskBalance | lifecycle.AskTime | lifecycle.NewRevision,
        record: TicketRecord,
        performer: Performer,
        known: _Known,
    ) -> None:
        """Do what a step asks for that changes nothing outside: read the balance or the clock, or count a new
        attempt.
        """
        match step:
            case lifecycle.AskBalance():
                known.account = performer.account()
            case lifecycle.AskTime():
                known.portal_time = self._bridge.portal.meta().time
            case lifecycle.NewRevision():
                ticket, stage = record.ticket.id, step.stage.id
                with self._bridge.journal.transaction() as unit:
                    unit.tickets.bump_revision(
                        self._name, ticket, stage, expected=record.revisions.get(stage, 1)
                    )

    def _may_not(self, step: lifecycle.EffectStep, ticket: Ticket) -> Wait | None:
        """Why a step has to wait that the ticket itself is ready for, None where it may go on.

        Raises:
            Postpone: the step's Moodle was found down in this pass.
        """
        if isinstance(step, (lifecycle.Examine, lifecycle.Operate, lifecycle.Undo)):
            if self._bridge.stopping():
                return Wait(Status.QUEUED, Reason("stopping"))
            self._refuse_down(ticket)
        if isinstance(step, lifecycle.Hold) and ticket.account_id in self._unknown_holds:
            # An earlier ticket may not have got its hours yet (R6).
            return Wait(Status.QUEUED, Reason("queued"))
        return None

    def _fetch_orders(self, ticket: Ticket) -> None:
        """Fetch attached order files that the journal does not have yet.

        Raises:
            PortalError: the portal could not give one.
        """
        if not order_attachments(ticket):
            return
        with self._bridge.journal.transaction(read_only=True) as unit:
            known = unit.order_files.of(self._name, ticket.id)
        for attachment, content in fetched_orders(self._bridge.portal, ticket, known):
            with self._bridge.journal.transaction() as unit:
                unit.order_files.keep(
                    self._name, ticket.id, attachment.id, attachment.sha256, content, self._bridge.clock()
                )

    def _keeping(self, claim: Claim) -> Progress:
        """Progress that also keeps the claim while a long operation runs."""
        kept_until = self._bridge.clock() + LEASE

        def progress(ticket: Ticket, share: float, step: str) -> None:
            nonlocal kept_until
            now = self._bridge.clock()
            if kept_until - now < LEASE / 2:
                with self._bridge.journal.transaction() as unit:
                    unit.queue.renew(claim, now, LEASE)
                kept_until = now + LEASE
            self._bridge.progress(ticket, share, step)

        return progress

    def _refresh(self, ticket: Ticket, *, anew: bool = False) -> None:
        """Look at the ticket once more: it may have been withdrawn, changed or deleted since its page
        came.
        """
        try:
            current = self._bridge.portal.ticket(ticket.id)
        except PortalNotFound:
            with self._bridge.journal.transaction() as unit:
                unit.polling.depart(self._name, ticket.id, ticket.gone or "deleted", ticket.gone_into)
            return
        with self._bridge.journal.transaction() as unit:
            unit.polling.refresh(self._name, current, anew=anew)

    def _look_again(self, record: TicketRecord) -> TicketRecord:
        """Get a ticket that is said to be gone, or whose stored document is damaged, from the portal as it is
        now.

        Raises:
            JournalError: the document is damaged, and the portal has the ticket no longer.
        """
        if record.damage:
            log.error("%s; it is fetched anew", record.damage)
        self._refresh(record.ticket, anew=True)
        with self._bridge.journal.transaction(read_only=True) as unit:
            found = unit.tickets.get(self._name, record.ticket.id) or record
        if found.damage:
            raise JournalError(found.damage)
        return found

    def _record(self, effect: Effect, report: TicketReport) -> None:
        """Write down what a step came to, in the report and in the ticket's log."""
        outcome = without_attachments(effect.outcome or {})
        # A program may have megabytes, and stands with its effect; the log names it by its hash.
        text = json.dumps(
            {name: value for name, value in outcome.items() if name != "program"}, ensure_ascii=False
        )
        with self._bridge.journal.transaction() as unit:
            unit.events.log(
                self._name, effect.ticket_id, f"{effect.kind}:{effect.state}", text, self._bridge.clock()
            )
        if effect.state is not EffectState.DONE:
            return
        report.done.append(effect.kind)
        if effect.kind == Kind.OPERATE:
            report.evidence.append(outcome)
        if is_write_off(effect.kind):
            report.written_off += Decimal(outcome["amount"])
        if is_reversal(effect.kind):
            report.written_off -= Decimal(outcome["amount"])

    def _refuse_down(self, ticket: Ticket) -> None:
        """A Moodle that was found down in this pass is not asked again for every ticket of its own."""
        outage = self._scope.moodle(self._bridge.settings.installation(ticket.installation))
        if outage is not None:
            reason = Reason("moodle", {"detail": str(outage.error), "what": "operation"})
            raise Postpone(Status.QUEUED, reason, outage.error)

    def _problem(self, outage: Outage) -> None:
        """Report what stops more than one ticket, once a pass."""
        message = str(outage.error)
        self._report.raise_to(outage.exit)
        if message in self._report.problems:
            return
        self._report.problems.append(message)
        if outage.peer:
            self._report.outage = True
            self._bridge.outages.met(outage.peer, message, outage.asked_pause)
        else:
            log.error("%s", message)


def runs_in_moodle(reason: str) -> bool:
    """Whether a ticket waits for an operation, by its reason as the journal keeps it."""
    return bool(reason) and Reason.from_json(reason).code in RUNS_IN_MOODLE


def _waited_for(claim: Claim) -> Reason | None:
    """For what the ticket waited before this pass, None where it is new."""
    return Reason.from_json(claim.record.reason) if claim.record.reason else None


def _due_at(wait: Wait, now: datetime) -> datetime | None:
    """When the ticket is looked at again although nobody moved; None: only when somebody does."""
    if wait.status is Status.FAILED and wait.reason.code in OWN_FAULTS:
        return now + pause(wait.reason)
    if wait.reason.code in RUNS_IN_MOODLE and wait.until is not None:
        return wait.until
    if wait.status in DUE_EVERY_PASS and wait.reason.code not in SOMEBODY_MOVES:
        return ALWAYS
    return wait.until


def _wants_the_newest(step: lifecycle.EffectStep) -> bool:
    """Before work begins, and before silence accepts, the ticket is looked at once more."""
    return isinstance(step, (lifecycle.Examine, lifecycle.Hold)) or (
        isinstance(step, lifecycle.WriteOff) and step.accepted_by != "customer"
    )


def _missing(effect: Effect) -> dict[str, str]:
    outcome = effect.outcome or {}
    missing = Decimal(outcome["needed"]) - Decimal(outcome["available"])
    return {"needed": outcome["needed"], "available": outcome["available"], "missing": text(missing)}
