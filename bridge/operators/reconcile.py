"""Comparing the journal's ledger of an account with the portal's, row by row and both ways; pure, no I/O.

Rows are the same when they stand under the same key. A hold with all rows that name it is a *group*. What
counts is what the group holds and what it has written off. So a difference within a group that comes to
nothing on both sides is reported, and stops nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bridge.domain.hours import to_kopecks, to_milli
from bridge.domain.tickets import Account, Ticket
from bridge.journal import LedgerRow
from bridge.portal import LedgerEntry

UNKNOWN = ""
"""Stands for the key of a hold that the ledger does not have."""


class Kind(StrEnum):
    """How the two ledgers differ."""

    MISSING_HERE = "missing-here"
    MISSING_THERE = "missing-there"
    DIFFERENT = "different"
    REPEATED = "repeated"
    SUMS = "sums"


class Mend(StrEnum):
    """What mends a difference (docs/ledger.md).

    `ACCEPT`: the portal's word counts: its row is taken in, or the journal's is taken back. `RESEND`: the
    journal's word counts: the write is sent again under its key. `CORRECT`: a reversal and a new write-off.
    `PORTAL`: whoever keeps the portal has to look.

    What mends a stranded hold: `SYNC`: the next pass returns it. `TICKET`: its ticket waits for somebody.
    `RELEASE`: an operator returns it.
    """

    ACCEPT = "accept"
    RESEND = "resend"
    CORRECT = "correct"
    PORTAL = "portal"
    SYNC = "sync"
    TICKET = "ticket"
    RELEASE = "release"


class Stray(StrEnum):
    """Why nobody is going to write an open hold off."""

    DELETED = "deleted"
    MOVED = "moved"
    STAGE = "stage"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of either ledger, in one form.

    Attributes:
        hold_key: key of the hold that it captures, voids or whose capture it reverses; None for a hold,
            `UNKNOWN` where there is none.
        ids: the portal's identifiers of the entry, more than one when several stand under the key; none in
            the journal.
        hold_id: the portal's identifier of the hold.
        seq: the journal's place in the account's chain.
    """

    key: str
    kind: str
    ticket_id: str
    stage_id: str
    amount_mh: int
    price_kopecks: int | None
    at: datetime
    hold_key: str | None = None
    ids: frozenset[str] = frozenset()
    hold_id: str | None = None
    seq: int = 0

    @property
    def group(self) -> str:
        """Key of the hold that the entry belongs to."""
        return self.key if self.hold_key is None else self.hold_key


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference.

    Attributes:
        key: of the row; for `SUMS` the name of the sum.
        here, there: the journal's row and the portal's, as far as there are any.
        members: which members differ; for `SUMS` what the account says and what the rows make, in
            milli-hours.
        there_group: all that the portal has of the hold that the row belongs to.
    """

    kind: Kind
    key: str
    mend: Mend
    here: Entry | None = None
    there: Entry | None = None
    members: tuple[str, ...] = ()
    there_group: tuple[Entry, ...] = ()

    @property
    def entry(self) -> Entry | None:
        """The row, of whichever side has it."""
        return self.here or self.there


@dataclass(frozen=True, slots=True)
class Stranded:
    """An open hold of the portal's that nobody is going to write off."""

    hold: Entry
    why: Stray
    mend: Mend


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison came to.

    Attributes:
        differences: those that stop the account's write-offs.
        cancelled: those in groups that hold nothing and have taken nothing, on both sides.
        open: rows that one side has and the other is just getting: the next pass mends them.
        agreeing: how many rows are the same on both sides.
        foreign: how many of the portal's entries are not the bridge's business.
        holds: the portal's open holds, foreign ones among them; without those that differ or are under way.
    """

    differences: tuple[Difference, ...]
    cancelled: tuple[Difference, ...]
    open: tuple[Entry, ...]
    agreeing: int
    foreign: int
    holds: tuple[Entry, ...] = ()


def compare(
    ours: Iterable[LedgerRow],
    theirs: Iterable[LedgerEntry],
    *,
    tickets: Collection[str],
    intended: Collection[str],
    settled: int,
) -> Comparison:
    """Compare one account's two ledgers; the order of the rows does not matter.

    Parameters:
        tickets: identifiers of the tickets that the journal knows.
        intended: keys of effects whose outcome the journal does not know.
        settled: place in the account's chain up to which rows were written before the portal was asked; later
            ones it cannot have sent.
    """
    here = {row.key: _of_journal(row) for row in ours}
    there = _of_portal(theirs)
    business = {key: entry for key, entry in there.items() if _is_ours(entry, here, tickets, intended)}
    our_groups, their_groups = _groups(here.values()), _groups(there.values())
    found: list[Difference] = []
    under_way: list[Entry] = []
    for key in sorted(here.keys() | business.keys()):
        mine, other = here.get(key), business.get(key)
        if mine is None and other is not None and key in intended:
            under_way.append(other)
        elif other is None and mine is not None and mine.seq > settled:
            under_way.append(mine)
        elif (difference := _difference(mine, other, their_groups)) is not None:
            found.append(difference)
    sorted_out: dict[bool, list[Difference]] = {False: [], True: []}
    for one in found:
        sorted_out[_is_cancelled(one, our_groups, their_groups)].append(one)
    agreeing = len(here.keys() | business.keys()) - len(found) - len(under_way)
    named = {entry.group for one in found for entry in (one.here, one.there) if entry is not None} | {
        entry.group for entry in under_way
    }
    holds = tuple(hold for hold in _open_holds(there.values()) if hold.group not in named)
    return Comparison(
        tuple(sorted_out[False]),
        tuple(sorted_out[True]),
        tuple(under_way),
        agreeing,
        len(there) - len(business),
        holds,
    )


def stray(hold: Entry, ticket: Ticket | None, *, paid: bool) -> Stray | None:
    """Why nobody is going to write an open hold off; None where its ticket goes on.

    Parameters:
        ticket: the hold's ticket as the portal has it now, None where the portal no longer has it.
        paid: whether the ticket stands in the paid category.
    """
    if ticket is None:
        return Stray.DELETED
    if not paid:
        return Stray.MOVED
    return None if any(stage.id == hold.stage_id for stage in ticket.stages) else Stray.STAGE


def compare_sums(account: Account, theirs: Iterable[LedgerEntry]) -> list[Difference]:
    """Whether what the portal says of the account is what its own ledger makes.

    A portal that grants hours outside its ledger lists no top-ups; then what was granted cannot be compared.
    """
    entries = {entry.id: entry for entry in theirs}.values()
    ended = {entry.hold_id for entry in entries if entry.kind in ("capture", "void")}

    def total(kind: str) -> int:
        return sum(to_milli(entry.amount) for entry in entries if entry.kind == kind)

    held = sum(
        to_milli(entry.amount) for entry in entries if entry.kind == "hold" and entry.hold_id not in ended
    )
    sums = {
        "posted": (to_milli(account.written_off), total("capture") - total("reversal")),
        "held": (to_milli(account.held), held),
    }
    if granted := total("top_up"):
        sums["granted"] = (to_milli(account.granted), granted)
    return [
        Difference(Kind.SUMS, name, Mend.PORTAL, members=(str(stated), str(made)))
        for name, (stated, made) in sums.items()
        if stated != made
    ]


def _of_journal(row: LedgerRow) -> Entry:
    return Entry(
        row.key,
        row.kind,
        row.ticket_id,
        row.stage_id,
        row.amount_mh,
        row.price_kopecks,
        row.at,
        row.hold_key,
        seq=row.seq,
    )


def _of_portal(entries: Iterable[LedgerEntry]) -> dict[str, Entry]:
    """The portal's entries by key; a page that came twice counts once, two entries under one key are kept
    in mind.
    """
    by_id = {entry.id: entry for entry in entries}
    holds = {
        entry.hold_id: entry.key
        for entry in by_id.values()
        if entry.kind == "hold" and entry.hold_id is not None
    }
    found: dict[str, Entry] = {}
    for entry in sorted(by_id.values(), key=lambda entry: (entry.at, entry.id)):
        captured = by_id.get(entry.reverses or "")
        hold_id = captured.hold_id if captured is not None else entry.hold_id
        made = Entry(
            entry.key,
            entry.kind,
            entry.ticket_id or "",
            entry.stage_id or "",
            to_milli(entry.amount),
            None if entry.price is None else to_kopecks(entry.price),
            entry.at,
            holds.get(hold_id or "", UNKNOWN) if entry.kind in ("capture", "void", "reversal") else None,
            frozenset({entry.id}),
            hold_id,
        )
        first = found.get(entry.key)
        found[entry.key] = made if first is None else replace(first, ids=first.ids | made.ids)
    return found


def _is_ours(
    entry: Entry, here: Mapping[str, Entry], tickets: Collection[str], intended: Collection[str]
) -> bool:
    """Whether an entry of the portal is the bridge's business."""
    if entry.kind == "top_up":
        return entry.key in here
    return entry.key in here or entry.key in intended or entry.ticket_id in tickets or entry.group in here


