"""The log: one line for each thing done, whatever stands in a ticket."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace

import pytest

from bridge.domain.effects import Effect, EffectState
from bridge.flow.oplog import DONE, PlainFormatter, describe, log_done
from tests.builders import NOW, make_stage, make_ticket

HOLD = replace(
    Effect.intent("p", "t1", "hold", {}, stage_id="s1", revision=1),
    state=EffectState.DONE,
    outcome={"amount": "2"},
    settled_at=NOW,
)


def test_a_thing_done_is_told_with_ticket_stage_hours_key_and_duration() -> None:
    assert (
        describe(make_ticket(), HOLD, 0.1234)
        == f'what=hold ticket=101 stage="1 Новая роль" hours=2 key={HOLD.key} seconds=0.12'
    )


def test_a_refusal_is_told_with_its_code() -> None:
    refused = replace(HOLD, state=EffectState.REFUSED, outcome={"code": "insufficient_balance"}, attempts=3)
    told = describe(make_ticket(), refused, 2)
    assert told.startswith(
        'what=hold state=refused ticket=101 stage="1 Новая роль" code=insufficient_balance attempts=3 key='
    )


def test_an_effect_of_the_whole_ticket_has_no_stage() -> None:
    assert "stage=" not in describe(make_ticket(), replace(HOLD, stage_id=""), 0)


def test_a_hostile_ticket_forges_no_line_and_no_fact() -> None:
    ticket = make_ticket(make_stage(title='x" key=1\n2026-01-01 ERROR \x1b[31m'), number='7\n8 key=0 "')
    told = describe(ticket, HOLD, 0)
    assert told.isprintable()
    assert f" key={HOLD.key} " in told
    assert 'ticket="7\\\\n8 key=0 \\"" ' in told


def test_the_line_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, DONE.name):
        log_done(make_ticket(), HOLD, 1.5)
    assert [record.getMessage() for record in caplog.records] == [describe(make_ticket(), HOLD, 1.5)]


def test_a_record_is_one_line_and_its_traceback_is_set_off() -> None:
    formatter = PlainFormatter()
    record = logging.LogRecord(
        "bridge", logging.ERROR, "x", 1, "ticket %s: %s", ("7\x1b[2J", "a\nERROR b"), None
    )
    head, *rest = formatter.format(record).split("\n")
    assert head.endswith("ERROR bridge: ticket 7\\x1b[2J: a\\nERROR b")
    assert rest == []
    try:
        raise ValueError("x\n2026-01-01 00:00:00 ERROR bridge: forged\x1b")
    except ValueError:
        record.exc_info = sys.exc_info()
    head, *rest = formatter.format(record).split("\n")
    assert all(one.startswith("  ") for one in rest)
    assert "\x1b" not in "".join(rest)
