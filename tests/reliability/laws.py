"""What must hold: of a write before it is sent, at every moment, when everything rests, and when nothing
is left to be settled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import select

from bridge.domain.billing_kinds import MEANING
from bridge.domain.catalogue import BillingKind
from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import to_milli
from bridge.domain.lifecycle import Attempt, History, Kind
from bridge.domain.tickets import Account, StageState, Ticket, TicketState
from bridge.journal import Unit
from bridge.journal.owner import is_stale
from bridge.journal.tables import tickets as rows

if TYPE_CHECKING:
    from tests.reliability.world import World

LASTING = frozenset({Kind.HOLD, Kind.OPERATE, Kind.UNDO, Kind.WRITE_OFF, Kind.RELEASE, "correct"})
"""Effects whose outcome must be known at rest; a message or a state may have been overtaken by a
withdrawal or a corrected order.
"""

HOLDING = frozenset(
    {"awaiting-acceptance", "awaiting-agreement", "running", "writing-off", "suspended", "paused", "failed"}
)
"""Where a ticket may stand at rest while hours are held for it: somebody's word or work is waited for."""


# --- of a write, before it is sent


def at_write(world: World, unit: Unit, effect: Effect) -> None:
    """What must hold of a write that is about to be sent, beside its intent being on disk."""
    first = effect.attempts == 1
    if effect.kind == Kind.HOLD and first:
        _the_queue_is_kept(world, unit, effect)
    if effect.kind == Kind.OPERATE and first:
        held = [entry.stage_id for entry in world.portal.open_holds(effect.ticket_id)]
        assert effect.stage_id in held, (
            f"ticket {effect.ticket_id}: work begins, and no hours are held for it"
        )
    if effect.kind == Kind.WRITE_OFF:
        history = History(unit.effects.of("test", effect.ticket_id))
        frozen = history.get(Kind.FREEZE, effect.stage_id, effect.revision)
        assert frozen is not None, f"ticket {effect.ticket_id}: what was not frozen is written off"
        assert effect.request["charges"] == frozen.request["charges"], (
            f"ticket {effect.ticket_id}: other lines than the frozen ones are taken"
        )
        if first:
            account = world.portal.tickets[effect.ticket_id].account_id
            assert unit.drifts.of("test", account) == (), (
                f"ticket {effect.ticket_id}: written off while the ledgers of {account} differ"
            )
            _it_is_accepted(world, history, effect)


def _the_queue_is_kept(world: World, unit: Unit, effect: Effect) -> None:
    """No ticket of the account that was agreed earlier, can move and is free was left unlooked-at in this
    pass (R6).

    When another worker made a pass meanwhile, what it brought came after this worker's choice.
    """
    if world.disturbed:
        return
    mine = unit.tickets.get("test", effect.ticket_id)
    assert mine is not None
    looked_at = {report.id for report in world.passes[-1]._report.tickets}
    now = world.clock.now + world.clock.ahead
    leases = unit._connection.execute(select(rows.c.id, rows.c.lease_owner, rows.c.lease_until)).all()
    leased = {
        row.id
        for row in leases
        if row.lease_owner and row.lease_until > now and not is_stale(row.lease_owner)
    }
    for other in unit.queue.movable("test", now):
        ticket = other.ticket
        if ticket.account_id == mine.ticket.account_id and ticket.queued_at < mine.ticket.queued_at:
            assert ticket.id in looked_at | leased, (
                f"ticket {mine.ticket.id} gets its hours before {ticket.id}, which was agreed earlier"
            )


def _it_is_accepted(world: World, history: History, effect: Effect) -> None:
    """Somebody accepted, as the portal has it now; silence is counted from the report by the portal's
    clock, policy by the service.
    """
    stage = next(
        stage for stage in world.portal.tickets[effect.ticket_id].stages if stage.id == effect.stage_id
    )
    by = effect.request["accepted_by"]
    if by == "customer":
        assert stage.state is StageState.ACCEPTED, (
            f"ticket {effect.ticket_id}: written off though the stage is {stage.state}"
        )
        return
    assert stage.state is StageState.READY, (
        f"ticket {effect.ticket_id}: written off by {by} though the stage is {stage.state}"
    )
    if by == "policy":
        assert history.attempt(stage, effect.revision).order.service in world.policy.accept_unasked
        return
    assert by == "silence"
    assert world.policy.accept_after_days is not None
    over = world.portal.ready_at[stage.id] + timedelta(days=world.policy.accept_after_days)
    assert over <= world.clock.now, "silence was counted too early"
    limit = timedelta(seconds=world.settings().bridge.clock_difference_seconds)
    assert abs(world.clock.ahead) <= limit, (
        f"silence accepts while the machine's clock is {world.clock.ahead} ahead"
    )


