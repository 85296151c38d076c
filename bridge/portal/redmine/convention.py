"""Where a Redmine keeps what it has no place of its own for: ids of trackers, statuses, activities and custom
fields.

`otbridge init-redmine` sets them up and prints them as the table [portal.redmine]; docs/portals/redmine.md
says what each is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field

from bridge.domain.tickets import StageState, TicketState

Id = Annotated[int, Field(gt=0)]


class _Forbidding:
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True)
class Trackers(_Forbidding):
    """Trackers: of tickets, and of their stages, which are subtasks."""

    ticket: Id
    stage: Id


@dataclass(frozen=True)
class Activities(_Forbidding):
    """Activities of the time entries that make the ledger; time of any other activity is a specialist's."""

    top_up: Id
    capture: Id
    reversal: Id


@dataclass(frozen=True)
class IssueFields(_Forbidding):
    """Fields of issues: the key of the bridge's last write, whether the estimate is agreed, the stage's K.

    And what a stage shows people: norm-hours that are held for it, and that were written off; None where
    nothing is shown.
    """

    key: Id
    agreed: Id
    coefficient: Id
    held: Id | None = None
    taken: Id | None = None


@dataclass(frozen=True)
class EntryFields(_Forbidding):
    """Fields of the ledger's time entries: norm-hours, the key, and the rest as JSON."""

    hours: Id
    key: Id
    details: Id


@dataclass(frozen=True)
class ProjectFields(_Forbidding):
    """Fields of projects, which are the customers' accounts: price of a norm-hour in roubles, overdraft in
    norm-hours.
    """

    hour_price: Id
    overdraft: Id


@dataclass(frozen=True)
class RedmineConvention(_Forbidding):
    """The whole convention; see the classes above."""

    trackers: Trackers
    ticket_states: Mapping[TicketState, Id]
    stage_states: Mapping[StageState, Id]
    activities: Activities
    issue_fields: IssueFields
    entry_fields: EntryFields
    project_fields: ProjectFields

    def __post_init__(self) -> None:
        """Every state has a status, and within a table each has one of its own.

        Raises:
            ValueError: a state has none, or two of a table share one.
        """
        _complete("ticket_states", self.ticket_states, TicketState)
        _complete("stage_states", self.stage_states, StageState)
        for name, table in vars(self).items():
            _distinct(name, table if isinstance(table, Mapping) else vars(table))


def _complete(name: str, states: Mapping[Any, int], known: type[StrEnum]) -> None:
    missing = [one.value for one in known if one not in states]
    if missing:
        raise ValueError(f"{name}: no status for {', '.join(missing)}")


def _distinct(name: str, ids: Mapping[str, int | None]) -> None:
    shared = [one for one, id_ in ids.items() if id_ is not None and list(ids.values()).count(id_) > 1]
    if shared:
        raise ValueError(f"{name}: the same id for {', '.join(shared)}")
