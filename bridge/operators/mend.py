"""Mending a difference between the journal's ledger and the portal's, as an operator decided: whose word
counts.

The ledger only grows: what the portal's word undoes is taken back by a row of its own, and nothing is ever
sent under another key.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from bridge.domain.effects import Effect, EffectState, effect_key
from bridge.domain.hours import Totals, from_kopecks, from_milli, to_milli
from bridge.domain.lifecycle import booked_outcome, charges_from
from bridge.errors import UserError
from bridge.flow.context import Bridge
from bridge.flow.scope import Exit
from bridge.i18n import tr
from bridge.journal import NewLedgerRow, Unit
from bridge.operators.reconcile import Difference, Entry, Kind, Mend
from bridge.operators.reconciliation import Report, reconcile_accounts


def mend(
    bridge: Bridge, account_ids: Collection[str] | None, key: str, how: Mend, reason: str, by: str
) -> Report:
    """Mend the difference under `key` as an operator decided, and compare its account again.

    Parameters:
        how: `ACCEPT`, `RESEND` or `RELEASE`, and the one that the comparison names for this difference or
            stranded hold.
        by: who decided, as login@host; kept in the log with the reason.

    Raises:
        UserError: there is no difference and no stranded hold under the key, or another mend belongs to it.
        LedgerConflict: the row does not fit the journal's ledger, for example because its hold has to be
            accepted first.
        PortalError: the portal refused, or cannot be reached.
    """
    report = reconcile_accounts(bridge, account_ids)
    for account in report.accounts:
        for difference in account.differences:
            if difference.key != key or difference.kind is Kind.SUMS:
                continue
            if difference.mend is not how:
                sentence = tr("the difference under key {key} is mended otherwise: {mend}")
                raise UserError(sentence.format(key=key, mend=difference.mend.value))
            if how is Mend.RESEND:
                _resend(bridge, difference, reason)
            with bridge.journal.transaction() as unit:
                if how is Mend.ACCEPT:
                    _accept(unit, bridge, account.account_id, difference)
                entry = difference.entry
                assert entry is not None, "only sums have no row"
                unit.events.log(
                    bridge.portal.name,
                    entry.ticket_id,
                    f"reconcile-{how.value}",
                    f"{key} ({by}): {reason}",
                    bridge.clock(),
                )
            return reconcile_accounts(bridge, [account.account_id])
        for stranded in account.stranded:
            if stranded.hold.key != key:
                continue
            if stranded.mend is not how:
                sentence = tr("the difference under key {key} is mended otherwise: {mend}")
                raise UserError(sentence.format(key=key, mend=stranded.mend.value))
            _release(bridge, account.account_id, stranded.hold, f"{key} ({by}): {reason}")
            return reconcile_accounts(bridge, [account.account_id])
    if report.exit > Exit.OPERATOR:
        return report
    raise UserError(tr("there is no difference under key {key}").format(key=key))


def _accept(unit: Unit, bridge: Bridge, account_id: str, difference: Difference) -> None:
    """Let the portal's word count: take its row in, or take the journal's back."""
    if difference.here is not None:
        _take_back(unit, bridge, account_id, difference.here)
    elif difference.there is not None:
        _take_in(unit, bridge, account_id, difference.there)


def _take_in(unit: Unit, bridge: Bridge, account_id: str, entry: Entry) -> None:
    portal, now = bridge.portal.name, bridge.clock()
    effect = next((one for one in unit.effects.of(portal, entry.ticket_id) if one.key == entry.key), None)
    charges = charges_from(effect.request.get("charges", ())) if effect is not None else ()
    totals = Totals.of(charges)
    unit.ledger.append(
        NewLedgerRow(
            portal=portal,
            account_id=account_id,
            ticket_id=entry.ticket_id,
            stage_id=entry.stage_id,
            revision=effect.revision
            if effect is not None
            else unit.tickets.revision(portal, entry.ticket_id, entry.stage_id),
            kind=entry.kind,  # type: ignore[arg-type]
            key=entry.key,
            hold_key=entry.hold_key,
            spent_minutes=totals.spent_minutes,
            charged_minutes=totals.charged_minutes,
            coefficient_milli=None if totals.coefficient is None else to_milli(totals.coefficient),
            amount_mh=entry.amount_mh,
            price_kopecks=entry.price_kopecks,
            at=entry.at,
        ),
        now,
    )
    if effect is not None and effect.state is EffectState.REFUSED:
        unit.effects.intend(effect, now)
        unit.effects.settle(effect.key, EffectState.DONE, _outcome(effect, account_id, entry), now)
    if unit.tickets.get(portal, entry.ticket_id) is not None:
        unit.tickets.wake(portal, entry.ticket_id)


def _outcome(effect: Effect, account_id: str, entry: Entry) -> dict[str, object]:
    """What `bridge.flow.perform` would have kept of the portal's answer."""
    price = None if entry.price_kopecks is None else from_kopecks(entry.price_kopecks)
    amount = from_milli(entry.amount_mh)
    outcome = booked_outcome(min(entry.ids), account_id, entry.hold_id, amount, entry.at, price)
    return outcome | ({"charges": effect.request["charges"]} if "charges" in effect.request else {})


