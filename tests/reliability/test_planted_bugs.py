"""Bugs that are planted on purpose: the suite must catch every one, or it proves nothing. A bug takes the
place of a part of the program, and many parts have private names.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any, get_args
from uuid import uuid4

import pytest

from bridge.actions.planning import carry_out
from bridge.domain import billing, effects, lifecycle
from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import write_off
from bridge.domain.lifecycle import (
    Attempt,
    Case,
    Correction,
    Kind,
    Reason,
    Status,
    Step,
    Wait,
    acceptance,
    ending,
    holding,
    lines,
    moves,
    rework,
    working,
    writing_off,
)
from bridge.domain.tickets import Stage, StageState
from bridge.errors import BridgeError
from bridge.flow import perform, sync, work
from bridge.flow.context import Postpone
from bridge.flow.kept import Kept, Turn
from bridge.flow.perform import Begun, Call, Outcome, Performer, Settled
from bridge.flow.scope import Exit, Outage, Scope
from bridge.flow.sync import Pass
from bridge.journal import JournalUnavailable, Unit
from bridge.journal.effects import Effects
from bridge.journal.polling import Polling
from bridge.journal.queue import Queue
from bridge.moodle_ws import OutcomeUnknown
from bridge.portal import LedgerEntry, PortalOutcomeUnknown
from tests.profile import THOROUGH
from tests.reliability.suite import quick
from tests.reliability.trials import Trials

Patch = pytest.MonkeyPatch
decide = import_module("bridge.domain.lifecycle.decide")
"""The module: the package's name stands for its function."""

_portal_effect, _settle, _begin, _unsettled, _written_down, _tell = (
    Performer._portal_effect,
    Performer.settle,
    Performer.begin,
    Performer._unsettled,
    Pass._written_down,
    Pass._tell,
)
_release_hold, _accepted_by = moves.release_hold, acceptance.accepted_by
LIFECYCLE = (acceptance, ending, holding, lines, moves, rework, working, writing_off)


def _everywhere(patch: Patch, name: str, planted: Any) -> None:
    """Put `planted` in the place of a function, wherever a module of the lifecycle has it."""
    for module in LIFECYCLE:
        if hasattr(module, name):
            patch.setattr(module, name, planted)


def commit_after_the_call(patch: Patch) -> None:
    patch.setattr(Performer, "begin", lambda self, unit, call: call.intent)

    def settle(self: Performer, unit: Unit, effect: Effect, outcome: Outcome) -> Effect:
        unit.effects.sending(effect, self._bridge.clock())
        return _settle(self, unit, effect, outcome)

    patch.setattr(Performer, "settle", settle)


def intent_lost_with_the_commit_that_it_shares(patch: Patch) -> None:
    """An intent that comes with the outcome of the effect before it is not put on disk."""
    shared: list[Unit] = []

    def settle(self: Performer, unit: Unit, effect: Effect, outcome: Outcome) -> Effect:
        shared.append(unit)
        return _settle(self, unit, effect, outcome)

    def begin(self: Performer, unit: Unit, call: Call) -> Effect:
        lost = call.send is not None and any(one is unit for one in shared)
        return replace(call.intent, attempts=1) if lost else _begin(self, unit, call)

    patch.setattr(Performer, "settle", settle)
    patch.setattr(Performer, "begin", begin)


def outcome_lost_with_the_commit_that_it_shares(patch: Patch) -> None:
    """Half a batch: the next intent is put on disk, and what the call before it came to is not."""

    def settle(_self: Performer, _unit: Unit, effect: Effect, outcome: Outcome) -> Effect:
        return replace(effect, state=outcome.state, outcome=outcome.facts)

    patch.setattr(Performer, "settle", settle)


def case_carried_on_without_its_last_effect(patch: Patch) -> None:
    patch.setattr(Kept, "take_in", lambda self, effect: None)


def key_from_the_clock(patch: Patch) -> None:
    patch.setattr(effects, "effect_key", lambda *_: str(uuid4()))


def _sent_otherwise(patch: Patch, otherwise: Callable[[Callable[[Effect], Any], Effect], Any]) -> None:
    """Let `otherwise` send what is to be sent to the portal."""

    def portal_effect(
        self: Performer, effect: Effect, send: Callable[[Effect], Any], book: Any = None
    ) -> Outcome:
        return _portal_effect(self, effect, lambda one: otherwise(send, one), book)

    patch.setattr(Performer, "_portal_effect", portal_effect)


def _with_other_key(patch: Patch, other: Callable[[Effect], str]) -> None:
    _sent_otherwise(patch, lambda send, effect: send(replace(effect, key=other(effect))))


