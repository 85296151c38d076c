"""A Redmine in memory, behind the methods of the client that reading needs: people change issues, commits
come late, and rows move.

Redmine prints whole seconds; what orders its lists may be finer (PostgreSQL and SQLite keep microseconds),
and `>=` lets a second more through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.domain.kept import KeptHold
from bridge.domain.tickets import Ticket
from bridge.portal import Gone, PortalNotFound, TicketPage
from bridge.portal.redmine import changes, wire
from bridge.portal.redmine.client import Unreadable
from bridge.portal.redmine.reader import Reader
from bridge.portal.wire import NotTheContract
from tests.unit.redmine import redmine_fakes as fakes
from tests.unit.redmine.redmine_fakes import (
    AT,
    BRIDGE,
    CONVENTION,
    PAID,
    entry_json,
    joins,
    journal,
    stage_json,
    stamp,
    ticket_json,
)

OVERLAP = timedelta(seconds=120)
FULL = 100
"""Rows of a full page of Redmine's."""


def whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


class Site:
    """The Redmine; `now` is its clock, each request takes `pace`, and `before` is called before each list
    of issues.
    """

    def __init__(self) -> None:
        self.now = AT
        self.pace = timedelta(0)
        self.before: Callable[[], None] = lambda: None
        self.asked: list[tuple[str, Mapping[str, str], int]] = []
        self.read: list[int] = []
        self.holds: list[KeptHold] = []
        self.hidden: set[int] = set()
        self._issues: dict[int, dict[str, Any]] = {}
        self._moments: dict[int, datetime] = {}
        self._entries: dict[int, dict[str, Any]] = {}
        self._late: list[tuple[datetime, int, datetime, tuple[Mapping[str, Any], ...]]] = []
        self._logging: list[tuple[datetime, dict[str, Any]]] = []
        self._number = 0

    # People

    def wait(self, seconds: float = 0.01) -> None:
        self.now += timedelta(seconds=seconds)
        self._commit()

    def ticket(self, *, category: str | None = PAID, tracker: int = 1) -> int:
        named = None if category is None else {"id": 8, "name": category}
        return self._add(
            lambda id_: ticket_json(id=id_, category=named) | {"tracker": {"id": tracker, "name": "x"}}
        )

    def stage(self, ticket: int, *, tracker: int = 2) -> int:
        added = self._add(
            lambda id_: stage_json(id_, parent={"id": ticket}) | {"tracker": {"id": tracker, "name": "x"}}
        )
        self.change(ticket, joins(added))
        return added

    def change(self, id_: int, *details: Mapping[str, Any], late: float = 0) -> None:
        """Change an issue now; its transaction ends `late` seconds later. Nobody else can change the issue
        before that.
        """
        if id_ not in [busy for _, busy, *_ in self._late]:
            # What was changed twice in one second cannot be told apart; only in time it is looked at again.
            same = whole(self._moments[id_]) == whole(self.now)
            self._late.append((self.now + timedelta(seconds=0 if same else late), id_, self.now, details))
            self._commit()

    def set(self, id_: int, **members: Any) -> None:
        self._issues[id_].update(members)
        self.change(id_)

    def log(self, on: int | None, *, activity: int = 24, late: float = 0) -> None:
        """Log time now; the issue stays as it was. The transaction ends `late` seconds later."""
        id_ = self._next()
        entry = entry_json(
            id_, on=on, activity=activity, created_on=stamp(self.now), updated_on=stamp(self.now)
        )
        self._logging.append((self.now + timedelta(seconds=late), entry))
        self._commit()

    def hold(self, ticket: int, stage: int) -> None:
        """Hours are held for a stage."""
        self.holds.append(
            KeptHold(f"hold-{stage}", str(stage), "3", str(ticket), str(stage), Decimal(1), self.now)
        )

    def rename(self, id_: int, category: str) -> None:
        """The category of an issue gets another name, of which the issue itself knows nothing."""
        self._issues[id_]["category"] = {"id": 8, "name": category}

    def move_quietly(self, id_: int, parent: int) -> None:
        """A stage becomes another ticket's, and no list shows it as changed."""
        self._issues[id_]["parent"] = {"id": parent}

    def delete(self, id_: int) -> None:
        del self._issues[id_], self._moments[id_]

    def settle(self) -> None:
        """Let every transaction end, and its second pass."""
        while self._late or self._logging:
            self.wait(1)
        self.wait(3)

    @property
    def paid(self) -> list[int]:
        """The tickets of the paid category."""
        return [
            id_
            for id_, one in self._issues.items()
            if one["tracker"]["id"] == 1 and (one["category"] or {}).get("name") == PAID
        ]

    # What the client asks

    def user(self) -> tuple[wire.User, datetime]:
        self._pass()
        return wire.User(id=BRIDGE, login="otbridge"), whole(self.now)

    def listed(self, what: str, path: str) -> dict[int, str]:
        return dict(fakes.ACTIVITIES)

    def issue(self, id_: str) -> wire.Issue:
        self._pass()
        self.read.append(int(id_))
        if int(id_) not in self._issues or int(id_) in self.hidden:
            raise PortalNotFound(
                f"issue {id_}", "gone", code="not_found", status=403 if int(id_) in self.hidden else 404
            )
        children = [
            {"id": child, "tracker": one["tracker"]}
            for child, one in self._issues.items()
            if one.get("parent") == {"id": int(id_)} and child not in self.hidden
        ]
        try:
            return wire.read(wire.Issue, {**self._issues[int(id_)], "children": children})
        except NotTheContract as error:
            raise Unreadable(f"issue {id_}", str(error)) from error

    def issues(
        self, filters: Mapping[str, str], offset: int = 0, limit: int = FULL
    ) -> tuple[list[wire.Row], datetime]:
        self.before()
        self._pass()
        self.asked.append(("issues", filters, offset))
        if "issue_id" in filters:
            wanted = [int(id_) for id_ in filters["issue_id"].split(",")]
            assert len(wanted) <= FULL, "Redmine gives no more rows than these"
            found = [id_ for id_ in wanted if id_ in self._issues and id_ not in self.hidden]
        else:
            assert filters["sort"] == "updated_on,id"
            since = datetime.fromisoformat(filters["updated_on"].removeprefix(">=")) - timedelta(seconds=1)
            seen = (id_ for id_, at in self._moments.items() if at > since and id_ not in self.hidden)
            found = sorted(seen, key=lambda id_: (self._moments[id_], id_))
        lists = [
            {name: one for name, one in self._issues[id_].items() if name != "journals"}
            for id_ in found[offset : offset + limit]
        ]
        return [wire.read(wire.Row, one) for one in lists], whole(self.now)

    def project(self, id_: str) -> wire.Project:
        self._pass()
        if int(id_) in self.hidden:
            raise PortalNotFound(f"project {id_}", "it is archived", code="not_found", status=403)
        return wire.read(wire.Project, {"id": int(id_), "name": "Школа № 7"})

    def entries(self, filters: Mapping[str, str]) -> list[wire.TimeEntry]:
        self._pass()
        self.asked.append(("entries", filters, 0))
        tree = int(filters["issue_id"].removeprefix("~"))
        family = {tree, *(id_ for id_, one in self._issues.items() if one.get("parent") == {"id": tree})}
        return [
            wire.read(wire.TimeEntry, one)
            for one in self._entries.values()
            if one.get("issue", {}).get("id") in family
        ]

    def newest_entries(self, filters: Mapping[str, str]) -> Iterator[wire.TimeEntry]:
        self._pass()
        self.asked.append(("entries", filters, 0))
        assert filters == {"activity_id": "!21|22|23"}
        work = (one for one in self._entries.values() if one["activity"]["id"] > 23)
        rows = sorted(work, key=lambda one: (one["created_on"], -one["id"]), reverse=True)
        return (wire.read(wire.TimeEntry, one) for one in rows)

    def _add(self, made: Callable[[int], dict[str, Any]]) -> int:
        id_ = self._next()
        self._issues[id_] = {
            **made(id_),
            "created_on": stamp(self.now),
            "updated_on": stamp(self.now),
            "journals": [],
        }
        self._moments[id_] = self.now
        return id_

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _pass(self) -> None:
        self.now += self.pace
        self._commit()

    def _commit(self) -> None:
        self._entries |= {entry["id"]: entry for due, entry in self._logging if due <= self.now}
        self._logging = [one for one in self._logging if one[0] > self.now]
        for one in [one for one in self._late if one[0] <= self.now]:
            self._late.remove(one)
            _, id_, at, details = one
            if id_ in self._issues:
                self._moments[id_] = at
                self._issues[id_]["journals"].append(journal(self._next(), *details, created_on=stamp(at)))
                self._issues[id_]["updated_on"] = stamp(at)


