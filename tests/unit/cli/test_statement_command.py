"""otbridge statement and otbridge accounts as an owner types them, against an embedded portal with a ticket
that was really written off.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from ctypes.util import find_library
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator
from openpyxl import load_workbook

from bridge.journal import migrate
from bridge.sandbox.portal import SandboxPortal
from tests.profile import THOROUGH
from tests.unit.cli.conftest import ENVIRON, TOML, Office

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"
PAID = "Выделенный специалист (н.часы) / Настройка"
TODAY = datetime.now(ZoneInfo("Europe/Moscow")).date()
PERIOD = f"--from {TODAY - timedelta(days=40)} --to {TODAY}"
OF = f"statement --account school {PERIOD}"
STATEMENT = """
[statement]
seller = "ООО «Исполнитель»"
[statement.customer.school]
name = 'ООО "Ромашка" & Ко'
contract = "№ 12"
"""


@pytest.fixture(scope="module")
def written_off(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, SandboxPortal]]:
    """Ten norm-hours, of which a specialist's ticket took one and a half."""
    directory = tmp_path_factory.mktemp("office")
    migrate(f"sqlite:///{directory / 'journal.sqlite3'}")
    before = dict(ENVIRON)
    with SandboxPortal.start(directory / "portal") as portal:
        office = Office(directory)
        office.settings.write_text(
            TOML.replace("http://127.0.0.1:9/api", portal.url) + STATEMENT, encoding="utf-8"
        )
        ENVIRON.update(OTBRIDGE_PORTAL_TOKEN=portal.token)
        portal.open_account("school", "Школа", granted="10", hour_price="2500")
        ticket = portal.open_ticket(
            account="school", category=PAID, subject="=Консультация", number="101", fields={"service": "2.6"}
        )
        portal.agree(ticket, [("Работа", "2", "1")])
        assert office.run("sync")[0] == 0
        portal.log_time(ticket, stage=1, specialist="Иванов", category="development", minutes=90)
        portal.report_ready(ticket, stage=1)
        portal.accept(ticket, stage=1)
        code, told = office.run("sync")
        assert code == 0, told
        yield office, portal
    ENVIRON.clear()
    ENVIRON.update(before)


@pytest.fixture
def office(written_off: tuple[Office, SandboxPortal]) -> Office:
    return written_off[0]


def test_the_document_tells_the_write_off_and_agrees_with_the_portal(
    office: Office, written_off: tuple[Office, SandboxPortal]
) -> None:
    document = office.document(f"{OF} --json")
    Draft202012Validator(json.loads((SCHEMAS / "statement-1.json").read_text())).validate(document)
    (one,) = document["write_offs"]
    assert (one["ticket"], one["subject"], one["stage"], one["service_id"]) == (
        "101",
        "=Консультация",
        "Работа",
        "2.6",
    )
    assert one["lines"] == [
        {
            "category": "Разработка и техническая поддержка",
            "spent_minutes": 90,
            "charged_minutes": 90,
            "coefficient_milli": 1000,
        }
    ]
    (entry,) = [entry for entry in written_off[1].ledger() if entry.kind == "capture"]
    assert entry.price is not None
    assert (one["amount_mh"], one["price_kopecks"]) == (1500, int(entry.price * 100)) == (1500, 375_000)
    assert (document["topped_up_mh"], document["closing_mh"], document["customer"]) == (
        10_000,
        8500,
        'ООО "Ромашка" & Ко',
    )


def test_the_file_s_ending_says_the_form(office: Office, tmp_path: Path) -> None:
    for name in ("s.html", "s.xlsx", "s.csv"):
        path = tmp_path / name
        code, told = office.run(f"{OF} --output {path}")
        assert (code, "written off 1.5 norm-hours, returned 0, 3750.00 roubles" in told) == (0, True), told
        assert path.stat().st_size > 300
    assert [one.name for one in sorted(tmp_path.iterdir())] == ["s.csv", "s.html", "s.xlsx"]
    assert "ООО &#34;Ромашка&#34; &amp; Ко" in (tmp_path / "s.html").read_text(encoding="utf-8")
    sheet = load_workbook(tmp_path / "s.xlsx", data_only=True)["Акт"]
    assert 3750 in {cell.value for row in sheet.iter_rows() for cell in row}


