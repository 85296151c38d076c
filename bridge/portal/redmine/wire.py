"""Redmine's JSON as values: what the adapter reads of issues, journals, time entries and projects. Members
that it does not need are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bridge.portal.wire import NotTheContract, Time


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


def _text(value: object) -> object:
    # PostgreSQL keeps no U+0000, and what one ticket says must not stop the others.
    return (
        value.replace("\x00", "\N{REPLACEMENT CHARACTER}")
        if isinstance(value, str)
        else ""
        if value is None
        else value
    )


Text = Annotated[str, BeforeValidator(_text)]


class Named(_Model):
    """Something that is named by its id, mostly with its name."""

    id: int
    name: Text = ""


class CustomField(_Model):
    """A custom field of an issue, a time entry or a project; `value` is a list where several may be
    chosen.
    """

    id: int
    name: Text
    value: list[Text] | Text = ""

    @property
    def text(self) -> str:
        """The value as one text, several of them on a line each."""
        if isinstance(self.value, list):
            return "\n".join(self.value)
        return self.value.replace("\r\n", "\n")


class Detail(_Model):
    """A change in a journal: `property` attr, cf (custom field) or attachment; `name` which of
    them.
    """

    property: str
    name: Text
    old_value: Text = ""
    new_value: Text = ""


class Journal(_Model):
    """A change of an issue, or a note on it."""

    id: int
    user: Named | None = None
    notes: Text = ""
    created_on: Time
    private_notes: bool = False
    details: tuple[Detail, ...] = ()


class File(_Model):
    """An attachment."""

    id: int
    filename: Text
    filesize: int
    content_type: Text = ""


class Upload(_Model):
    """A file that was sent, and that an issue can take by this token."""

    token: str


class Child(_Model):
    """A subtask, as its parent shows it."""

    id: int
    tracker: Named | None = None


def _plain_fields(value: object) -> object:
    # Of a list, where one issue that a plugin has made otherwise must not stop the others.
    fields = (one for one in value if isinstance(one, dict)) if isinstance(value, (list, tuple)) else ()
    return [
        {"id": one["id"], "name": "", "value": one["value"]}
        for one in fields
        if isinstance(one.get("id"), int) and isinstance(one.get("value"), str)
    ]


class Row(_Model):
    """An issue in a list, with what shows whether the issue has changed and belongs to a ticket."""

    id: int
    tracker: Named
    category: Named | None = None
    parent: Named | None = None
    custom_fields: Annotated[tuple[CustomField, ...], BeforeValidator(_plain_fields)] = ()
    updated_on: Time

    def field(self, id_: int) -> CustomField | None:
        """The custom field with this id, None where the issue has none."""
        return _field(self.custom_fields, id_)


class Issue(Row):
    """An issue."""

    project: Named
    status: Named
    author: Named
    subject: Text
    description: Text = ""
    estimated_hours: Decimal | None = None
    custom_fields: tuple[CustomField, ...] = ()
    created_on: Time
    journals: tuple[Journal, ...] = ()
    attachments: tuple[File, ...] = ()
    children: tuple[Child, ...] = ()
    allowed_statuses: tuple[Named, ...] | None = None


class TimeEntry(_Model):
    """A time entry; `issue` is None where it belongs to a project only."""

    id: int
    project: Named
    issue: Named | None = None
    user: Named
    activity: Named
    hours: Decimal
    comments: Text = ""
    created_on: Time
    updated_on: Time
    custom_fields: tuple[CustomField, ...] = ()

    def field(self, id_: int) -> str:
        """The text of a custom field, "" where the entry has none."""
        found = _field(self.custom_fields, id_)
        return found.text if found else ""


class Project(_Model):
    """A project, with the activities that time may be logged under."""

    id: int
    name: Text
    custom_fields: tuple[CustomField, ...] = ()
    time_entry_activities: tuple[Named, ...] = ()

    def field(self, id_: int) -> str:
        """The text of a custom field, "" where the project has none."""
        found = _field(self.custom_fields, id_)
        return found.text if found else ""


class User(_Model):
    """Who the bridge is on this Redmine."""

    id: int
    login: Text


class Membership(_Model):
    """A project that a user is a member of."""

    roles: tuple[Named, ...]


class Member(_Model):
    """A user, with the projects."""

    admin: bool = False
    memberships: tuple[Membership, ...] = ()


class Role(_Model):
    """A role, with what it allows."""

    permissions: tuple[str, ...]


class Details(_Model):
    """What the bridge keeps with its rows of the ledger, as far as it is read again."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    at: Time
    ticket_id: str | None = None
    stage_id: str | None = None
    hold_id: str | None = None
    reverses: str | None = None
    price_kopecks: Annotated[int, Field(ge=0)] | None = None


M = TypeVar("M", bound=BaseModel)


def document(body: bytes) -> Any:
    """JSON with numbers as they are written.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return json.loads(body, parse_float=Decimal)
    except (RecursionError, ArithmeticError) as error:
        raise ValueError(f"cannot be read: {error}") from None


def read(model: type[M], found: object) -> M:
    """A JSON value as one of the models above.

    Raises:
        NotTheContract: it is not, with every fault.
    """
    try:
        return model.model_validate(found)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise NotTheContract(
            tuple(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults)
        ) from None


def newest(moments: Iterable[datetime], otherwise: datetime) -> datetime:
    """The latest of some moments and `otherwise`."""
    return max((otherwise, *moments))


def _field(fields: Iterable[CustomField], id_: int) -> CustomField | None:
    return next((one for one in fields if one.id == id_), None)
