"""What has changed on a Redmine since a cursor, by time stamps.

Redmine keeps whole seconds and commits out of order, so the last `overlap` before the newest change that was
seen is looked at again each time; the cursor names what was reported of it. Time that is logged does not
touch its issue, so new time entries are looked for beside; one that is changed or deleted later is noticed
with the next change of its ticket. A long list is read page by page: within a second its order may be finer
than what Redmine sends (some databases keep microseconds), so the cursor names all that was read of the last
second.

What leaves the paid category is reported as gone by its change. What is deleted, moved out of sight, or
stands in a category that was renamed is in no list of changes. Of these the tickets and stages matter for
which hours are held, so at the end of each list those are asked for by number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bridge.domain.kept import KeptHold
from bridge.domain.tickets import Ticket, within_category
from bridge.portal.errors import PortalNotFound, PortalRefused
from bridge.portal.port import Gone, TicketFault, TicketPage
from bridge.portal.redmine import reading, wire
from bridge.portal.redmine.client import Client, Unreadable, in_lists
from bridge.portal.redmine.convention import RedmineConvention
from bridge.portal.redmine.reader import Reader
from bridge.portal.wire import NotTheContract

ROWS = 50
"""Changed issues in a page; each ticket among them takes some requests."""

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far changes were reported.

    Attributes:
        issues: the newest change of an issue that was seen.
        entries: the newest time entry that was seen.
        rows: while a list is read: the issues of its last second that were read; empty when it was read to
            its end.
        late: while a list is read: the first moment in it that was so new when it was read that changes
            before it may have been committed since.
        seen: what was reported of the overlap, as `_mark`s. A change of the very second in which it was read
            is not among them: another one may follow.
    """

    issues: datetime
    entries: datetime
    rows: frozenset[int] = frozenset()
    late: datetime | None = None
    seen: frozenset[str] = frozenset()

    def __str__(self) -> str:
        late = self.late and _stamp(self.late)
        return json.dumps(
            [_stamp(self.issues), _stamp(self.entries), sorted(self.rows), late, sorted(self.seen)],
            separators=(",", ":"),
        )

    @classmethod
    def read(cls, text: str, portal: str) -> Cursor:
        """The cursor that was written as `text`.

        Raises:
            PortalRefused: it was written by something else.
        """
        at = datetime.fromisoformat
        try:
            issues, entries, rows, late, seen = json.loads(text)
            moment = None if late is None else at(late)
            cursor = cls(
                at(issues), at(entries), frozenset(map(int, rows)), moment, frozenset(map(str, seen))
            )
            if str(cursor) == text:
                return cursor
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            pass
        raise PortalRefused(
            "issues", f"{text[:100]!r} is not a cursor of a Redmine", code="invalid", portal=portal
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """What a page holds, by the issues' numbers."""

    tickets: dict[int, Ticket] = field(default_factory=dict)
    faults: dict[int, TicketFault] = field(default_factory=dict)
    gone: dict[int, Gone] = field(default_factory=dict)

    def leaves(self, id_: int, reason: str, at: datetime) -> None:
        """An issue is no longer a paid ticket. Reporting one that never was does no harm."""
        self.gone.setdefault(id_, Gone(str(id_), reason, at))


class Changes:
    """Pages of changed tickets.

    Parameters:
        portal: the portal's name, for errors.
        prefix: the paid category; tickets of it and those below it are reported. "" reports all.
        overlap: what was changed longer ago than that before the newest change was seen when it was new.
        held: the holds that are open.
    """

    def __init__(
        self,
        portal: str,
        client: Client,
        reader: Reader,
        convention: RedmineConvention,
        prefix: str,
        overlap: timedelta,
        held: Callable[[], Iterable[KeptHold]],
    ) -> None:
        self._portal = portal
        self._client = client
        self._reader = reader
        self._convention = convention
        self._prefix = prefix
        self._overlap = overlap
        self._held = held

    def page(self, text: str | None, etag: str | None) -> TicketPage | None:
        """The next page since a cursor; None when the rows are those that the ETag stands for, and all
        were reported.
        """
        # Redmine answers lists to a stranger too (a revoked key, a locked user, REST switched off), only with
        # less in them: first it is asked who this is, which it refuses to a stranger, so that the cursor does
        # not pass what was not shown.
        now = self._reader.introduce()
        cursor = Cursor(_BEGINNING, now) if text is None else Cursor.read(text, self._portal)
        listed, more, now = self._rows(cursor)
        entries = [] if more else list(self._entries(cursor))
        tag = _tag(text, listed, entries)
        rows = [row for row in listed if _mark(row) not in cursor.seen]
        logged = [entry for entry in entries if _mark(entry) not in cursor.seen]
        found = _Found()
        if not more:
            self._look_for_held(found, {row.id: row for row in listed}, now)
        if (
            etag is not None
            and tag == etag
            and not (rows or logged or found.gone or found.tickets or found.faults)
        ):
            return None
        for id_ in self._tickets(rows, logged, found):
            self._take(id_, found, now)
        following = self._next(cursor, listed, entries, more=more, now=now)
        return TicketPage(
            tuple(found.tickets.values()),
            tuple(found.faults.values()),
            str(following),
            tag,
            more,
            tuple(found.gone.values()),
        )

    def _look_for_held(self, found: _Found, known: dict[int, wire.Row], now: datetime) -> None:
        """Report what has become of the tickets and stages of open holds where no list of changes may show
        it.

        Parameters:
            known: the issues that were listed a moment ago.
        """
        held = list(self._held())
        self._learn(known, (int(id_) for hold in held for id_ in (hold.ticket_id, hold.stage_id)))
        for hold in held:
            ticket = known.get(int(hold.ticket_id))
            if ticket is None:
                self._look_for(hold, found, now)
            elif not self._is_paid(ticket):
                found.leaves(ticket.id, "moved", ticket.updated_on)
            elif (
                ticket.id not in found.tickets and self._stage_of(known.get(int(hold.stage_id))) != ticket.id
            ):
                # Losing a stage may leave a ticket older than it was: from now on it counts as changed.
                self._take(ticket.id, found, now, version=reading.version_of(now))

    def _look_for(self, hold: KeptHold, found: _Found, now: datetime) -> None:
        """Report what has become of a ticket that no list shows."""
        try:
            self._client.project(hold.account_id)
        except PortalNotFound:
            return  # the whole account is out of sight, as in an archived project, and may come back
        try:
            self._client.issue(hold.ticket_id)
        except PortalNotFound as error:
            found.leaves(int(hold.ticket_id), "moved" if error.status == _FORBIDDEN else "deleted", now)
        except Unreadable:
            pass  # it has come back

    def _rows(self, cursor: Cursor) -> tuple[list[wire.Row], bool, datetime]:
        """The next changed issues in the order of their change, whether there are more, and Redmine's
        clock.
        """
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

    def _next(
        self,
        cursor: Cursor,
        rows: list[wire.Row],
        entries: list[wire.TimeEntry],
        *,
        more: bool,
        now: datetime,
    ) -> Cursor:
        """The cursor behind a page."""
        over = now - _SECOND
        seen = cursor.seen.union(
            (_mark(row) for row in rows if row.updated_on < over),
            (_mark(one) for one in entries if one.updated_on < over),
        )
        if more:
            last = rows[-1].updated_on
            read = {row.id for row in rows if row.updated_on == last} | (
                cursor.rows if last == cursor.issues else set()
            )
            late = cursor.late or (min(last, now) if last >= over - self._overlap else None)
            seen = self._listed_again(seen, late or last, cursor.entries)
            return replace(cursor, issues=last, rows=frozenset(read), late=late, seen=seen)
        # A moment that is still to come says nothing of what is changed until then.
        newest = min(wire.newest((row.updated_on for row in rows), cursor.issues), cursor.late or now)
        newest_entry = min(wire.newest((one.created_on for one in entries), cursor.entries), now)
        return Cursor(newest, newest_entry, seen=self._listed_again(seen, newest, newest_entry))

    def _listed_again(self, seen: Iterable[str], issues: datetime, entries: datetime) -> frozenset[str]:
        """Those marks whose rows lie in the overlap before these moments."""
        since = {False: _stamp(issues - self._overlap), True: _stamp(entries - self._overlap)}
        return frozenset(mark for mark in seen if mark.rpartition("@")[2] >= since[mark.startswith("t")])

    def _entries(self, cursor: Cursor) -> Iterator[wire.TimeEntry]:
        """Time entries of specialists that were made since the cursor, newest first."""
        ids = self._convention.activities
        since = cursor.entries - self._overlap
        for entry in self._client.newest_entries(
            {"activity_id": f"!{ids.top_up}|{ids.capture}|{ids.reversal}"}
        ):
            if entry.created_on < since:
                return
            yield entry

    def _tickets(
        self, rows: Iterable[wire.Row], entries: Iterable[wire.TimeEntry], found: _Found
    ) -> list[int]:
        """Ids of the paid tickets that the changes belong to, in their order.

        An issue that is not a paid ticket now, but may have been one, is reported as gone.
        """
        known = {row.id: row for row in rows}
        order = [*known, *(entry.issue.id for entry in entries if entry.issue is not None)]
        self._learn(known, order)
        heads = [head for id_ in order if (head := self._head(known.get(id_))) is not None]
        self._learn(known, heads)
        strangers = (row.id for row in rows if self._head(row) is None)
        changed = [known[id_] for id_ in dict.fromkeys((*strangers, *heads)) if id_ in known]
        for row in changed:
            if not self._is_paid(row):
                found.leaves(row.id, "moved", row.updated_on)
        return [row.id for row in changed if self._is_paid(row)]

    def _learn(self, known: dict[int, wire.Row], ids: Iterable[int]) -> None:
        """Add the issues that are not known yet, as lists show them."""
        missing = [str(id_) for id_ in dict.fromkeys(ids) if id_ not in known]
        for some in in_lists(missing):
            known.update((one.id, one) for one in self._client.issues({"issue_id": some})[0])

    def _head(self, issue: wire.Row | None) -> int | None:
        """The ticket that a changed issue belongs to."""
        if issue is None:
            return None
        return issue.id if issue.tracker.id == self._convention.trackers.ticket else self._stage_of(issue)

    def _stage_of(self, issue: wire.Row | None) -> int | None:
        """The ticket that an issue is a stage of."""
        if issue is None or issue.parent is None or issue.tracker.id != self._convention.trackers.stage:
            return None
        return issue.parent.id

    def _is_paid(self, issue: wire.Row) -> bool:
        if issue.tracker.id != self._convention.trackers.ticket:
            return False
        return within_category(issue.category.name if issue.category else "", self._prefix)

    def _take(self, id_: int, found: _Found, now: datetime, *, version: int = 0) -> None:
        """Read a ticket that has changed; `version` is the least that it has by now."""
        if id_ in found.tickets or id_ in found.faults:
            return
        try:
            issue = self._reader.issue(str(id_))
        except PortalNotFound:
            found.leaves(id_, "deleted", now)  # or taken from the bridge's sight, since it was listed
            return
        except Unreadable as error:
            found.faults[id_] = TicketFault(str(id_), "", (error.detail,))
            return
        try:
            ticket = self._reader.readable(issue)
        except (NotTheContract, Unreadable) as error:
            problems = error.problems if isinstance(error, NotTheContract) else (error.detail,)
            found.faults[id_] = TicketFault(str(id_), issue.model_dump_json(), problems)
        else:
            found.tickets[id_] = replace(ticket, version=max(ticket.version, version))


def _tag(cursor: str | None, rows: Iterable[wire.Row], entries: Iterable[wire.TimeEntry]) -> str:
    parts = [cursor, *(_mark(row) for row in rows), *(_mark(one) for one in entries)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _mark(changed: wire.Row | wire.TimeEntry) -> str:
    """A row as it was reported; the moment stands last, so that old marks can be dropped."""
    kind = "i" if isinstance(changed, wire.Row) else "t"
    return f"{kind}{changed.id}@{_stamp(changed.updated_on)}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
