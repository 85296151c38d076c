"""The statement of an account for a period: what there was, what came, what was taken for which work, what
is left and how long it will last. Pure: movements in, values out.

Hours are `Decimal` norm-hours after K, money is `Decimal` roubles, moments are aware UTC; days are those of
the site's time zone. The portal's ledger is the truth; the journal only says what the hours were taken for.

Holds move nothing: opening + topped up − written off + returned = closing, and what is held stands beside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from bridge.domain.hours import Charge, price

MovementKind = Literal["top_up", "hold", "capture", "void", "reversal"]

PACE_DAYS = 90
"""Days whose write-offs tell the pace."""

_LEAST_DAYS = 7
"""An account younger than this is judged as if it were as old: one day tells no pace."""

_MONTHS = 12
_FARTHEST = 3650
"""Days. What lasts longer is not foretold to the day."""


class BrokenLedger(ValueError):
    """Rows of a ledger contradict each other; `problems` names each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True, slots=True)
class Work:
    """What hours were held or taken for, as far as it is known; "" what is not.

    Attributes:
        number, subject: of the ticket.
        service: name of the catalogue's service.
        lines: what each category of specialists spent; empty where the journal does not know it.
    """

    number: str = ""
    subject: str = ""
    service_id: str = ""
    service: str = ""
    stage: str = ""
    lines: tuple[Charge, ...] = ()

    @property
    def spent_minutes(self) -> int:
        """Minutes that were spent, of all categories."""
        return sum(line.spent_minutes for line in self.lines)

    @property
    def charged_minutes(self) -> int:
        """Minutes that are charged, before K."""
        return sum(line.charged_minutes for line in self.lines)


@dataclass(frozen=True, slots=True)
class Movement:
    """A row of the portal's ledger.

    Attributes:
        kind: as the portal contract has it: a capture is a write-off, a void the release of a hold.
        amount: norm-hours after K.
        price: roubles, of a capture; None where the account has no price.
        hold_id: the hold that it makes, captures or voids.
        reverses: id of the capture that a reversal takes back.
    """

    id: str
    key: str
    kind: MovementKind
    at: datetime
    amount: Decimal
    price: Decimal | None = None
    hold_id: str | None = None
    reverses: str | None = None
    work: Work = Work()


