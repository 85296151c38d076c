"""What has changed on a Redmine since a cursor, by time stamps.

Redmine keeps whole seconds and commits out of order, so the last `overlap` before the newest change that was seen is looked at again each time;
the cursor names what was told of it. Time that is logged does not touch its issue, so new time entries are looked for beside; one that is
changed or deleted later is noticed with the next change of its ticket. A long list is read page by page: within a second its order may be finer
than what Redmine tells (some databases keep microseconds), so the cursor names all that was read of the last second.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bridge.convention import RedmineConvention
from bridge.portal.errors import PortalNotFound, PortalRefused
from bridge.portal.port import TicketFault, TicketPage
from bridge.portal.redmine import wire
from bridge.portal.redmine.client import Client, Unreadable, in_lists
from bridge.portal.redmine.reader import Reader
from bridge.portal.wire import NotTheContract
from bridge.tickets import Ticket, within_category

ROWS = 50
"""Changed issues in a page; each ticket among them takes some requests."""

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far changes were told.

    Attributes:
        issues: the newest change of an issue that was seen.
        entries: the newest time entry that was seen.
        rows: while a list is read: the issues of its last second that were read; empty when it was read to its end.
        late: while a list is read: the first moment in it that was so new when it was read that changes before it may have been committed since.
        told: what was told of the overlap, as `_mark`s. A change of the very second in which it was read is not among them: another one may follow.
    """

    issues: datetime
    entries: datetime
    rows: frozenset[int] = frozenset()
    late: datetime | None = None
    told: frozenset[str] = frozenset()

    def __str__(self) -> str:
        late = self.late and _stamp(self.late)
        return json.dumps([_stamp(self.issues), _stamp(self.entries), sorted(self.rows), late, sorted(self.told)], separators=(",", ":"))

    @classmethod
    def read(cls, text: str, portal: str) -> Cursor:
        """The cursor that was written as `text`.

        Raises:
            PortalRefused: it was written by something else.
        """
        at = datetime.fromisoformat
        try:
            issues, entries, rows, late, told = json.loads(text)
            moment = None if late is None else at(late)
            cursor = cls(at(issues), at(entries), frozenset(map(int, rows)), moment, frozenset(map(str, told)))
            if str(cursor) == text:
                return cursor
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            pass
        raise PortalRefused("issues", f"{text[:100]!r} is no cursor of a Redmine", code="invalid", portal=portal)