def key_with_the_attempt(patch: Patch) -> None:
    _with_other_key(patch, lambda effect: f"{effect.key}-{effect.attempts}")


def note_key_of_the_pass(patch: Patch) -> None:
    numbers = itertools.count()
    _with_other_key(
        patch,
        lambda effect: f"{effect.key}-{next(numbers)}" if effect.kind.startswith("note:") else effect.key,
    )


def void_under_a_fresh_key(patch: Patch) -> None:
    _with_other_key(
        patch, lambda effect: str(uuid4()) if effect.kind.startswith(Kind.RELEASE) else effect.key
    )


def retry_inside_perform(patch: Patch) -> None:
    def twice(send: Callable[[Effect], Any], effect: Effect) -> Any:
        try:
            return send(effect)
        except PortalOutcomeUnknown:
            return send(effect)

    _sent_otherwise(patch, twice)


def _settled(performer: Performer, effect: Effect, outcome: Outcome) -> None:
    with performer._bridge.journal.transaction() as unit:
        _settle(performer, unit, effect, outcome)


def _unknown_settled(patch: Patch, state: EffectState, outcome: Mapping[str, Any]) -> None:
    def unsettled(
        self: Performer, effect: Effect, status: Status, error: BridgeError, *, code: str = ""
    ) -> Postpone:
        if isinstance(error, (PortalOutcomeUnknown, OutcomeUnknown)):
            _settled(self, effect, Outcome(state, outcome))
        return _unsettled(self, effect, status, error, code=code)

    patch.setattr(Performer, "_unsettled", unsettled)


def unknown_outcome_is_refused(patch: Patch) -> None:
    _unknown_settled(patch, EffectState.REFUSED, {"code": "unknown", "detail": "no answer"})


def unknown_outcome_is_done(patch: Patch) -> None:
    _unknown_settled(patch, EffectState.DONE, {"hold_id": "h1", "amount": "1", "kind": "role"})


def revision_grows_on_an_unknown_outcome(patch: Patch) -> None:
    def unsettled(
        self: Performer, effect: Effect, status: Status, error: BridgeError, *, code: str = ""
    ) -> Postpone:
        with self._bridge.journal.transaction() as unit:
            unit.tickets.bump_revision(
                effect.portal, effect.ticket_id, effect.stage_id, expected=effect.revision
            )
        return _unsettled(self, effect, status, error, code=code)

    patch.setattr(Performer, "_unsettled", unsettled)


def busy_key_is_a_refusal(patch: Patch) -> None:
    patch.setattr(perform, "KeyInProgress", type("Never", (Exception,), {}))


def hold_stays_after_a_failure(patch: Patch) -> None:
    failed = rework.failed

    def keeping(case: Case, attempt: Attempt, refused: Effect) -> Step:
        step = failed(case, attempt, refused)
        return Wait(Status.FAILED, Reason("refused")) if isinstance(step, lifecycle.Release) else step

    _everywhere(patch, "failed", keeping)


def hold_stays_after_a_withdrawal(patch: Patch) -> None:
    _without(patch, ending.stage_given_up, decide)


def hold_is_returned_twice(patch: Patch) -> None:
    """A returned hold is returned once more, under the number of the next one."""

    def twice(attempt: Attempt) -> lifecycle.Release | None:
        void = _release_hold(attempt)
        hold = attempt.hold
        if (
            void is None
            and hold is not None
            and hold.outcome
            and attempt.get(f"{Kind.RELEASE}:{attempt.hold_number + 1}") is None
        ):
            return lifecycle.Release(
                attempt.stage, attempt.revision, hold.outcome["hold_id"], attempt.hold_number + 1
            )
        return void

    _everywhere(patch, "release_hold", twice)


def larger_hold_beside_the_old_one(patch: Patch) -> None:
    beyond = lines.beyond

    def forgetful(case: Case, attempt: Attempt, charges: Any) -> Step | None:
        step = beyond(case, attempt, charges)
        if not isinstance(step, lifecycle.Release):
            return step
        kind = f"{Kind.HOLD}:{attempt.hold_number + 1}"
        return lifecycle.Hold(
            attempt.stage,
            attempt.revision,
            kind,
            case.ticket.account_id,
            billing.amount_to_hold(attempt.stage),
        )

    _everywhere(patch, "beyond", forgetful)


def new_attempt_forgets_the_old_hold(patch: Patch) -> None:
    _without(patch, ending.earlier_holds_released, decide)


def capture_without_acceptance(patch: Patch) -> None:
    _everywhere(patch, "accepted_by", lambda case, attempt: "customer")


