"""A command that can't help where a ticket stands says where that is and what would help, changes nothing,
and ends with code 1.
"""

from __future__ import annotations

from typing import Any

import pytest

from bridge.cli.words import REASONS, reason
from bridge.domain.effects import EffectState
from bridge.domain.lifecycle import Reason
from bridge.domain.tickets import StageState
from bridge.journal import Decision
from tests.builders import make_stage, make_ticket
from tests.unit.cli.conftest import Office


def decisions(office: Office) -> list[Decision]:
    with office.journal() as journal, journal.transaction(read_only=True) as unit:
        return list(unit.decisions.of("p", "t1"))


@pytest.mark.parametrize(
    ("status", "code", "command", "told"),
    [
        ("done", "done", "retry 101", "nothing has failed"),
        ("done", "done", "pause 101 --reason x", "accepted and written off"),
        ("done", "done", "withdraw 101 --reason x", "accepted and written off"),
        ("done", "done", "assign 101 2.6", "accepted and written off"),
        ("done", "done", "undo 101 --reason x", "has made nothing"),
        ("done", "done", "resume 101", "no operator has paused it"),
        ("awaiting-acceptance", "not-accepted", "retry 101", "nothing has failed"),
        ("awaiting-acceptance", "not-accepted", "resume 101", "no operator has paused it"),
        ("awaiting-agreement", "not-agreed", "retry 101", "nothing has failed"),
        ("running", "by-hand", "retry 101", "nothing has failed"),
        ("running", "by-hand", "undo 101 --reason x", "has made nothing"),
        ("running", "by-hand", "correct 101 --nothing --reason x", "nothing was written off"),
        ("queued", "queued", "resume 101", "no operator has paused it"),
        ("withdrawn", "withdrawn", "retry 101", "nothing has failed"),
    ],
)
def test_a_command_that_cannot_help_says_where_the_ticket_stands(
    office: Office, status: str, code: str, command: str, told: str
) -> None:
    office.told()
    office.stands(status, code, stage="Роль")
    exit_code, said = office.run(command)
    assert exit_code == 1
    assert said.startswith("otbridge: ticket 101: ")
    assert told in said
    assert "\n  it stands at: " in said
    assert decisions(office) == []


def test_what_would_help_is_named(office: Office) -> None:
    office.told()
    office.run("pause 101 --reason 'ждём договор'")
    office.stands("held", "paused", why="ждём договор")
    code, said = office.run("retry 101")
    assert code == 1
    assert "it is paused" in said
    assert "goes on after: otbridge resume 101" in said


@pytest.mark.parametrize(
    ("status", "code"),
    [("failed", "no-installation"), ("needs-order", "no-service"), ("not-paid", "not-paid")],
)
def test_retry_lets_a_ticket_be_looked_at_again_whose_cause_may_be_mended(
    office: Office, status: str, code: str
) -> None:
    office.told()
    office.stands(status, code, serial="A", service="x", category="y")
    assert office.run("retry 101")[0] == 0


def test_what_was_refused_is_sent_again_wherever_the_ticket_stands(office: Office) -> None:
    office.told()
    office.did("note:done", {"code": "forbidden"}, state=EffectState.REFUSED)
    office.stands("done", "done")
    code, said = office.run("retry 101")
    assert (code, said) == (0, "ticket 101 goes on with the next pass: message sent: done\n")


def test_what_was_taken_back_is_done_anew_after_retry(office: Office) -> None:
    office.told()
    office.did("operation")
    office.did("undo")
    office.stands("failed", "undone", stage="Роль")
    assert office.run("retry 101")[0] == 0
    with office.journal() as journal, journal.transaction(read_only=True) as unit:
        record = unit.tickets.get("p", "t1")
    assert record is not None
    assert record.revisions == {"s1": 2}


def test_a_decision_about_a_paused_ticket_says_when_it_counts(office: Office) -> None:
    office.told(make_ticket(make_stage(state=StageState.READY)))
    office.did("operation")
    office.run("pause 101 --reason x")
    code, said = office.run("undo 101 --reason x")
    assert code == 0
    assert said == (
        "ticket 101: the next pass takes back what was made\nit is paused: the next pass does "
        "so after otbridge resume 101\n"
    )
    assert office.run("resume 101")[1] == "ticket 101: goes on with the next pass\n"


def test_a_decision_bears_the_person_s_name(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.journal.owner.login_name", lambda: "otbridge")
    monkeypatch.setattr("bridge.journal.owner.socket.gethostname", lambda: "desk")
    office.told()
    office.run("pause 101 --reason x")
    office.run("--as 'Анна Петрова' resume 101")
    office.run("pause 101 --reason x", OTBRIDGE_OPERATOR="Борис")
    assert [one.by for one in decisions(office)] == [
        "otbridge@desk",
        "Анна Петрова (otbridge@desk)",
        "Борис (otbridge@desk)",
    ]
    office.stands("failed", "fault")
    office.run("resume 101")
    office.run("--as Анна retry 101")
    with office.journal() as journal, journal.transaction(read_only=True) as unit:
        assert unit.events.latest("p", "t1")[-1].text == "Анна (otbridge@desk)"


def test_the_help_of_reason_says_whether_the_customer_reads_it(office: Office) -> None:
    reads = {
        command: "the customer reads it" in office.run(f"{command} --help")[1]
        for command in ("withdraw", "correct")
    }
    does_not = {
        command: "The customer does not read it" in office.run(f"{command} --help")[1]
        for command in ("pause", "resume", "undo")
    }
    assert all((reads | does_not).values()), (reads, does_not)


@pytest.mark.parametrize("code", REASONS)
def test_a_reason_whose_facts_an_older_program_did_not_write_down_is_told_all_the_same(code: Any) -> None:
    told = reason(Reason(code), "101")
    assert told
    assert "{" not in told