@dataclass(frozen=True, slots=True)
class Period:
    """Days of a time zone; the first and the last belong to it."""

    first: date
    last: date
    zone: tzinfo

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError("the period ends before it begins")

    @classmethod
    def month(cls, year: int, month: int, zone: tzinfo) -> Period:
        """A calendar month."""
        first = date(year, month, 1)
        return cls(first, _next_month(first) - timedelta(days=1), zone)

    @property
    def begin(self) -> datetime:
        """The moment with which it begins (UTC)."""
        return _midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first moment after it (UTC)."""
        return _midnight(self.last + timedelta(days=1), self.zone)

    @property
    def whole_month(self) -> bool:
        """Whether it is one calendar month."""
        return self.first.day == 1 and self.last == _next_month(self.first) - timedelta(days=1)

    def day(self, at: datetime) -> date:
        """The day of the zone to which a moment belongs."""
        return at.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class WriteOff:
    """Hours that left the balance; `hour_price` is roubles for one of them, None where it cannot be told."""

    row: Movement
    hour_price: Decimal | None

    @property
    def roubles(self) -> Decimal | None:
        """What they cost."""
        return self.row.price


@dataclass(frozen=True, slots=True)
class Reversal:
    """A write-off that was taken back; `of` may be of an earlier period."""

    row: Movement
    of: Movement

    @property
    def roubles(self) -> Decimal | None:
        """What was given back, above zero."""
        return self.of.price


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long the available hours last.

    Attributes:
        as_of: the day from which it looks ahead.
        written_off: net norm-hours of the `days` days up to it.
        days_left: None where nothing was written off, or where it is years.
    """

    as_of: date
    days: int
    written_off: Decimal
    available: Decimal
    days_left: int | None

    @property
    def pace(self) -> Decimal:
        """Norm-hours a day, to a thousandth."""
        return (self.written_off / self.days).quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)

    @property
    def ends_on(self) -> date | None:
        """The day on which nothing will be available any more."""
        return None if self.days_left is None else self.as_of + timedelta(days=self.days_left)


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement; rows stand in the order of time.

    Attributes:
        made_at: what happened later is not in it.
        undated: hours that the portal grants without a row of its ledger; they count as there from the
            beginning.
        opening, closing: granted − written off + returned, holds left out.
        holds: those that were open when the period (or, earlier, `made_at`) ended.
        months: first day of a month and what was written off in it, net; up to twelve, the last is the
            period's last.
        services: name ("" where it is not known) and what was written off for it in the period, net; the
            largest first.
    """

    account_id: str
    period: Period
    made_at: datetime
    undated: Decimal
    opening: Decimal
    top_ups: tuple[Movement, ...]
    write_offs: tuple[WriteOff, ...]
    reversals: tuple[Reversal, ...]
    holds: tuple[Movement, ...]
    closing: Decimal
    forecast: Forecast
    months: tuple[tuple[date, Decimal], ...]
    services: tuple[tuple[str, Decimal], ...]

    @property
    def is_final(self) -> bool:
        """Whether the period was over when the statement was made."""
        return self.made_at >= self.period.end

    @property
    def topped_up(self) -> Decimal:
        """Norm-hours that came."""
        return _sum(row.amount for row in self.top_ups)

    @property
    def written_off(self) -> Decimal:
        """Norm-hours that were taken."""
        return _sum(one.row.amount for one in self.write_offs)

    @property
    def returned(self) -> Decimal:
        """Norm-hours of write-offs that were taken back."""
        return _sum(one.row.amount for one in self.reversals)

    @property
    def net(self) -> Decimal:
        """Written off − returned."""
        return self.written_off - self.returned

    @property
    def held(self) -> Decimal:
        """Norm-hours of the open holds."""
        return _sum(row.amount for row in self.holds)

    @property
    def available(self) -> Decimal:
        """Closing − held."""
        return self.closing - self.held

    @property
    def roubles_written_off(self) -> Decimal | None:
        """Roubles of the write-offs; None where none has a price."""
        return _money(one.roubles for one in self.write_offs)

    @property
    def roubles_returned(self) -> Decimal | None:
        """Roubles of the reversals; None where none has a price."""
        return _money(one.roubles for one in self.reversals)

    @property
    def roubles(self) -> Decimal | None:
        """Roubles of the write-offs − those of the reversals; None where neither has a price."""
        taken, returned = self.roubles_written_off, self.roubles_returned
        if taken is None and returned is None:
            return None
        return (taken or Decimal(0)) - (returned or Decimal(0))

    @property
    def unpriced(self) -> int:
        """How many rows have no price, while others have one."""
        if self.roubles is None:
            return 0
        prices = [one.roubles for one in self.write_offs] + [one.roubles for one in self.reversals]
        return prices.count(None)


def make_statement(
    account_id: str,
    movements: Iterable[Movement],
    period: Period,
    made_at: datetime,
    *,
    undated: Decimal = Decimal(0),
    hour_price: Decimal | None = None,
) -> Statement:
    """The statement of an account.

    Parameters:
        movements: the whole ledger of the account in whatever order, from its first row on.
        made_at: aware UTC; later rows are left out.
        undated: hours that are granted without a row.
        hour_price: roubles for a norm-hour as the account has it now.

    Raises:
        BrokenLedger: a reversal is of no capture, of another amount, or the second one; a hold ended twice.
    """
    rows = sorted((row for row in movements if row.at <= made_at), key=lambda row: row.at)
    captures = _checked(rows)
    end = min(period.end, made_at + timedelta(microseconds=1))
    past = [row for row in rows if row.at < end]
    within = [row for row in past if row.at >= period.begin]
    opening = undated + _sum(_moved(row) for row in past if row.at < period.begin)
    closing = opening + _sum(_moved(row) for row in within)
    ended = {row.hold_id for row in past if row.kind in ("capture", "void")}
    holds = tuple(row for row in past if row.kind == "hold" and row.hold_id not in ended)
    return Statement(
        account_id,
        period,
        made_at,
        undated,
        opening,
        tuple(row for row in within if row.kind == "top_up"),
        tuple(WriteOff(row, _hour_price(row, hour_price)) for row in within if row.kind == "capture"),
        tuple(Reversal(row, captures[row.reverses or ""]) for row in within if row.kind == "reversal"),
        holds,
        closing,
        forecast(
            past,
            closing - _sum(row.amount for row in holds),
            min(period.last, period.day(made_at)),
            period.zone,
        ),
        _by_month(past, period),
        _by_service(within, captures),
    )


def forecast(movements: Iterable[Movement], available: Decimal, as_of: date, zone: tzinfo) -> Forecast:
    """How long `available` norm-hours last at the pace of the last `PACE_DAYS` days, `as_of` the last of
    them; of a younger account, of the days since its first row.
    """
    moved = [(row.at.astimezone(zone).date(), row) for row in movements]
    moved = [(day, row) for day, row in moved if day <= as_of]
    age = (as_of - min((day for day, _ in moved), default=as_of)).days + 1
    days = max(_LEAST_DAYS, min(PACE_DAYS, age))
    since = as_of - timedelta(days=days - 1)
    taken = -_sum(_moved(row) for day, row in moved if day >= since and row.kind != "top_up")
    left: int | None = None
    if available <= 0:
        left = 0
    elif taken > 0 and available * days <= taken * _FARTHEST:
        left = int(available * days / taken)
    return Forecast(as_of, days, taken, available, left)


def _checked(rows: Iterable[Movement]) -> dict[str, Movement]:
    """The captures by id, of a ledger whose rows fit each other."""
    rows = list(rows)
    captures = {row.id: row for row in rows if row.kind == "capture"}
    problems: list[str] = []
    ended: set[str | None] = set()
    reversed_: set[str | None] = set()
    for row in rows:
        told = f"{row.kind} {row.id}, key {row.key}"
        if row.kind in ("capture", "void"):
            if row.hold_id in ended:
                problems.append(f"{told}: its hold {row.hold_id} has ended before")
            ended.add(row.hold_id)
        if row.kind == "reversal":
            capture = captures.get(row.reverses or "")
            if capture is None:
                problems.append(f"{told}: it reverses no write-off")
            elif capture.amount != row.amount:
                problems.append(f"{told}: it is not the whole of write-off {capture.id}")
            elif row.reverses in reversed_:
                problems.append(f"{told}: write-off {capture.id} was reversed before")
            reversed_.add(row.reverses)
    if problems:
        raise BrokenLedger(tuple(problems))
    return captures


def _moved(row: Movement) -> Decimal:
    """By how much a row changes the balance, holds left out."""
    sign = {"top_up": 1, "capture": -1, "reversal": 1}.get(row.kind, 0)
    return sign * row.amount


def _hour_price(row: Movement, now: Decimal | None) -> Decimal | None:
    """Roubles for a norm-hour that make the row's price: today's if it does, else what follows from the
    row.
    """
    if row.price is None or not row.amount:
        return None
    followed = (row.price / row.amount).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return next(
        (one for one in (now, followed) if one is not None and price(row.amount, one) == row.price), None
    )


def _by_month(past: Iterable[Movement], period: Period) -> tuple[tuple[date, Decimal], ...]:
    sums: dict[date, Decimal] = {}
    for row in past:
        if row.kind in ("capture", "reversal"):
            month = period.day(row.at).replace(day=1)
            sums[month] = sums.get(month, Decimal(0)) - _moved(row)
    last = period.last.replace(day=1)
    months = [last]
    while len(months) < _MONTHS and any(month < months[0] for month in sums):
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    return tuple((month, sums.get(month, Decimal(0))) for month in months)


def _by_service(within: Iterable[Movement], captures: dict[str, Movement]) -> tuple[tuple[str, Decimal], ...]:
    sums: dict[str, Decimal] = {}
    for row in within:
        if row.kind in ("capture", "reversal"):
            work = row.work if row.kind == "capture" else captures[row.reverses or ""].work
            sums[work.service] = sums.get(work.service, Decimal(0)) - _moved(row)
    return tuple(
        sorted(((name, hours) for name, hours in sums.items() if hours), key=lambda one: (-one[1], one[0]))
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _money(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [one for one in amounts if one is not None]
    return _sum(known) if known else None


def _next_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
