"""Whatever stands in a ticket, no command lets it control the terminal, forge a line, or break a document."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import replace

import pytest

from bridge.domain.effects import EffectState
from tests.builders import make_stage, make_ticket
from tests.unit.cli.conftest import Office

EVIL = "\x1b[2J\x1b]0;x\x07\r\nERROR [bold]fo\u202erged[/bold]\u2028\x9b31m\x7f"
NUMBER = f"7{EVIL}"


def harmless(told: str) -> bool:
    return all(
        char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in told
    )


@pytest.fixture
def evil(office: Office) -> Office:
    """A ticket in which every text is hostile, with effects, rows and a fault that are as well."""
    stage = make_stage(title=f"Этап{EVIL}")
    office.told(
        make_ticket(
            stage, number=NUMBER, subject=f"Тема{EVIL}", customer_name=f"Вуз{EVIL}", category=f"Кат{EVIL}"
        )
    )
    office.stands("failed", "rejected", stage=stage.title, comment=EVIL)
    hold = office.books("hold")
    office.books("capture", hold=hold)
    office.did(
        "operation",
        {
            "kind": "course",
            "course_id": 1,
            "fullname": EVIL,
            "backup_source": EVIL,
            "backup_at": EVIL,
            "url": EVIL,
        },
    )
    office.did("void", {"code": "x", "detail": EVIL}, state=EffectState.REFUSED)
    office.did(f"note:{EVIL}", state=None)
    with office.journal() as journal, journal.transaction() as unit:
        unit.polling.park("p", f"ref{EVIL}", "{}", (EVIL,))
    return office


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "show {n}",
        "ledger",
        "ledger --format csv",
        "ledger --format json",
        "status --json",
        "show {n} --json",
        "ledger --ticket {n}",
    ],
)
def test_what_is_shown_of_a_hostile_ticket_is_harmless(evil: Office, command: str) -> None:
    code, told = evil.run(command.format(n="'" + NUMBER + "'"))
    assert code == 0, told
    assert harmless(told.replace("\r\n", "\n") if "csv" in command else told), re.findall(
        r"[^\n\x20-\x7e]", told
    )
    assert "\\x1b" in told or "\\u001b" in told, "it is shown, not left out"


@pytest.mark.parametrize(
    "command",
    [
        "hold {n} --reason x",
        "release {n}",
        "withdraw {n} --reason x",
        "undo {n} --reason x",
        "retry {n}",
        "correct {n} --nothing --reason x",
        "assign {n} 9.9",
        "assign {n} 2.9.1-phone",
        "show 'x\x1b'",
        "reconcile",
        "sync",
        "sync --dry-run",
        "sync --ticket {n}",
        "doctor",
    ],
)
def test_what_is_decided_about_a_hostile_ticket_is_told_harmlessly(evil: Office, command: str) -> None:
    _, told = evil.run(command.format(n="'" + NUMBER + "'"))
    assert told
    assert harmless(told)


def test_a_document_holds_what_the_ticket_holds(evil: Office) -> None:
    assert evil.document("status --json")["tickets"][0]["number"] == NUMBER
    assert evil.document(f"show '{NUMBER}' --json")["number"] == NUMBER
    assert evil.document("ledger --format json")["rows"][0]["ticket"] == NUMBER


def test_a_spreadsheet_gets_one_row_a_row(evil: Office) -> None:
    told = evil.run("ledger --format csv")[1]
    rows = list(csv.reader(io.StringIO(told, newline="")))
    assert [len(row) for row in rows] == [15, 15, 15]


def test_markup_is_text(office: Office) -> None:
    office.told(make_ticket(number="[red]7[/red]", subject="[bold]Роль[/bold]"))
    office.told(replace(make_ticket(), id="t2", number="[/]"))
    assert "[red]7[/red]" in office.run("status")[1]
    assert "[bold]Роль[/bold]" in office.run("show '[red]7[/red]'")[1]
    assert "[/]" in office.run("show '[/]'")[1]
