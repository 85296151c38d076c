"""Operators' commands: each decision is written once, with who made it, and the command says what happens
next.
"""

from __future__ import annotations

import pytest

from bridge.journal import Journal
from bridge.journal.owner import operator_name
from tests.e2e.conftest import ROLE, World
from tests.profile import THOROUGH


def decisions(world: World, ticket: str) -> list[tuple[str, str]]:
    with (
        Journal.open(f"sqlite:///{world.directory / 'journal.sqlite3'}") as journal,
        journal.transaction(read_only=True) as unit,
    ):
        return [(one.kind, one.by) for one in unit.decisions.of("test", ticket)]


def test_a_ticket_of_free_text_gets_its_order_from_an_operator(world: World) -> None:
    ticket = world.ticket({}, number="7")
    assert [one["status"] for one in world.sync()["tickets"]] == ["needs-order"]
    params = world.directory / "role.yaml"
    params.write_text("shortname: methodist\nname: Методист\ncontext_levels: [course]\n", encoding="utf-8")

    faults = world.otbridge("assign", "7", "2.9.1-access", "--params-file", str(params))
    given = [
        world.otbridge(
            "assign",
            "7",
            "2.9.1-access",
            "--params-file",
            str(params),
            "--param",
            "capabilities=moodle/course:view",
        )
        for _ in "12"
    ]

    assert faults == (
        1,
        (
            "otbridge: ticket 7: the order has faults; in the customer's words:\n  - capabilities: "
            "параметр не указан\n"
        ),
    )
    assert given == [
        (0, "ticket 7: the next pass works on this order\n"),
        (0, "ticket 7: there is nothing to change\n"),
    ]
    assert decisions(world, ticket) == [("assign", operator_name())]


@pytest.mark.skipif(not THOROUGH, reason="what scenarios show, with processes: HYPOTHESIS_PROFILE=thorough")
def test_what_was_made_is_taken_back_or_its_write_off_corrected(world: World) -> None:
    rejected, accepted = (
        world.ticket(ROLE, number="9"),
        world.ticket({**ROLE, "param_shortname": "other"}, number="10"),
    )
    world.sync()
    world.portal.reject(rejected, stage=1, comment="не то")
    world.portal.accept(accepted, stage=1)
    world.sync()

    assert world.otbridge("undo", "9", "--reason", "не то") == (
        0,
        "ticket 9: the next pass takes back what was made\n",
    )
    code, told = world.otbridge("undo", "10", "--reason", "не то")
    assert code == 1
    assert "is written off" in told
    assert (
        "there is nothing to change"
        in world.otbridge("correct", "10", "--recount", "--reason", "проверка")[1]
    )
    code, told = world.otbridge("correct", "10", "--hours", "1.5", "--reason", "x")
    assert code == 1
    assert "more than the 1 agreed" in told
    code, told = world.otbridge("correct", "10", "--hours", "0.25", "--reason", "скидка")
    assert (code, told) == (
        0,
        "ticket 10: the next pass writes off 0.25 norm-hours for stage “Работа” instead of 0.5\n",
    )
    assert [kind for kind, _ in decisions(world, rejected) + decisions(world, accepted)] == [
        "undo",
        "correct",
    ]
