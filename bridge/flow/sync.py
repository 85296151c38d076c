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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.domain import lifecycle
from bridge.domain.attachments import without_attachments
from bridge.domain.effects import EffectState
from bridge.domain.hours import text
from bridge.domain.lifecycle import (
    Kind,
    Reason,
    Status,
    Step,
    Wait,
    decide,
    is_operators_turn,
    is_reversal,
    is_write_off,
)
from bridge.domain.tickets import Account, Ticket, is_paid
from bridge.errors import BridgeError, UserError
from bridge.flow.case import Papers, fetched_orders, papers_of
from bridge.flow.context import Bridge, Postpone, Progress
from bridge.flow.kept import Kept, Turn
from bridge.flow.oplog import log_done
from bridge.flow.orders import order_attachments
from bridge.flow.perform import Begun, Ended, Outcome, Performer, Settled
from bridge.flow.report import PassReport, TicketReport
from bridge.flow.scope import OWN_FAULTS, PATIENCE, Exit, Outage, Scope, named, own_fault, pause
from bridge.i18n import tr
from bridge.journal import (
    Claim,
    EffectConflict,
    JournalError,
    JournalUnusable,
    LostClaim,
    TicketRecord,
    Unit,
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


RUNS_IN_MOODLE = frozenset({"still-running", "still-reading"})
"""Reasons that end when an operation, or a search, does: the ticket is looked at again at its due time, no
earlier.
"""


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
        self._given_back = ""

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
        claim: Claim | None = None
        looked = False
        while not (self._scope.portal or self._bridge.stopping()) and (only is None or not seen):
            with self._bridge.journal.transaction() as unit:
                claim = unit.queue.claim(
                    self._name,
                    self._bridge.owner,
                    now=self._bridge.clock(),
                    ttl=LEASE,
                    is_stale=self._is_over,
                    only=only,
                    not_again=seen,
                )
                if claim is None:
                    self._look_around(unit, only)
                    looked = True
                    break
                papers = self._papers(unit, claim)
            seen.add(claim.record.ticket.id)
            try:
                self._work(claim, papers)
            except (LostClaim, EffectConflict) as error:  # this worker slept past its lease
                log.warning("%s; another worker goes on with it", error)
        self._scope.close()
        if not looked:
            with self._bridge.journal.transaction(read_only=True) as unit:
                self._look_around(unit, only)
        if self._report.faults or self._report.operator:
            self._report.raise_to(Exit.OPERATOR)
        return self._report

    def _look_around(self, unit: Unit, only: str | None) -> None:
        """Report where the tickets stand, those of earlier passes, too."""
        self._report.faults = [(fault.ref, fault.problems) for fault in unit.polling.faults(self._name)]
        waiting = unit.tickets.standing(self._name, MAY_NEED_OPERATOR | {Status.RUNNING})
        self._report.operator = [
            one.number
            for one in waiting
            if one.state in MAY_NEED_OPERATOR
            and is_operators_turn(one.state, Reason.from_json(one.reason) if one.reason else None)
        ]
        self._report.due = [
            one.due_at
            for one in waiting
            if one.state == Status.RUNNING
            and one.due_at is not None
            and runs_in_moodle(one.reason)
            and only in (None, one.id)
        ]

    def _papers(self, unit: Unit, claim: Claim) -> Papers | None:
        """The papers of a claimed ticket; None where something is wrong with them, which is met in the
        ticket's own turn.
        """
        try:
            return papers_of(unit, self._name, claim.record.ticket)
        except JournalUnusable:
            raise
        except Exception:
            log.debug("ticket %s: its papers cannot be read", claim.record.ticket.number, exc_info=True)
            return None

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
        if not faults:
            return
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

    def _work(self, claim: Claim, papers: Papers | None) -> None:
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
            wait = self.advance(claim, report, papers)
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
        if self._given_back != ticket.id:
            with self._bridge.journal.transaction() as unit:
                self._give_back(unit, claim, wait)

    def _give_back(self, unit: Unit, claim: Claim, wait: Wait) -> None:
        """Give a claimed ticket back with where it waits."""
        now = self._bridge.clock()
        unit.queue.release(
            claim, state=wait.status.value, reason=wait.reason.to_json(), due_at=_due_at(wait, now), now=now
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

    def advance(self, claim: Claim, report: TicketReport, papers: Papers | None) -> Wait:
        """Decide and perform until the ticket waits. Overridden by the preview.

        Parameters:
            papers: as they were when the ticket was claimed; None to read them anew.
        """
        bridge = replace(self._bridge, progress=self._keeping(claim))
        kept = Kept(bridge, claim)
        record = claim.record
        if record.damage or record.ticket.gone:
            record = self._look_again(record)
        fetched = not record.ticket.gone and self._fetch_orders(record.ticket)
        if papers is not None and record is claim.record and not fetched:
            kept.put(record, papers)
        else:
            with bridge.journal.transaction(read_only=True) as unit:
                kept.read(unit, record)
        turn = Turn(bridge, claim, kept, self._accounts, report)
        ended: Ended | None = None
        for _ in range(MOST_STEPS):
            if ended is None and kept.is_read:
                step = decide(kept.case())
                if isinstance(step, Wait):
                    return step  # nothing is to be written but where the ticket waits
                if self._looked_outside(turn, step):
                    continue
            found = self._written_down(turn, ended)
            if ended is not None and ended.refusal == "state_conflict":
                self._refresh(kept)
            match found:
                case Wait():
                    return found
                case Postpone():
                    raise found
                case Begun():
                    began = time.monotonic()
                    outcome = self.send(turn.performer, found)
                    ended = Ended(found, outcome, time.monotonic() - began)
                case None:
                    ended = None
        return Wait(Status.FAILED, Reason("circles", {"steps": MOST_STEPS}))

    def send(self, performer: Performer, begun: Begun) -> Outcome:
        """Make the call that was begun. Overridden by the preview."""
        return performer.send(begun.call, begun.effect)

    def happened(self, settled: Settled, ticket: Ticket) -> None:
        """What is done about a step that is settled on disk: its line in the log. Overridden by the
        preview.
        """
        log_done(ticket, settled.effect, settled.ended.seconds)

    def _looked_outside(self, turn: Turn, step: Step) -> bool:
        """Read outside what a step depends on: the balance, the clock, the ticket as it is now; False where
        it depends on nothing more.

        Raises:
            Postpone: the portal did not answer.
        """
        kept = turn.kept
        match step:
            case lifecycle.AskBalance():
                kept.account = turn.performer.account()
            case lifecycle.AskTime():
                kept.portal_time = self._bridge.portal.meta().time
            case lifecycle.Examine() | lifecycle.Hold() | lifecycle.WriteOff():
                if not self._wants_the_newest(step, kept):
                    return False
                self._refresh(kept)
                kept.refreshed = True
            case _:
                return False
        return True

    def _written_down(self, turn: Turn, ended: Ended | None) -> Wait | Postpone | Begun | None:
        """In one transaction: what came of a call that has ended, and the intent of the next one, or where
        the ticket waits. None where something is to be read outside first.

        What comes next must not undo what has happened: where the next step is at fault, what the call came
        to is written down alone, and the fault is met after it.

        Raises:
            LostClaim, EffectConflict: another worker has the ticket by now.
            JournalUnusable: see `run`.
        """
        settled: list[Settled] = []
        try:
            with self._bridge.journal.transaction() as unit:
                changes = unit.queue.renew(turn.claim, self._bridge.clock(), LEASE)
                if ended is not None:
                    settled.append(self._settle(unit, turn, ended))
                turn.kept.bring_up(unit, changes)
                found = self._next(unit, turn, ended, settled)
        except (LostClaim, EffectConflict, JournalUnusable):
            raise
        except Exception:
            if ended is None:
                raise
            with self._bridge.journal.transaction() as unit:
                unit.queue.renew(turn.claim, self._bridge.clock(), LEASE)
                alone = self._settle(unit, turn, ended)
            self._tell(turn, alone)
            raise
        if isinstance(found, Wait):
            self._given_back = turn.claim.record.ticket.id
        for one in settled:
            self._tell(turn, one)
        return found

    def _next(
        self, unit: Unit, turn: Turn, ended: Ended | None, settled: list[Settled]
    ) -> Wait | Postpone | Begun | None:
        """What comes next, written down; what the journal itself does on the way is added to `settled`."""
        kept, claim = turn.kept, turn.claim
        if ended is not None and ended.refusal == "state_conflict":
            return None
        if ended is not None and ended.refusal == "insufficient_balance":
            # Not round again: a portal that shows a balance and refuses a hold that fits it would be asked
            # until the pass went in circles. The next pass reads the balance anew.
            wait = Wait(Status.SUSPENDED, Reason("balance", _missing(ended.outcome.facts)))
            self._give_back(unit, claim, wait)
            return wait
        for _ in range(MOST_STEPS):
            step = decide(kept.case())
            if isinstance(step, lifecycle.WriteOff):
                kept.compare_ledgers(unit)
                step = decide(kept.case())
            if isinstance(step, Wait):
                self._give_back(unit, claim, step)
                return step
            if isinstance(step, (lifecycle.AskBalance, lifecycle.AskTime)):
                return None
            if isinstance(step, lifecycle.NewRevision):
                ticket, stage, revisions = kept.record.ticket.id, step.stage.id, kept.record.revisions
                unit.tickets.bump_revision(self._name, ticket, stage, expected=revisions.get(stage, 1))
                kept.read(unit)
                continue
            held_up = self._may_not(step, kept.record.ticket)
            if isinstance(held_up, Wait):
                self._give_back(unit, claim, held_up)
            if held_up is not None:
                return held_up
            if self._wants_the_newest(step, kept):
                return None
            call = turn.performer.call(step)
            begun = Begun(step, call, turn.performer.begin(unit, call))
            if call.send is not None:
                return begun
            settled.append(self._settle(unit, turn, Ended(begun, turn.performer.send(call, begun.effect), 0)))
        raise AssertionError("a ticket goes in circles without a call")

    def _settle(self, unit: Unit, turn: Turn, ended: Ended) -> Settled:
        """Write down what a call came to, with its line in the ticket's log."""
        effect = turn.performer.settle(unit, ended.begun.effect, ended.outcome)
        # A program may have megabytes, and stands with its effect; the log names it by its hash.
        outcome = without_attachments(effect.outcome or {})
        outcome.pop("program", None)
        unit.events.log(
            self._name,
            effect.ticket_id,
            f"{effect.kind}:{effect.state}",
            json.dumps(outcome, ensure_ascii=False),
            self._bridge.clock(),
        )
        turn.kept.take_in(effect)
        return Settled(ended, effect)

    def _tell(self, turn: Turn, settled: Settled) -> None:
        """Report what is settled on disk."""
        effect, report = settled.effect, turn.report
        self.happened(settled, turn.kept.record.ticket)
        if effect.state is not EffectState.DONE:
            return
        outcome = without_attachments(effect.outcome or {})
        report.done.append(effect.kind)
        if effect.kind == Kind.OPERATE:
            report.evidence.append(outcome)
        if is_write_off(effect.kind):
            report.written_off += Decimal(outcome["amount"])
        if is_reversal(effect.kind):
            report.written_off -= Decimal(outcome["amount"])

    def _wants_the_newest(self, step: lifecycle.EffectStep, kept: Kept) -> bool:
        """Before work begins, and before silence accepts, the ticket is looked at once more, once a pass, if
        nothing else is in the way.
        """
        if kept.refreshed or self._may_not(step, kept.record.ticket) is not None:
            return False
        return isinstance(step, (lifecycle.Examine, lifecycle.Hold)) or (
            isinstance(step, lifecycle.WriteOff) and step.accepted_by != "customer"
        )

    def _may_not(self, step: lifecycle.EffectStep, ticket: Ticket) -> Wait | Postpone | None:
        """Why a step has to wait that the ticket itself is ready for, None where it may go on."""
        if isinstance(step, (lifecycle.Examine, lifecycle.Operate, lifecycle.Undo)):
            if self._bridge.stopping():
                return Wait(Status.QUEUED, Reason("stopping"))
            # A Moodle that was found down in this pass is not asked again for every ticket of its own.
            outage = self._scope.moodle(self._bridge.settings.installation(ticket.installation))
            if outage is not None:
                reason = Reason("moodle", {"detail": str(outage.error), "what": "operation"})
                return Postpone(Status.QUEUED, reason, outage.error)
        if isinstance(step, lifecycle.Hold) and ticket.account_id in self._unknown_holds:
            # An earlier ticket may not have got its hours yet (R6).
            return Wait(Status.QUEUED, Reason("queued"))
        return None

    def _fetch_orders(self, ticket: Ticket) -> bool:
        """Fetch attached order files that the journal does not have yet; returns whether there were any.

        Raises:
            PortalError: the portal could not give one.
        """
        if not order_attachments(ticket):
            return False
        fetched = False
        with self._bridge.journal.transaction(read_only=True) as unit:
            known = unit.order_files.of(self._name, ticket.id)
        for attachment, content in fetched_orders(self._bridge.portal, ticket, known):
            with self._bridge.journal.transaction() as unit:
                unit.order_files.keep(
                    self._name, ticket.id, attachment.id, attachment.sha256, content, self._bridge.clock()
                )
            fetched = True
        return fetched

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

    def _refresh(self, kept: Kept) -> None:
        """Look at the ticket once more: it may have been withdrawn, changed or deleted since its page
        came.
        """
        if self._fetch(kept.record.ticket, known=kept.record.ticket.version):
            kept.forget()

    def _fetch(self, ticket: Ticket, *, known: int | None) -> bool:
        """Get the ticket from the portal as it is now into the journal; False where that is the version that
        is known.

        Parameters:
            known: the version that need not be stored again, None to store it whatever its version.
        """
        try:
            current = self._bridge.portal.ticket(ticket.id)
        except PortalNotFound:
            with self._bridge.journal.transaction() as unit:
                unit.polling.depart(self._name, ticket.id, ticket.gone or "deleted", ticket.gone_into)
            return True
        if current.version == known:
            return False
        with self._bridge.journal.transaction() as unit:
            unit.polling.refresh(self._name, current, anew=known is None)
        return True

    def _look_again(self, record: TicketRecord) -> TicketRecord:
        """Get a ticket that is said to be gone, or whose stored document is damaged, from the portal as it is
        now.

        Raises:
            JournalError: the document is damaged, and the portal has the ticket no longer.
        """
        if record.damage:
            log.error("%s; it is fetched anew", record.damage)
        self._fetch(record.ticket, known=None)
        with self._bridge.journal.transaction(read_only=True) as unit:
            found = unit.tickets.get(self._name, record.ticket.id) or record
        if found.damage:
            raise JournalError(found.damage)
        return found

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


def _missing(outcome: Mapping[str, Any]) -> dict[str, str]:
    missing = Decimal(outcome["needed"]) - Decimal(outcome["available"])
    return {"needed": outcome["needed"], "available": outcome["available"], "missing": text(missing)}
