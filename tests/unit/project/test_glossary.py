"""docs/glossary.md is what the commands say, in both languages."""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo

from bridge.cli import COMMANDS, words
from bridge.cli.ledger import KINDS
from bridge.i18n import LOCALES

PAGE = (Path(__file__).parents[3] / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([a-z][^|]*) \| ([^|]+) \|", PAGE, re.MULTILINE)
TERMS: Mapping[str, str] = dict(ROWS)
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


def test_each_term_has_one_row() -> None:
    assert len(TERMS) == len(ROWS) > 20
