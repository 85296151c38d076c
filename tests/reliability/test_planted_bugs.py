"""Bugs that are planted on purpose: the suite must catch every one, or it proves nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from bridge import billing, effects, lifecycle, perform, sync
from bridge.actions.create_role import CreateRole
from bridge.actions.restore_course import RestoreCourse
from bridge.effects import Effect, EffectState
from bridge.errors import BridgeError
from bridge.journal import Unit
from bridge.lifecycle import Case, Kind, Reason, Status, Step, Wait
from bridge.moodle_ws import OutcomeUnknown
from bridge.perform import Performer, Postpone
from bridge.portal import PortalOutcomeUnknown
from bridge.sync import Pass
from bridge.tickets import Stage
from tests.reliability.conftest import THOROUGH
from tests.reliability.suite import quick
from tests.reliability.trials import Trials

Patch = pytest.MonkeyPatch

_portal_effect, _settle, _sending, _unsettled = Performer._portal_effect, Performer._settle, Performer._sending, Performer._unsettled


def commit_after_the_call(patch: Patch) -> None:
    patch.setattr(Performer, "_sending", lambda self, effect: effect)

    def settle(self: Performer, effect: Effect, state: EffectState, outcome: Mapping[str, Any], book: Any = None) -> Effect:
        _sending(self, effect)
        return _settle(self, effect, state, outcome, book)

    patch.setattr(Performer, "_settle", settle)


def key_from_the_clock(patch: Patch) -> None:
    patch.setattr(effects, "effect_key", lambda *_: str(uuid4()))


def _with_other_key(patch: Patch, other: Callable[[Effect], str]) -> None:
    def portal_effect(self: Performer, kind: str, stage_id: str, revision: int, request: Any, send: Any, book: Any = None) -> Effect:
        return _portal_effect(
            self, kind, stage_id, revision, request, lambda effect: send(replace(effect, key=other(effect))), book
        )  # fmt: skip

    patch.setattr(Performer, "_portal_effect", portal_effect)


def key_with_the_attempt(patch: Patch) -> None:
    _with_other_key(patch, lambda effect: f"{effect.key}-{effect.attempts}")


def note_key_of_the_pass(patch: Patch) -> None:
    numbers = itertools.count()
    _with_other_key(patch, lambda effect: f"{effect.key}-{next(numbers)}" if effect.kind.startswith("note:") else effect.key)


def retry_inside_perform(patch: Patch) -> None:
    def portal_effect(self: Performer, kind: str, stage_id: str, revision: int, request: Any, send: Any, book: Any = None) -> Effect:
        def twice(effect: Effect) -> Any:
            try:
                return send(effect)
            except PortalOutcomeUnknown:
                return send(effect)

        return _portal_effect(self, kind, stage_id, revision, request, twice, book)

    patch.setattr(Performer, "_portal_effect", portal_effect)


def _unknown_settled(patch: Patch, state: EffectState, outcome: Mapping[str, Any]) -> None:
    def unsettled(self: Performer, effect: Effect, status: Status, error: BridgeError, *, code: str = "") -> Postpone:
        if isinstance(error, (PortalOutcomeUnknown, OutcomeUnknown)):
            _settle(self, effect, state, outcome)
        return _unsettled(self, effect, status, error, code=code)

    patch.setattr(Performer, "_unsettled", unsettled)


def unknown_outcome_is_refused(patch: Patch) -> None:
    _unknown_settled(patch, EffectState.REFUSED, {"code": "unknown", "detail": "no answer"})


def unknown_outcome_is_done(patch: Patch) -> None:
    _unknown_settled(patch, EffectState.DONE, {"hold_id": "h1", "amount": "1", "kind": "role"})


def revision_grows_on_an_unknown_outcome(patch: Patch) -> None:
    def unsettled(self: Performer, effect: Effect, status: Status, error: BridgeError, *, code: str = "") -> Postpone:
        with self._bridge.journal.transaction() as unit:
            unit.bump_revision(effect.portal, effect.ticket_id, effect.stage_id, expected=effect.revision)
        return _unsettled(self, effect, status, error, code=code)

    patch.setattr(Performer, "_unsettled", unsettled)


def busy_key_is_a_refusal(patch: Patch) -> None:
    patch.setattr(perform, "KeyInProgress", type("Never", (Exception,), {}))


def hold_stays_after_a_failure(patch: Patch) -> None:
    failed = lifecycle._failed

    def keeping(case: Case, stage: Stage, refused: Effect) -> Step:
        step = failed(case, stage, refused)
        return Wait(Status.FAILED, Reason("refused")) if isinstance(step, lifecycle.Void) else step

    patch.setattr(lifecycle, "_failed", keeping)


def hold_stays_after_a_withdrawal(patch: Patch) -> None:
    withdrawn = lifecycle._withdrawn

    def keeping(case: Case) -> Step:
        step = withdrawn(case)
        return Wait(Status.WITHDRAWN, Reason("withdrawn")) if isinstance(step, lifecycle.Void) else step

    patch.setattr(lifecycle, "_withdrawn", keeping)


def capture_without_acceptance(patch: Patch) -> None:
    acceptance = lifecycle._acceptance

    def impatient(case: Case, stage: Stage) -> Step:
        step = acceptance(case, stage)
        ready = case.history.get(Kind.STAGE_READY, stage.id, case.revision(stage))
        if isinstance(step, Wait) and step.status is Status.AWAITING_ACCEPTANCE and ready is not None:
            return lifecycle._capture(case, stage, lifecycle._frozen(ready))
        return step

    patch.setattr(lifecycle, "_acceptance", impatient)


def charges_recomputed_at_capture(patch: Patch) -> None:
    capture = lifecycle._capture

    def anew(case: Case, stage: Stage, lines: Any) -> Step:
        assert case.service is not None
        return capture(case, stage, billing.charges(case.service, stage, billing.stage_entries(case.ticket, stage), unattended=True))

    patch.setattr(lifecycle, "_capture", anew)


def cursor_before_the_page(patch: Patch) -> None:
    merge = Unit.merge

    def torn(self: Pass) -> None:
        with self._bridge.journal.transaction(read_only=True) as unit:
            cursor = unit.cursor("test").cursor
        page = self._bridge.portal.changed_tickets(cursor, None)
        assert page is not None
        with self._bridge.journal.transaction() as unit:
            merge(unit, "test", (), page.cursor, page.etag)
        with self._bridge.journal.transaction() as unit:
            merge(unit, "test", page.tickets, page.cursor, page.etag)

    patch.setattr(Pass, "_poll", torn)


def request_not_frozen(patch: Patch) -> None:
    intend = Unit.intend

    def thawed(self: Unit, effect: Effect, now: Any) -> Effect:
        stored = intend(self, effect, now)
        if stored.state is EffectState.INTENDED:
            self._set(effect.key, request=dict(effect.request))
        return replace(stored, request=effect.request)

    patch.setattr(Unit, "intend", thawed)


def ledger_booked_apart(patch: Patch) -> None:
    def settle(self: Performer, effect: Effect, state: EffectState, outcome: Mapping[str, Any], book: Any = None) -> Effect:
        settled = _settle(self, effect, state, outcome)
        if book is not None:
            with self._bridge.journal.transaction() as unit:
                book(unit, effect, outcome)
        return settled

    patch.setattr(Performer, "_settle", settle)


def opkey_of_the_attempt(patch: Patch) -> None:
    for action in (CreateRole, RestoreCourse):
        patch.setattr(action, "apply", lambda self, call, opkey, site, apply=action.apply: apply(self, call, str(uuid4()), site))


def restore_given_up_while_it_runs(patch: Patch) -> None:
    unsettled = Performer._unsettled

    def impatient(self: Performer, effect: Effect, status: Status, error: BridgeError, *, code: str = "") -> Postpone:
        if code == "still-running":
            _settle(self, effect, EffectState.REFUSED, {"code": "timeout", "detail": "took too long"})
        return unsettled(self, effect, status, error, code=code)

    patch.setattr(Performer, "_unsettled", impatient)


def killed_work_is_forgotten(patch: Patch) -> None:
    patch.setattr(sync, "DUE_EVERY_PASS", frozenset())


BUGS = (
    commit_after_the_call, key_from_the_clock, key_with_the_attempt, note_key_of_the_pass, retry_inside_perform, unknown_outcome_is_refused,
    unknown_outcome_is_done, revision_grows_on_an_unknown_outcome, busy_key_is_a_refusal, hold_stays_after_a_failure,
    hold_stays_after_a_withdrawal, capture_without_acceptance, charges_recomputed_at_capture, cursor_before_the_page, request_not_frozen,
    ledger_booked_apart, opkey_of_the_attempt, restore_given_up_while_it_runs, killed_work_is_forgotten,
)  # fmt: skip


@pytest.mark.skipif(not THOROUGH, reason="judges the suite, not the bridge: HYPOTHESIS_PROFILE=thorough")
@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_caught(trials: Trials, monkeypatch: Patch, plant: Callable[[Patch], None]) -> None:
    plant(monkeypatch)

    with pytest.raises(AssertionError):
        quick(trials)