class Poller:
    """Polls as a pass does: keeps the cursor and the ETag of each page, and the newest version of each
    ticket.
    """

    def __init__(self, site: Site, *, prefix: str = PAID, overlap: timedelta = OVERLAP) -> None:
        client: Any = site
        self.reader = Reader("clients", client, CONVENTION)
        self.changes = changes.Changes(
            "clients", client, self.reader, CONVENTION, prefix, overlap, lambda: site.holds
        )
        self.cursor: str | None = None
        self.etag: str | None = None
        self.versions: dict[str, int] = {}
        self.has_more = False
        self.gone: list[Gone] = []

    def page(self) -> TicketPage | None:
        """One page; None when nothing has changed."""
        page = self.changes.page(self.cursor, None if self.has_more else self.etag)
        if page is None:
            return None
        self.cursor, self.etag, self.has_more = page.cursor, page.etag, page.has_more
        self.gone += page.gone
        for one in page.tickets:
            self.versions[one.id] = max(one.version, self.versions.get(one.id, 0))
        return page

    def poll(self, pages: int = 1000) -> list[Ticket]:
        """All pages until there is no more, or so many; the tickets that they told."""
        told: list[Ticket] = []
        for _ in range(pages):
            page = self.page()
            if page is None:
                return told
            told += page.tickets
            if not page.has_more:
                return told
        assert pages < 1000, "the pages have no end"
        return told

    def left(self) -> list[tuple[int, str]]:
        """What further pages tell as gone: number and why."""
        self.gone.clear()
        self.poll()
        return [(int(one.id), one.reason) for one in self.gone]

    def ids(self, pages: int = 1000) -> list[int]:
        return [int(one.id) for one in self.poll(pages)]