class Changes:
    """Pages of changed tickets.

    Parameters:
        portal: the portal's name, for errors.
        prefix: the paid category; tickets of it and those below it are told. "" tells all.
        overlap: what was changed longer ago than that before the newest change was seen when it was new.
    """

    def __init__(self, portal: str, client: Client, reader: Reader, convention: RedmineConvention, prefix: str, overlap: timedelta) -> None:
        self._portal = portal
        self._client = client
        self._reader = reader
        self._convention = convention
        self._prefix = prefix
        self._overlap = overlap

    def page(self, text: str | None, etag: str | None) -> TicketPage | None:
        """The next page since a cursor; None when the rows are those that the ETag stands for, and all were told."""
        # Redmine answers lists to a stranger too (a revoked key, a locked user, REST switched off), only with less in them: first it is
        # asked who this is, which it refuses to a stranger, so that the cursor does not pass what was not shown.
        _, now = self._client.user()
        cursor = Cursor(_BEGINNING, now) if text is None else Cursor.read(text, self._portal)
        listed, more, now = self._rows(cursor)
        entries = [] if more else list(self._entries(cursor))
        tag = _tag(text, listed, entries)
        rows = [row for row in listed if _mark(row) not in cursor.told]
        logged = [entry for entry in entries if _mark(entry) not in cursor.told]
        if etag is not None and tag == etag and not rows and not logged:
            return None
        tickets: list[Ticket] = []
        faults: list[TicketFault] = []
        for id_ in self._tickets(rows, logged):
            self._take(id_, tickets, faults)
        following = self._next(cursor, listed, entries, more=more, now=now)
        return TicketPage(tuple(tickets), tuple(faults), str(following), tag, more)

    def _rows(self, cursor: Cursor) -> tuple[list[wire.Row], bool, datetime]:
        """The next changed issues in the order of their change, whether there are more, and Redmine's clock."""
        since = cursor.issues if cursor.rows else max(_BEGINNING, cursor.issues - self._overlap)

        def is_new(row: wire.Row) -> bool:
            # Where Redmine keeps microseconds, its >= lets some of the second before through.
            return row.updated_on > since or (row.updated_on == since and row.id not in cursor.rows)

        offset = 0
        while True:
            filters = {"updated_on": f">={_stamp(since)}", "sort": "updated_on,id"}
            listed, now = self._client.issues(filters, offset, ROWS)
            if offset and (not listed or is_new(listed[0])):
                offset = 0  # rows have moved away meanwhile, and others up into their places
                continue
            rows = [row for row in listed if is_new(row)]
            if rows or len(listed) < ROWS:
                return rows, len(listed) == ROWS, now
            offset += ROWS - 1

    def _next(self, cursor: Cursor, rows: list[wire.Row], entries: list[wire.TimeEntry], *, more: bool, now: datetime) -> Cursor:
        """The cursor behind a page."""
        over = now - _SECOND
        told = cursor.told.union(
            (_mark(row) for row in rows if row.updated_on < over), (_mark(one) for one in entries if one.updated_on < over)
        )
        if more:
            last = rows[-1].updated_on
            read = {row.id for row in rows if row.updated_on == last} | (cursor.rows if last == cursor.issues else set())
            late = cursor.late or (min(last, now) if last >= over - self._overlap else None)
            told = self._listed_again(told, late or last, cursor.entries)
            return replace(cursor, issues=last, rows=frozenset(read), late=late, told=told)
        # A moment that is still to come tells nothing of what is changed until then.
        newest = min(wire.newest((row.updated_on for row in rows), cursor.issues), cursor.late or now)
        newest_entry = min(wire.newest((one.created_on for one in entries), cursor.entries), now)
        return Cursor(newest, newest_entry, told=self._listed_again(told, newest, newest_entry))

    def _listed_again(self, told: Iterable[str], issues: datetime, entries: datetime) -> frozenset[str]:
        """Those marks whose rows lie in the overlap before these moments."""
        since = {False: _stamp(issues - self._overlap), True: _stamp(entries - self._overlap)}
        return frozenset(mark for mark in told if mark.rpartition("@")[2] >= since[mark.startswith("t")])

    def _entries(self, cursor: Cursor) -> Iterator[wire.TimeEntry]:
        """Time entries of specialists that were made since the cursor, newest first."""
        ids = self._convention.activities
        since = cursor.entries - self._overlap
        for entry in self._client.newest_entries({"activity_id": f"!{ids.top_up}|{ids.capture}|{ids.reversal}"}):
            if entry.created_on < since:
                return
            yield entry

    def _tickets(self, rows: Iterable[wire.Row], entries: Iterable[wire.TimeEntry]) -> list[int]:
        """Ids of the paid tickets that the changes belong to, in their order."""
        known = {row.id: row for row in rows}
        order = [*known, *(entry.issue.id for entry in entries if entry.issue is not None)]
        self._learn(known, order)
        heads = [head for id_ in order if (head := self._head(known.get(id_))) is not None]
        self._learn(known, heads)
        return [head for head in dict.fromkeys(heads) if head in known and self._is_paid(known[head])]

    def _learn(self, known: dict[int, wire.Row], ids: Iterable[int]) -> None:
        """Add the issues that are not known yet, as lists tell them."""
        missing = [str(id_) for id_ in dict.fromkeys(ids) if id_ not in known]
        for some in in_lists(missing):
            known.update((one.id, one) for one in self._client.issues({"issue_id": some})[0])

    def _head(self, issue: wire.Row | None) -> int | None:
        """The ticket that a changed issue belongs to."""
        if issue is None:
            return None
        if issue.tracker.id == self._convention.trackers.ticket:
            return issue.id
        return issue.parent.id if issue.parent is not None and issue.tracker.id == self._convention.trackers.stage else None

    def _is_paid(self, issue: wire.Row) -> bool:
        if issue.tracker.id != self._convention.trackers.ticket:
            return False
        return within_category(issue.category.name if issue.category else "", self._prefix)

    def _take(self, id_: int, tickets: list[Ticket], faults: list[TicketFault]) -> None:
        try:
            issue = self._reader.issue(str(id_))
        except PortalNotFound:
            return  # it was deleted, or taken from the bridge's sight, since it was listed
        except Unreadable as error:
            faults.append(TicketFault(str(id_), "", (error.detail,)))
            return
        try:
            tickets.append(self._reader.readable(issue))
        except (NotTheContract, Unreadable) as error:
            problems = error.problems if isinstance(error, NotTheContract) else (error.detail,)
            faults.append(TicketFault(str(id_), issue.model_dump_json(), problems))


def _tag(cursor: str | None, rows: Iterable[wire.Row], entries: Iterable[wire.TimeEntry]) -> str:
    told = [cursor, *(_mark(row) for row in rows), *(_mark(one) for one in entries)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def _mark(changed: wire.Row | wire.TimeEntry) -> str:
    """A row as it was told; the moment stands last, so that old marks can be dropped."""
    kind = "i" if isinstance(changed, wire.Row) else "t"
    return f"{kind}{changed.id}@{_stamp(changed.updated_on)}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