def _difference(
    mine: Entry | None, other: Entry | None, their_groups: Mapping[str, tuple[Entry, ...]]
) -> Difference | None:
    """How the rows under one key differ; None when they are the same."""
    entry = mine or other
    assert entry is not None, "a key stands on one side at least"
    group = their_groups.get(entry.group, ())
    if other is not None and len(other.ids) > 1:
        return Difference(Kind.REPEATED, entry.key, Mend.PORTAL, mine, other, there_group=group)
    if mine is None:
        mend = Mend.PORTAL if entry.group == UNKNOWN else Mend.ACCEPT
        return Difference(Kind.MISSING_HERE, entry.key, mend, None, other, there_group=group)
    if other is None:
        resend = Mend.RESEND if any(one.kind == "hold" for one in group) else Mend.PORTAL
        return Difference(
            Kind.MISSING_THERE,
            entry.key,
            Mend.ACCEPT if _is_nothing(group) else resend,
            mine,
            None,
            there_group=group,
        )
    members = ["kind", "ticket_id", "stage_id", "amount_mh", "hold_key"]
    if mine.kind == "capture":
        members.append("price_kopecks")
    differing = tuple(member for member in members if getattr(mine, member) != getattr(other, member))
    if not differing:
        return None
    mend = (
        Mend.CORRECT
        if differing == ("price_kopecks",)
        else Mend.ACCEPT
        if _is_nothing(group)
        else Mend.PORTAL
    )
    return Difference(Kind.DIFFERENT, entry.key, mend, mine, other, differing, group)


