"""Keys are made from what is intended, and from nothing else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from bridge.domain.effects import Effect, EffectState, effect_key
from bridge.domain.lifecycle import Kind, message_name, note_kind
from bridge.domain.lifecycle.values import correction_kind

PARTS = ("clients", "t1", "s1", 2, "hold")


def test_the_same_intent_has_the_same_key_for_ever() -> None:
    assert effect_key(*PARTS) == "3b95d2e8-f5a4-5b88-8a47-13120490d41c"


def test_a_key_is_a_uuid_of_version_5() -> None:
    assert UUID(effect_key(*PARTS)).version == 5


@pytest.mark.parametrize(
    "changed",
    [
        ("other", *PARTS[1:]),
        ("clients", "t2", "s1", 2, "hold"),
        ("clients", "t1", "s2", 2, "hold"),
        ("clients", "t1", "s1", 3, "hold"),
        ("clients", "t1", "s1", 2, "capture"),
    ],
)
def test_another_intent_has_another_key(changed: Any) -> None:
    assert effect_key(*changed) != effect_key(*PARTS)


def test_parts_do_not_run_into_each_other() -> None:
    assert effect_key("p", "1", "2", 1, "k") != effect_key("p", "12", "", 1, "k")
    assert effect_key("p", "t", "s", 1, "1k") != effect_key("p", "t", "s", 11, "k")


def test_a_new_intent_has_its_key_and_no_outcome() -> None:
    intent = Effect.intent("clients", "t1", "hold", {"amount": "2"}, stage_id="s1", revision=2)
    assert intent.key == effect_key(*PARTS)
    assert (intent.state, intent.outcome, intent.attempts, intent.error) == (
        EffectState.INTENDED,
        None,
        0,
        "",
    )


def test_the_request_is_no_part_of_the_key() -> None:
    one, other = (Effect.intent("p", "t", "hold", {"amount": amount}) for amount in ("1", "2"))
    assert one.key == other.key


def test_the_kinds_of_effects_are_those_of_every_earlier_version() -> None:
    kinds = {"plan", "hold", "operation", "undo", "freeze", "attach", "capture", "void", "reversal"}
    assert kinds == {kind.value for kind in Kind if ":" not in kind}
    assert correction_kind(1, Kind.REVERSAL) == "correct:1:reversal"
    assert [note_kind(message) for message in ("suspended", "suspended:2", "ready")] == [
        "note:held",
        "note:held:2",
        "note:ready",
    ]
    assert [message_name(kind) for kind in ("note:held:2", "note:order:0123", "note:ready")] == [
        "suspended",
        "order",
        "ready",
    ]
