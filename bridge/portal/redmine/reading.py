"""A ticket out of Redmine's issues, their journals and time entries; pure, no I/O. The convention is
docs/portals/redmine.md.

A ticket is an issue, its stages are subtasks. What was agreed is what the subtasks said at the moment of the
agreement: an estimate that is changed later counts after a new one. Journals say when: their ids grow over
the whole Redmine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TypeVar

from bridge.domain.hours import InexactHours, exact, to_milli
from bridge.domain.tickets import Attachment, Stage, StageState, ThreadEntry, Ticket, TicketState
from bridge.domain.tickets import TimeEntry as LoggedTime
from bridge.portal.redmine.convention import RedmineConvention
from bridge.portal.redmine.wire import Detail, Issue, Journal, TimeEntry, newest
from bridge.portal.wire import NotTheContract

State = TypeVar("State", TicketState, StageState)

_ORDER_FIELD = re.compile(
    r"(?:.*\()?(installation|service|variant|quantity|action|params|param_[a-z0-9_]+)\)?"
)
"""Names of the fields of an order: the name itself, or in brackets at the end of a name for people."""

COUNTED = 2**20
"""How many changes of one second a version can distinguish."""

_LARGEST = 2**53 - 1
"""Thousandths that a number may have, as in the contract: what is larger fits no sum."""

_YES = "1"
_ESTIMATE_UNIT = 3
"""Minutes; an estimate in whole multiples of them is a whole number of milli-hours."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The last time that the estimate was agreed; `journal` is 0 where the ticket came agreed."""

    journal: int
    at: datetime


def ticket_of(
    convention: RedmineConvention,
    issue: Issue,
    stages: Sequence[Issue],
    entries: Iterable[TimeEntry],
    *,
    bridge: int,
    ledger: Collection[str],
) -> Ticket:
    """The ticket that an issue is.

    Parameters:
        stages: its subtasks of the stage tracker.
        entries: time entries on it and on them.
        bridge: id of the bridge's user.
        ledger: names of the activities that make the ledger; entries under any other are specialists' time.

    Raises:
        NotTheContract: with every fault.
    """
    problems = [
        *_lacking(issue, convention.issue_fields.key, "key"),
        *_lacking(issue, convention.issue_fields.agreed, "agreed"),
    ]
    fields = _order_fields(issue, problems)
    agreement = _agreement(convention, issue)
    agreed = [] if agreement is None else list(_agreed_stages(convention, issue, stages, agreement, problems))
    state = state_of(convention.ticket_states, issue)
    if state is None:
        problems.append(_no_state(issue, "ticket_states"))
    known = {stage.id for stage in agreed}
    time = sorted((entry for entry in entries if entry.activity.name not in ledger), key=lambda one: one.id)
    logged = tuple(_logged(entry, known, problems) for entry in time)
    if problems or state is None:
        raise NotTheContract(tuple(problems))
    changed = newest(
        (*(one.updated_on for one in stages), *(one.updated_on for one in time)), issue.updated_on
    )
    count = (
        sum(len(one.journals) for one in (issue, *stages)) + len(time) + len(issue.attachments) + len(stages)
    )
    withdrawn = (
        _moved(issue, convention.ticket_states[TicketState.WITHDRAWN])
        if state is TicketState.WITHDRAWN
        else None
    )
    return Ticket(
        id=str(issue.id),
        number=str(issue.id),
        version=version_of(changed) + min(count, COUNTED - 1),
        category=issue.category.name if issue.category else "",
        subject=issue.subject,
        customer_id=str(issue.project.id),
        customer_name=issue.project.name,
        account_id=str(issue.project.id),
        installation=fields.pop("installation", "").strip() or None,
        state=state,
        created_at=issue.created_on,
        updated_at=changed,
        agreed_at=agreement.at if agreement else None,
        withdrawn_at=withdrawn.created_on if withdrawn else None,
        fields=fields,
        thread=tuple(_thread(issue, bridge)),
        attachments=tuple(attachments_of(issue)),
        stages=tuple(agreed),
        time_entries=logged,
    )


def version_of(moment: datetime) -> int:
    """The least version of a ticket that was changed last in this second."""
    return int(moment.timestamp()) * COUNTED


