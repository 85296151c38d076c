"""The accounts that the journal knows: what each has, and how long that lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.statement import Forecast, Period
from bridge.domain.tickets import Account
from bridge.journal import Journal, LedgerLine, Span
from bridge.operators.statement.gather import outlook
from bridge.portal import Portal, PortalError, PortalUnauthorized, PortalUnreachable
from bridge.settings import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands; `error` says why it could not be read.

    Attributes:
        customer: whose it is, "" where nobody has said.
        is_low: whether what is available is below the site's thresholds (`[statement]`).
    """

    account_id: str
    customer: str
    account: Account | None = None
    forecast: Forecast | None = None
    is_low: bool = False
    error: PortalError | None = None


def standings(
    journal: Journal, portal: Portal, settings: Settings, now: Callable[[], datetime]
) -> Iterator[Standing]:
    """Every account of the portal that the journal knows, by its id.

    A fault of one account stops no other; a portal that cannot be reached, or that refuses the token, ends
    the list with the account at which it was met.

    Raises:
        JournalError: the journal cannot be used.
    """
    with journal.transaction(read_only=True) as unit:
        names = {
            account_id: _customer(settings, account_id, unit.statement.lines(Span(account_id, portal.name)))
            for account_id in unit.ledger.accounts(portal.name)
        }
    for account_id, customer in names.items():
        moment = now()
        day = moment.astimezone(settings.bridge.zone).date()
        try:
            account, ahead = outlook(portal, account_id, Period(day, day, settings.bridge.zone), moment)
        except PortalError as error:
            yield Standing(account_id, customer, error=error)
            if isinstance(error, (PortalUnreachable, PortalUnauthorized)):
                return
            continue
        yield Standing(account_id, customer, account, ahead, _is_low(account, ahead, settings))


def _is_low(account: Account, ahead: Forecast, settings: Settings) -> bool:
    limits = settings.statement
    soon = ahead.days_left is not None and ahead.days_left < limits.low_days
    return account.available < limits.low_hours or soon


def _customer(settings: Settings, account_id: str, lines: Iterator[LedgerLine]) -> str:
    own = settings.statement.of(account_id).name
    return own or next((line.customer for line in lines if line.customer), "")
