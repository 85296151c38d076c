"""Does a server keep the portal contract? The rules of writing, on one test ticket.

Nothing is written off for good: holds are voided, and a write-off of an accepted stage is reversed. Notes
stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

from bridge.domain.hours import Charge, text
from bridge.domain.tickets import Stage, StageState, Ticket, TicketState
from bridge.portal.check import Finding, Rules, Unlike, refused, want
from bridge.portal.errors import (
    InsufficientBalance,
    KeyInProgress,
    KeyReused,
    PortalError,
    PortalForbidden,
    PortalRefused,
    StateConflict,
)

PARALLEL = 8
MINUTES = Charge("check", 3, 3, Decimal(1))
"""What is written off and reversed again: three minutes, 0.05 norm-hours."""


class Writes(Rules):
    """The rules of writing."""

    def findings(self, ticket_id: str) -> Iterator[Finding]:
        """The rules of writing, on a test ticket that is agreed, not withdrawn, and has hours on its
        account.
        """
        ticket = self._portal.ticket(ticket_id)
        stage = next((one for one in ticket.stages if one.state is not StageState.WRITTEN_OFF), None)
        if stage is None:
            yield Finding("the test ticket has an agreed stage that is not written off", "it has none")
            return
        yield self._judge(
            "the same key and body give the first answer, and do nothing", lambda: self._replay(ticket)
        )
        yield self._judge(
            "the same key with another body is refused as key_reused", lambda: self._reuse(ticket)
        )
        yield self._judge("a key finds its answer, an unknown one none", lambda: self._find(ticket))
        yield self._judge("a note comes back as it was written", lambda: self._note(ticket))
        yield self._judge("states are compared and set", lambda: self._states(ticket, stage))
        yield self._judge(
            "what is the customer's is refused to the bridge", lambda: self._customers_own(ticket, stage)
        )
        yield self._judge(
            "a hold beyond the balance is refused with both numbers, and its key stays free",
            lambda: self._beyond(ticket, stage),
        )
        yield self._judge(
            f"{PARALLEL} parallel holds of one key are one hold, and it ends once",
            lambda: self._one_hold(ticket, stage),
        )
        yield self._judge(
            f"{PARALLEL} parallel holds never exceed the balance", lambda: self._no_overdraw(ticket, stage)
        )
        if stage.state is StageState.ACCEPTED:
            yield self._judge(
                "a write-off is checked, made once, and reversed once", lambda: self._write_off(ticket, stage)
            )
        else:
            yield self._judge(
                "nothing is written off for a stage that is not accepted",
                lambda: self._not_accepted(ticket, stage),
            )

    def _key(self, name: str) -> str:
        return f"{self._run}-{name}"

    def _replay(self, ticket: Ticket) -> None:
        first = self._portal.note(self._key("replay"), ticket.id, "Проверка договора портала", internal=True)
        notes = len(self._portal.ticket(ticket.id).thread)
        again = self._portal.note(self._key("replay"), ticket.id, "Проверка договора портала", internal=True)
        want(again == first, f"the answer was {first}, then {again}")
        want(len(self._portal.ticket(ticket.id).thread) == notes, "the note was written twice")

    def _reuse(self, ticket: Ticket) -> None:
        self._portal.note(self._key("reuse"), ticket.id, "a", internal=True)
        refused(KeyReused, lambda: self._portal.note(self._key("reuse"), ticket.id, "b", internal=True))

    def _find(self, ticket: Ticket) -> None:
        note = self._portal.note(self._key("find"), ticket.id, "a", internal=True)
        found = self._portal.find(self._key("find"))
        want(found is not None and found["body"].get("id") == note, f"GET /keys answers {found}")
        want(self._portal.find(self._key("never")) is None, "a key that was never used is found")

    def _note(self, ticket: Ticket) -> None:
        written = f'<b>«Проверка»</b> & "{self._run}"\nвторая строка'
        note = self._portal.note(self._key("note"), ticket.id, written, internal=True)
        found = [one for one in self._portal.ticket(ticket.id).thread if one.id == note]
        want(len(found) == 1, "it is not in the thread")
        want(
            (found[0].text, found[0].visibility, found[0].author) == (written, "internal", "bridge"),
            f"it comes back as {found[0]}",
        )

    def _states(self, ticket: Ticket, stage: Stage) -> None:
        other = TicketState.SUSPENDED if ticket.state is not TicketState.SUSPENDED else TicketState.OPEN
        refusal = refused(
            StateConflict,
            lambda: self._portal.set_ticket_state(self._key("state"), ticket.id, TicketState.DONE, [other]),
        )
        want(refusal.actual == ticket.state, f"the refusal names the state {refusal.actual}")
        self._portal.set_ticket_state(self._key("same"), ticket.id, ticket.state, [other])
        if stage.state is not StageState.PLANNED:
            wrong = [StageState.PLANNED]
            refused(
                StateConflict,
                lambda: self._portal.set_stage_state(
                    self._key("stage"), ticket.id, stage.id, _another(stage.state), wrong
                ),
            )

    def _customers_own(self, ticket: Ticket, stage: Stage) -> None:
        for number, state in enumerate((StageState.ACCEPTED, StageState.REJECTED, StageState.WRITTEN_OFF)):
            key = self._key(f"own{number}")
            refused(
                PortalForbidden,
                partial(self._portal.set_stage_state, key, ticket.id, stage.id, state, list(StageState)),
            )
        refused(
            PortalForbidden,
            lambda: self._portal.set_ticket_state(
                self._key("own"), ticket.id, TicketState.WITHDRAWN, list(TicketState)
            ),
        )

    def _beyond(self, ticket: Ticket, stage: Stage) -> None:
        account = self._portal.account(ticket.account_id)
        fits = account.available + account.overdraft_limit
        key, needed = self._key("beyond"), fits + 1
        try:
            made = self._portal.hold(key, account.id, ticket.id, stage.id, needed)
        except InsufficientBalance as error:
            refusal = error
        else:
            self._portal.void(self._key("beyond-void"), str(made.hold_id))
            raise Unlike(f"{text(needed)} norm-hours were held where {text(fits)} are")
        want(
            (refusal.available, refusal.needed) == (fits, needed),
            f"it says {text(refusal.available)} of {text(refusal.needed)}",
        )
        want(self._portal.find(key) is None, "the refused key is taken")

    def _one_hold(self, ticket: Ticket, stage: Stage) -> None:
        before = self._portal.account(ticket.account_id)
        amount = Decimal("0.05")
        held = self._at_once(lambda _: self._portal_hold("one", ticket, stage, amount))
        holds = {one.hold_id for one in held if not isinstance(one, PortalError)}
        want(len(holds) == 1, f"the holds are {sorted(map(str, holds))}")
        want(
            all(isinstance(one, KeyInProgress) for one in held if isinstance(one, PortalError)),
            f"refusals: {_errors(held)}",
        )
        now = self._portal.account(ticket.account_id)
        want(now.held == before.held + amount, f"held was {text(before.held)}, is {text(now.held)}")
        (hold,) = holds
        self._portal.void(self._key("void"), str(hold))
        refused(StateConflict, lambda: self._portal.void(self._key("void-again"), str(hold)))
        want(self._portal.account(ticket.account_id).held == before.held, "the hold did not go back")

    def _no_overdraw(self, ticket: Ticket, stage: Stage) -> None:
        account = self._portal.account(ticket.account_id)
        third = ((account.available + account.overdraft_limit) / 3).quantize(Decimal("0.01"))
        third -= Decimal("0.01")
        if third <= 0:
            raise Unlike("the test ticket's account has no hours to hold")
        made = self._at_once(lambda number: self._portal_hold(f"many{number}", ticket, stage, third))
        holds = [one for one in made if not isinstance(one, PortalError)]
        left = self._portal.account(ticket.account_id)
        for number, one in enumerate(holds):
            self._portal.void(self._key(f"many-void{number}"), str(one.hold_id))
        want(left.available + left.overdraft_limit >= 0, f"available fell to {text(left.available)}")
        want(len(holds) == 3, f"{len(holds)} holds of a third each were taken; refusals: {_errors(made)}")

    def _not_accepted(self, ticket: Ticket, stage: Stage) -> None:
        hold = self._portal_hold("early", ticket, stage, Decimal("0.05"))
        try:
            refusal = refused(
                StateConflict,
                lambda: self._portal.capture(
                    self._key("early-c"), str(hold.hold_id), [MINUTES], Decimal("0.05"), {}
                ),
            )
            want(refusal.actual == stage.state, f"the refusal names the state {refusal.actual}")
        finally:
            self._portal.void(self._key("early-v"), str(hold.hold_id))

    def _write_off(self, ticket: Ticket, stage: Stage) -> None:
        before = self._portal.account(ticket.account_id)
        hold = str(self._portal_hold("c", ticket, stage, Decimal("0.1")).hold_id)
        wrong = refused(
            PortalRefused,
            lambda: self._portal.capture(self._key("c-wrong"), hold, [MINUTES], Decimal("0.06"), {}),
        )
        want(wrong.code == "amount_mismatch", f"a wrong amount is refused as {wrong.code}")
        made = self._at_once(
            lambda _: self._portal.capture(
                self._key("c-capture"), hold, [MINUTES], Decimal("0.05"), {"check": True}
            )
        )
        entries = {one.id for one in made if not isinstance(one, PortalError)}
        want(len(entries) == 1, f"the write-offs are {sorted(entries)}; refusals: {_errors(made)}")
        (entry,) = entries
        after = self._portal.account(ticket.account_id)
        want(
            (after.written_off, after.held) == (before.written_off + Decimal("0.05"), before.held),
            f"posted {text(after.written_off)}, held {text(after.held)}",
        )
        self._portal.reverse(self._key("c-reverse"), entry, "Проверка договора портала")
        refused(StateConflict, lambda: self._portal.reverse(self._key("c-reverse-again"), entry, "?"))
        want(
            self._portal.account(ticket.account_id).written_off == before.written_off,
            "the reversal did not give the hours back",
        )
        now = next(one for one in self._portal.ticket(ticket.id).stages if one.id == stage.id)
        want(now.state is StageState.ACCEPTED, f"after the reversal the stage is {now.state}")

    def _portal_hold(self, name: str, ticket: Ticket, stage: Stage, amount: Decimal) -> Any:
        return self._portal.hold(self._key(name), ticket.account_id, ticket.id, stage.id, amount)

    def _at_once(self, do: Callable[[int], Any]) -> list[Any]:
        """The results of parallel calls; refusals are results too."""

        def attempt(number: int) -> Any:
            try:
                return do(number)
            except PortalError as error:
                return error

        with ThreadPoolExecutor(PARALLEL) as pool:
            return list(pool.map(attempt, range(PARALLEL)))


def _another(state: StageState) -> StageState:
    return StageState.READY if state is not StageState.READY else StageState.IN_PROGRESS


def _errors(results: list[Any]) -> str:
    return "; ".join(sorted({str(one) for one in results if isinstance(one, PortalError)}))
