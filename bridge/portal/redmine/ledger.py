"""The ledger of an account on a Redmine: time entries of three activities in the customer's project, and the
holds of the bridge's books.

A top-up is entered by people, write-offs and reversals by the bridge: only those count that carry a key,
which nobody else sees the field of, and of several with the same key the one with the lowest id. Norm-hours
stand in a field of their own, for Redmine keeps minutes only and nothing below zero: with the sign that they
have in the balance, so that a column's total is what is left of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn

from bridge.domain.hours import InexactHours, from_kopecks
from bridge.domain.kept import KeptHold
from bridge.domain.tickets import Account
from bridge.portal.errors import PortalRefused
from bridge.portal.port import LedgerEntry
from bridge.portal.redmine import wire
from bridge.portal.redmine.client import Client
from bridge.portal.redmine.convention import RedmineConvention
from bridge.portal.redmine.reader import Reader
from bridge.portal.redmine.reading import number


@dataclass(frozen=True, slots=True)
class Row:
    """A time entry of the ledger.

    Attributes:
        at: when it was made; of the bridge's own rows to the microsecond, by its clock, for Redmine keeps
            whole seconds.
    """

    entry: wire.TimeEntry
    kind: str
    key: str
    amount: Decimal
    at: datetime
    details: Mapping[str, Any]


class Ledger:
    """Reads accounts.

    Parameters:
        portal: the portal's name, for errors.
    """

    def __init__(self, portal: str, client: Client, reader: Reader, convention: RedmineConvention) -> None:
        self._portal = portal
        self._client = client
        self._reader = reader
        self._convention = convention

    def rows(self, project_id: str) -> list[Row]:
        """The ledger's time entries of a project, oldest first.

        Raises:
            PortalRefused: one that cannot be read; a balance with a hole is none.
            PortalForbidden: the bridge's role does not see norm-hours there.
        """
        ids = self._convention.activities
        filters = {
            "project_id": project_id,
            "subproject_id": "!*",
            "activity_id": f"{ids.top_up}|{ids.capture}|{ids.reversal}",
            "sort": "created_on",
        }
        found: dict[str, Row] = {}
        for entry in self._client.entries(filters):
            if str(entry.project.id) != project_id:
                continue
            if self._reader.kind_of(entry) is None:
                detail = (
                    f"time entry {entry.id}: its activity {entry.activity.name!r} bears another name "
                    "in this project than elsewhere"
                )
                raise PortalRefused(f"project {project_id}", detail, code="account", portal=self._portal)
            row = self.row(entry)
            if row is not None and (row.key not in found or entry.id < found[row.key].entry.id):
                found[row.key] = row
        return sorted(found.values(), key=lambda row: row.entry.id)

    def row(self, entry: wire.TimeEntry) -> Row | None:
        """What a time entry is in the ledger; None where it is nothing."""
        kind, fields = self._reader.kind_of(entry), self._convention.entry_fields
        key = entry.field(fields.key)
        if kind is None or (kind != "top_up" and not key and entry.user.id != self._reader.me):
            return None
        if not self._reader.sees_hours(entry):
            raise self._reader.blind(entry.project)
        try:
            hours = number(entry.field(fields.hours))
        except InexactHours:
            self._refuse(entry, fields.hours, "must be a number of norm-hours")
        if kind == "top_up":
            return Row(entry, kind, f"top-up:{entry.id}", hours, entry.created_on, {})
        try:
            details = wire.document(entry.field(fields.details).encode())
            at = wire.read(wire.Details, details).at
        except ValueError:
            self._refuse(entry, fields.details, "was changed: must be the JSON that the bridge wrote")
        amount = -hours if kind == "capture" else hours
        if amount < 0:
            self._refuse(entry, fields.hours, "must have the other sign")
        if not key:
            self._refuse(entry, fields.key, "is empty")
        return Row(entry, kind, key, amount, at, details)

    def see(self, project: wire.Project) -> None:
        """See to it that the bridge may write norm-hours in a project, as far as the newest time entry there
        tells.

        Raises:
            PortalForbidden: the bridge's role does not see them.
        """
        filters = {"project_id": str(project.id), "subproject_id": "!*", "limit": "1"}
        newest = next(iter(self._client.newest_entries(filters)), None)
        if newest is not None and not self._reader.sees_hours(newest):
            raise self._reader.blind(newest.project)

    def by_key(self, key: str) -> list[wire.TimeEntry]:
        """The time entries that carry a key, the oldest first."""
        found = self._client.entries({f"cf_{self._convention.entry_fields.key}": key, "spent_on": "*"})
        return sorted(
            (one for one in found if one.field(self._convention.entry_fields.key) == key),
            key=lambda one: one.id,
        )

    def entry(self, row: Row) -> LedgerEntry:
        """A row as the contract describes it."""
        details, issue = row.details, row.entry.issue
        kopecks = details.get("price_kopecks")
        return LedgerEntry(
            str(row.entry.id),
            row.key,
            row.kind,
            str(row.entry.project.id),
            details.get("ticket_id"),
            str(issue.id) if issue else details.get("stage_id"),
            row.amount,
            row.at,
            details.get("hold_id"),
            details.get("reverses"),
            None if kopecks is None else from_kopecks(kopecks),
        )

    def account(self, project: wire.Project, rows: Iterable[Row], holds: Iterable[KeptHold]) -> Account:
        """The balance that rows and holds make."""
        rows = list(rows)
        fields = self._convention.project_fields
        granted = sum((row.amount for row in rows if row.kind == "top_up"), Decimal(0))
        written_off = sum(
            ({"capture": row.amount, "reversal": -row.amount}.get(row.kind, Decimal(0)) for row in rows),
            Decimal(0),
        )
        kept = list(holds)
        held = sum((hold.amount for hold in kept if hold.ended is None), Decimal(0))
        price = self._term(project, fields.hour_price)
        overdraft = self._term(project, fields.overdraft) or Decimal(0)
        version = len(rows) + sum(1 if hold.ended is None else 2 for hold in kept)
        return Account(
            str(project.id),
            granted,
            written_off,
            held,
            granted - written_off - held,
            overdraft,
            version,
            price,
        )

    def _term(self, project: wire.Project, field: int) -> Decimal | None:
        """A number of the account's terms, None where nothing is said."""
        written = project.field(field).strip()
        try:
            term = number(written) if written else None
        except InexactHours:
            term = Decimal(-1)
        if term is not None and term < 0:
            detail = (
                f"{_name(project.custom_fields, field)!r} must be a number, not below zero, is {written!r}"
            )
            raise PortalRefused(f"project {project.id}", detail, code="account", portal=self._portal)
        return term

    def _refuse(self, entry: wire.TimeEntry, field: int, why: str) -> NoReturn:
        if all(one.id != field for one in entry.custom_fields):
            why = "may not be seen by the bridge's role: let it see the field, or nothing can be written off"
        detail = f"time entry {entry.id} ({entry.activity.name}): {_name(entry.custom_fields, field)!r} {why}"
        raise PortalRefused(f"project {entry.project.id}", detail, code="account", portal=self._portal)


def of_hold(hold: KeptHold) -> Iterator[LedgerEntry]:
    """The ledger's entries that a kept hold makes: the hold, and its void."""
    yield LedgerEntry(
        hold.id,
        hold.key,
        "hold",
        hold.account_id,
        hold.ticket_id,
        hold.stage_id,
        hold.amount,
        hold.at,
        hold.id,
    )
    if hold.ended == "voided" and hold.ended_key is not None and hold.ended_at is not None:
        yield LedgerEntry(
            f"void:{hold.ended_key}",
            hold.ended_key,
            "void",
            hold.account_id,
            hold.ticket_id,
            hold.stage_id,
            hold.amount,
            hold.ended_at,
            hold.id,
        )


def _name(fields: Iterable[wire.CustomField], id_: int) -> str:
    return next((one.name for one in fields if one.id == id_), f"field {id_}")
