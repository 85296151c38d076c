"""The statement of an account: days of the site's zone, sums that close, prices of reversals, holds, the
forecast.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bridge.domain.hours import Charge
from bridge.domain.statement import BrokenLedger, Movement, Period, Statement, Work, forecast, make_statement

MOSCOW = ZoneInfo("Europe/Moscow")
NOVEMBER = Period.month(2026, 11, MOSCOW)
LATER = datetime(2027, 2, 1, tzinfo=UTC)
WORK = Work("101", "Роль", "2.9", "Консультации", "Работа", (Charge("development", 90, 90, Decimal(1)),))


def at(day: int, month: int = 11, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def top_up(hours: str, when: datetime, id_: str = "t1") -> Movement:
    return Movement(id_, id_, "top_up", when, Decimal(hours))


def hold(id_: str, hours: str, when: datetime) -> Movement:
    return Movement(id_, id_, "hold", when, Decimal(hours), hold_id=f"h-{id_}")


def capture(id_: str, hours: str, when: datetime, price: str | None = "2500", work: Work = WORK) -> Movement:
    paid = None if price is None else Decimal(hours) * Decimal(price)
    return Movement(id_, id_, "capture", when, Decimal(hours), paid, hold_id=f"h-{id_}", work=work)


def reversal(id_: str, of: Movement, when: datetime) -> Movement:
    return Movement(id_, id_, "reversal", when, of.amount, reverses=of.id)


def november(*rows: Movement, **more: object) -> Statement:
    return make_statement("school", rows, NOVEMBER, LATER, **more)  # type: ignore[arg-type]


def test_the_sums_close_and_each_row_stands_in_its_part() -> None:
    earlier = capture("c0", "2", at(20, 10))
    one = november(
        top_up("10", at(1, 10)),
        earlier,
        top_up("5", at(2), "t2"),
        capture("c1", "1.5", at(3)),
        hold("c1", "2", at(2)),
        reversal("r0", earlier, at(4)),
        hold("open", "3", at(5)),
        hold("void", "1", at(5)),
        Movement("v", "v", "void", at(6), Decimal(1), hold_id="h-void"),
        capture("c2", "1", at(1, 12)),
    )
    assert (one.opening, one.topped_up, one.written_off, one.returned) == (8, 5, Decimal("1.5"), 2)
    assert one.closing == one.opening + one.topped_up - one.written_off + one.returned
    assert (one.closing, one.held, one.available) == (Decimal("13.5"), 3, Decimal("10.5"))
    assert (one.roubles_written_off, one.roubles_returned, one.roubles) == (3750, 5000, -1250)
    assert [row.row.id for row in one.write_offs] == ["c1"]
    assert [(row.row.id, row.of.id) for row in one.reversals] == [("r0", "c0")]
    assert one.is_final


@pytest.mark.parametrize(
    ("moment", "belongs"),
    [
        (datetime(2026, 10, 31, 20, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 31, 21, tzinfo=UTC), True),
        (datetime(2026, 11, 30, 20, 59, 59, 999_999, tzinfo=UTC), True),
        (datetime(2026, 11, 30, 21, tzinfo=UTC), False),
    ],
)
def test_days_are_those_of_the_site_s_zone(moment: datetime, belongs: bool) -> None:
    one = november(capture("c", "1", moment))
    assert bool(one.write_offs) is belongs


def test_a_hold_that_is_captured_after_the_period_was_open_at_its_end() -> None:
    one = november(hold("c", "2", at(20)), capture("c", "2", at(3, 12)))
    assert (one.held, one.written_off) == (2, 0)


def test_a_month_that_is_not_over_is_told_as_it_is_now() -> None:
    rows = [top_up("5", at(1)), capture("c", "1", at(20))]
    one = make_statement("a", rows, NOVEMBER, at(10))
    assert (one.closing, one.is_final, one.forecast.as_of) == (5, False, date(2026, 11, 10))


def test_hours_granted_without_a_row_count_from_the_beginning() -> None:
    one = november(capture("c", "1", at(3)), undated=Decimal(10))
    assert (one.opening, one.closing) == (10, 9)


@pytest.mark.parametrize(
    ("hours", "roubles", "now", "told"),
    [
        ("1.5", "3750.00", "2500", "2500"),
        ("1.5", "3750.00", "3000", "2500.00"),
        ("0.01", "25.01", "2500.50", "2500.50"),  # 25.005: half up
        ("3", "100.00", None, None),  # no price of an hour makes it: 33.33 makes 99.99
        ("0", "0", "2500", None),
    ],
)
def test_the_price_of_an_hour_makes_the_sum_or_is_not_told(
    hours: str, roubles: str, now: str | None, told: str | None
) -> None:
    row = replace(capture("c", hours, at(3)), price=Decimal(roubles))
    (one,) = november(row, hour_price=None if now is None else Decimal(now)).write_offs
    assert one.hour_price == (None if told is None else Decimal(told))


def test_an_account_without_a_price_has_no_roubles_and_a_mixed_one_says_how_many_lack_it() -> None:
    bare = november(capture("c", "1", at(3), price=None))
    assert (bare.roubles, bare.unpriced) == (None, 0)
    mixed = november(capture("c", "1", at(3), price=None), capture("d", "1", at(4)))
    assert (mixed.roubles, mixed.unpriced) == (2500, 1)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([Movement("r", "k", "reversal", at(3), Decimal(1), reverses="none")], "reverses no write-off"),
        (
            [
                c := capture("c", "1", at(2)),
                reversal("r", c, at(3)),
                reversal("s", c, at(4)),
            ],
            "was reversed before",
        ),
        (
            [
                capture("c", "1", at(2)),
                Movement("r", "k", "reversal", at(3), Decimal("0.5"), reverses="c"),
            ],
            "not the whole",
        ),
        (
            [capture("c", "1", at(2)), Movement("v", "v", "void", at(3), Decimal(1), hold_id="h-c")],
            "has ended before",
        ),
    ],
)
def test_rows_that_contradict_each_other_make_no_statement(rows: list[Movement], told: str) -> None:
    with pytest.raises(BrokenLedger, match=told):
        november(*rows)


def test_months_up_to_twelve_and_services_the_largest_first() -> None:
    other = replace(WORK, service="Курс")
    rows = [
        capture("a", "1", at(3, 9)),
        capture("b", "2", at(3)),
        capture("c", "3", at(4), work=other),
        d := capture("d", "1", at(5)),
        reversal("r", d, at(6)),
    ]
    one = november(*rows)
    assert one.months == ((date(2026, 9, 1), 1), (date(2026, 10, 1), 0), (date(2026, 11, 1), 5))
    assert one.services == (("Курс", 3), ("Консультации", 2))
    assert len(november(capture("x", "1", datetime(2020, 1, 1, tzinfo=UTC)), *rows).months) == 12


@pytest.mark.parametrize(
    ("available", "rows", "days", "left"),
    [
        ("9", [capture("c", "90", at(1))], 30, 3),
        ("9", [], 7, None),
        ("9", [top_up("9", at(30))], 7, None),
        ("9", [capture("c", "7", at(30))], 7, 9),  # a day old, judged as a week
        ("0", [capture("c", "1", at(1))], 30, 0),
        ("-2", [], 7, 0),
        ("9", [top_up("1", at(1, 1)), capture("c", "9", at(10))], 90, 90),
        ("9", [top_up("1", at(1, 1)), capture("c", "9", at(1, 8))], 90, None),  # before the 90 days
        ("10000", [capture("c", "0.01", at(1))], 30, None),  # for ever
    ],
)
def test_the_forecast(available: str, rows: list[Movement], days: int, left: int | None) -> None:
    told = forecast(rows, Decimal(available), date(2026, 11, 30), MOSCOW)
    assert (told.days, told.days_left) == (days, left)
    assert told.ends_on == (None if left is None else date(2026, 11, 30) + timedelta(days=left))


def test_what_was_taken_back_does_not_count_for_the_pace() -> None:
    one = capture("c", "30", at(1))
    told = forecast([one, reversal("r", one, at(2))], Decimal(5), date(2026, 11, 30), MOSCOW)
    assert (told.written_off, told.days_left, told.pace) == (0, None, 0)


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before"):
        Period(date(2026, 2, 1), date(2026, 1, 1), MOSCOW)


def test_december_ends_with_the_year() -> None:
    december = Period.month(2026, 12, MOSCOW)
    assert (december.last, december.whole_month) == (date(2026, 12, 31), True)
    assert not Period(date(2026, 12, 1), date(2026, 12, 30), MOSCOW).whole_month