# --- at every moment


def at_every_moment(world: World) -> None:
    """What must hold between any two steps, whatever is under way."""
    _hours_are_conserved(world)
    _no_stage_is_taken_or_held_twice(world)
    made = Counter(thing["shortname"] for thing in (*world.moodle.courses.values(), *world.moodle.roles))
    assert all(times == 1 for times in made.values()), f"made twice: {made}"
    with world.journal.transaction(read_only=True) as unit:
        assert unit.ledger.verify() == []
        booked = _booked(unit)
        for ticket_id in world.portal.tickets:
            _nothing_is_told_twice(world, ticket_id, unit.effects.of("test", ticket_id))
    assert booked.items() <= _posted(world).items(), "the journal booked what the portal did not"


def _hours_are_conserved(world: World) -> None:
    for account_id in world.portal.accounts:
        account = world.portal.account(account_id)
        assert account.granted == account.written_off + account.held + account.available, account
        assert account.available + account.overdraft_limit >= 0, f"overdrawn: {account}"


def _no_stage_is_taken_or_held_twice(world: World) -> None:
    taken: Counter[tuple[str | None, str | None]] = Counter()
    for entry in world.portal.entries:
        taken[entry.ticket_id, entry.stage_id] += {"capture": 1, "reversal": -1}.get(entry.kind, 0)
    assert set(taken.values()) <= {0, 1}, f"written off twice: {taken}"
    for ticket in world.portal.tickets.values():
        held = Counter(entry.stage_id for entry in world.portal.open_holds(ticket.id))
        assert all(times == 1 for times in held.values()), (
            f"ticket {ticket.id}: hours are held twice for one stage: {held}"
        )
        for stage in ticket.stages:
            assert (taken[ticket.id, stage.id] == 1) == (stage.state is StageState.WRITTEN_OFF), (
                ticket.id,
                stage,
            )


def _nothing_is_told_twice(world: World, ticket_id: str, effects: list[Effect]) -> None:
    intended = Counter(effect.request["text"] for effect in effects if effect.kind.startswith("note:"))
    told = Counter(note.text for note in world.portal.notes(ticket_id))
    assert told <= intended, f"ticket {ticket_id} was told the same twice: {told - intended}"
    missing = (
        Counter(
            effect.request["text"]
            for effect in effects
            if effect.kind.startswith("note:") and effect.state == "done"
        )
        - told
    )
    assert not missing, f"ticket {ticket_id} was not told: {missing}"


def _booked(unit: Unit) -> Mapping[str, tuple[str, int]]:
    return {row.key: (row.kind, row.amount_mh) for row in unit.ledger.rows("test")}


def _posted(world: World) -> Mapping[str, tuple[str, int]]:
    return {
        entry.key: (entry.kind, to_milli(entry.amount))
        for entry in world.portal.entries
        if entry.kind != "top_up"
    }


# --- at rest


def at_rest(world: World) -> None:
    """What must hold when nothing moves any more: no outcome is unknown, both ledgers are the same, no
    hours are held for nothing.
    """
    at_every_moment(world)
    statuses, reasons = world.statuses(), world.reasons()
    stopped = {id_ for id_, reason in reasons.items() if reason == "paused"}
    with world.journal.transaction(read_only=True) as unit:
        unknown = [effect for effect in unit.effects.open() if effect.kind.partition(":")[0] in LASTING]
        # What was under way when an operator stopped a ticket is asked for when the ticket is released.
        unasked = {effect.key for effect in unknown if effect.ticket_id in stopped}
        posted = {key: row for key, row in _posted(world).items() if key not in unasked}
        assert _booked(unit) == posted, "the portal booked what the journal did not"
        held = {account_id: unit.ledger.held("test", account_id) for account_id in world.portal.accounts}
        histories = {ticket_id: unit.effects.of("test", ticket_id) for ticket_id in world.portal.tickets}
    assert [one.error for one in unknown if one.ticket_id not in stopped] == [], (
        "outcomes are unknown at rest"
    )
    uncertain = {entry.account_id for entry in world.portal.entries if entry.key in unasked}
    for account_id, sum_held in held.items():
        account = world.portal.account(account_id)
        assert sum_held == account.held or account_id in uncertain, (
            "the journal and the portal hold different sums"
        )
    for ticket in world.portal.tickets.values():
        status, reason = statuses[ticket.id], reasons[ticket.id]
        if world.portal.open_holds(ticket.id):
            assert status in HOLDING, f"held for nothing: {ticket.id} is {status}"
            assert ticket.state is not TicketState.WITHDRAWN or status != "withdrawn", (
                f"ticket {ticket.id} is withdrawn, and its hours are held"
            )
        if reason == "balance":
            needed = Decimal(world.facts(ticket.id)["needed"])
            own = sum((entry.amount for entry in world.portal.open_holds(ticket.id)), Decimal(0))
            assert _free(world.portal.account(ticket.account_id)) + own < needed, (
                f"ticket {ticket.id} waits for hours that are there"
            )
        if status == "done":
            _all_time_is_taken(world, ticket, History(histories[ticket.id]))


