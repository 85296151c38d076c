"""Words for operators: whatever a row of the journal lacks, a reason is a sentence."""

from __future__ import annotations

import pytest

from bridge.cli import words
from bridge.domain.lifecycle import Reason


@pytest.mark.parametrize("code", [*words.REASONS, "code of a newer program"])
def test_a_reason_without_the_facts_of_today_is_told_all_the_same(code: str) -> None:
    assert isinstance(words.reason(Reason(code, {}), "101"), str)


def test_what_an_operation_left_is_told_without_the_facts_of_today() -> None:
    assert words.evidence({"kind": "course", "course_id": 7}).startswith("course 7")
    assert words.evidence({"kind": "role", "role_id": 9}) == "role 9 “–”, 0 capabilities"


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"how": "merged", "into": "88"}, "merged into ticket 88"),
        ({"how": "moved"}, "moved to another category"),
        ({}, "–"),
    ],
)
def test_how_a_ticket_left_is_told(facts: dict[str, str], told: str) -> None:
    assert f"({told})" in words.reason(Reason("gone", facts), "101")
