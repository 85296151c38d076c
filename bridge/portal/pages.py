"""Reading page after page, to the last one, and never without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from bridge.portal.errors import PortalNotContract
from bridge.portal.port import LedgerEntry, LedgerPage, Portal, TicketPage

Page = TypeVar("Page", TicketPage, LedgerPage)


def changed_pages(portal: Portal, cursor: str | None, etag: str | None = None) -> Iterator[TicketPage]:
    """The pages of tickets changed since `cursor`, oldest change first; none when nothing has changed since
    `etag`.

    Raises:
        PortalNotContract: a cursor came round again, so that the pages have no end.
        PortalError: a page could not be read.
    """
    first = portal.changed_tickets(cursor, etag)
    if first is not None:
        yield from _all(first, cursor, portal.changed_tickets, "GET /tickets")


def ledger_entries(portal: Portal, account_id: str) -> Iterator[LedgerEntry]:
    """The whole ledger of an account, oldest entry first.

    Raises:
        PortalError: as `changed_pages`.
    """
    for page in _all(
        portal.ledger(account_id), None, lambda place: portal.ledger(account_id, place), "GET /ledger"
    ):
        yield from page.entries


def _all(page: Page, cursor: str | None, read: Callable[[str], Page | None], endpoint: str) -> Iterator[Page]:
    seen = {cursor}
    while True:
        yield page
        if not page.has_more:
            return
        if page.cursor in seen:
            raise PortalNotContract(
                endpoint, f"the cursor {page.cursor:.100} comes round again: the pages have no end"
            )
        seen.add(page.cursor)
        following = read(page.cursor)
        if following is None:
            return
        page = following
