"""What goes wrong around the bridge is told by its cause, with what to do about it."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy.exc import OperationalError

from bridge.cli import main
from bridge.journal.engine import named_failures
from tests.builders import make_stage, make_ticket
from tests.raw_server import RawServer, http_reply
from tests.unit.cli.conftest import ENVIRON, TOML, Office


def test_an_installation_in_single_brackets_is_told(office: Office) -> None:
    office.settings.write_text(TOML.replace("[[installation]]", "[installation]"), encoding="utf-8")
    code, said = office.run("status")
    assert code == 2
    assert "installation: write [[installation]], with two brackets: there may be several" in said


def test_postgresql_without_its_driver_says_how_to_install_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    office.settings.write_text(
        TOML.replace("sqlite:///journal.sqlite3", "postgresql://u@127.0.0.1:1/d"), encoding="utf-8"
    )
    for command in ("status", "migrate", "sync"):
        code, said = office.run(command)
        assert code == 2
        assert said == (
            "otbridge: a journal in PostgreSQL needs its driver, which is not installed: pip "
            "install 'otbridge[postgresql]'\n"
        )
    assert any(
        "pip install 'otbridge[postgresql]'" in check["found"]
        for check in office.document("doctor --json")["checks"]
    )


@pytest.mark.parametrize(
    ("free", "advice"), [(4096, "free space on the disk"), (1 << 30, "the disk that holds the journal fails")]
)
def test_a_full_disk_is_told_as_one_though_sqlite_calls_it_an_error_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: Any, advice: str
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=free))
    with pytest.raises(Exception, match=advice), named_failures(f"sqlite:///{tmp_path}/j.sqlite3"):
        raise OperationalError("", {}, sqlite3.OperationalError("disk I/O error"))


def test_a_full_disk_behind_the_output_is_told(office: Office) -> None:
    office.told()
    code = "from bridge.cli import main; main()"
    command = [sys.executable, "-c", code, "--config", str(office.settings), "status"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRON, check=False
        )
    assert (done.returncode, done.stderr) == (3, "otbridge: the output cannot be written: the disk is full\n")


def test_an_unknown_version_of_the_contract_is_told_as_one(office: Office) -> None:
    def answer(connection: socket.socket, request: bytes) -> None:
        body = b'{"contract": "2.0", "what": "nobody knows"}' if b"/meta" in request else b'{"pages": []}'
        connection.sendall(http_reply(body, Date="Sun, 01 Mar 2026 09:30:00 GMT"))

    with closing(RawServer(answer)) as server:
        office.settings.write_text(TOML.replace("http://127.0.0.1:9/api", server.url), encoding="utf-8")
        code, said = office.run("sync")
        assert code == 2
        assert (
            "portal p speaks contract 2.0, this bridge speaks contract 1: upgrade the older side"
            in " ".join(said.split())
        )
        found = {one["name"]: one for one in office.document("doctor --json")["checks"]}["portal p"]
    assert (found["found"], found["advice"]) == (
        "speaks contract 2.0",
        "this bridge speaks contract 1; upgrade the older side",
    )


# --- terminals without UTF-8


@pytest.mark.parametrize("charset", ["ascii", "koi8-r", "cp1251", "iso-8859-1"])
@pytest.mark.parametrize(
    "command",
    ["--help", "status", "show 101", "ledger", "catalogue 2.9.1", "catalogue 2.6", "quote 2.6=2", "hold 1"],
)
def test_a_terminal_without_utf_8_is_written_to_all_the_same(
    office: Office, charset: str, command: str
) -> None:
    office.told(make_ticket(make_stage(title="Этап № 1 – «роль» 漢"), subject="Тема … ₽"))
    office.stands("running", "by-hand", stage="Этап “1”")
    runner = CliRunner(charset=charset)
    done = runner.invoke(
        main, ["--config", str(office.settings), *command.split()], env={**ENVIRON, "COLUMNS": "200"}
    )
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.output
    if charset == "koi8-r" and command == "status":
        assert "Тема ... RUB" in done.output
