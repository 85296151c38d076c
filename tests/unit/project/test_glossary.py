"""docs/glossary.md is what the commands say, in both languages."""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo

from bridge.cli import COMMANDS, words
from bridge.cli.ledger import KINDS
from bridge.domain.lifecycle import Kind
from bridge.domain.quote import Amount
from bridge.flow.preview import Forecast
from bridge.flow.report import TicketReport
from bridge.i18n import LOCALES

PAGE = (Path(__file__).parents[3] / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([a-z][^|]*) \| ([^|]+) \| ([^|]+) \|", PAGE, re.MULTILINE)
TERMS: Mapping[str, str] = {english: russian for english, russian, _ in ROWS}
RUSSIAN = gettext.translation("otbridge", LOCALES, ["ru"])


@pytest.mark.parametrize("status", ["suspended", "paused"])
def test_a_status_is_called_by_its_term(status: str) -> None:
    assert words.STATUSES[status].startswith(status)
    assert RUSSIAN.gettext(words.STATUSES[status]).startswith(TERMS[status])


@pytest.mark.parametrize(("kind", "term"), [("hold", "hold"), ("capture", "write-off")])
def test_a_row_of_the_ledger_is_called_by_its_term(kind: str, term: str) -> None:
    assert term == KINDS[kind]
    assert RUSSIAN.gettext(KINDS[kind]) == TERMS[term]


def test_a_hold_is_hours_and_never_an_operators_stop() -> None:
    assert {"hold", "release"}.isdisjoint(COMMANDS)
    for command in ("pause", "resume"):
        said = RUSSIAN.gettext(COMMANDS[command])
        assert "резерв" not in said, command
        assert "приостан" not in said, command


def test_reserved_hours_are_called_so_in_every_russian_sentence() -> None:
    with (Path(LOCALES) / "ru" / "LC_MESSAGES" / "otbridge.mo").open("rb") as file:
        sentences = [str(message.string) for message in read_mo(file)]
    assert [said for said in sentences if re.search(r"удерж", said, re.IGNORECASE)] == []
    assert any("резерв" in said for said in sentences)


def test_a_message_is_called_so_where_it_was_sent() -> None:
    sent = words.effect("note:done")
    assert sent == "message sent: done"
    assert TERMS["message"] == "сообщение"


def test_hours_that_leave_the_balance_are_written_off_in_every_command() -> None:
    assert words.EFFECTS[Kind.WRITE_OFF] == "hours written off"
    for table in (TicketReport, Forecast, Amount):
        assert any(field.name in {"written_off", "write_off"} for field in fields(table)), table
        assert not any(field.name in {"taken", "posted", "captured"} for field in fields(table)), table


def test_each_term_names_its_item_of_the_vendors_terms() -> None:
    for english, _, item in ROWS:
        assert re.fullmatch(r"–|[12](\.\d)*(, R[1-9])*", item), english


def test_each_term_has_one_row() -> None:
    assert len(TERMS) == len(ROWS) > 20
