"""otbridge ledger and otbridge reconcile as an operator types them: forms, periods, and what is refused
before anything is asked.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.journal import Journal, LedgerKind, NewLedgerRow, migrate
from tests.builders import NOW, make_ticket

DAY = timedelta(days=1)

_SETTINGS = """
[portal]
name = "p"
url = "https://portal.example.ru/v1"
[[installation]]
serial = "A"
url = "https://lms.example.ru"
"""


def row(key: str, kind: LedgerKind, amount: int, hold: str | None = None, **changes: Any) -> NewLedgerRow:
    values = {
        "portal": "p",
        "account_id": "a1",
        "ticket_id": "t1",
        "stage_id": "s1",
        "revision": 1,
        "hold_key": hold,
        "spent_minutes": 0,
        "charged_minutes": 0,
        "coefficient_milli": None,
        "price_kopecks": None,
        "at": NOW,
        **changes,
    }
    return NewLedgerRow(key=key, kind=kind, amount_mh=amount, **values)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings with a journal in which 1.5 of 2 held norm-hours were written off, and taken back the next
    day; 0.5 are held.
    """
    url = f"sqlite:///{tmp_path}/journal.sqlite3"
    migrate(url)
    with Journal.open(url) as journal, journal.transaction() as unit:
        unit.polling.merge("p", [make_ticket(customer_name="=HYPERLINK(1)")], "c", None)
        for one in (
            row("h1", "hold", 2000),
            row(
                "c1",
                "capture",
                1500,
                "h1",
                spent_minutes=80,
                charged_minutes=90,
                coefficient_milli=600,
                price_kopecks=375_050,
            ),
            row("r1", "reversal", 1500, "h1", at=NOW + DAY),
            row("h2", "hold", 500, at=NOW + DAY),
        ):
            unit.ledger.append(one, NOW)
    path = tmp_path / "bridge.toml"
    path.write_text(f'[bridge]\njournal = "{url}"\n' + _SETTINGS, encoding="utf-8")
    env = tmp_path / ".env"
    env.touch(mode=0o600)
    env.write_text("OTBRIDGE_PORTAL_TOKEN=x\nOTBRIDGE_MOODLE_TOKEN=x\n", encoding="utf-8")
    return path


def run(config: Path, *arguments: str) -> Result:
    return CliRunner(env={"LANGUAGE": "en", "COLUMNS": "200"}).invoke(
        main, ["--config", str(config), *arguments]
    )


def test_csv_is_for_a_spreadsheet_and_no_cell_of_it_is_a_formula(config: Path) -> None:
    lines = list(csv.DictReader(io.StringIO(run(config, "ledger", "--format", "csv").stdout)))
    assert [
        (line["kind"], line["held"], line["written_off"], line["returned"], line["price"]) for line in lines
    ] == [
        ("hold", "2.000", "0.000", "0.000", ""),
        ("capture", "-2.000", "1.500", "0.000", "3750.50"),
        ("reversal", "0.000", "0.000", "1.500", "-3750.50"),
        ("hold", "0.500", "0.000", "0.000", ""),
    ]
    assert {line["customer"] for line in lines} == {"'=HYPERLINK(1)"}
    assert (lines[1]["spent_minutes"], lines[1]["charged_minutes"], lines[1]["coefficient"]) == (
        "80",
        "90",
        "0.600",
    )
    assert (lines[0]["at"], lines[0]["ticket"], lines[0]["account"]) == ("2026-03-01T09:30:00Z", "101", "a1")


def test_json_has_whole_numbers_and_the_sums_of_the_period(config: Path) -> None:
    document = json.loads(run(config, "ledger", "--format", "json").stdout)
    assert document["totals"] == {
        "rows": 4,
        "written_off_mh": 1500,
        "returned_mh": 1500,
        "price_kopecks": 0,
        "open_holds_mh": 500,
    }
    assert document["rows"][1] == {
        "at": "2026-03-01T09:30:00+00:00",
        "portal": "p",
        "account": "a1",
        "customer": "=HYPERLINK(1)",
        "ticket": "101",
        "stage": "Новая роль",
        "kind": "capture",
        "spent_minutes": 80,
        "charged_minutes": 90,
        "coefficient_milli": 600,
        "held_mh": -2000,
        "written_off_mh": 1500,
        "returned_mh": 0,
        "price_kopecks": 375_050,
        "key": "c1",
    }


@pytest.mark.parametrize(
    ("period", "keys", "held"),
    [
        (("--to", "2026-03-01"), ["h1", "c1"], 0),
        (("--from", "2026-03-02"), ["r1", "h2"], 500),
        (("--from", "2026-03-01", "--to", "2026-03-02"), ["h1", "c1", "r1", "h2"], 500),
        (("--from", "2026-03-03"), [], 500),
        (("--to", "9999-12-31", "--ticket", "101", "--account", "a1"), ["h1", "c1", "r1", "h2"], 500),
        (("--account", "a2"), [], 0),
    ],
)
def test_both_days_belong_to_the_period(
    config: Path, period: tuple[str, ...], keys: list[str], held: int
) -> None:
    document = json.loads(run(config, "ledger", "--format", "json", *period).stdout)
    assert ([line["key"] for line in document["rows"]], document["totals"]["open_holds_mh"]) == (keys, held)


def test_a_table_ends_with_the_sums(config: Path) -> None:
    told = run(config, "ledger").stdout
    assert "1:20" in told
    assert told.endswith(
        "Written off: 1.5; returned: 1.5; price: 0.00; held in the end: 0.5 (norm-hours, roubles)\n"
    )
    assert "The ledger has no such rows." in run(config, "ledger", "--from", "2026-03-03").stdout


def test_verify_is_a_command_of_its_own(config: Path) -> None:
    assert run(config, "ledger", "verify").stdout == "The ledger is sound: 4 rows.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            ("ledger", "--from", "1.3.2026", "--to", "x"),
            2,
            "--from: “1.3.2026” is not a day, write YYYY-MM-DD\n  - --to: “x” is not a day",
        ),
        (("ledger", "--from", "2026-03-02", "--to", "2026-03-01"), 2, "--from is after --to"),
        (("ledger", "--ticket", "999"), 1, "the journal has no ticket 999"),
        (("ledger", "--format", "xml"), 2, "xml"),
        (("reconcile", "--accept", "k"), 2, "need a --reason"),
        (("reconcile", "--accept", "k", "--reason", " "), 2, "need a --reason"),
        (("reconcile", "--reason", "because"), 2, "need a --reason"),
        (("reconcile", "--accept", "k", "--resend", "k", "--reason", "x"), 2, "exclude each other"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_word(
    config: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    result = run(config, *arguments)
    assert (result.exit_code, told in result.output) == (code, True), result.output
