"""The plugin's files have what the actions need: each kind of step, and each function in its service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.actions import ACTIONS
from bridge.operators.doctor import ALWAYS_NEEDED, PLUGIN_VERSION
from bridge.sandbox.moodle.steps import kinds

PLUGIN = Path(__file__).parents[3] / "plugin_php_stub" / "local_otbridge"
STEPS = PLUGIN / "classes" / "step"
needs_steps = pytest.mark.skipif(not STEPS.is_dir(), reason="the plugin's steps are not in this tree yet")


@needs_steps
def test_both_moodles_have_the_same_kinds_of_steps() -> None:
    files = {path.stem for path in STEPS.glob("*_*.php")}
    assert files == {name.replace(".", "_") for name in kinds()}


@needs_steps
def test_the_service_holds_every_function_that_the_actions_need() -> None:
    text = (PLUGIN / "db" / "services.php").read_text(encoding="utf-8")
    needed = ALWAYS_NEEDED.union(*(action.functions for action in ACTIONS.values()))
    functions, _, services = text.partition("$services")
    listed = set(re.findall(r"'((?:core|local)_\w+)'", services))
    assert needed <= listed
    own = {one for one in listed if one.startswith("local_")}
    assert own == set(re.findall(r"'(local_\w+)' => \[", functions)), "all that the plugin has"


@needs_steps
def test_the_plugin_tells_of_every_capability_that_the_actions_need() -> None:
    """`get_info` names them for the administrator, and doctor judges by that list."""
    told = "".join(
        one.read_text(encoding="utf-8")
        for folder in ("step", "activity", "external")
        for one in sorted((PLUGIN / "classes" / folder).glob("*.php"))
    )
    needed = {one: action.name for action in ACTIONS.values() for one in action.capabilities}
    assert {
        one: user
        for one, user in needed.items()
        if f"'{one}'" not in told and not one.endswith(":addinstance")
    } == {}


@needs_steps
def test_the_doctor_asks_for_a_version_that_there_is() -> None:
    version = re.search(r"version\s*=\s*(\d+)", (PLUGIN / "version.php").read_text(encoding="utf-8"))
    assert version is not None
    assert int(version[1]) >= PLUGIN_VERSION
