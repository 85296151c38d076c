"""Where an order's things go: the course, its sections by number or name; times and marks of orders."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter, ValidationError

from bridge.actions import OrderRefused
from bridge.actions.elements import decimal, moment, twice
from bridge.actions.fields import Closing, Opening, Points
from bridge.actions.places import PLACE_UNKNOWN, InSection, Place, find_place
from bridge.actions.program import Ref
from tests.builders import make_ticket, messages
from tests.unit.actions.fake_moodle import FakeMoodle, make_context

SECTIONS = ["General", "Знакомство", "Итоги", "3", "Итоги", "Итоги  года"]


def make_moodle() -> FakeMoodle:
    """A Moodle with one course."""
    return FakeMoodle(
        core_course_get_courses_by_field={"courses": [{"id": 7, "fullname": "Введение"}]},
        core_course_get_contents=[[{"section": n, "name": name} for n, name in enumerate(SECTIONS)]],
    )


def find(*sections: str, **order: Any) -> Place:
    return find_place(InSection(**{"course": "intro", **order}), sections, make_context(make_moodle()))


@pytest.mark.parametrize(
    ("wanted", "number"), [("0", 0), ("5", 5), ("знакомство", 1), ("Итоги года", 5), ("3", 3)]
)
def test_a_section_is_known_by_its_number_or_its_name(wanted: str, number: int) -> None:
    assert find(wanted).section(wanted) == number


def test_a_section_is_told_with_its_name() -> None:
    place = find("1")
    assert (place.course, place.course_name) == (7, "course Введение (7)")
    assert place.section_name(1) == "section 1 (Знакомство)"


@pytest.mark.parametrize(
    ("wanted", "code", "said"),
    [
        ("6", "no-such-section", "1 – Знакомство"),
        ("Зачёт", "no-such-section", "Секции «Зачёт» в курсе нет"),
        ("-1", "no-such-section", "Секции «-1» в курсе нет"),
        ("Итоги", "ambiguous-section", "Укажите номер: 2, 4."),
    ],
)
def test_a_section_that_is_not_there_is_told_to_the_customer(wanted: str, code: str, said: str) -> None:
    with pytest.raises(OrderRefused) as caught:
        find(wanted)
    assert caught.value.code == code
    assert code in PLACE_UNKNOWN
    facts = {"stage": "Работа", "action": "create-assignments", **caught.value.outcome()}
    assert said in messages().render("cannot", make_ticket(), facts)


def test_sections_of_a_course_that_is_not_there_yet_are_numbers() -> None:
    context = make_context(FakeMoodle(), made={"course": Ref("course", "id", outside=True)})
    place = find_place(InSection(), ["2"], context)
    assert (place.section("2"), place.section_name(2)) == (2, "section 2")
    with pytest.raises(OrderRefused) as caught:
        find_place(InSection(), ["Итоги"], context)
    assert caught.value.code == "section-number-needed"


@pytest.mark.parametrize(
    ("written", "opening", "closing"),
    [
        ("2027-02-01", "2027-02-01 00:00", "2027-02-01 23:59"),
        ("01.02.2027", "2027-02-01 00:00", "2027-02-01 23:59"),
        ("01.02.2027  18:30", "2027-02-01 18:30", "2027-02-01 18:30"),
        ("2027-02-01T18:30:00", "2027-02-01 18:30", "2027-02-01 18:30"),
    ],
)
def test_times_are_read_as_people_write_them(written: str, opening: str, closing: str) -> None:
    assert TypeAdapter(Opening).validate_python(written) == datetime.fromisoformat(opening)
    assert TypeAdapter(Closing).validate_python(written) == datetime.fromisoformat(closing)


@pytest.mark.parametrize(
    "written", ["2027-02-30", "завтра", "2027-02-01T18:30Z", "1.2.27", "0207-02-01", "18:30"]
)
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(ValidationError, match=r"датой|год"):
        TypeAdapter(Closing).validate_python(written)


def test_a_time_is_of_the_site_s_clock() -> None:
    noon = datetime(2027, 2, 1, 12)
    assert moment(noon, ZoneInfo("Asia/Yekaterinburg")) == 1801465200
    assert moment(noon, ZoneInfo("Europe/Moscow")) - 1801465200 == 2 * 3600
    assert moment(None, ZoneInfo("Europe/Moscow")) == 0


@pytest.mark.parametrize(
    ("written", "sent"), [("60,5", "60.5"), ("60.50", "60.5"), ("100", "100"), ("0", "0")]
)
def test_marks_have_a_comma_or_a_point(written: str, sent: str) -> None:
    assert decimal(TypeAdapter(Points).validate_python(written)) == sent
    assert decimal(None) == ""


@pytest.mark.parametrize("written", ["-1", "1e3", "1 000", "60,", "∞", "nan"])
def test_what_is_no_mark_is_refused(written: str) -> None:
    with pytest.raises(ValidationError, match="числом"):
        TypeAdapter(Points).validate_python(written)


def test_decimals_keep_their_worth() -> None:
    assert decimal(Decimal("100.00")) == "100"


def test_names_that_a_database_would_not_tell_apart_are_the_same() -> None:
    twice(["Тест", "Тест 2"], "названо")
    for other in ("ТЕСТ ёлка", "тест  елка"):
        with pytest.raises(ValueError, match="названо дважды: «Тест ёлка» и «"):
            twice(["Тест ёлка", other], "названо")