def silence_from_the_first_day(patch: Patch) -> None:
    _everywhere(
        patch, "_silent_until", lambda case, attempt: None if case.terms.accept_after is None else case.now
    )


def silence_accepts_what_was_rejected(patch: Patch) -> None:
    def deaf(case: Case, attempt: Attempt) -> str:
        known = attempt.stage
        heard = known if known.state is not StageState.REJECTED else replace(known, state=StageState.READY)
        return _accepted_by(case, replace(attempt, stage=heard))

    _everywhere(patch, "accepted_by", deaf)
    _without(patch, rework.not_rejected, decide)


def charges_recomputed_at_capture(patch: Patch) -> None:
    """Time that came after the report is written off with it."""
    capture = writing_off._write_off

    def anew(case: Case, attempt: Attempt) -> lifecycle.WriteOff:
        service = case.service(attempt.order)
        assert service is not None
        charges = billing.charges(
            service,
            attempt.order,
            attempt.stage,
            case.ticket.time_entries,
            case.catalogue.coefficient,
            unattended=attempt.unattended,
        )
        return replace(capture(case, attempt), charges=charges, amount=write_off(charges))

    _everywhere(patch, "_write_off", anew)


def capture_in_spite_of_a_drift(patch: Patch) -> None:
    patch.setattr(Kept, "compare_ledgers", lambda self, unit: None)


def correction_without_its_reversal(patch: Patch) -> None:
    correct = ending._correct

    def hasty(case: Case, attempt: Attempt, number: int, correction: Correction) -> Step | None:
        step = correct(case, attempt, number, correction)
        if isinstance(step, lifecycle.Reverse) and correction.charges:
            return ending._write_off_anew(case, attempt, number, correction)
        return step

    patch.setattr(ending, "_correct", hasty)


def late_time_is_dropped(patch: Patch) -> None:
    _without(patch, ending.all_time_written_off, decide)


def late_time_is_charged_twice(patch: Patch) -> None:
    """Time that came too late for its stage is taken with the next one, and once more with the one after
    it.
    """
    entries = lines._entries
    patch.setattr(lines, "_entries", lambda work, stage, _elsewhere: entries(work, stage, ()))


def queue_by_ticket_id(patch: Patch) -> None:
    candidates = Queue._candidates

    def by_id(self: Queue, portal: str, only: str | None) -> Any:
        return sorted(candidates(self, portal, only), key=lambda row: row.id)

    patch.setattr(Queue, "_candidates", by_id)


def _without(patch: Patch, gate: Any, *modules: Any) -> None:
    """`decide` without one of its gates."""
    silent = replace(gate, ask=lambda *_: None)
    for module in (*modules, *LIFECYCLE):
        if hasattr(module, gate.name):
            patch.setattr(module, gate.name, silent)
    patch.setattr(decide, "STAGE_GATES", tuple(one for one in decide.STAGE_GATES if one is not gate))


def cursor_before_the_page(patch: Patch) -> None:
    merge = Polling.merge

    def torn(self: Pass) -> None:
        with self._bridge.journal.transaction(read_only=True) as unit:
            cursor = unit.polling.cursor("test").cursor
        page = self._bridge.portal.changed_tickets(cursor, None)
        assert page is not None
        with self._bridge.journal.transaction() as unit:
            merge(unit.polling, "test", (), page.cursor, page.etag)
        with self._bridge.journal.transaction() as unit:
            merge(unit.polling, "test", page.tickets, page.cursor, page.etag)

    patch.setattr(Pass, "_poll", torn)


def request_not_frozen(patch: Patch) -> None:
    intend = Effects.intend

    def thawed(self: Effects, effect: Effect, now: Any) -> Effect:
        stored = intend(self, effect, now)
        if stored.state is EffectState.INTENDED:
            self._set(effect.key, request=dict(effect.request))
        return replace(stored, request=effect.request)

    patch.setattr(Effects, "intend", thawed)


def ledger_booked_apart(patch: Patch) -> None:
    def tell(self: Pass, turn: Turn, settled: Settled) -> None:
        outcome = settled.ended.outcome
        if outcome.book is not None:
            with self._bridge.journal.transaction() as unit:
                outcome.book(unit, settled.effect, outcome.facts)
        _tell(self, turn, settled)

    patch.setattr(
        Performer,
        "settle",
        lambda self, unit, effect, outcome: _settle(self, unit, effect, replace(outcome, book=None)),
    )
    patch.setattr(Pass, "_tell", tell)


def opkey_of_the_attempt(patch: Patch) -> None:
    def anew(frozen: Mapping[str, Any], _opkey: str, *rest: Any) -> dict[str, Any]:
        return carry_out(frozen, str(uuid4()), *rest)

    patch.setattr(work, "carry_out", anew)


