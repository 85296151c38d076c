"""A pass that touches nothing: what would be done, held and written off (`otbridge sync --dry-run`).

Tickets are read from the portal and the journal, actions only plan, and every other step is taken as done in
memory, so that `decide` itself says how far each ticket would go.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from bridge.actions import ACTIONS, ActionError, validate
from bridge.domain import lifecycle
from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import text
from bridge.domain.lifecycle import Decisions, History, Reason, Status, Wait, decide, is_operators_turn
from bridge.domain.tickets import Account, Ticket
from bridge.errors import BridgeError
from bridge.flow.case import case_of, fetched_orders
from bridge.flow.perform import Bridge, Postpone
from bridge.flow.scope import Exit, Scope, named
from bridge.flow.sync import MOST_STEPS
from bridge.i18n import tr
from bridge.journal import NEW, JournalUnusable, TicketRecord
from bridge.moodle_ws import MoodleError
from bridge.portal import PortalError, changed_pages
from bridge.settings import InstallationTable

log = logging.getLogger("bridge.flow.preview")


@dataclass(slots=True)
class Forecast:
    """How far one ticket would go. `would` are lines for people, `held` and `taken` norm-hours."""

    ticket: Ticket
    status: Status
    reason: Reason
    would: list[str] = field(default_factory=list)
    held: Decimal = Decimal(0)
    write_off: Decimal = Decimal(0)


def preview(bridge: Bridge, number: str | None = None) -> tuple[list[Forecast], list[str], Exit]:
    """Forecast the next pass; returns the tickets in the order of the queue, faults outside, and the exit
    code it would have.

    Parameters:
        number: only the ticket that people call so.
    """
    problems: list[str] = []
    code = Exit.WELL
    records = _known(bridge)
    scope = Scope(bridge)

    def stopped(cause: Exception, installation: InstallationTable | None = None) -> bool:
        """Whether a peer is down; that is told once."""
        nonlocal code
        outage = scope.outage(cause, installation)
        if outage is None:
            return False
        code = max(code, outage.exit)
        if str(outage.error) not in problems:
            problems.append(str(outage.error))
        return True

    try:
        faults = _page(bridge, records)
        problems += faults
        code = Exit.OPERATOR if faults else code
    except PortalError as error:
        if not stopped(error):
            problems.append(str(error))
            code = Exit.UNREACHABLE
    accounts: dict[str, Account] = {}
    forecasts = []
    for record in sorted(records.values(), key=lambda one: (one.ticket.queued_at, one.ticket.id)):
        if number is not None and record.ticket.number != number:
            continue
        if scope.portal is not None:
            break
        forecast = Forecast(record.ticket, Status.QUEUED, Reason("queued"))
        installation = bridge.settings.installation(record.ticket.installation)
        try:
            _forecast(bridge, record, accounts, forecast, scope)
        except JournalUnusable:
            raise
        except Exception as error:
            cause = error.cause if isinstance(error, Postpone) else error
            if stopped(cause, installation):
                code_of_peer = "portal" if scope.portal is not None else "moodle"
                forecast.reason = Reason(code_of_peer, {"detail": str(cause)})
            elif isinstance(error, Postpone) and not isinstance(cause, (PortalError, MoodleError)):
                forecast.status, forecast.reason = error.status, error.reason
            else:
                log.warning("ticket %s", record.ticket.number, exc_info=not isinstance(cause, BridgeError))
                forecast.status, forecast.reason = Status.FAILED, Reason("fault", {"detail": named(cause)})
        forecasts.append(forecast)
        if is_operators_turn(forecast.status, forecast.reason):
            code = max(code, Exit.OPERATOR)
    return forecasts, problems, code


def _known(bridge: Bridge) -> dict[str, TicketRecord]:
    now = bridge.clock()
    with bridge.journal.transaction(read_only=True) as unit:
        records = unit.queue.movable(bridge.portal.name, now)
    return {record.ticket.id: record for record in records}


def _page(bridge: Bridge, records: dict[str, TicketRecord]) -> list[str]:
    """Add what the portal would tell to what the journal knows; returns the tickets that cannot be read."""
    faults: list[str] = []
    with bridge.journal.transaction(read_only=True) as unit:
        kept = unit.polling.cursor(bridge.portal.name, bridge.settings.portal.category_prefix)
    for page in changed_pages(bridge.portal, kept.cursor, kept.etag):
        faults += [f"{fault.ref}: {'; '.join(fault.problems)}" for fault in page.faults]
        for ticket in page.tickets:
            with bridge.journal.transaction(read_only=True) as unit:
                known = unit.tickets.get(bridge.portal.name, ticket.id)
            now = bridge.clock()
            if known is None:
                records[ticket.id] = TicketRecord(
                    bridge.portal.name, ticket, NEW, "", None, True, {}, now, now
                )
            elif known.ticket.version < ticket.version:
                records[ticket.id] = replace(known, ticket=ticket, dirty=True)
        for gone in page.gone:
            with bridge.journal.transaction(read_only=True) as unit:
                known = unit.tickets.get(bridge.portal.name, gone.id)
            if known is not None:
                records[gone.id] = replace(
                    known,
                    ticket=replace(known.ticket, gone=gone.reason, gone_into=gone.into or ""),
                    dirty=True,
                )
    return faults


def _forecast(
    bridge: Bridge, record: TicketRecord, accounts: dict[str, Account], forecast: Forecast, scope: Scope
) -> None:
    """Write down in `forecast` how far the ticket would go."""
    ticket = record.ticket
    with bridge.journal.transaction(read_only=True) as unit:
        effects = {effect.key: effect for effect in unit.effects.of(bridge.portal.name, ticket.id)}
        decisions = Decisions.of(
            (one.kind, one.document, one.at) for one in unit.decisions.of(bridge.portal.name, ticket.id)
        )
        files = unit.order_files.of(bridge.portal.name, ticket.id)
        drift = unit.drifts.of(bridge.portal.name, ticket.account_id)
    files |= {attachment.id: content for attachment, content in fetched_orders(bridge.portal, ticket, files)}
    account: Account | None = None
    portal_time: datetime | None = None
    for _ in range(MOST_STEPS):
        step = decide(
            case_of(bridge, record, History(effects.values()), decisions, files, account, drift, portal_time)
        )
        if isinstance(step, Wait):
            forecast.status, forecast.reason = step.status, step.reason
            return
        if isinstance(step, lifecycle.AskBalance):
            if ticket.account_id not in accounts:
                accounts[ticket.account_id] = bridge.portal.account(ticket.account_id)
            account = accounts[ticket.account_id]
            continue
        if isinstance(step, lifecycle.AskTime):
            portal_time = bridge.portal.meta().time
            continue
        if isinstance(step, lifecycle.NewRevision):
            record = replace(
                record,
                revisions={**record.revisions, step.stage.id: record.revisions.get(step.stage.id, 1) + 1},
            )
            continue
        if isinstance(step, (lifecycle.Examine, lifecycle.Operate, lifecycle.Undo)):
            outage = scope.moodle(bridge.settings.installation(ticket.installation))
            if outage is not None:
                forecast.reason = Reason("moodle", {"detail": str(outage.error)})
                return
        effect = _imagine(bridge, ticket, step, forecast)
        effects[effect.key] = effect
        if isinstance(step, lifecycle.Hold) and account is not None:
            accounts[ticket.account_id] = replace(
                account, held=account.held + step.amount, available=account.available - step.amount
            )
        if isinstance(step, lifecycle.Operate):
            forecast.status, forecast.reason = (
                Status.AWAITING_ACCEPTANCE,
                Reason("not-accepted", {"stage": step.stage.title}),
            )
            return
    forecast.status, forecast.reason = Status.FAILED, Reason("circles", {"steps": MOST_STEPS})


def _imagine(bridge: Bridge, ticket: Ticket, step: lifecycle.Effectual, forecast: Forecast) -> Effect:
    """The effect that a step would leave, without the step; only plans are really made."""
    outcome: dict[str, Any] = {}
    state = EffectState.DONE
    request: dict[str, Any] = {} if isinstance(step, lifecycle.Note) else step.request
    match step:
        case lifecycle.Note():
            forecast.would.append(
                tr("tell the customer: {message}").format(message=step.message.partition(":")[0])
            )
        case lifecycle.Examine():
            try:
                action = ACTIONS[request["action"]]
                plan = action.plan(
                    validate(action.params, step.order.params), bridge.site(ticket), step.taken_back
                )
                outcome = {"call": dict(plan.call), "summary": list(plan.summary)}
                forecast.would += plan.summary
            except ActionError as error:
                state, outcome = EffectState.REFUSED, error.outcome()
        case lifecycle.Hold():
            outcome = {"hold_id": "", "amount": text(step.amount)}
            forecast.held += step.amount
            forecast.would.append(tr("hold {amount} norm-hours").format(amount=text(step.amount)))
        case lifecycle.WriteOff():
            outcome = {"entry_id": "", "amount": text(step.amount), "charges": request["charges"]}
            forecast.write_off += step.amount
            forecast.would.append(tr("write off {amount} norm-hours").format(amount=text(step.amount)))
        case lifecycle.Release():
            forecast.would.append(tr("return the held hours"))
        case lifecycle.Reverse():
            forecast.would.append(tr("take a write-off back"))
        case lifecycle.Undo():
            forecast.would.append(tr("take back what was made in Moodle"))
        case lifecycle.SetTicket() | lifecycle.SetStage() | lifecycle.Freeze() | lifecycle.Operate():
            pass
    stage_id = step.stage.id if step.stage is not None else ""
    intent = Effect.intent(
        bridge.portal.name, ticket.id, step.kind, request, stage_id=stage_id, revision=step.revision
    )
    return replace(intent, state=state, outcome=outcome)
