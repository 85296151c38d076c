"""docs/cli.md's table of exit codes: each command ends with each code that the table names for it, for the
reason that it gives.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.cli import COMMANDS, main
from bridge.flow.scope import Exit
from bridge.journal import Journal
from bridge.sandbox.moodle import SandboxMoodle
from bridge.sandbox.portal import SandboxPortal
from tests.unit.cli.conftest import ENVIRON, TOML, Office

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"
ROW = re.compile(r"^\| `otbridge ([^`|\n]+)` " + r"\|([^|\n]*)" * 4 + r"\|$", re.MULTILINE)
_MATRIX = ROW.findall(PAGE.read_text(encoding="utf-8"))
CLAIMS = {
    command: {code for code, cell in zip((1, 2, 3, 4), cells, strict=True) if cell.strip() != "–"}
    for command, *cells in _MATRIX
}

HAPPY = {
    "sync": "sync",
    "status": "status",
    "show": "show 101",
    "assign": "assign 101 2.6",
    "pause": "pause 101 --reason x",
    "resume": "resume 101",
    "withdraw": "withdraw 101 --reason x",
    "undo": "undo 101 --reason x",
    "correct": "correct 101 --nothing --reason x",
    "retry": "retry 101",
    "doctor": "doctor",
    "ledger": "ledger",
    "ledger verify": "ledger verify",
    "reconcile": "reconcile",
    "statement": "statement --account school --month 2020-01 --output - --format csv",
    "accounts": "accounts",
    "catalogue": "catalogue",
    "quote": "quote 2.6",
    "migrate": "migrate",
    "portal check": "portal check {url}",
    "init-redmine": "init-redmine --project x",
    "checksums": "checksums {release}",
    "run": "run",
}
"""Each command as it is typed when all is well."""


class Served(Office):
    """An office whose portal and Moodle answer."""

    def __init__(
        self, directory: Path, portal: SandboxPortal, moodle: SandboxMoodle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        super().__init__(directory)
        self.monkeypatch = monkeypatch
        self.portal, self.moodle = portal, moodle
        self.serve(portal.url, moodle.url)
        (directory / ".env").touch(mode=0o600)
        self.token(portal.token)

    def serve(self, portal: str, moodle: str) -> None:
        toml = (
            TOML.replace("http://127.0.0.1:9/api", portal)
            .replace('"http://127.0.0.1:9"', f'"{moodle}"')
            .replace('"p"', '"served"')
        )
        self.settings.write_text(toml, encoding="utf-8")

    def named_p(self) -> None:
        """Let the settings name the portal of the tickets in the journal."""
        self.settings.write_text(
            self.settings.read_text(encoding="utf-8").replace('"served"', '"p"'), encoding="utf-8"
        )

    def token(self, portal: str) -> None:
        ENVIRON.update(OTBRIDGE_PORTAL_TOKEN=portal, OTBRIDGE_MOODLE_TOKEN=self.moodle.token)

    def typed(self, command: str, **more: str | None) -> tuple[int, str]:
        release = self.directory / "release"
        release.mkdir(exist_ok=True)
        (release / "version.php").write_text("<?php $version = 1.00; $release = '4.5';", encoding="utf-8")
        return self.run(command.replace("{url}", self.portal.url).replace("{release}", str(release)), **more)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SandboxPortal, SandboxMoodle]]:
    directory = tmp_path_factory.mktemp("servers")
    with (
        SandboxPortal.start(directory / "portal") as portal,
        SandboxMoodle.start(directory=directory / "moodle") as moodle,
    ):
        portal.open_account("school", "Школа", granted="10")
        yield portal, moodle


@pytest.fixture
def served(
    office: Office, servers: tuple[SandboxPortal, SandboxMoodle], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    before = dict(ENVIRON)
    yield Served(office.directory, *servers, monkeypatch)
    ENVIRON.update(before)
    servers[0].faults.clear()
    servers[1].restrict()


def ready(served: Served, command: str) -> None:
    """Let the command have what it works on."""
    served.told()
    if command == "resume":
        served.typed("pause 101 --reason x")
    if command == "undo":
        served.did("operation")
    if command == "retry":
        served.stands("failed", "fault")
    if command == "correct":
        served.books("capture", hold=served.books("hold"))


def test_the_table_has_every_command_and_every_code() -> None:
    assert {command.split()[0] for command in CLAIMS} == set(COMMANDS)
    assert set(CLAIMS) == set(HAPPY)
    codes = {int(code) for code in re.findall(r"^\| (\d) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)}
    assert (
        codes
        == {int(code) for code in Exit}
        == {0, *(code for claimed in CLAIMS.values() for code in claimed)}
    )


@pytest.mark.parametrize("command", [one for one in HAPPY if one != "run"])
def test_0_all_well(served: Served, command: Any) -> None:
    if command not in ("sync", "doctor", "reconcile", "accounts", "portal check"):
        ready(served, command)
    code, told = served.typed(HAPPY[command], OTBRIDGE_PORTAL_TOKEN=served.portal.token)
    assert code == 0, told


def _no_ticket(served: Served, command: str) -> str:
    return HAPPY[command].replace("101", "999")


def _free_text(served: Served, _command: str) -> str:
    served.named_p()
    assert served.typed("sync")[0] == 0
    with served.journal() as journal, journal.transaction(read_only=True) as unit:
        cursor = unit.polling.cursor("p").cursor
    served.told(cursor=cursor)
    served.stands("needs-order", "free-text")
    return "sync"


def _no_cron(served: Served, _command: str) -> str:
    served.monkeypatch.setattr("bridge.operators.doctor.CRON_SILENCE", timedelta(days=-1))
    return "doctor"


def _forged(served: Served, _command: str) -> str:
    served.told()
    served.books("hold")
    with sqlite3.connect(served.directory / "journal.sqlite3") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE ledger SET amount_mh = 1")
    return "ledger verify"


def _differs(served: Served, _command: str) -> str:
    served.told()
    served.books("hold")
    served.named_p()
    served.portal.open_account("a1", "Вуз", granted="1")
    return "reconcile"


def _broken_rule(served: Served, _command: str) -> str:
    served.portal.faults.add("GET /api/otbridge/v1/ledger", "html", times=99)
    served.portal.faults.add("GET /api/otbridge/v1/accounts", "html", times=99)
    served.portal.put_broken_ticket({"number": None})
    return "portal check {url}"


OPERATORS_TURN: dict[str, Callable[[Served, str], str]] = {
    **dict.fromkeys(
        ("show", "assign", "pause", "resume", "withdraw", "undo", "correct", "retry"), _no_ticket
    ),
    "ledger": lambda served, command: "ledger --ticket 999",
    "sync": _free_text,
    "doctor": _no_cron,
    "ledger verify": _forged,
    "reconcile": _differs,
    "statement": lambda served, command: HAPPY[command].replace("school", "nobody"),
    "portal check": _broken_rule,
}


@pytest.mark.parametrize("command", [one for one, codes in CLAIMS.items() if 1 in codes])
def test_1_an_operator_s_turn(served: Served, command: Any) -> None:
    code, told = served.typed(
        OPERATORS_TURN[command](served, command), OTBRIDGE_PORTAL_TOKEN=served.portal.token
    )
    assert code == 1, told


@pytest.mark.parametrize("command", [one for one, codes in CLAIMS.items() if 2 in codes])
def test_2_settings_or_the_command_line(served: Served, command: Any) -> None:
    served.settings.write_text("[portal]\nurl = 1\n", encoding="utf-8")
    typed = command if command in ("init-redmine", "checksums") else HAPPY[command]
    code, told = served.typed(typed, OTBRIDGE_PORTAL_TOKEN="wrong" if command == "portal check" else None)
    assert code == 2, told


NEED_TOKENS = {"sync", "run", "doctor", "reconcile", "statement", "accounts", "portal check"}


@pytest.mark.parametrize("command", HAPPY)
def test_only_commands_that_speak_to_portal_or_moodle_ask_for_tokens(served: Served, command: Any) -> None:
    ready(served, command)
    code, told = served.typed(HAPPY[command], OTBRIDGE_PORTAL_TOKEN=None, OTBRIDGE_MOODLE_TOKEN=None)
    assert code == (2 if command in NEED_TOKENS else 0), told


@pytest.mark.parametrize("command", ["sync", "reconcile", "statement", "accounts", "doctor"])
def test_2_a_token_that_is_refused(served: Served, command: str) -> None:
    served.told(cursor="")
    served.named_p()
    served.token("wrong")
    assert served.typed(HAPPY[command])[0] == 2


@pytest.mark.parametrize("command", [one for one, codes in CLAIMS.items() if 3 in codes])
def test_3_the_portal_is_away(served: Served, command: Any) -> None:
    if command == "correct":
        ready(served, command)
    if command in ("reconcile", "accounts"):
        served.told()
    served.serve("http://127.0.0.1:9/api", served.moodle.url)
    typed = {
        "correct": "correct 101 --recount --reason x",
        "portal check": "portal check http://127.0.0.1:9",
    }.get(command, HAPPY[command])
    if command in ("correct", "reconcile", "accounts"):
        served.named_p()
    code, told = served.typed(typed, OTBRIDGE_PORTAL_TOKEN="x")
    assert code == 3, told


@pytest.mark.parametrize("command", [one for one, codes in CLAIMS.items() if 4 in codes])
def test_4_the_journal_cannot_be_used(served: Served, command: Any) -> None:
    journal = served.directory / "journal.sqlite3"
    if command == "migrate":
        journal.write_bytes(b"no journal" * 1000)
    else:
        journal.unlink()
    code, told = served.typed(HAPPY[command])
    assert code == 4, told


@pytest.mark.parametrize("command", [one for one, codes in CLAIMS.items() if 4 not in codes and one != "run"])
def test_a_command_that_needs_no_journal_looks_at_none(
    served: Served, command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "open", lambda *_args, **_more: pytest.fail("it was opened"))
    assert served.typed(HAPPY[command], OTBRIDGE_PORTAL_TOKEN=served.portal.token)[0] in (0, 1)


def test_130_ended_by_ctrl_c(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "bridge.cli.common.load", lambda _path, **_more: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    code, told = served.typed("status")
    assert (code, told.strip()) == (130, "otbridge: interrupted")


def test_a_command_without_words_is_a_command_line_that_is_not_understood() -> None:
    from click.testing import CliRunner

    assert CliRunner().invoke(main, ["nonsense"]).exit_code == 2
