"""Effects: an intent is frozen when it is first written, and settled once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bridge.domain.effects import Effect, EffectState
from bridge.domain.tickets import Ticket
from bridge.journal import EffectConflict, Journal
from tests.unit.journal.conftest import Clock

DONE, REFUSED, INTENDED = EffectState.DONE, EffectState.REFUSED, EffectState.INTENDED


@pytest.fixture
def unit(journal: Journal, make_ticket: Callable[..., Ticket]) -> Iterator[Any]:
    """An open unit in which the ticket t1 is known."""
    with journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket()], "c", None)
        yield unit


def intent(kind: str = "hold", **request: object) -> Effect:
    return Effect.intent(
        "p", "t1", kind, request or {"b": 1, "a": ["\x00", None, "ы"]}, stage_id="s1", revision=2
    )


def test_an_intent_comes_back_as_it_was_written(unit: Any, clock: Clock) -> None:
    stored = unit.effects.intend(intent(), clock())
    assert stored == Effect(
        **{**{name: getattr(intent(), name) for name in Effect.__slots__}, "created_at": clock()}
    )
    assert list(stored.request) == ["b", "a"]
    assert unit.effects.of("p", "t1") == [stored]


def test_the_request_of_an_open_or_done_intent_is_frozen(unit: Any, clock: Clock) -> None:
    first = unit.effects.intend(intent(amount=1), clock())
    clock.forward(minutes=1)
    assert unit.effects.intend(intent(amount=2), clock()) == first
    done = unit.effects.settle(first.key, DONE, {"id": "h1"}, clock())
    assert (done.request, done.outcome, done.settled_at) == ({"amount": 1}, {"id": "h1"}, clock())
    assert unit.effects.intend(intent(amount=3), clock.forward(minutes=1)) == done


def test_a_refused_intent_is_opened_anew_in_its_old_place(unit: Any, clock: Clock) -> None:
    first = unit.effects.sending(intent(amount=1), clock())
    unit.effects.intend(intent("note"), clock())
    unit.effects.settle(first.key, REFUSED, {"code": "insufficient_balance"}, clock())
    again = unit.effects.intend(intent(amount=2), clock.forward(minutes=1))
    assert (again.state, again.request, again.outcome, again.attempts) == (INTENDED, {"amount": 2}, None, 0)
    assert (again.created_at, again.settled_at) == (clock(), None)
    assert [effect.kind for effect in unit.effects.of("p", "t1")] == ["hold", "note"]


def test_attempts_are_counted_before_and_explained_after(unit: Any, clock: Clock) -> None:
    assert unit.effects.sending(intent(), clock()).attempts == 1
    unit.effects.unsettled(intent().key, "no answer in 30 s")
    sent = unit.effects.sending(intent(), clock())
    assert (sent.attempts, sent.error) == (2, "no answer in 30 s")
    unit.effects.attempted(intent().key, "connection lost", clock())
    (effect,) = unit.effects.of("p", "t1")
    assert (effect.state, effect.attempts, effect.error) == (INTENDED, 3, "connection lost")


def test_a_settled_effect_stays_as_it_is(unit: Any, clock: Clock) -> None:
    unit.effects.intend(intent(), clock())
    done = unit.effects.settle(intent().key, DONE, {"id": 1}, clock())
    assert unit.effects.settle(intent().key, DONE, {"id": 2}, clock.forward(minutes=1)) == done
    unit.effects.attempted(intent().key, "late", clock())
    unit.effects.unsettled(intent().key, "late")
    assert unit.effects.sending(intent(), clock()) == done
    with pytest.raises(EffectConflict, match="was done before, now it is refused"):
        unit.effects.settle(intent().key, REFUSED, {}, clock())
    with pytest.raises(ValueError, match="done or refused"):
        unit.effects.settle(intent().key, INTENDED, {}, clock())


def test_an_effect_that_was_never_intended_cannot_be_settled(unit: Any, clock: Clock) -> None:
    with pytest.raises(EffectConflict, match="knows no effect"):
        unit.effects.settle("nothing", DONE, {}, clock())


def test_open_effects_are_those_whose_outcome_is_not_known(unit: Any, clock: Clock) -> None:
    old = unit.effects.intend(intent("old"), clock())
    unit.effects.settle(unit.effects.intend(intent("settled"), clock()).key, DONE, {}, clock())
    later = clock.forward(minutes=5)
    new = unit.effects.intend(intent("new"), later)
    assert unit.effects.open() == [old, new]
    record = unit.tickets.get("p", "t1")
    assert unit.effects.open(unless=[record.state]) == []
    assert unit.effects.open(unless=["another"]) == [old, new]


def test_an_intent_for_a_ticket_that_is_not_known_is_refused(journal: Journal, clock: Clock) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"), journal.transaction() as unit:
        unit.effects.intend(intent(), clock())
