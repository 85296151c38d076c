"""Writes to the ledger: holds and voids in the bridge's books, write-offs and reversals as time entries on
their stages.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from bridge.domain.hours import Charge, price, text, to_kopecks, to_milli, write_off
from bridge.domain.kept import KeptHold
from bridge.domain.tickets import Account, StageState, TicketState
from bridge.portal.books import Attempt, Books, Once, fingerprint_of
from bridge.portal.errors import (
    InsufficientBalance,
    PortalError,
    PortalNotFound,
    PortalRefused,
    StateConflict,
)
from bridge.portal.port import LedgerEntry
from bridge.portal.redmine import records, wire
from bridge.portal.redmine.client import Client
from bridge.portal.redmine.convention import RedmineConvention
from bridge.portal.redmine.ledger import Ledger, of_hold
from bridge.portal.redmine.reader import LATELY, Reader
from bridge.portal.redmine.reading import state_of
from bridge.portal.redmine.writes import Writes
from bridge.portal.wire import charge_lines

log = logging.getLogger("bridge.portal.redmine")

_LONGEST_COMMENT = 255


class _Rows:
    """The rows of the ledger that bear one key, during one attempt to write one."""

    def __init__(self, client: Client, ledger: Ledger, key: str) -> None:
        self._client = client
        self._ledger = ledger
        self._key = key
        self._was_sent = False
        self._surplus: list[wire.TimeEntry] = []

    def look(self) -> dict[str, Any] | None:
        """The entry with this key; where several came to be the first one counts. Changes nothing."""
        found = self._ledger.by_key(self._key)
        self._surplus = found[1:]
        for one in self._surplus:
            log.warning(
                "time entry %d repeats %d (key %s): it does not count", one.id, found[0].id, self._key
            )
        row = self._ledger.row(found[0]) if found else None
        return None if row is None else records.document(self._ledger.entry(row))

    def add(self, entry: Mapping[str, Any]) -> None:
        """Send it."""
        self._was_sent = True
        self._client.add_entry(self._key, entry)

    def tidy(self) -> None:
        """Delete what this very attempt has made beside one that came late, and nothing that anybody else
        made.
        """
        for one in self._surplus if self._was_sent else ():
            try:
                self._client.delete_entry(self._key, one.id)
            except PortalError as error:
                log.error("%s; time entry %d does not count, delete it", error, one.id)  # noqa: TRY400 (the message says all)


class Booking:
    """Books on the accounts of one Redmine.

    Parameters:
        portal: the portal's name, for errors.
        clock: aware UTC.
        zone: the site's time zone: a write-off stands on its day.
    """

    def __init__(
        self,
        portal: str,
        client: Client,
        reader: Reader,
        convention: RedmineConvention,
        *,
        ledger: Ledger,
        writes: Writes,
        books: Books,
        once: Once,
        clock: Callable[[], datetime],
        zone: tzinfo = UTC,
    ) -> None:
        self._portal = portal
        self._client = client
        self._reader = reader
        self._convention = convention
        self._ledger = ledger
        self._writes = writes
        self._books = books
        self._once = once
        self._clock = clock
        self._zone = zone
        self._balances: dict[str, tuple[float, tuple[KeptHold, ...], Account]] = {}

    def account(self, account_id: str) -> Account:
        """See `Portal.account`."""
        # Holds first: a write-off that ends one meanwhile is then counted twice, and never not at all.
        holds = tuple(self._books.holds(account_id))
        account = self._ledger.account(self._client.project(account_id), self._ledger.rows(account_id), holds)
        self._balances[account_id] = time.monotonic(), holds, account
        return account

    def _fits_lately(self, account_id: str) -> Decimal | None:
        """What an account that was read a moment ago has room for, None where that may not serve.

        Who decides on a hold has just read the balance. Everything that lowers it goes through a hold in the
        books, and these are compared. Only an accountant's correction does not; a moment before a hold or
        behind it is the same.
        """
        read = self._balances.pop(account_id, None)
        if (
            read is None
            or time.monotonic() - read[0] >= LATELY
            or read[1] != tuple(self._books.holds(account_id))
        ):
            return None
        account = read[2]
        return account.available + account.overdraft_limit

    def hold(self, key: str, account_id: str, ticket_id: str, stage_id: str, amount: Decimal) -> LedgerEntry:
        """See `Portal.hold`."""
        fingerprint = fingerprint_of(
            "hold",
            {"account": account_id, "ticket": ticket_id, "stage": stage_id, "amount": to_milli(amount)},
        )
        endpoint = f"hold on project {account_id}"
        with self._books.writer():
            known = self._once.answer(key, endpoint, fingerprint)
            if known is not None:
                return records.entry_from(known)
            ticket = self._reader.to_be_held(ticket_id, stage_id)
            stage = next(iter(ticket.stages), None)
            if stage is None or ticket.account_id != account_id:
                detail = f"ticket {ticket_id} of project {account_id} has no stage {stage_id}"
                raise PortalNotFound(endpoint, detail, code="not_found", portal=self._portal)
            if ticket.state is TicketState.WITHDRAWN and stage.state is not StageState.ACCEPTED:
                raise self._conflict(endpoint, "the ticket is withdrawn", ticket.state)
            fits = self._fits_lately(account_id)
            if fits is None or amount > fits:
                account = self.account(account_id)
                fits = account.available + account.overdraft_limit
            if amount > fits:
                raise InsufficientBalance(
                    endpoint,
                    f"{text(fits)} norm-hours are there, {text(amount)} are needed",
                    available=fits,
                    needed=amount,
                    code="insufficient_balance",
                    portal=self._portal,
                )
            hold = KeptHold(f"hold-{key}", key, account_id, ticket_id, stage_id, amount, self._clock())
            (entry,) = of_hold(hold)
            self._books.add_hold(hold, fingerprint, records.document(entry))
            return entry

    def void(self, key: str, hold_id: str) -> LedgerEntry:
        """See `Portal.void`."""
        fingerprint = fingerprint_of("void", {"hold": hold_id})
        with self._books.writer():
            known = self._once.answer(key, hold_id, fingerprint)
            if known is not None:
                return records.entry_from(known)
            hold = self._open(hold_id)
            now = self._clock()
            entry = LedgerEntry(
                f"void:{key}",
                key,
                "void",
                hold.account_id,
                hold.ticket_id,
                hold.stage_id,
                hold.amount,
                now,
                hold.id,
            )
            self._books.end_hold(hold_id, "voided", key, now, fingerprint, records.document(entry))
            self._writes.unheld(key, hold)
            return entry

    def capture(
        self,
        key: str,
        hold_id: str,
        charges: Sequence[Charge],
        amount: Decimal,
        evidence: Mapping[str, Any],
        accepted_by: str,
    ) -> LedgerEntry:
        """See `Portal.capture`."""
        lines = charge_lines(charges)

        def prepare() -> dict[str, Any]:
            hold = self._open(hold_id)
            self._refuse_capture(hold, charges, amount, accepted_by)
            project = self._client.project(hold.account_id)
            hour_price = self._ledger.account(project, (), ()).hour_price
            details = {
                "ticket_id": hold.ticket_id,
                "stage_id": hold.stage_id,
                "hold_id": hold_id,
                "charges": lines,
                "evidence": dict(evidence),
                "accepted_by": accepted_by,
                "price_kopecks": None if hour_price is None else to_kopecks(price(amount, hour_price)),
            }
            self._ledger.see(project)
            comment = f"Списано нормо-часов: {text(amount).replace('.', ',')}"
            return self._row(key, project, hold.stage_id, "capture", Decimal(0) - amount, comment, details)

        def keep(fingerprint: str, answer: Mapping[str, Any]) -> None:
            self._writes.follow(
                key,
                str(answer["stage_id"]),
                StageState.WRITTEN_OFF,
                (StageState.ACCEPTED, StageState.READY),
                amount,
            )
            at = datetime.fromisoformat(str(answer["at"]))
            self._books.end_hold(hold_id, "captured", key, at, fingerprint, answer)
            rows.tidy()

        rows = _Rows(self._client, self._ledger, key)
        request = {
            "hold": hold_id,
            "charges": lines,
            "amount_mh": to_milli(amount),
            "evidence": dict(evidence),
            "accepted_by": accepted_by,
        }
        return self._booked(Attempt(hold_id, key, "capture", request, rows.look, prepare, rows.add, keep))

    def reverse(self, key: str, entry_id: str, reason: str) -> LedgerEntry:
        """See `Portal.reverse`."""

        def prepare() -> dict[str, Any]:
            row = (
                None
                if entry_id.startswith(("hold-", "void:"))
                else self._ledger.row(self._client.entry(entry_id))
            )
            if row is None or row.kind != "capture":
                raise self._conflict(
                    entry_id, "only a write-off can be reversed", row.kind if row else "hold"
                )
            others = self._ledger.rows(str(row.entry.project.id))
            if any(one.details.get("reverses") == entry_id for one in others if one.kind == "reversal"):
                raise self._conflict(entry_id, "it was reversed before", "reversed")
            facts = {
                name: row.details.get(name) for name in ("ticket_id", "stage_id", "hold_id", "price_kopecks")
            }
            details = {**facts, "reverses": entry_id, "reason": reason}
            project = self._client.project(str(row.entry.project.id))
            # Who deletes a stage may leave its hours on the project.
            stage_id = None if row.entry.issue is None else str(row.entry.issue.id)
            return self._row(
                key,
                project,
                stage_id,
                "reversal",
                row.amount,
                f"Возврат: {reason}"[:_LONGEST_COMMENT],
                details,
            )

        def keep(fingerprint: str, answer: Mapping[str, Any]) -> None:
            if answer["stage_id"] is not None:
                self._writes.follow(
                    key, str(answer["stage_id"]), StageState.ACCEPTED, (StageState.WRITTEN_OFF,), Decimal(0)
                )
            self._books.answered(key, fingerprint, answer)
            rows.tidy()

        rows = _Rows(self._client, self._ledger, key)
        request = {"entry": entry_id, "reason": reason}
        return self._booked(Attempt(entry_id, key, "reversal", request, rows.look, prepare, rows.add, keep))

    def _booked(self, attempt: Attempt) -> LedgerEntry:
        return records.entry_from(self._once.run(attempt))

    def _refuse_capture(
        self, hold: KeptHold, charges: Sequence[Charge], amount: Decimal, accepted_by: str
    ) -> None:
        stage = self._reader.stage(hold.ticket_id, hold.stage_id)
        if str(stage.project.id) != hold.account_id:
            detail = (
                f"the ticket was moved to project {stage.project.id}, its hours are held on project "
                f"{hold.account_id}: move it back"
            )
            raise self._conflict(hold.id, detail, "moved")
        state = state_of(self._convention.stage_states, stage)
        if state is not StageState.ACCEPTED and (accepted_by == "customer" or state is not StageState.READY):
            raise self._conflict(hold.id, "the stage is not accepted", state)
        makes = write_off(charges)
        if makes != amount:
            detail = (
                f"the charges make {text(makes)} norm-hours ({to_milli(makes)} milli-hours), not "
                f"{text(amount)}"
            )
            raise PortalRefused(hold.id, detail, code="amount_mismatch", portal=self._portal)
        if amount > hold.amount:
            raise self._conflict(hold.id, f"only {text(hold.amount)} norm-hours are held", state)
        self._writes.allowed(stage, self._convention.stage_states[StageState.WRITTEN_OFF])

    def _row(
        self,
        key: str,
        project: wire.Project,
        stage_id: str | None,
        kind: str,
        hours: Decimal,
        comments: str,
        details: Mapping[str, Any],
    ) -> dict[str, Any]:
        """A time entry of the ledger, on the project where there is no stage.

        Parameters:
            hours: with the sign that they have in the balance.
        """
        name = next(name for name, found in self._reader.ledger_names.items() if found == kind)
        activity = next((one.id for one in project.time_entry_activities if one.name == name), None)
        if activity is None:
            detail = f"the activity {name!r} is switched off there"
            raise PortalRefused(f"project {project.id}", detail, code="invalid", portal=self._portal)
        now, fields = self._clock(), self._convention.entry_fields
        return {
            **({"project_id": project.id} if stage_id is None else {"issue_id": int(stage_id)}),
            "activity_id": activity,
            "hours": 0,
            "spent_on": f"{now.astimezone(self._zone):%Y-%m-%d}",
            "comments": comments,
            "custom_fields": [
                {"id": fields.hours, "value": text(hours)},
                {"id": fields.key, "value": key},
                {"id": fields.details, "value": records.dumped({**details, "at": now.isoformat()})},
            ],
        }

    def _open(self, hold_id: str) -> KeptHold:
        hold = self._books.hold(hold_id)
        if hold is None:
            raise PortalNotFound(
                hold_id, "the bridge keeps no such hold", code="not_found", portal=self._portal
            )
        if hold.ended is not None:
            raise self._conflict(hold_id, "the hold has ended", hold.ended)
        return hold

    def _conflict(self, endpoint: str, detail: str, actual: str | None) -> StateConflict:
        return StateConflict(
            endpoint, detail, actual=str(actual or ""), code="state_conflict", portal=self._portal
        )
