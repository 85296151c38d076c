"""What one order may ask for at most, told with the seed's number."""

from __future__ import annotations

import pytest

from bridge.actions.limits import NOUNS, counted, excesses
from bridge.settings import default_catalogue


def test_an_excess_names_both_numbers_and_the_service() -> None:
    assert excesses({"assignments": 7, "quizzes": 4}, {"assignments": 6, "quizzes": 4}, "2.4") == [
        "7 заданий, услуга 2.4 допускает 6"
    ]


def test_each_excess_is_named() -> None:
    assert excesses(
        {"files": 12, "terms": 21, "pages": 3}, {"files": 10, "terms": 10, "pages": 2}, "2.5"
    ) == [
        "12 файлов, услуга 2.5 допускает 10",
        "3 страницы, услуга 2.5 допускает 2",
        "21 термин, услуга 2.5 допускает 10",
    ]


def test_what_the_service_does_not_limit_is_free() -> None:
    assert excesses({"assignments": 7}, {}, "2.1") == []


def test_limits_grow_with_the_quantity_but_not_those_of_each_thing() -> None:
    limits = {"sections": 10, "characters": 1800}
    assert excesses({"sections": 20, "characters": 1800}, limits, "4", 2) == []
    assert excesses({"sections": 21, "characters": 1801}, limits, "4", 2) == [
        "1801 знак в описании, услуга 4 допускает 1800",
        "21 секция, услуга 4 допускает 20",
    ]


@pytest.mark.parametrize(
    ("count", "noun"),
    [
        (1, "тест"),
        (2, "теста"),
        (5, "тестов"),
        (11, "тестов"),
        (21, "тест"),
        (112, "тестов"),
        (104, "теста"),
        (0, "тестов"),
    ],
)
def test_nouns_follow_their_number(count: int, noun: str) -> None:
    assert counted("quizzes", count) == noun


def test_every_limit_of_the_catalogue_has_its_noun() -> None:
    named = {name for service in default_catalogue() for name in service.limits}
    assert named <= NOUNS.keys()
