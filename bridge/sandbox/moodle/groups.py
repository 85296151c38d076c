"""Groups and groupings of courses."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle.schema import Fault
from bridge.sandbox.moodle.steps.base import known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


def faults(site: Site, what: str, params: Mapping[str, Any]) -> Iterator[Fault]:
    """Why a group or a grouping (`what`) cannot be made: names and idnumbers are unique in a course."""
    course = params["course"]
    if not known(course):
        return
    for column, code in (("name", f"{what}nametaken"), ("idnumber", "idnumbertaken")):
        value = params[column]
        if (
            known(value)
            and value.strip()
            and site.store.row(
                f'SELECT 1 FROM "{what}" WHERE course = ? AND {column} = ?', course, value.strip()
            )
        ):
            message = (
                f"The course has a {what} “{value.strip()}” already"
                if column == "name"
                else f"The ID number “{value.strip()}” is already used"
            )
            yield Fault(column, code, message, {column: value.strip()})


def make(site: Site, what: str, params: Mapping[str, Any]) -> int:
    """Make one; returns its id."""
    return site.store.insert(
        what,
        course=params["course"],
        name=params["name"].strip(),
        idnumber=params["idnumber"].strip(),
        timecreated=int(time.time()),
    )


def find(site: Site, what: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """The one of that ID number, or else of that name."""
    if not known(params["course"]):
        return None
    column = "idnumber" if params["idnumber"] else "name"
    row = site.store.row(
        f'SELECT id FROM "{what}" WHERE course = ? AND {column} = ?', params["course"], params[column].strip()
    )
    return None if row is None else {"id": row["id"], "name": params["name"]}


def differences(site: Site, what: str, params: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Its name, where it is another one."""
    row = site.store.row(f'SELECT name FROM "{what}" WHERE id = ?', found["id"])
    return {} if row is None or row["name"] == params["name"].strip() else {"name": row["name"]}


def rename(site: Site, what: str, result: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Give it another name."""
    if "name" in values:
        site.store.execute(f'UPDATE "{what}" SET name = ? WHERE id = ?', values["name"], result["id"])
