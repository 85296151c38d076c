"""A unit's effects: an intent is on disk before anything is sent, and so is what is known of its
outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, null, select, tuple_, update

from bridge.domain.effects import Effect, EffectState
from bridge.journal.errors import EffectConflict
from bridge.journal.subject import Subject
from bridge.journal.tables import OPEN, effects, tickets

_SETTLING = (
    update(effects)
    .where(effects.c.key == bindparam("of_key"), effects.c.state == EffectState.INTENDED.value)
    .values(state=bindparam("to"), outcome=bindparam("came"), settled_at=bindparam("at"))
    .returning(effects)
)


class Effects(Subject):
    """`unit.effects`: keeps the history of a ticket: the list of its effects."""

    def of(self, portal: str, ticket_id: str) -> list[Effect]:
        """The ticket's effects in the order in which they were first intended."""
        query = (
            select(effects)
            .where(effects.c.portal == portal, effects.c.ticket_id == ticket_id)
            .order_by(effects.c.seq)
        )
        return [_effect(row) for row in self._connection.execute(query)]

    def intend(self, effect: Effect, now: datetime) -> Effect:
        """Write the intent down and return it as it is stored.

        A key that is there already keeps what it has: a done or intended effect is returned unchanged, its
        request is frozen. One that was refused is intended anew, with the new request. The ticket must be in
        the journal.

        Raises:
            TypeError: the request is not a JSON object.
        """
        intent = _intent(effect, now)
        inserted = self._insert_new(effects, **_name(effect), **intent)
        stored = self._locked(effect.key)
        if inserted or stored.state is not EffectState.REFUSED:
            return stored
        self._set(effect.key, **intent, outcome=null(), attempted_at=None, settled_at=None)
        return self._locked(effect.key)

    def sending(self, effect: Effect, now: datetime) -> Effect:
        """`intend` the effect and count an attempt, for the moment before it is sent; returns it as it is
        stored then.
        """
        first = {**_intent(effect, now), "attempts": 1, "attempted_at": now}
        new = self._inserted(effects, {**_name(effect), **first}, *effects.c)
        if new is not None:
            return _effect(new)
        self.attempted(self.intend(effect, now).key, "", now)
        return self._locked(effect.key)

    def attempted(self, key: str, error: str, now: datetime) -> None:
        """Count an attempt at the effect, with its `error` if one is known by now; a settled effect stays as
        it is.

        Raises:
            EffectConflict: there is no such effect.
        """
        stored = self._locked(key)
        if stored.state is EffectState.INTENDED:
            self._set(key, attempts=stored.attempts + 1, error=error or stored.error, attempted_at=now)

    def unsettled(self, key: str, error: str) -> None:
        """Note why the outcome of the last attempt is not known; a settled effect stays as it is.

        Raises:
            EffectConflict: there is no such effect.
        """
        if self._locked(key).state is EffectState.INTENDED:
            self._set(key, error=error)

    def settle(self, key: str, state: EffectState, outcome: Mapping[str, Any], now: datetime) -> Effect:
        """Write down what came of the effect: `DONE` or `REFUSED`; settled the same way before, it stays as
        it was.

        Raises:
            EffectConflict: there is no such effect, or it was settled the other way.
            ValueError: `INTENDED` settles nothing.
        """
        if state is EffectState.INTENDED:
            raise ValueError("an effect is settled as done or refused")
        known = {"of_key": key, "to": state.value, "came": dict(outcome), "at": now}
        settled = self._connection.execute(_SETTLING, known).one_or_none()
        if settled is not None:
            return _effect(settled)
        stored = self._locked(key)
        if stored.state is not state:
            raise EffectConflict(
                f"effect {stored.kind} {key} of ticket {stored.ticket_id} was {stored.state} before, "
                f"now it is {state}"
            )
        return stored

    def open(self, unless: Collection[str] = ()) -> list[Effect]:
        """Effects whose outcome is not known, oldest first; none of tickets in one of the states `unless`."""
        query = select(effects).where(OPEN).order_by(effects.c.created_at, effects.c.seq)
        if unless:
            others = select(tickets.c.portal, tickets.c.id).where(tickets.c.state.not_in(unless))
            query = query.where(tuple_(effects.c.portal, effects.c.ticket_id).in_(others))
        return [_effect(row) for row in self._connection.execute(query)]

    def _locked(self, key: str) -> Effect:
        row = self._connection.execute(
            select(effects).where(effects.c.key == key).with_for_update()
        ).one_or_none()
        if row is None:
            raise EffectConflict(f"the journal knows no effect {key}")
        return _effect(row)

    def _set(self, key: str, **values: Any) -> None:
        self._connection.execute(update(effects).where(effects.c.key == key).values(**values))


def _name(effect: Effect) -> dict[str, Any]:
    """The columns that say which effect it is."""
    return {
        "key": effect.key,
        "portal": effect.portal,
        "ticket_id": effect.ticket_id,
        "stage_id": effect.stage_id,
        "revision": effect.revision,
        "kind": effect.kind,
    }


def _intent(effect: Effect, now: datetime) -> dict[str, Any]:
    """The columns of an intent that was never sent."""
    return {
        "request": dict(effect.request),
        "state": EffectState.INTENDED.value,
        "attempts": 0,
        "error": "",
        "created_at": now,
    }


def _effect(row: Row[Any]) -> Effect:
    return Effect(
        key=row.key,
        portal=row.portal,
        ticket_id=row.ticket_id,
        stage_id=row.stage_id,
        revision=row.revision,
        kind=row.kind,
        request=row.request,
        state=EffectState(row.state),
        outcome=row.outcome,
        attempts=row.attempts,
        error=row.error,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )
