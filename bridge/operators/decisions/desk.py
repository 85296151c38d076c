"""An operator's desk for one ticket: each decision is checked against where the ticket stands and written in
the same transaction.

What was decided already is not decided twice: a repeated decision writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bridge.domain.billing import amount_to_hold
from bridge.domain.catalogue import Catalogue, Service
from bridge.domain.hours import Charge, text, write_off
from bridge.domain.lifecycle import Kind, OrderFault, Status, charges_request
from bridge.domain.tickets import Stage, StageState
from bridge.errors import BridgeError
from bridge.flow.orders import find_order
from bridge.i18n import tr
from bridge.journal import Decision, DecisionKind, Journal, TicketRecord, Unit
from bridge.operators.decisions.standing import Standing


class DecisionRefused(BridgeError):
    """A decision makes no sense where the ticket stands; nothing was written. `problems` are the faults of
    an order, in the customer's words.
    """

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        self.problems = problems
        super().__init__("\n".join((message, *(f"  - {problem}" for problem in problems))))


class Misplaced(DecisionRefused):
    """A decision of this kind can't help where the ticket stands: the message also says where that is."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a correction comes to: norm-hours written off before and after; `decision` is None where
    nothing is to be changed.
    """

    decision: Decision | None
    before: Decimal
    after: Decimal


class Desk:
    """Takes decisions about one ticket; each returns what was written, None where it had been decided before.

    Parameters:
        by: who decides, as login@host.
    """

    def __init__(self, journal: Journal, record: TicketRecord, by: str, now: datetime) -> None:
        self._journal = journal
        self._portal = record.portal
        self._ticket = record.ticket.id
        self._by = by
        self._now = now

    def standing(self) -> Standing:
        """Where the ticket stands now."""
        with self._journal.transaction(read_only=True) as unit:
            return self._read(unit)

    def stage(self, wanted: str | None) -> Stage:
        """The stage that is named by its number, title or id; the only one where none is named.

        Raises:
            DecisionRefused: there is no such stage, or one must be named.
        """
        return _stage(self.standing().ticket.stages, wanted)

    def assign(
        self, order: Mapping[str, Any], catalogue: Catalogue, unattended: Callable[[Service], bool]
    ) -> Decision | None:
        """Give the ticket an order, which wins over its form and files.

        Parameters:
            order: service, variant, quantity, action, params.
            unattended: whether a service runs unattended.

        Raises:
            DecisionRefused: the order has faults, the ticket is over, or hours are held for a stage.
        """
        with self._deciding() as (unit, standing):
            _check_open(standing)
            found = find_order(standing.ticket, catalogue, assigned=order, unattended=unattended)
            if isinstance(found, OrderFault):
                raise DecisionRefused(tr("the order has faults; in the customer's words:"), found.problems)
            if standing.decisions.assigned == order:
                return None
            held = ", ".join(f"“{stage.title}”" for stage in standing.held())
            if held:
                raise DecisionRefused(
                    tr(
                        "hours are held for {stages}: what is begun goes on under the order that it has"
                    ).format(stages=held)
                )
            return self._write(unit, "assign", order)

    def pause(self, reason: str) -> Decision | None:
        """Let the bridge do nothing for the ticket until `resume`.

        Raises:
            DecisionRefused: the ticket is over.
        """
        with self._deciding() as (unit, standing):
            _check_open(standing)
            return (
                None
                if standing.decisions.paused is not None
                else self._write(unit, "pause", {"reason": reason})
            )

    def resume(self, reason: str) -> Decision | None:
        """Let a paused ticket go on.

        Raises:
            Misplaced: nobody ever paused it.
        """
        with self._deciding() as (unit, standing):
            if standing.decisions.paused is not None:
                return self._write(unit, "resume", {"reason": reason})
            if not any(one.kind == "resume" for one in standing.made):
                raise Misplaced(tr("no operator has paused it"))
            return None

    def is_paused(self) -> bool:
        """Whether the bridge does nothing for the ticket until `resume`."""
        return self.standing().decisions.paused is not None

    def withdraw(self, reason: str) -> Decision | None:
        """Withdraw the ticket in the customer's stead (R7); nothing takes that back.

        Raises:
            DecisionRefused: everything is written off.
        """
        with self._deciding() as (unit, standing):
            # A ticket that its customer has withdrawn may still fail, for nobody is left to agree on more
            # hours.
            if standing.decisions.withdrawal is not None or (
                standing.is_withdrawn and standing.state != Status.FAILED
            ):
                return None
            if not standing.is_withdrawn:
                _check_open(standing)
            return self._write(unit, "withdraw", {"reason": reason})

    def undo(self, wanted: str | None, reason: str) -> Decision | None:
        """Take back what the present attempt at a stage made.

        Raises:
            DecisionRefused: nothing was made, or it is accepted or written off.
        """
        with self._deciding() as (unit, standing):
            stage = _stage(standing.ticket.stages, wanted)
            attempt = standing.attempt(stage)
            document = {"stage_id": stage.id, "revision": attempt.revision, "reason": reason}
            facts = {"stage": stage.title}
            if any(_same(one, "undo", document) for one in standing.made):
                return None
            if standing.captured(stage) is not None or attempt.sent(Kind.WRITE_OFF):
                raise Misplaced(
                    tr(
                        "stage “{stage}” is written off: correct the write-off, and undo the work by hand"
                    ).format_map(facts)
                )
            if stage.state is StageState.ACCEPTED and not standing.is_withdrawn:
                raise Misplaced(
                    tr("the customer has accepted stage “{stage}”: it is going to be written off").format_map(
                        facts
                    )
                )
            if attempt.done(Kind.OPERATE) is None:
                raise Misplaced(
                    tr("the bridge has made nothing for stage “{stage}” that could be taken back").format_map(
                        facts
                    )
                )
            return self._write(unit, "undo", document)

    def correct(self, stage: Stage, charges: tuple[Charge, ...], reason: str) -> Correction:
        """Replace a stage's write-off by another one, or by nothing.

        Raises:
            DecisionRefused: nothing was ever written off for the stage, an earlier correction is not
                finished, or it is more than was agreed.
        """
        after = write_off(charges)
        lines = charges if after else ()
        document: dict[str, Any] = {
            "stage_id": stage.id,
            "charges": charges_request(lines),
            "reason": reason,
            "amount": text(after),
        }
        facts = {"stage": stage.title, "amount": text(after), "agreed": text(amount_to_hold(stage))}
        with self._deciding() as (unit, standing):
            pending, captured = standing.unfinished_correction(stage), standing.captured(stage)
            if pending is not None:
                if pending.charges == lines:
                    return Correction(None, after, after)
                raise Misplaced(
                    tr(
                        "the last correction of stage “{stage}” is not finished: wait for the next pass"
                    ).format_map(facts)
                )
            if standing.last_write_off(stage) is None:
                raise Misplaced(tr("nothing was written off for stage “{stage}”").format_map(facts))
            if after > amount_to_hold(stage):
                sentence = tr(
                    "{amount} norm-hours are more than the {agreed} agreed for stage “{stage}”: that needs "
                    "a new agreement"
                )
                raise DecisionRefused(sentence.format_map(facts))
            # Time entries that the operator has seen ask for no further correction, even where the amount
            # stays.
            document["entries"] = {entry.id: entry.minutes for entry in standing.ticket.time_entries}
            same = standing.charges(captured) == lines and not standing.late_entries()
            before = Decimal(0) if captured is None else captured.amount
            return Correction(None if same else self._write(unit, "correct", document), before, after)

    @contextmanager
    def _deciding(self) -> Iterator[tuple[Unit, Standing]]:
        with self._journal.transaction() as unit:
            yield unit, self._read(unit)

    def _read(self, unit: Unit) -> Standing:
        return Standing.read(unit, self._portal, self._ticket)

    def _write(self, unit: Unit, kind: DecisionKind, document: Mapping[str, Any]) -> Decision:
        decision = unit.decisions.add(self._portal, self._ticket, kind, document, self._by, self._now)
        unit.events.log(
            self._portal,
            self._ticket,
            f"decision:{kind}",
            f"{self._by}: {document.get('reason', '')}".rstrip(": "),
            self._now,
        )
        return decision


def _check_open(standing: Standing) -> None:
    if standing.is_withdrawn:
        raise Misplaced(tr("the ticket is withdrawn"))
    if standing.is_done:
        raise Misplaced(tr("everything of the ticket is accepted and written off"))


def _stage(stages: tuple[Stage, ...], wanted: str | None) -> Stage:
    if wanted is None and len(stages) == 1:
        return stages[0]
    found = [
        stage for number, stage in enumerate(stages, 1) if wanted in (stage.id, stage.title, str(number))
    ]
    if len(found) != 1:
        known = ", ".join(f"{number} “{stage.title}”" for number, stage in enumerate(stages, 1))
        raise DecisionRefused(tr("name one stage of the ticket: {known}").format(known=known or "–"))
    return found[0]


def _same(decision: Decision, kind: str, document: Mapping[str, Any]) -> bool:
    """Whether the decision is about the same attempt at the same stage."""
    return decision.kind == kind and all(
        decision.document[name] == document[name] for name in ("stage_id", "revision")
    )