def test_a_pdf_is_made_by_the_command(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bridge.operators.statement import pdf

    monkeypatch.setattr(pdf, "render", lambda html, _directory: b"%PDF-" + html.encode())
    code, told = office.run(f"{OF} --output {tmp_path / 'a.out'} --format pdf")
    assert code == 0, told
    assert (tmp_path / "a.out").read_bytes().startswith(b"%PDF-")


@pytest.mark.skipif(not THOROUGH, reason="takes seconds: HYPOTHESIS_PROFILE=thorough")
@pytest.mark.skipif(find_library("pangoft2-1.0") is None, reason="needs Pango")
def test_a_pdf_is_really_made_by_the_command(office: Office, tmp_path: Path) -> None:
    code, told = office.run(f"{OF} --output {tmp_path / 's.pdf'}")
    assert code == 0, told
    assert (tmp_path / "s.pdf").read_bytes().startswith(b"%PDF-")
    assert [one.name for one in tmp_path.iterdir()] == ["s.pdf"]


def test_a_pdf_that_cannot_be_made_leaves_the_old_file(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bridge.operators.statement import pdf

    (tmp_path / "s.pdf").write_bytes(b"old")

    def fail(_html: str, _directory: object) -> bytes:
        raise pdf.NoPdf("no font")

    monkeypatch.setattr(pdf, "render", fail)
    code, told = office.run(f"{OF} --output {tmp_path / 's.pdf'}")
    assert (code, "no font" in told, (tmp_path / "s.pdf").read_bytes()) == (2, True, b"old")


def test_a_table_goes_to_the_terminal_and_no_cell_of_it_is_a_formula(office: Office) -> None:
    code, told = office.run(f"{OF} --output - --format csv")
    rows = list(csv.DictReader(io.StringIO(told.removeprefix("\ufeff")), delimiter=";"))
    assert (code, [row["Вид"] for row in rows]) == (
        0,
        ["Остаток на начало", "Пополнение", "Списание", "Остаток на конец"],
    )
    assert (rows[2]["Тема"], rows[2]["Нормо-часы"], rows[2]["Сумма, руб."]) == (
        "'=Консультация",
        "-1,500",
        "-3750,00",
    )


def test_a_month_and_a_period_of_the_same_days_tell_the_same(office: Office) -> None:
    one = office.document(f"statement --account school --month {TODAY:%Y-%m} --json")
    first, last = TODAY.replace(day=1), (TODAY.replace(day=1) + timedelta(days=40)).replace(day=1)
    other = office.document(
        f"statement --account school --from {first} --to {last - timedelta(days=1)} --json"
    )
    assert {**one, "made_at": ""} == {**other, "made_at": ""}
    assert not one["final"]


@pytest.mark.parametrize(
    ("typed", "code", "told"),
    [
        ("statement", 2, "--account"),
        ("statement --account school --output x.csv", 2, "name the period"),
        ("statement --account school --from 2026-01-01 --output x.csv", 2, "name the period"),
        ("statement --account school --month 2026-01 --to 2026-01-02 --output x.csv", 2, "name the period"),
        ("statement --account school --month 2026-13 --json", 2, "is not a month"),
        ("statement --account school --month ٢٠٢٦-٠١ --json", 2, "is not a month"),
        ("statement --account school --month 0000-01 --json", 2, "is not a month"),
        ("statement --account school --month 9999-12 --json", 2, "is not a month"),
        ("statement --account school --from x --to 2026-01-02 --json", 2, "is not a day"),
        ("statement --account school --from 0001-01-01 --to 2026-01-02 --json", 2, "is not a day"),
        ("statement --account school --from 2026-01-03 --to 2026-01-02 --json", 2, "--from is after --to"),
        ("statement --account school --month 9998-01 --json", 2, "has not begun yet"),
        (OF, 2, "say where to"),
        (f"{OF} --format pdf", 2, "say where to"),
        (f"{OF} --output x", 2, "one of html, pdf, xlsx, csv"),
        (f"{OF} --output x.doc", 2, "one of html, pdf, xlsx, csv"),
        (f"{OF} --output x --format doc", 2, "is not one of"),
        (f"{OF} --output - --format xlsx", 2, "not a text for the terminal"),
        (f"{OF} --output - --format csv --json", 2, "exclude each other"),
        (f"{OF} --output /nowhere/x.csv", 2, "is not a directory"),
        (f"statement --account nobody {PERIOD} --json", 1, "no account nobody"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_word(
    office: Office, typed: str, code: int, told: str
) -> None:
    found, said = office.run(typed, LANGUAGE="en")
    assert (found, told in said) == (code, True), said


def test_without_the_library_the_extra_is_named_before_anything_is_read(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.cli.statement.find_spec", lambda name: None if name == "xlsxwriter" else 1)
    monkeypatch.setattr("bridge.cli.statement.Journal", None)
    code, told = office.run(f"{OF} --output x.xlsx", LANGUAGE="en")
    assert (code, "pip install 'otbridge[statement]'" in told) == (2, True), told


def test_a_kopeck_stops_the_statement_and_the_row_is_named(office: Office, tmp_path: Path) -> None:
    journal = office.directory / "journal.sqlite3"
    kept = journal.read_bytes()
    try:
        with sqlite3.connect(journal) as database:
            for (name,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                database.execute(f"DROP TRIGGER {name}")
            database.execute("UPDATE ledger SET price_kopecks = price_kopecks + 1 WHERE kind = 'capture'")
        code, told = office.run(f"{OF} --output {tmp_path / 's.csv'}", LANGUAGE="en")
        assert code == 1
        assert re.search(
            r"101, write-off, 1\.5, [0-9a-f-]{36}: different: price_kopecks: 375001 ≠ 375000", told
        )
        assert "otbridge reconcile --account school" in told
        assert list(tmp_path.iterdir()) == []
    finally:
        journal.write_bytes(kept)


def test_accounts_tell_what_is_left_and_which_are_low(office: Office) -> None:
    document = office.document("accounts --json")
    Draft202012Validator(json.loads((SCHEMAS / "accounts-1.json").read_text())).validate(document)
    (one,) = document["accounts"]
    assert (
        one["account"],
        one["customer"],
        one["granted_mh"],
        one["written_off_mh"],
        one["available_mh"],
    ) == (
        "school",
        'ООО "Ромашка" & Ко',
        10_000,
        1500,
        8500,
    )
    assert (one["forecast"]["days"], one["forecast"]["days_left"], one["low"]) == (7, 39, False)
    assert "8.5" in office.run("accounts")[1]
    assert office.run("accounts --low", LANGUAGE="en") == (0, "No account is low.\n")
    settings = office.settings.read_text(encoding="utf-8")
    try:
        office.settings.write_text(
            settings.replace("[statement]", "[statement]\nlow_hours = 8.51"), encoding="utf-8"
        )
        assert [one["low"] for one in office.document("accounts --low --json")["accounts"]] == [True]
    finally:
        office.settings.write_text(settings, encoding="utf-8")


def test_an_account_that_cannot_be_read_is_told(
    office: Office, written_off: tuple[Office, SandboxPortal]
) -> None:
    written_off[1].faults.add("GET /api/otbridge/v1/accounts/school", "html", times=99)
    try:
        code, told = office.run("accounts --low", LANGUAGE="en")
        assert (code, "An account cannot be read" in told) == (3, True), told
    finally:
        written_off[1].faults.clear()


def test_the_period_is_of_the_site_s_days(office: Office) -> None:
    yesterday = office.document(
        f"statement --account school --from 2020-01-01 --to {TODAY - timedelta(days=1)} --json"
    )
    assert (yesterday["final"], yesterday["closing_mh"], yesterday["write_offs"]) == (True, 0, [])
    assert datetime.fromisoformat(yesterday["made_at"]) > datetime(2020, 1, 1, tzinfo=UTC)