def restore_given_up_while_it_runs(patch: Patch) -> None:
    unsettled = Performer._unsettled

    def impatient(
        self: Performer, effect: Effect, status: Status, error: BridgeError, *, code: str = ""
    ) -> Postpone:
        if code == "still-running":
            gone = {"code": "timeout", "detail": "took too long"}
            _settled(self, effect, Outcome(EffectState.REFUSED, gone))
        return unsettled(self, effect, status, error, code=code)

    patch.setattr(Performer, "_unsettled", impatient)


def killed_work_is_forgotten(patch: Patch) -> None:
    patch.setattr(sync, "DUE_EVERY_PASS", frozenset())


def silence_by_the_machine_s_clock(patch: Patch) -> None:
    _everywhere(
        patch,
        "accepted_by",
        lambda case, attempt: _accepted_by(replace(case, portal_time=case.now), attempt),
    )


def clocks_that_differ_agree(patch: Patch) -> None:
    _everywhere(patch, "_clocks_agree", lambda case, portal_time: True)


def sent_though_the_journal_is_away(patch: Patch) -> None:
    """What cannot be put on disk is sent all the same."""

    def written_down(self: Pass, turn: Turn, ended: Any) -> Any:
        try:
            return _written_down(self, turn, ended)
        except JournalUnavailable:
            step = decide.decide(turn.kept.case())
            if not isinstance(step, get_args(lifecycle.EffectStep)):
                raise
            call = turn.performer.call(step)
            return Begun(step, call, call.intent)

    patch.setattr(Pass, "_written_down", written_down)


def journal_s_error_is_the_ticket_s(patch: Patch) -> None:
    patch.setattr(sync, "JournalUnusable", type("NeverRaised", (Exception,), {}))


def answer_about_another_ticket_is_believed(patch: Patch) -> None:
    entry = Performer._entry

    def believed(
        self: Performer, stage: Stage, told: LedgerEntry, account: str | None = None
    ) -> dict[str, Any]:
        mine = replace(
            told, account_id=account or told.account_id, ticket_id=self._ticket.id, stage_id=stage.id
        )
        return {**entry(self, stage, mine, account), "account_id": told.account_id}

    patch.setattr(Performer, "_entry", believed)


def order_s_fault_is_the_site_s(patch: Patch) -> None:
    """What one order makes of Moodle's answers counts as Moodle's being down."""

    def ask_moodle(_self: Scope, installation: Any) -> Outage:
        return Outage(installation.name, BridgeError("an answer was an error"), Exit.UNREACHABLE)

    patch.setattr(Scope, "_ask_moodle", ask_moodle)


BUGS = (
    commit_after_the_call,
    intent_lost_with_the_commit_that_it_shares,
    outcome_lost_with_the_commit_that_it_shares,
    case_carried_on_without_its_last_effect,
    key_from_the_clock,
    key_with_the_attempt,
    note_key_of_the_pass,
    void_under_a_fresh_key,
    retry_inside_perform,
    unknown_outcome_is_refused,
    unknown_outcome_is_done,
    revision_grows_on_an_unknown_outcome,
    busy_key_is_a_refusal,
    hold_stays_after_a_failure,
    hold_stays_after_a_withdrawal,
    hold_is_returned_twice,
    larger_hold_beside_the_old_one,
    new_attempt_forgets_the_old_hold,
    capture_without_acceptance,
    silence_from_the_first_day,
    silence_accepts_what_was_rejected,
    charges_recomputed_at_capture,
    capture_in_spite_of_a_drift,
    correction_without_its_reversal,
    late_time_is_dropped,
    late_time_is_charged_twice,
    queue_by_ticket_id,
    cursor_before_the_page,
    request_not_frozen,
    ledger_booked_apart,
    opkey_of_the_attempt,
    restore_given_up_while_it_runs,
    killed_work_is_forgotten,
    silence_by_the_machine_s_clock,
    clocks_that_differ_agree,
    sent_though_the_journal_is_away,
    journal_s_error_is_the_ticket_s,
    answer_about_another_ticket_is_believed,
    order_s_fault_is_the_site_s,
)


@pytest.mark.skipif(not THOROUGH, reason="judges the suite, not the bridge: HYPOTHESIS_PROFILE=thorough")
@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_caught(trials: Trials, monkeypatch: Patch, plant: Callable[[Patch], None]) -> None:
    plant(monkeypatch)

    with pytest.raises(AssertionError) as caught:
        quick(trials)
    stale = (TypeError, AttributeError, NameError)
    assert not isinstance(caught.value.__cause__, stale), (
        "the plant no longer fits the bridge, and proves nothing"
    )
