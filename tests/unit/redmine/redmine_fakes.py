"""What a Redmine 5 answers, as JSON objects, and the convention that the tests keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.domain.tickets import StageState, Ticket, TicketState
from bridge.portal.redmine import reading, wire
from bridge.portal.redmine.convention import (
    Activities,
    EntryFields,
    IssueFields,
    ProjectFields,
    RedmineConvention,
    Trackers,
)

SITE = "https://redmine.test/sub"
KEY = "key-that-nobody-may-read"
CONVENTION = RedmineConvention(
    Trackers(ticket=1, stage=2),
    {
        TicketState.OPEN: 1,
        TicketState.IN_PROGRESS: 2,
        TicketState.SUSPENDED: 3,
        TicketState.AWAITING_ACCEPTANCE: 4,
        TicketState.DONE: 5,
        TicketState.WITHDRAWN: 6,
    },
    {
        StageState.PLANNED: 1,
        StageState.IN_PROGRESS: 2,
        StageState.READY: 4,
        StageState.ACCEPTED: 7,
        StageState.REJECTED: 8,
        StageState.WRITTEN_OFF: 9,
    },
    Activities(top_up=21, capture=22, reversal=23),
    IssueFields(key=31, agreed=32, coefficient=33),
    EntryFields(hours=41, key=42, details=43),
    ProjectFields(hour_price=51, overdraft=52),
)
"""As otbridge init-redmine prints it: tickets and stages share some statuses."""

ACTIVITIES = {21: "Пополнение", 22: "Списание", 23: "Возврат", 24: "Разработка", 25: "Контент"}
LEDGER = frozenset(ACTIVITIES[id_] for id_ in (21, 22, 23))
FIELDS = {
    31: "Ключ записи моста",
    32: "Смета согласована",
    33: "Коэффициент К",
    41: "Нормо-часы",
    42: "Ключ списания",
    43: "Данные списания",
    51: "Цена нормо-часа",
    52: "Овердрафт, н.ч",
}
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
BRIDGE, CUSTOMER, SPECIALIST = 5, 6, 7
USERS = {BRIDGE: "Мост нормо-часов", CUSTOMER: "Анна Заказчик", SPECIALIST: "Иван Специалист"}
PAID = "Выделенный специалист (н.часы)"
AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
TICKET, STAGE = 100, 101


def stamp(at: datetime | float) -> str:
    """A moment as Redmine prints it, in whole seconds; a number counts from `AT`."""
    moment = at if isinstance(at, datetime) else AT + timedelta(seconds=at)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def field(id_: int, value: Any, name: str | None = None) -> dict[str, Any]:
    """A custom field with its value."""
    return {"id": id_, "name": FIELDS.get(id_, "") if name is None else name, "value": value}


def change(property_: str, name: object, old: str | None, new: str | None) -> dict[str, Any]:
    """A detail of a journal."""
    return {"property": property_, "name": str(name), "old_value": old, "new_value": new}


def agrees(*, yes: bool = True) -> dict[str, Any]:
    """The estimate is agreed, or is so no longer."""
    return change("cf", 32, *(("0", "1") if yes else ("1", "0")))


def moves(old: int, new: int) -> dict[str, Any]:
    """The status changes."""
    return change("attr", "status_id", str(old), str(new))


def joins(stage: int) -> dict[str, Any]:
    """A subtask is added, as its parent's journal tells it."""
    return change("attr", "child_id", None, str(stage))


def journal(
    id_: int, *details: Mapping[str, Any], at: float = 0, user: int | None = CUSTOMER, **members: Any
) -> dict[str, Any]:
    """A journal of an issue."""
    told = {"id": id_, "notes": "", "created_on": stamp(at), "private_notes": False, "details": list(details)}
    return {**told, **({} if user is None else {"user": {"id": user, "name": USERS[user]}}), **members}


def issue(
    id_: int, tracker: int, status: int, fields: Iterable[Mapping[str, Any]], **members: Any
) -> dict[str, Any]:
    """An issue, with members that the bridge does not read among them."""
    return {
        "id": id_,
        "project": {"id": 3, "name": "Школа № 7"},
        "tracker": {"id": tracker, "name": f"tracker {tracker}"},
        "status": {"id": status, "name": STATUSES.get(status, "Выдуманный"), "is_closed": status == 5},
        "priority": {"id": 2, "name": "Обычный"},
        "author": {"id": CUSTOMER, "name": USERS[CUSTOMER]},
        "subject": "Роль методиста",
        "description": None,
        "start_date": None,
        "due_date": None,
        "done_ratio": 0,
        "is_private": False,
        "estimated_hours": None,
        "total_estimated_hours": None,
        "custom_fields": list(fields),
        "created_on": stamp(0),
        "updated_on": stamp(0),
        "closed_on": None,
        **members,
    }


def ticket_json(
    *orders: Mapping[str, Any], agreed: str = "0", status: int = 1, **members: Any
) -> dict[str, Any]:
    """A ticket with these fields of an order."""
    usual = {"category": {"id": 8, "name": PAID}}
    id_ = members.pop("id", TICKET)
    return issue(id_, 1, status, [field(31, ""), field(32, agreed), *orders], **{**usual, **members})


def stage_json(
    id_: int = STAGE, *, hours: Any = 1.5, coefficient: str = "1", status: int = 1, **members: Any
) -> dict[str, Any]:
    """A stage of the ticket."""
    usual = {"parent": {"id": TICKET}, "subject": f"Этап {id_}", "estimated_hours": hours}
    return issue(id_, 2, status, [field(31, ""), field(33, coefficient)], **{**usual, **members})


def entry_json(
    id_: int,
    *,
    on: int | None = STAGE,
    hours: Any = 0.5,
    activity: int = 24,
    user: int = SPECIALIST,
    at: float = 0,
    **members: Any,
) -> dict[str, Any]:
    """A time entry."""
    told = {
        "id": id_,
        "project": {"id": 3, "name": "Школа № 7"},
        "user": {"id": user, "name": USERS[user]},
        "activity": {"id": activity, "name": ACTIVITIES[activity]},
        "hours": hours,
        "comments": "",
        "spent_on": "2026-03-01",
        "created_on": stamp(at),
        "updated_on": stamp(at),
        "custom_fields": [],
    }
    return {**told, **({} if on is None else {"issue": {"id": on}}), **members}


def ticket_of(
    ticket: Mapping[str, Any],
    stages: Iterable[Mapping[str, Any]] = (),
    entries: Iterable[Mapping[str, Any]] = (),
) -> Ticket:
    """What the bridge reads of these answers."""
    return reading.ticket_of(
        CONVENTION,
        wire.read(wire.Issue, ticket),
        [wire.read(wire.Issue, one) for one in stages],
        [wire.read(wire.TimeEntry, one) for one in entries],
        bridge=BRIDGE,
        ledger=LEDGER,
    )