def _free(account: Account) -> Decimal:
    return account.available + account.overdraft_limit


def _all_time_is_taken(world: World, ticket: Ticket, history: History) -> None:
    """A ticket that is done has taken what was logged for it, each category at its K; what operators
    corrected is theirs.
    """
    with world.journal.transaction(read_only=True) as unit:
        corrected = [one.document for one in unit.decisions.of("test", ticket.id) if one.kind == "correct"]
        record = unit.tickets.get("test", ticket.id)
    assert record is not None
    attempts = [history.attempt(stage, record.revisions.get(stage.id, 1)) for stage in ticket.stages]
    catalogue = world.settings().catalogue
    services = [
        service for attempt in attempts if (service := catalogue.get(attempt.order.service)) is not None
    ]
    if not MEANING[services[-1].billing.kind].by_time:
        return
    seen: dict[str, int] = {}
    for entries in (
        *(_frozen_entries(attempt) for attempt in attempts),
        *(document["entries"] for document in corrected),
    ):
        seen |= entries
    lost = [entry for entry in ticket.time_entries if seen.get(entry.id) != entry.minutes]
    assert lost == [], f"ticket {ticket.id} is done, and nobody has charged {lost}"
    if corrected or {service.billing.kind for service in services} != {BillingKind.ACTUAL}:
        return
    hours = (
        sum(
            (
                Decimal(entry.minutes) * (catalogue.coefficient(entry.category) or 0)
                for entry in ticket.time_entries
            ),
            Decimal(0),
        )
        / 60
    )
    for attempt, service in zip(attempts, services, strict=True):
        hours += service.unattended_hours * attempt.stage.coefficient if attempt.unattended else 0
    taken = world.taken(ticket.id)
    most = Decimal("0.005") * len(attempts)
    assert abs(taken - hours) <= most, f"ticket {ticket.id} took {taken}, logged was {hours}"


def _frozen_entries(attempt: Attempt) -> Mapping[str, int]:
    frozen = attempt.get(Kind.FREEZE)
    assert frozen is not None
    assert frozen.state is EffectState.DONE
    entries: Mapping[str, int] = frozen.request["entries"]
    return entries


# --- when nothing is left to be settled


def settled(world: World) -> None:
    """What must hold at rest when every account has enough, all is agreed, and nothing is stopped: what
    was accepted is taken.
    """
    at_rest(world)
    assert world.reconcile() == [], "the comparison of the ledgers finds differences"
    statuses, reasons = world.statuses(), world.reasons()
    for ticket in world.portal.tickets.values():
        status = statuses[ticket.id]
        assert status in (
            "done",
            "withdrawn",
            "failed",
            "running",
            "needs-order",
            "awaiting-agreement",
            "awaiting-acceptance",
            "not-paid",
        ), status
        states = [stage.state for stage in ticket.stages]
        if status == "failed" or (status, reasons[ticket.id]) == ("awaiting-agreement", "not-agreed"):
            continue
        with world.journal.transaction(read_only=True) as unit:
            decided = [one.document for one in unit.decisions.of("test", ticket.id) if one.kind == "correct"]
            history = History(unit.effects.of("test", ticket.id))
            record = unit.tickets.get("test", ticket.id)
        assert record is not None
        for stage in ticket.stages:
            if stage.state is not StageState.ACCEPTED:
                if stage.state is StageState.WRITTEN_OFF:
                    continue
                break  # later stages wait for this one
            given_back = [
                document
                for document in decided
                if document["stage_id"] == stage.id and not document["charges"]
            ]
            attempt = history.attempt(stage, record.revisions.get(stage.id, 1))
            returned = status == "withdrawn" and attempt.held_hours == 0
            assert given_back or returned or status == "needs-order", (
                f"{ticket.id} ({status}): {stage.title} is accepted, and not written off"
            )
        if status == "done":
            assert all(state in (StageState.WRITTEN_OFF, StageState.ACCEPTED) for state in states), (
                ticket.id,
                states,
            )
