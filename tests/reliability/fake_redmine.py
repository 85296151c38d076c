"""A Redmine in memory: the calls of `bridge.portal.redmine.client.Client` with Redmine's semantics, and what
its people do.

It keeps no keys and refuses no repeated write. A change leaves a journal with its details; a private note
stands in a journal of its own, right behind the one with the details; a status that the workflow does not
allow is left out, and so is an upload that is not there, and the answer is the same; what changes nothing and
says nothing leaves nothing. Times are whole seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bridge.domain.tickets import StageState, TicketState
from bridge.portal import PortalNotFound, PortalRefused
from bridge.portal.redmine import wire
from bridge.portal.redmine.client import MOST
from bridge.portal.redmine.convention import (
    Activities,
    EntryFields,
    IssueFields,
    ProjectFields,
    RedmineConvention,
    Trackers,
)

CONVENTION = RedmineConvention(
    trackers=Trackers(ticket=1, stage=2),
    ticket_states={state: number for number, state in enumerate(TicketState, 1)},
    stage_states={
        StageState.PLANNED: 1,
        StageState.IN_PROGRESS: 2,
        StageState.READY: 4,
        StageState.ACCEPTED: 7,
        StageState.REJECTED: 8,
        StageState.WRITTEN_OFF: 9,
    },
    activities=Activities(top_up=11, capture=12, reversal=13),
    issue_fields=IssueFields(key=21, agreed=22, coefficient=23),
    entry_fields=EntryFields(hours=31, key=32, details=33),
    project_fields=ProjectFields(hour_price=41, overdraft=42),
)
TICKET, STAGE = CONVENTION.trackers.ticket, CONVENTION.trackers.stage
STATUSES = {
    1: "Новая",
    2: "В работе",
    3: "Приостановлена",
    4: "На приёмке",
    5: "Выполнена",
    6: "Отозвана",
    7: "Принята",
    8: "Отклонена",
    9: "Списана",
}
ACTIVITIES = {11: "Пополнение", 12: "Списание", 13: "Возврат", 14: "development"}
FIELDS = {21: "Ключ записи моста", 22: "Смета согласована", 23: "Коэффициент К"}
FIELDS_OF = {TICKET: (21, 22), STAGE: (21, 23)}
ENTRY_FIELDS = {31: "Нормо-часы", 32: "Ключ списания", 33: "Данные списания"}

BRIDGE, CUSTOMER, SPECIALIST = 5, 6, 7
ALLOWED = {
    BRIDGE: {
        TICKET: {one: {1, 2, 3, 4, 5} - {one} for one in (1, 2, 3, 4)},
        STAGE: {1: {2, 4}, 2: {1, 4}, 4: {1, 2, 9}, 8: {1, 2, 4}, 7: {9}, 9: {7}},
    },
    CUSTOMER: {TICKET: {one: {6} for one in (1, 2, 3, 4)}, STAGE: {4: {7, 8}}},
    SPECIALIST: {
        TICKET: {one: {1, 2, 3, 4} - {one} for one in (1, 2, 3, 4)},
        STAGE: {one: {1, 2, 4} - {one} for one in (1, 2, 4, 8)},
    },
}
"""What the workflow of docs/portals/redmine.md lets each of them do: statuses by status, tracker and user."""

WRITES = frozenset({"update_issue", "add_entry", "delete_entry", "upload"})


@dataclass
class Issue:
    """An issue, as Redmine keeps it."""

    id: int
    tracker: int
    status: int
    subject: str
    author: int
    parent: int | None
    hours: str | None
    fields: dict[int, str]
    created: datetime
    updated: datetime
    journals: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)


class Numbers:
    """Whole numbers one after the other, from the first; unlike itertools.count they can be kept in a
    snapshot.
    """

    def __init__(self, first: int) -> None:
        self._next = first

    def __next__(self) -> int:
        self._next += 1
        return self._next - 1


class FakeRedmine:
    """One project with its customer, its specialist and the bridge, whose calls these are.

    Parameters:
        clock: aware UTC.

    Attributes:
        blind: whether the bridge's role does not see the norm-hours of time entries, and so cannot write
            them.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.told_by = clock
        self.project_id = 3
        self.project_fields = {41: "2500", 42: "0"}
        self.tree: dict[int, Issue] = {}
        self.times: dict[int, dict[str, Any]] = {}
        self.blind = False
        self.uploads: dict[str, tuple[str, bytes]] = {}
        self.contents: dict[int, bytes] = {}
        self._ids, self._tokens = Numbers(100), Numbers(1)

    # --- reads

    def close(self) -> None:
        pass

    def clock(self) -> datetime:
        return self.told_by().astimezone(UTC)

    def user(self) -> tuple[wire.User, datetime]:
        return wire.User(id=BRIDGE, login="bridge"), self._now()

    def permissions(self) -> frozenset[str] | None:
        return frozenset(
            {
                "view_issues",
                "edit_issues",
                "add_issue_notes",
                "log_time",
                "view_time_entries",
                "edit_own_time_entries",
                "view_private_notes",
                "set_notes_private",
            }
        )

    def listed(self, what: str, path: str) -> dict[int, str]:
        return {
            "trackers": {TICKET: "Заявка", STAGE: "Этап"},
            "issue_statuses": STATUSES,
            "time_entry_activities": ACTIVITIES,
        }[what]

    def issue(self, id_: str) -> wire.Issue:
        one = self._issue(id_)
        children = [
            {"id": child.id, "tracker": {"id": child.tracker}}
            for child in self.tree.values()
            if child.parent == one.id
        ]
        allowed = [
            {"id": status}
            for status in sorted({one.status, *ALLOWED[BRIDGE][one.tracker].get(one.status, ())})
        ]
        return wire.read(
            wire.Issue,
            {
                **self._told(one),
                "journals": one.journals,
                "attachments": one.files,
                "children": children,
                "allowed_statuses": allowed,
            },
        )

    def issues(
        self, filters: Mapping[str, str], offset: int = 0, limit: int = MOST
    ) -> tuple[list[wire.Issue], datetime]:
        ids = filters.get("issue_id")
        since = filters.get("updated_on", ">=0").removeprefix(">=")
        rows = [
            one
            for one in self.tree.values()
            if (ids is None or str(one.id) in ids.split(",")) and _stamp(one.updated) >= since
        ]
        if filters.get(f"cf_{CONVENTION.issue_fields.key}") == "*":
            rows = [one for one in rows if one.fields.get(CONVENTION.issue_fields.key)]
        rows.sort(key=lambda one: (one.updated, one.id), reverse=filters.get("sort", "").endswith(":desc"))
        return [wire.read(wire.Issue, self._told(one)) for one in rows[offset : offset + limit]], self._now()

    def newest_entries(self, filters: Mapping[str, str]) -> list[wire.TimeEntry]:
        return self.entries(filters)[::-1]

    def entries(self, filters: Mapping[str, str]) -> list[wire.TimeEntry]:
        return list(self._entries(filters))

    def _entries(self, filters: Mapping[str, str]) -> Iterator[wire.TimeEntry]:
        activities = filters.get("activity_id", "")
        wanted = {int(one) for one in re.findall(r"\d+", activities)}
        key = filters.get("cf_32")
        under = filters.get("issue_id", "").removeprefix("~")
        assert filters.get("project_id", str(self.project_id)) == str(self.project_id)
        for row in sorted(self.times.values(), key=lambda one: one["id"]):
            if activities and (row["activity"]["id"] in wanted) == activities.startswith("!"):
                continue
            if key is not None and row["fields"].get(32, "") != key:
                continue
            on = self.tree.get(row["issue"]["id"]) if row["issue"] else None
            if under and (on is None or under not in (str(on.id), str(on.parent))):
                continue
            yield self._entry(row)

    def entry(self, id_: str) -> wire.TimeEntry:
        return self._entry(self._time(id_))

    def project(self, id_: str) -> wire.Project:
        if id_ != str(self.project_id):
            raise PortalNotFound(
                f"GET /projects/{id_}", "Redmine does not have it", status=404, code="not_found"
            )
        fields = [
            {"id": number, "name": f"field {number}", "value": value}
            for number, value in self.project_fields.items()
        ]
        activities = [{"id": number, "name": name} for number, name in ACTIVITIES.items()]
        told = {
            "id": self.project_id,
            "name": "Школа",
            "custom_fields": fields,
            "time_entry_activities": activities,
        }
        return wire.read(wire.Project, told)

    @contextmanager
    def file(self, id_: str) -> Iterator[tuple[None, Iterator[bytes]]]:
        if int(id_) not in self.contents:
            raise PortalNotFound(
                f"GET /attachments/download/{id_}", "Redmine does not have it", status=404, code="not_found"
            )
        yield None, iter((self.contents[int(id_)],))

    # --- writes of the bridge

    def update_issue(self, key: str, id_: str, changes: Mapping[str, Any]) -> None:
        self.change(BRIDGE, int(self._issue(id_).id), **changes)

    def add_entry(self, key: str, entry: Mapping[str, Any]) -> None:
        on = self._issue(str(entry["issue_id"])) if "issue_id" in entry else None
        hidden = CONVENTION.entry_fields.hours if self.blind else None
        fields = {int(one["id"]): str(one["value"]) for one in entry["custom_fields"] if one["id"] != hidden}
        self.add_time(
            BRIDGE,
            on.id if on else None,
            int(entry["activity_id"]),
            entry["hours"],
            fields,
            entry["comments"],
        )

    def delete_entry(self, key: str, id_: int) -> None:
        del self.times[self._time(str(id_))["id"]]

    def upload(self, key: str, name: str, content: bytes) -> str:
        token = f"{next(self._tokens)}.upload"
        self.uploads[token] = name, content
        return token

    # --- the people

    def top_up(self, hours: str) -> None:
        self.add_time(1, None, CONVENTION.activities.top_up, 0, {31: hours}, "Договор № 1")

    def open_ticket(self, *stages: tuple[str, str]) -> tuple[str, tuple[str, ...]]:
        """An agreed ticket with these stages (hours, coefficient); returns its id and theirs."""
        ticket = self._open(TICKET, "Заявка", CUSTOMER, None, None, {22: "0"})
        made = [
            self._open(STAGE, f"Этап {number}", SPECIALIST, ticket, hours, {23: k})
            for number, (hours, k) in enumerate(stages, 1)
        ]
        self.change(CUSTOMER, ticket, custom_fields=[{"id": 22, "value": "1"}])
        return str(ticket), tuple(map(str, made))

    def moves(self, who: int, id_: str, state: TicketState | StageState) -> None:
        """Somebody sets a status, who may."""
        statuses: Mapping[Any, int] = (
            CONVENTION.ticket_states if isinstance(state, TicketState) else CONVENTION.stage_states
        )
        self.change(who, int(id_), status_id=statuses[state])
        assert self.tree[int(id_)].status == statuses[state], "the workflow forbids it"

    def change(
        self,
        who: int,
        id_: int,
        *,
        status_id: int | None = None,
        custom_fields: Sequence[Mapping[str, Any]] = (),
        notes: str = "",
        private_notes: bool = False,
        uploads: Sequence[Mapping[str, str]] = (),
    ) -> None:
        """Change an issue as Redmine does, in one transaction."""
        one = self.tree[id_]
        details = []
        if (
            status_id is not None
            and status_id != one.status
            and status_id in ALLOWED[who][one.tracker].get(one.status, ())
        ):
            details.append(_detail("attr", "status_id", str(one.status), str(status_id)))
            one.status = status_id
        for given in custom_fields:
            number, value = int(given["id"]), str(given["value"])
            if number in FIELDS_OF[one.tracker] and one.fields.get(number, "") != value:
                details.append(_detail("cf", str(number), one.fields.get(number), value))
                one.fields[number] = value
        for upload in uploads:
            if upload["token"] not in self.uploads:
                continue
            _, content = self.uploads.pop(upload["token"])
            made, name = next(self._ids), upload["filename"]
            self.contents[made] = content
            one.files.append(
                {
                    "id": made,
                    "filename": name,
                    "filesize": len(content),
                    "content_type": upload["content_type"],
                }
            )
            details.append(_detail("attachment", str(made), None, name))
        if not details and not notes.strip():
            return
        one.updated = self._now()
        if details and notes.strip() and private_notes:
            self._journal(one, who, "", private=False, details=details)
            details = []
        self._journal(one, who, notes, private=private_notes and bool(notes.strip()), details=details)

    def delete(self, *ids: str, hours_stay: bool = True) -> None:
        """Issues are deleted; their time entries stay on the project, or go with them."""
        for id_ in map(int, ids):
            del self.tree[id_]
            for number, row in list(self.times.items()):
                if row["issue"] == {"id": id_} and hours_stay:
                    self.times[number] = {**row, "issue": None}
                elif row["issue"] == {"id": id_}:
                    del self.times[number]

    # --- what it keeps

    def _journal(
        self, one: Issue, who: int, notes: str, *, private: bool, details: list[dict[str, Any]]
    ) -> None:
        one.journals.append(
            {
                "id": next(self._ids),
                "user": {"id": who, "name": f"user {who}"},
                "notes": notes,
                "created_on": _stamp(self._now()),
                "private_notes": private,
                "details": details,
            }
        )

    def _open(
        self,
        tracker: int,
        subject: str,
        author: int,
        parent: int | None,
        hours: str | None,
        fields: dict[int, str],
    ) -> int:
        now = self._now()
        made = Issue(
            next(self._ids),
            tracker,
            1,
            subject,
            author,
            parent,
            hours,
            {**dict.fromkeys(FIELDS_OF[tracker], ""), **fields},
            now,
            now,
        )
        self.tree[made.id] = made
        if parent is not None:
            self._journal(
                self.tree[parent],
                author,
                "",
                private=False,
                details=[_detail("relation", "child_id", None, str(made.id))],
            )
        return made.id

    def add_time(
        self, who: int, on: int | None, activity: int, hours: Any, fields: dict[int, str], comments: str
    ) -> None:
        if activity not in ACTIVITIES:
            raise PortalRefused(
                "POST /time_entries.json", "Activity is not included in the list", status=422, code="invalid"
            )
        id_ = next(self._ids)
        self.times[id_] = {
            "id": id_,
            "issue": None if on is None else {"id": on},
            "user": {"id": who, "name": f"user {who}"},
            "activity": {"id": activity, "name": ACTIVITIES[activity]},
            "hours": hours,
            "comments": comments,
            "fields": fields,
            "created_on": _stamp(self._now()),
            "updated_on": _stamp(self._now()),
            "project": {"id": self.project_id, "name": "Школа"},
        }

    def _told(self, one: Issue) -> dict[str, Any]:
        return {
            "id": one.id,
            "project": {"id": self.project_id, "name": "Школа"},
            "tracker": {"id": one.tracker},
            "status": {"id": one.status, "name": STATUSES[one.status]},
            "author": {"id": one.author},
            "subject": one.subject,
            "category": {"id": 1, "name": "Выделенный специалист (н.часы)"}
            if one.tracker == TICKET
            else None,
            "parent": None if one.parent is None else {"id": one.parent},
            "estimated_hours": one.hours,
            "custom_fields": [
                {"id": number, "name": FIELDS[number], "value": value} for number, value in one.fields.items()
            ],
            "created_on": _stamp(one.created),
            "updated_on": _stamp(one.updated),
        }

    def _entry(self, row: Mapping[str, Any]) -> wire.TimeEntry:
        shown = {**dict.fromkeys(ENTRY_FIELDS, ""), **row["fields"]}
        fields = [
            {"id": number, "name": ENTRY_FIELDS[number], "value": value}
            for number, value in shown.items()
            if not (self.blind and number == CONVENTION.entry_fields.hours)
        ]
        return wire.read(wire.TimeEntry, {**row, "custom_fields": fields})

    def _issue(self, id_: str) -> Issue:
        if not id_.isdecimal() or int(id_) not in self.tree:
            raise PortalNotFound(f"/issues/{id_}", "Redmine does not have it", status=404, code="not_found")
        return self.tree[int(id_)]

    def _time(self, id_: str) -> dict[str, Any]:
        if not id_.isdecimal() or int(id_) not in self.times:
            raise PortalNotFound(
                f"/time_entries/{id_}", "Redmine does not have it", status=404, code="not_found"
            )
        return self.times[int(id_)]

    def _now(self) -> datetime:
        return self.told_by().astimezone(UTC).replace(microsecond=0)


def _detail(property_: str, name: str, old: str | None, new: str | None) -> dict[str, Any]:
    return {"property": property_, "name": name, "old_value": old, "new_value": new}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
