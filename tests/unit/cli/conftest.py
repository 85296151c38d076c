"""An operator's desk without servers: settings on disk, a journal with one ticket, and the commands run
within the test.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import to_milli
from bridge.domain.lifecycle import Reason
from bridge.domain.tickets import Ticket
from bridge.journal import Journal, NewLedgerRow, migrate
from tests.builders import NOW, make_ticket

TOML = """
[bridge]
journal = "sqlite:///journal.sqlite3"
[portal]
name = "p"
url = "http://127.0.0.1:9/api"
connect_seconds = 0.2
[[installation]]
serial = "A"
url = "http://127.0.0.1:9"
connect_seconds = 0.2
[policy]
unattended = ["2.9.1-restore", "2.9.1-access"]
"""
ENVIRON = {"OTBRIDGE_PORTAL_TOKEN": "p", "OTBRIDGE_MOODLE_TOKEN": "m"}


class Office:
    """Runs commands; `told`, `did` and `stands` play what a pass leaves in the journal."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.settings = directory / "bridge.toml"
        self.settings.write_text(TOML, encoding="utf-8")
        self.version = 0

    def run(self, command: str, **environ: str | None) -> tuple[int, str]:
        """Run `otbridge …`; returns the exit code and all that it said."""
        without = {name: None for name in os.environ if name.startswith("OTBRIDGE_")}
        arguments = ["--config", str(self.settings), *shlex.split(command)]
        done = CliRunner().invoke(main, arguments, env={**without, **ENVIRON, "COLUMNS": "200", **environ})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    def document(self, command: str) -> Any:
        """What a command says as JSON."""
        return json.loads(self.run(command)[1])

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        with Journal.open(f"sqlite:///{self.directory / 'journal.sqlite3'}", clock=lambda: NOW) as journal:
            yield journal

    def told(self, ticket: Ticket | None = None, cursor: str | None = None) -> None:
        """The portal tells of a ticket."""
        self.version += 1
        cursor = str(self.version) if cursor is None else cursor
        with self.journal() as journal, journal.transaction() as unit:
            unit.polling.merge("p", [replace(ticket or make_ticket(), version=self.version)], cursor, None)

    def stands(self, status: str, reason: str, ticket: str = "t1", /, **facts: Any) -> None:
        """A pass leaves a ticket there."""
        with self.journal() as journal, journal.transaction() as unit:
            claim = unit.queue.claim(
                "p", "w", now=NOW, ttl=timedelta(minutes=1), is_stale=lambda _: False, only=ticket
            )
            assert claim is not None
            unit.queue.release(
                claim, state=status, reason=Reason(reason, facts).to_json(), due_at=None, now=NOW
            )

    def did(
        self,
        kind: str,
        outcome: dict[str, Any] | None = None,
        *,
        request: dict[str, Any] | None = None,
        state: EffectState | None = EffectState.DONE,
        stage: str = "s1",
    ) -> Effect:
        """An effect of the ticket's stage; `state` None: its outcome is not known."""
        effect = Effect.intent("p", "t1", kind, request or {}, stage_id=stage, revision=1)
        with self.journal() as journal, journal.transaction() as unit:
            unit.effects.sending(effect, NOW)
            if state is not None:
                unit.effects.settle(effect.key, state, outcome or {}, NOW)
        return effect

    def books(self, kind: str, amount: str = "2", hold: Effect | None = None) -> Effect:
        """An effect with its row of the ledger."""
        charge = {"category": "development", "spent_minutes": 120, "charged_minutes": 120, "coefficient": "1"}
        effect = self.did(
            kind, {"amount": amount}, request={"charges": [charge], "order": {}, "unattended": True}
        )
        row = NewLedgerRow(
            portal="p",
            account_id="a1",
            ticket_id="t1",
            stage_id="s1",
            revision=1,
            kind=kind,  # type: ignore[arg-type]
            key=effect.key,
            hold_key=hold.key if hold else None,
            spent_minutes=0,
            charged_minutes=0,
            coefficient_milli=None,
            amount_mh=to_milli(Decimal(amount)),
            price_kopecks=None,
            at=NOW,
        )
        with self.journal() as journal, journal.transaction() as unit:
            unit.ledger.append(row, NOW)
        return effect


@pytest.fixture(scope="session")
def empty_journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def office(tmp_path: Path, empty_journal: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr("bridge.wire.retries.Retries.pause", lambda _self, _number: 0.0)
    shutil.copy(empty_journal, tmp_path / "journal.sqlite3")
    return Office(tmp_path)
