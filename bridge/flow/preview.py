"""A pass that touches nothing: what would be done, held and written off (`otbridge sync --dry-run`).

It is the pass itself (bridge/flow/sync.py), over a journal in memory that is thrown away and a portal and a
Moodle whose writes are only imagined, so that it decides, waits and judges faults as the pass does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from bridge.domain import lifecycle
from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import text
from bridge.domain.lifecycle import Reason, Status, Wait
from bridge.domain.tickets import Ticket
from bridge.errors import BridgeError
from bridge.flow.case import Papers
from bridge.flow.context import Bridge
from bridge.flow.imagined import Imagined, ImaginedMoodle, ImaginedPortal
from bridge.flow.outages import Outages
from bridge.flow.perform import Begun, Outcome, Performer, Settled
from bridge.flow.report import TicketReport
from bridge.flow.scope import Exit
from bridge.flow.sync import Pass
from bridge.i18n import tr
from bridge.journal import Claim, Journal


@dataclass(slots=True)
class Forecast:
    """How far one ticket would go. `would` are lines for people, `held` and `write_off` norm-hours."""

    ticket: Ticket
    status: Status
    reason: Reason
    would: list[str] = field(default_factory=list)
    held: Decimal = Decimal(0)
    write_off: Decimal = Decimal(0)


def preview(bridge: Bridge, number: str | None = None) -> tuple[list[Forecast], list[str], Exit]:
    """Forecast the next pass; returns the tickets in the order of the queue, faults outside and tickets that
    cannot be read, and the exit code that the pass would have.

    Parameters:
        number: only the ticket that people call so.

    Raises:
        UserError, JournalUnusable: as `Pass.run`.
    """
    with bridge.journal.scratch(bridge.portal.name) as scratch:
        imagined = _Preview(bridge, scratch)
        report = imagined.run(number)
    for one in report.tickets:
        forecast = imagined.forecasts[one.id]
        forecast.status, forecast.reason = one.status, one.reason
    faults = [f"{ref}: {'; '.join(problems)}" for ref, problems in report.faults]
    return list(imagined.forecasts.values()), faults + report.problems, report.exit


class _Enough(BridgeError):
    """What comes next depends on what a step in Moodle makes."""

    def __init__(self, wait: Wait) -> None:
        self.wait = wait
        super().__init__(wait.reason.code)


class _Preview(Pass):
    """The pass, imagined."""

    def __init__(self, bridge: Bridge, scratch: Journal) -> None:
        self._imagined_portal = ImaginedPortal(bridge.portal, bridge.clock)
        self.forecasts: dict[str, Forecast] = {}
        super().__init__(
            replace(
                bridge,
                journal=scratch,
                portal=self._imagined_portal,
                connect_moodle=lambda installation: ImaginedMoodle(bridge.moodle(installation)),
                outages=Outages(),
                _moodles={},
            )
        )

    def advance(self, claim: Claim, report: TicketReport, papers: Papers | None) -> Wait:
        ticket = claim.record.ticket
        self.forecasts[ticket.id] = Forecast(ticket, report.status, report.reason)
        with self._bridge.journal.transaction(read_only=True) as unit:
            for effect in unit.effects.of(self._name, ticket.id):
                self._imagined_portal.remember(effect, ticket.account_id)
        try:
            return super().advance(claim, report, papers)
        except _Enough as enough:
            return enough.wait

    def send(self, performer: Performer, begun: Begun) -> Outcome:
        try:
            return super().send(performer, begun)
        except Imagined:
            return _made_in_moodle(begun.step)

    def happened(self, settled: Settled, ticket: Ticket) -> None:
        if settled.effect.state is EffectState.DONE:
            _foresee(self.forecasts[ticket.id], settled.ended.begun.step, settled.effect)


def _made_in_moodle(step: lifecycle.EffectStep) -> Outcome:
    """A step in Moodle as if it had gone well: after an operation the customer would be asked.

    Raises:
        _Enough: what comes next depends on what the operation makes.
    """
    assert step.stage is not None, "work in Moodle is a stage's"
    if isinstance(step, lifecycle.Operate):
        reason = Reason("not-accepted", {"stage": step.stage.title})
        raise _Enough(Wait(Status.AWAITING_ACCEPTANCE, reason))
    return Outcome(EffectState.DONE, {})


def _foresee(forecast: Forecast, step: lifecycle.EffectStep, effect: Effect) -> None:
    """Add what the step would do."""
    match step:
        case lifecycle.Note():
            sentence = tr("tell the customer: {message}")
            forecast.would.append(sentence.format(message=step.message.partition(":")[0]))
        case lifecycle.Examine():
            forecast.would += (effect.outcome or {}).get("summary", ())
        case lifecycle.Hold():
            forecast.held += step.amount
            forecast.would.append(tr("hold {amount} norm-hours").format(amount=text(step.amount)))
        case lifecycle.WriteOff():
            forecast.write_off += step.amount
            forecast.would.append(tr("write off {amount} norm-hours").format(amount=text(step.amount)))
        case lifecycle.Release():
            forecast.would.append(tr("return the held hours"))
        case lifecycle.Reverse():
            forecast.would.append(tr("take a write-off back"))
        case lifecycle.Attach():
            forecast.would.append(tr("attach {name} to the ticket").format(name=step.name))
        case lifecycle.Undo():
            forecast.would.append(tr("take back what was made in Moodle"))
        case lifecycle.SetTicket() | lifecycle.SetStage() | lifecycle.Freeze() | lifecycle.Operate():
            pass
