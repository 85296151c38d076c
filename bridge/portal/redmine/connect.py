"""`connect` makes a `RedminePortal`: one Redmine, one API key, the convention and the books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from bridge.portal.books import Books
from bridge.portal.redmine.adapter import RedminePortal
from bridge.portal.redmine.client import Client, KeyAuth
from bridge.portal.redmine.convention import RedmineConvention
from bridge.portal.transport import LARGEST_ANSWER, Line
from bridge.wire.retries import Retries
from bridge.wire.transport import Transport


def connect(
    name: str,
    base_url: str,
    api_key: str,
    convention: RedmineConvention,
    books: Books,
    *,
    category_prefix: str,
    settle: timedelta,
    clock: Callable[[], datetime],
    connect_timeout: float = 10,
    read_timeout: float = 60,
    call_timeout: float = 300,
    ca_file: Path | None = None,
    proxy: str = "",
    zone: tzinfo = UTC,
    instance: str = "",
    retries: Retries | None = None,
) -> RedminePortal:
    """A client of the Redmine at `base_url`; nothing is sent yet. Close it, or use it with `with`.

    Parameters:
        name: the portal's name in the settings; part of the keys of all effects.
        api_key: of the bridge's own user.
        books: what the bridge writes down for Redmine.
        category_prefix: tickets of this category and those below it count as paid.
        settle: after this time a request that was sent has surely ended on Redmine's side.
        clock: aware UTC.
        zone: the site's time zone: a write-off stands on its day.
        connect_timeout, read_timeout: seconds; the second is the longest silence in an answer.
        call_timeout: seconds of a whole call.
        instance: the name of the journal, by which another bridge is recognised; "" lets any write.
        ca_file, proxy: see `bridge.wire.deadline.session`.
    """
    transport = Transport(
        base_url.rstrip("/"),
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        call_timeout=call_timeout,
        largest_answer=LARGEST_ANSWER,
        ca_file=ca_file,
        proxy=proxy,
        auth=KeyAuth(api_key),
    )
    client = Client(name, Line(transport, retries or Retries()))
    return RedminePortal(
        name,
        client,
        convention,
        books,
        prefix=category_prefix,
        settle=settle,
        clock=clock,
        zone=zone,
        instance=instance,
    )
