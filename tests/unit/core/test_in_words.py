"""Amounts in Russian words: every number to 119 999 reads back as itself, and the cases that libraries say
wrongly.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from bridge.domain.hours import InexactHours
from bridge.domain.in_words import DAYS, HOURS, form, hours, roubles, whole

VALUES = {
    word: value
    for value, words in {
        0: "ноль",
        1: "один одна",
        2: "два две",
        3: "три",
        4: "четыре",
        5: "пять",
        6: "шесть",
        7: "семь",
        8: "восемь",
        9: "девять",
        10: "десять",
        11: "одиннадцать",
        12: "двенадцать",
        13: "тринадцать",
        14: "четырнадцать",
        15: "пятнадцать",
        16: "шестнадцать",
        17: "семнадцать",
        18: "восемнадцать",
        19: "девятнадцать",
        20: "двадцать",
        30: "тридцать",
        40: "сорок",
        50: "пятьдесят",
        60: "шестьдесят",
        70: "семьдесят",
        80: "восемьдесят",
        90: "девяносто",
        100: "сто",
        200: "двести",
        300: "триста",
        400: "четыреста",
        500: "пятьсот",
        600: "шестьсот",
        700: "семьсот",
        800: "восемьсот",
        900: "девятьсот",
    }.items()
    for word in words.split()
}


def read(said: str) -> int:
    """The number that words say, each word of it being smaller than the one before within a thousand."""
    total = group = 0
    for word in said.split():
        if word.startswith("тысяч"):
            total, group = group * 1000, 0
        else:
            assert not group or group % 10 ** len(str(VALUES[word])) == 0, said
            group += VALUES[word]
    return total + group


def test_every_number_to_119_999_reads_back_with_feminine_thousands_and_masculine_units() -> None:
    for number in range(120_000):
        said = whole(number)
        assert read(said) == number
        thousands, _, rest = said.rpartition("тысяч")
        assert not thousands.endswith(("один ", "два ")), said
        assert "одна" not in rest.split(), said
        assert "две" not in rest.split(), said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (21, "двадцать один"),
        (1000, "одна тысяча"),
        (2000, "две тысячи"),
        (11_000, "одиннадцать тысяч"),
        (21_001, "двадцать одна тысяча один"),
        (112_514, "сто двенадцать тысяч пятьсот четырнадцать"),
        (1_000_000, "один миллион"),
        (2_000_002, "два миллиона два"),
        (999_999_999_999, None),
        (-7, "минус семь"),
    ],
)
def test_whole_numbers(number: int, said: str | None) -> None:
    assert said is None or whole(number) == said
    assert whole(number)


def test_more_than_twelve_digits_are_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        whole(10**12)


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0", "ноль рублей 00 копеек"),
        ("1", "один рубль 00 копеек"),
        ("5.00", "пять рублей 00 копеек"),
        ("1.01", "один рубль 01 копейка"),
        ("22.22", "двадцать два рубля 22 копейки"),
        ("1.5", "один рубль 50 копеек"),
        ("-0.5", "минус ноль рублей 50 копеек"),
        ("1000000", "один миллион рублей 00 копеек"),
        ("21001.05", "двадцать одна тысяча один рубль 05 копеек"),
        ("0.125", "ноль рублей 13 копеек"),
        ("2.675", "два рубля 68 копеек"),
        ("0.995", "один рубль 00 копеек"),
        ("-0.004", "ноль рублей 00 копеек"),
        ("11.11", "одиннадцать рублей 11 копеек"),
        ("114.14", "сто четырнадцать рублей 14 копеек"),
    ],
)
def test_roubles_are_rounded_half_up_as_accounting_does(amount: str, said: str) -> None:
    assert roubles(Decimal(amount)) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0", "ноль нормо-часов"),
        ("1", "один нормо-час"),
        ("3", "три нормо-часа"),
        ("5.00", "пять нормо-часов"),
        ("21", "двадцать один нормо-час"),
        ("1.5", "одна целая пять десятых нормо-часа"),
        ("-0.5", "минус ноль целых пять десятых нормо-часа"),
        ("2.01", "две целых одна сотая нормо-часа"),
        ("21.21", "двадцать одна целая двадцать одна сотая нормо-часа"),
        ("0.25", "ноль целых двадцать пять сотых нормо-часа"),
        ("10.002", "десять целых две тысячных нормо-часа"),
        ("1000000", "один миллион нормо-часов"),
    ],
)
def test_norm_hours(amount: str, said: str) -> None:
    assert hours(Decimal(amount)) == said


def test_what_is_finer_than_a_thousandth_or_a_float_is_refused() -> None:
    for amount in (Decimal("0.0001"), 0.5):
        with pytest.raises(InexactHours):
            hours(amount)  # type: ignore[arg-type]


def test_forms() -> None:
    assert [form(number, HOURS) for number in (1, 11, 21, 2, 12, 5, 111, 101)] == [
        "нормо-час",
        "нормо-часов",
        "нормо-час",
        "нормо-часа",
        "нормо-часов",
        "нормо-часов",
        "нормо-часов",
        "нормо-час",
    ]
    assert form(3, DAYS) == "дня"
