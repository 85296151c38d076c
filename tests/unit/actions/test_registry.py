"""An action is a whole folder, or it is refused when it is imported; every example order can be read."""

from __future__ import annotations

import importlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import Field

from bridge.actions import ACTIONS, OrderRefused, Rules, registry, validate
from bridge.actions.action import NoFiles
from bridge.actions.base import Params
from bridge.actions.registry import IncompleteAction, examples, gather
from bridge.sandbox.moodle.steps import kinds

ROLE = ACTIONS["create-role"]


class Undescribed(Rules):
    most: int = 3


class Undecided(Rules):
    most: int = Field(description="how many")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "make-role"}, "the name 'make-role' is not the folder's"),
        ({"params": dict}, "its parameters are no Params"),
        ({"steps": frozenset()}, "names no kinds of steps"),
        ({"words": replace(ROLE.words, title={"en": "x"})}, "words.title has no 'ru'"),
        ({"words": replace(ROLE.words, labels={"nonsense": "x"})}, "'nonsense', which is no parameter"),
        ({"words": replace(ROLE.words, labels={"allow_view": "Кого она видит"})}, "has 33 characters"),
        ({"words": replace(ROLE.words, labels={"shortname": "Код курса"})}, "is one of create-course"),
        ({"words": replace(ROLE.words, labels={"name": "Имя (роли)"})}, "a label is letters"),
        ({"words": replace(ROLE.words, labels={"name": "Имя\nроли"})}, "a label is letters"),
        ({"words": replace(ROLE.words, evidence_kind="")}, "evidence_kind is empty"),
        ({"words": replace(ROLE.words, customers=frozenset({"new-code"}))}, "no sentence for 'new-code'"),
        (
            {"words": replace(ROLE.words, operators=frozenset({"guarded"}))},
            "the customer's and the operator's",
        ),
        ({"specialists_only": frozenset({"nonsense"})}, "specialists_only"),
        ({"rules": Undescribed}, "'most' needs a default and a description"),
        ({"rules": Undecided}, "'most' needs a default and a description"),
        (None, "ACTION is missing"),
    ],
)
def test_an_action_that_is_not_whole_is_refused(
    changes: Any, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = None if changes is None else replace(ROLE, **changes)
    real = importlib.import_module

    def fake(name: str) -> Any:
        return SimpleNamespace(ACTION=action) if name == "bridge.actions.create_role" else real(name)

    monkeypatch.setattr(registry, "import_module", fake)
    with pytest.raises(IncompleteAction, match=r"bridge/actions/create_role: ") as caught:
        gather()
    assert any(told in problem for problem in caught.value.problems), caught.value.problems


@pytest.mark.parametrize("missing", ["cannot.txt.j2", "evidence.txt.j2", "order.toml"])
def test_an_action_without_its_texts_is_refused(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = registry.text
    monkeypatch.setattr(
        registry, "text", lambda folder, name: None if name == missing else real(folder, name)
    )
    with pytest.raises(IncompleteAction, match=f"{missing} is missing"):
        gather()


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_names_steps_that_there_are(action: str) -> None:
    assert ACTIONS[action].steps <= kinds().keys()
    assert issubclass(ACTIONS[action].params, Params)
    assert examples(action)


def test_kinds_of_evidence_belong_to_one_action_each() -> None:
    found = [one.words.evidence_kind for one in ACTIONS.values()]
    assert len(set(found)) == len(found)


def test_a_ticket_without_files_says_so_to_the_customer() -> None:
    with pytest.raises(OrderRefused) as caught:
        NoFiles().get("a.gift")
    assert caught.value.outcome()["customers"] is True


def test_private_backups_are_for_specialists_only() -> None:
    restore = ACTIONS["restore-course"]
    assert restore.specialists_only == {"private_backups"}
    assert validate(restore.params, {"shortname": "a"}).private_backups is False  # type: ignore[attr-defined]
