"""The docs say what the program has: every command, setting, reason and exit code stands there, and
nothing else does.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path

from pydantic import BaseModel

from bridge.actions import ACTIONS
from bridge.cli import COMMANDS
from bridge.cli.words import REASONS
from bridge.domain import lifecycle
from bridge.flow.scope import Exit
from bridge.settings import BridgeTable, InstallationTable, PolicyTable, PortalTable, StatementTable

ROOT = Path(__file__).parents[3]


def doc(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def first_column(text: str) -> set[str]:
    return {
        name
        for row in re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", row)
    }


def test_every_command_is_documented() -> None:
    assert {name.split()[1] for name in first_column(doc("cli.md"))} == set(COMMANDS)


def test_every_exit_code_is_documented() -> None:
    assert {int(code) for code in re.findall(r"^\| (\d) \|", doc("cli.md"), re.MULTILINE)} == {
        int(code) for code in Exit
    }


def test_every_setting_is_documented() -> None:
    tables: dict[str, type[BaseModel]] = {
        "bridge": BridgeTable,
        "portal": PortalTable,
        "installation": InstallationTable,
        "policy": PolicyTable,
        "statement": StatementTable,
    }
    tables |= {f"policy.{one.name}": one.rules for one in ACTIONS.values() if one.rules}
    keys = {f"{name}.{key}" for name, table in tables.items() for key in table.model_fields}
    assert {name for name in first_column(doc("configuration.md")) if "." in name} == keys


def test_every_setting_stands_in_the_example_or_has_a_default() -> None:
    example = (ROOT / "config" / "bridge.example.toml").read_text(encoding="utf-8")
    for table in (BridgeTable, PortalTable, InstallationTable, PolicyTable, StatementTable):
        for key, field in table.model_fields.items():
            assert f"{key} = " in example or not field.is_required(), key


def test_every_reason_is_documented() -> None:
    assert first_column(doc("troubleshooting.md")) - {"[policy] unattended"} == set(REASONS)


def test_every_reason_of_the_program_has_a_sentence() -> None:
    used = set()
    for path in (ROOT / "bridge").rglob("*.py"):
        used |= set(re.findall(r"Reason\(\s*\"([a-z-]+)\"", path.read_text(encoding="utf-8")))
    assert used - {"moodle", "portal"} <= set(REASONS)
    assert len(used) > 15


def test_every_decision_record_has_context_decision_and_consequences() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert records
    for record in records:
        text = record.read_text(encoding="utf-8")
        if record.name.startswith("0006"):
            continue
        for part in ("**Context.**", "**Decision.**", "**Consequences.**"):
            assert part in text, record.name


def test_the_page_on_the_life_of_a_ticket_is_what_its_gates_and_tests_make() -> None:
    done = subprocess.run(
        [sys.executable, "docs/lifecycle.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_follows_from_the_folders_of_actions_is_what_they_make() -> None:
    done = subprocess.run(
        [sys.executable, "docs/actions.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_rule_of_the_game_names_the_place_that_decides_it() -> None:
    rules = re.split(r"^- (?=R\d)", lifecycle.__doc__ or "", flags=re.MULTILINE)[1:]
    assert [rule[:2] for rule in rules] == [f"R{number}" for number in range(1, 10)]
    for rule in rules:
        places = re.findall(r"`(\w+)\.([\w.]+)`", rule)
        assert places, rule
        for module, name in places:
            rooms = ("bridge.domain", "bridge.domain.lifecycle")
            found = [f"{room}.{module}" for room in rooms if find_spec(f"{room}.{module}")]
            assert attrgetter(name)(import_module(found[0])), f"{module}.{name}"


def test_where_things_are_is_where_they_are() -> None:
    _, _, table = doc("architecture.md").partition("## Where do I find")
    rows = re.findall(r"`(\w+)`(?: and `(\w+)`)? in `([\w/.]+)`", table)
    assert len(rows) > 10
    for *names, path in rows:
        text = (ROOT / path).read_text(encoding="utf-8")
        for name in filter(None, names):
            assert re.search(rf"^ *(def|class) {name}\b|^{name}\b", text, re.MULTILINE), f"{name} in {path}"


def test_the_picture_of_the_demo_fits_a_screen() -> None:
    found = re.search(r'viewBox="0 0 (\d+)[.\d]* (\d+)[.\d]*"', doc("demo.svg"))
    assert found is not None
    assert int(found[1]) <= 1300
    assert int(found[2]) <= 900
