"""Retry: what was refused is sent again, be it of a stage or of the whole ticket."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.domain.effects import Effect, EffectState
from bridge.journal import Journal, migrate
from bridge.operators.retry import retry
from tests.builders import NOW, make_ticket


@pytest.mark.parametrize("kind", ["note:done", "note:order:0123456789ab"])
def test_a_refused_message_about_the_whole_ticket_is_sent_again(tmp_path: Path, kind: str) -> None:
    url = f"sqlite:///{tmp_path / 'j.sqlite3'}"
    migrate(url)
    note = Effect.intent("p", "t1", kind, {"text": "…"})
    with Journal.open(url) as journal:
        with journal.transaction() as unit:
            unit.polling.merge("p", [make_ticket()], "c", None)
            unit.effects.sending(note, NOW)
            unit.effects.settle(note.key, EffectState.REFUSED, {"code": "forbidden"}, NOW)
            record = unit.tickets.get("p", "t1")
        assert record is not None
        assert retry(journal, record, NOW) == [kind]
        with journal.transaction(read_only=True) as unit:
            assert [effect.state for effect in unit.effects.of("p", "t1")] == [EffectState.INTENDED]