def _groups(entries: Iterable[Entry]) -> dict[str, tuple[Entry, ...]]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.group, []).append(entry)
    return {key: tuple(group) for key, group in groups.items()}


def _open_holds(entries: Iterable[Entry]) -> list[Entry]:
    """The holds that are neither captured nor voided, oldest first."""
    groups = _groups(entries).values()
    opened = [group for group in groups if not {entry.kind for entry in group} & {"capture", "void"}]
    return sorted(
        (entry for group in opened for entry in group if entry.kind == "hold"),
        key=lambda entry: (entry.at, entry.key),
    )


def _is_nothing(group: Collection[Entry]) -> bool:
    """Whether a group holds nothing and has taken nothing from the balance: it is closed and what it took
    was given back, or it is not there.
    """
    kinds = {entry.kind for entry in group}
    if group and ("hold" not in kinds or not kinds & {"capture", "void"}):
        return False
    return (
        sum({"capture": entry.amount_mh, "reversal": -entry.amount_mh}.get(entry.kind, 0) for entry in group)
        == 0
    )


def _is_cancelled(difference: Difference, *sides: Mapping[str, tuple[Entry, ...]]) -> bool:
    """Whether every group that the difference touches comes to nothing on both sides."""
    touched = {entry.group for entry in (difference.here, difference.there) if entry is not None}
    if difference.kind is Kind.REPEATED or UNKNOWN in touched:
        return False
    return all(_is_nothing(side.get(key, ())) for side in sides for key in touched)
