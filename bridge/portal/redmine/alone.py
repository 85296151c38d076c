"""One bridge on one Redmine: what a bridge writes bears its instance, so that another one is recognised in
time.

Redmine has no rule for this, so the instance is kept in the field of the key, which every message and state
of a bridge changes. Silence means that nothing was written: of reads Redmine keeps nothing.
"""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta

from bridge.portal.errors import AnotherBridge, PortalNotFound
from bridge.portal.redmine import wire
from bridge.portal.redmine.client import MOST, Client, Unreadable
from bridge.portal.redmine.convention import RedmineConvention

SILENCE = timedelta(hours=24)
"""A bridge that has written nothing for so long no longer counts."""

AGAIN = 60.0
"""Seconds for which an answer serves."""

_MOST_READ = 5
_MARK = re.compile(r"(?P<key>.*?)(?: @(?P<instance>[A-Za-z0-9-]{8,64}))?")


def key_of(mark: str) -> str:
    """The key in a mark, without the instance behind it."""
    found = _MARK.fullmatch(mark)
    return found["key"] if found else mark


def instance_of(mark: str) -> str:
    """The instance in a mark, "" where there is none."""
    found = _MARK.fullmatch(mark)
    return (found and found["instance"]) or ""


class Alone:
    """Sees to it that no other bridge writes to a Redmine.

    Parameters:
        portal: the portal's name, for errors.
        instance: the name of this bridge's journal; "" marks nothing and looks for nobody.
    """

    def __init__(self, portal: str, client: Client, convention: RedmineConvention, instance: str) -> None:
        self._portal = portal
        self._client = client
        self._field = convention.issue_fields.key
        self._instance = instance
        self._sure_until = 0.0

    def mark(self, key: str) -> str:
        """A key as it is written into an issue."""
        return f"{key} @{self._instance}" if self._instance else key

    def check(self) -> None:
        """Look for another bridge among the issues that were changed last, unless that was done just now.

        Raises:
            AnotherBridge: one wrote within `SILENCE`.
        """
        began = time.monotonic()
        if not self._instance or began < self._sure_until:
            return
        rows, now = self._client.issues({f"cf_{self._field}": "*", "sort": "updated_on:desc"}, 0, MOST)
        since = now - SILENCE
        suspects = [row for row in rows if row.updated_on > since and self._is_another(row)]
        for row in suspects[:_MOST_READ]:
            self._refuse_written(row, since)
        self._sure_until = began + AGAIN

    def _is_another(self, row: wire.Row) -> bool:
        field = row.field(self._field)
        return instance_of(field.text if field else "") not in ("", self._instance)

    def _refuse_written(self, row: wire.Row, since: datetime) -> None:
        """Somebody else may have changed the issue since; its journals show when the other bridge did."""
        try:
            issue = self._client.issue(str(row.id))
        except (PortalNotFound, Unreadable):
            return
        for journal in issue.journals:
            for detail in journal.details:
                other = (
                    instance_of(detail.new_value)
                    if (detail.property, detail.name) == ("cf", str(self._field))
                    else ""
                )
                if other not in ("", self._instance) and journal.created_on > since:
                    message = (
                        f"the bridge {other} works on this portal; release it there where this one is to "
                        "take its place"
                    )
                    raise AnotherBridge(
                        f"issue {row.id}", message, code="another_bridge", portal=self._portal
                    )