def attachments_of(issue: Issue) -> Iterator[Attachment]:
    """The issue's files; Redmine sends no digest of them."""
    return (
        Attachment(str(one.id), one.filename, one.filesize, "", one.content_type) for one in issue.attachments
    )


def state_of(states: Mapping[State, int], issue: Issue) -> State | None:
    """The state that the issue's status stands for; None where it stands for none."""
    return next((state for state, status in states.items() if status == issue.status.id), None)


def number(text: str) -> Decimal:
    """A number as people write it into a field.

    Raises:
        InexactHours: it is none, is finer than 0.001, or larger than any sum.
    """
    written = _written(text)
    if abs(to_milli(written)) > _LARGEST:
        raise InexactHours(f"{text!r} is too large")
    return written


def _agreement(convention: RedmineConvention, issue: Issue) -> Agreement | None:
    field = convention.issue_fields.agreed
    now = issue.field(field)
    if now is None or now.text != _YES:
        return None
    given = _last(
        issue, lambda one: one.property == "cf" and one.name == str(field) and one.new_value == _YES
    )
    return Agreement(0, issue.created_on) if given is None else Agreement(given.id, given.created_on)


def _agreed_stages(
    convention: RedmineConvention,
    issue: Issue,
    stages: Sequence[Issue],
    agreement: Agreement,
    problems: list[str],
) -> Iterator[Stage]:
    for one in sorted(stages, key=lambda stage: stage.id):
        joined = _last(issue, partial(_joins, str(one.id)))
        later = one.created_on > agreement.at if joined is None else joined.id > agreement.journal
        stage = None if later else _stage(convention, one, agreement, problems)
        if stage is not None:
            yield stage


def _stage(
    convention: RedmineConvention, issue: Issue, agreement: Agreement, problems: list[str]
) -> Stage | None:
    lacking = [
        *_lacking(issue, convention.issue_fields.key, "key"),
        *_lacking(issue, convention.issue_fields.coefficient, "coefficient"),
    ]
    estimate = _agreed_hours(issue, agreement, lacking)
    coefficient = _agreed_coefficient(convention, issue, agreement, lacking)
    state = state_of(convention.stage_states, issue)
    if state is None:
        lacking.append(_no_state(issue, "stage_states"))
    problems += lacking
    if lacking or state is None:
        return None
    statuses = convention.stage_states
    accepted, rejected = (
        _moved(issue, statuses[StageState.ACCEPTED]),
        _moved(issue, statuses[StageState.REJECTED]),
    )
    if state is StageState.WRITTEN_OFF:
        accepted = accepted or _moved(issue, statuses[StageState.WRITTEN_OFF])
    elif state is not StageState.ACCEPTED:
        accepted = None
    word = max((one for one in (accepted, rejected) if one is not None), key=lambda one: one.id, default=None)
    rejections = sum(
        _moves_to(one, statuses[StageState.REJECTED]) for journal in issue.journals for one in journal.details
    )
    return Stage(
        str(issue.id),
        issue.subject,
        estimate,
        coefficient,
        state,
        1 + rejections,
        accepted.created_on if accepted else None,
        rejected.created_on if rejected else None,
        "" if word is None else _lines(word.notes),
    )


def _agreed_hours(issue: Issue, agreement: Agreement, problems: list[str]) -> Decimal:
    now = "" if issue.estimated_hours is None else str(issue.estimated_hours)
    estimate = _as_of(issue, agreement, "attr", "estimated_hours", now)
    where = f"#{issue.id}, estimated time"
    try:
        minutes = _minutes(_written(estimate)) if estimate else None
    except InexactHours:
        minutes = None
    if minutes is None:
        problems.append(f"{where}: must say the agreed norm-hours, is {estimate!r}")
    elif minutes % _ESTIMATE_UNIT:
        problems.append(f"{where}: must be a multiple of {_ESTIMATE_UNIT} minutes (0.05 h), is {estimate}")
    else:
        return Decimal(minutes) / 60
    return Decimal(0)


