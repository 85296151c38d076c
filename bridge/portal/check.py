"""Does a server keep the portal contract? The rules of reading, for its owner to run against it; those of
writing are in `check_writes`.

What is checked is what the bridge relies on to do nothing twice (docs/portal-api.md, docs/portals/own.md).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar

from bridge.domain.hours import text
from bridge.portal.errors import PortalError, PortalNotFound, PortalUnauthorized
from bridge.portal.pages import changed_pages, ledger_entries
from bridge.portal.port import CAPABILITIES, CONTRACT, SCOPES, Gone, Meta, Portal, TicketPage

MOST_GONE = 20
"""So many tickets that are gone are looked at."""

MOST_CLOCK_DIFFERENCE = timedelta(seconds=60)

E = TypeVar("E", bound=PortalError)


class Unlike(Exception):
    """The portal does not do what the contract says."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule of the contract: whether the portal keeps it, and if not, what it does instead."""

    rule: str
    fault: str = ""


class Rules:
    """Rules of the contract, judged one after the other.

    Parameters:
        portal: opened with the token that was given.
    """

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._run = f"check-{uuid.uuid4().hex[:12]}"

    def _judge(self, rule: str, check: Callable[[], None]) -> Finding:
        try:
            check()
        except (Unlike, PortalError) as error:
            return Finding(rule, str(error) or type(error).__name__)
        return Finding(rule)


class Reads(Rules):
    """The rules of reading.

    Parameters:
        stranger: the same portal with a token that nobody gave out.
        now: aware UTC, for the portal's clock.
    """

    def __init__(self, portal: Portal, stranger: Portal, now: Callable[[], datetime]) -> None:
        super().__init__(portal)
        self._stranger = stranger
        self._now = now

    def findings(self) -> Iterator[Finding]:
        """Judge every rule."""
        yield self._judge("GET /meta names contract 1, scopes, abilities and the time", self._meta)
        yield self._judge("an unknown token is refused with 401", self._unknown_token)
        yield self._judge(
            "tickets come in pages with a cursor, each change at least once, none broken", self._pages
        )
        yield self._judge("an idle poll with the page's ETag is answered 304", self._idle)
        yield self._judge("what is not there is answered with not_found", self._not_there)
        yield self._judge(
            "a ticket that was merged or deleted is listed in gone, and is not there", self._gone
        )
        yield self._judge("each account's sums are those of its ledger", self._ledgers)

    def _meta(self) -> None:
        meta: Meta = self._portal.meta()
        want(meta.contract.startswith(CONTRACT), f"contract is {meta.contract}")
        want(meta.scopes >= SCOPES, f"the token lacks {', '.join(sorted(SCOPES - meta.scopes))}")
        missing = CAPABILITIES - meta.capabilities - meta.made_up
        want(not missing, f"abilities are missing: {', '.join(sorted(missing))}")
        want(meta.rounding_unit == Decimal("0.01"), f"rounds to {meta.rounding_unit} norm-hours")
        want(
            abs(meta.time - self._now()) <= MOST_CLOCK_DIFFERENCE,
            f"its clock is {abs(meta.time - self._now())} off",
        )

    def _unknown_token(self) -> None:
        refused(PortalUnauthorized, self._stranger.meta)

    def _pages(self) -> None:
        faults = [
            f"{one.ref}: {'; '.join(one.problems)}" for page in self._all_pages() for one in page.faults
        ]
        want(not faults, "; ".join(faults[:5]))

    def _all_pages(self) -> Iterator[TicketPage]:
        pages = list(changed_pages(self._portal, None))
        if not pages:
            raise Unlike("a poll without an ETag was answered 304")
        yield from pages

    def _idle(self) -> None:
        *_, last = self._all_pages()
        page = self._portal.changed_tickets(last.cursor)
        if page is None or page.etag is None:
            raise Unlike("the page has no ETag")
        if page.tickets or page.gone:
            raise Unlike("the last cursor brings the same tickets again")
        want(self._portal.changed_tickets(last.cursor, page.etag) is None, "it is answered with a page")

    def _not_there(self) -> None:
        nothing = f"none-{self._run}"
        for call in (
            lambda: self._portal.ticket(nothing),
            lambda: self._portal.account(nothing),
            lambda: self._portal.ledger(nothing),
        ):
            refused(PortalNotFound, call)

    def _gone(self) -> None:
        gone: dict[str, Gone] = {}
        for page in self._all_pages():
            gone.update((one.id, one) for one in page.gone)
            for ticket in page.tickets:
                gone.pop(ticket.id, None)  # it came back
        for one in [one for one in gone.values() if one.reason != "moved"][:MOST_GONE]:
            refused(PortalNotFound, partial(self._portal.ticket, one.id))

    def _ledgers(self) -> None:
        for account_id in sorted(
            {ticket.account_id for page in self._all_pages() for ticket in page.tickets}
        ):
            try:
                account = self._portal.account(account_id)
            except PortalNotFound:
                continue  # a customer without a balance
            granted, written_off, open_holds = Decimal(0), Decimal(0), {}
            for entry in ledger_entries(self._portal, account_id):
                granted += entry.amount if entry.kind == "top_up" else 0
                written_off += {"capture": entry.amount, "reversal": -entry.amount}.get(
                    entry.kind, Decimal(0)
                )
                if entry.kind == "hold":
                    open_holds[entry.hold_id] = entry.amount
                elif entry.kind in ("capture", "void"):
                    open_holds.pop(entry.hold_id, None)
            stated = (account.granted, account.written_off, account.held)
            summed = (granted, written_off, sum(open_holds.values(), Decimal(0)))
            want(
                stated == summed,
                f"{account_id}: granted, posted, held are {_listed(stated)}, its ledger makes "
                f"{_listed(summed)}",
            )
            want(
                account.available == granted - written_off - account.held,
                f"{account_id}: available is {text(account.available)}",
            )


def want(kept: bool, otherwise: str) -> None:
    """Go on only if the portal kept the rule."""
    if not kept:
        raise Unlike(otherwise)


def refused(kind: type[E], call: Callable[[], object]) -> E:
    """The refusal of this kind that a call must get."""
    try:
        answer = call()
    except kind as refusal:
        return refusal
    raise Unlike(f"{kind.__name__} was expected, the answer was {answer!r}"[:300])


def _listed(numbers: tuple[Decimal, ...]) -> str:
    return ", ".join(map(text, numbers))