def _take_back(unit: Unit, bridge: Bridge, account_id: str, entry: Entry) -> None:
    """Void the open hold of the row's group, or reverse its capture, under a key of its own."""
    rows = unit.ledger.rows(bridge.portal.name, account_id)
    group = {row.kind: row for row in rows if entry.group in (row.key, row.hold_key)}
    hold, capture = group["hold"], group.get("capture")
    of = capture or hold
    unit.ledger.append(
        NewLedgerRow(
            portal=of.portal,
            account_id=of.account_id,
            ticket_id=of.ticket_id,
            stage_id=of.stage_id,
            revision=of.revision,
            kind="reversal" if capture else "void",
            key=effect_key(of.portal, of.ticket_id, of.stage_id, of.revision, f"take-back:{of.key}"),
            hold_key=hold.key,
            spent_minutes=0,
            charged_minutes=0,
            coefficient_milli=None,
            amount_mh=of.amount_mh,
            price_kopecks=of.price_kopecks,
            at=bridge.clock(),
        ),
        bridge.clock(),
    )
    if unit.tickets.get(of.portal, of.ticket_id) is not None:
        unit.tickets.wake(of.portal, of.ticket_id)


def _release(bridge: Bridge, account_id: str, hold: Entry, why: str) -> None:
    """Return a hold that no effect of the journal explains, on the portal and, where the journal has a row
    for it, there as well.
    """
    portal = bridge.portal.name
    assert hold.hold_id is not None, "an open hold of the portal's has an id"
    with bridge.journal.transaction() as unit:
        row = next((one for one in unit.ledger.rows(portal, account_id) if one.key == hold.key), None)
        revision = 1 if row is None else row.revision
        key = effect_key(portal, hold.ticket_id, hold.stage_id, revision, f"release:{hold.key}")
        unit.events.log(
            portal, None if row is None else row.ticket_id, "reconcile-release", why, bridge.clock()
        )
    entry = bridge.portal.void(key, hold.hold_id)
    if row is None:
        return
    with bridge.journal.transaction() as unit:
        unit.ledger.append(
            NewLedgerRow(
                portal=portal,
                account_id=account_id,
                ticket_id=row.ticket_id,
                stage_id=row.stage_id,
                revision=revision,
                kind="void",
                key=key,
                hold_key=row.key,
                spent_minutes=0,
                charged_minutes=0,
                coefficient_milli=None,
                amount_mh=row.amount_mh,
                price_kopecks=None,
                at=entry.at,
            ),
            bridge.clock(),
        )


def _resend(bridge: Bridge, difference: Difference, reason: str) -> None:
    """Let the journal's word count: send the write that the portal has lost again, under its key, for the
    hold that the portal still has.
    """
    key, lost = difference.key, difference.here
    there = {entry.kind: entry for entry in difference.there_group}
    hold_id = there["hold"].hold_id
    assert lost is not None, "what is sent again stands in the journal"
    assert hold_id is not None, "and its hold on the portal"
    if lost.kind == "void":
        bridge.portal.void(key, hold_id)
    elif lost.kind == "reversal":
        if "capture" not in there:
            raise UserError(tr("the portal has lost the write-off too: send that one again first"))
        bridge.portal.reverse(key, min(there["capture"].ids), reason)
    else:
        with bridge.journal.transaction(read_only=True) as unit:
            effect = next(
                (one for one in unit.effects.of(bridge.portal.name, lost.ticket_id) if one.key == key), None
            )
        if effect is None:
            raise UserError(tr("the journal no longer knows what was sent under key {key}").format(key=key))
        asked = effect.request
        amount, lines = Decimal(asked["amount"]), charges_from(asked["charges"])
        bridge.portal.capture(
            key, hold_id, lines, amount, asked["evidence"], accepted_by=asked["accepted_by"]
        )