def _agreed_coefficient(
    convention: RedmineConvention, issue: Issue, agreement: Agreement, problems: list[str]
) -> Decimal:
    field = issue.field(convention.issue_fields.coefficient)
    written = _as_of(
        issue, agreement, "cf", str(convention.issue_fields.coefficient), field.text if field else ""
    )
    try:
        coefficient = number(written)
    except InexactHours:
        coefficient = Decimal(0)
    if field is not None and coefficient <= 0:
        problems.append(f"#{issue.id}, {field.name}: must be a number such as 1 or 0.6, is {written!r}")
    return coefficient


def _as_of(issue: Issue, agreement: Agreement, kind: str, name: str, now: str) -> str:
    """What stood in a field at the moment of the agreement: what the first change after it replaced, or
    what stands there now.
    """
    for journal in sorted(issue.journals, key=lambda one: one.id):
        if journal.id > agreement.journal:
            for detail in journal.details:
                if detail.property == kind and detail.name == name:
                    return detail.old_value
    return now


def _order_fields(issue: Issue, problems: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in issue.custom_fields:
        match = _ORDER_FIELD.fullmatch(field.name)
        if match is None or not field.text.strip():
            continue
        name = match[1]
        if name in found and name.startswith("param_"):
            name = (
                field.name
            )  # each action that knows it has a field; who filled in two learns it from the order's check
        elif name in found:
            problems.append(f"#{issue.id}: two fields are called {name}: rename one of them")
        found[name] = field.text
    return found


def _thread(issue: Issue, bridge: int) -> Iterator[ThreadEntry]:
    def author(user: int | None) -> str:
        return "bridge" if user == bridge else "customer" if user == issue.author.id else "specialist"

    if issue.description.strip():
        yield ThreadEntry(
            f"d{issue.id}", author(issue.author.id), "customer", issue.created_on, _lines(issue.description)
        )
    # Redmine sends them backwards to a user who has set that.
    for one in sorted(issue.journals, key=lambda one: one.id):
        if one.notes.strip():
            visibility = "internal" if one.private_notes else "customer"
            yield ThreadEntry(
                f"j{one.id}",
                author(one.user.id if one.user else None),
                visibility,
                one.created_on,
                _lines(one.notes),
            )


def _logged(entry: TimeEntry, stages: Collection[str], problems: list[str]) -> LoggedTime:
    on = str(entry.issue.id) if entry.issue else ""
    minutes = 0
    try:
        minutes = _minutes(entry.hours)
    except InexactHours as error:
        problems.append(f"time entry {entry.id}: {error}")
    return LoggedTime(
        str(entry.id),
        on if on in stages else None,
        entry.user.name,
        entry.activity.name,
        minutes,
        entry.created_on,
        entry.comments,
    )


def _written(text: str) -> Decimal:
    return exact(text.strip().replace("\N{NO-BREAK SPACE}", "").replace(",", "."))


def _minutes(hours: Decimal) -> int:
    """Whole minutes, which Redmine keeps as a fraction of an hour."""
    if not 0 <= hours <= Decimal(_LARGEST) / 1000:
        raise InexactHours(f"{hours} hours are not a time")
    return int((hours * 60).quantize(Decimal(1)))


def _joins(stage: str, detail: Detail) -> bool:
    return (detail.name, detail.new_value) == ("child_id", stage)


def _moved(issue: Issue, status: int) -> Journal | None:
    """The journal of the last move to a status; None where it began there, or never was."""
    return _last(issue, lambda detail: _moves_to(detail, status))


def _moves_to(detail: Detail, status: int) -> bool:
    return (detail.property, detail.name, detail.new_value) == ("attr", "status_id", str(status))


def _last(issue: Issue, fits: Callable[[Detail], bool]) -> Journal | None:
    fitting = (one for one in issue.journals if any(fits(detail) for detail in one.details))
    return max(fitting, key=lambda one: one.id, default=None)


def _lacking(issue: Issue, id_: int, name: str) -> list[str]:
    if issue.field(id_) is not None:
        return []
    return [
        (
            f"#{issue.id}: has no field {id_} (issue_fields.{name}): let its tracker and project "
            "have it, visible to the bridge's role"
        )
    ]


def _no_state(issue: Issue, table: str) -> str:
    return f"#{issue.id}: the status {issue.status.name!r} stands for no state ({table})"


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")
