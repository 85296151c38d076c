"""The unit that comes with the bridge, and the guide that installs it; `.ci/installed` tries both on real
machines.
"""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from bridge.cli import COMMANDS
from bridge.flow.scope import Exit

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "config" / "systemd" / "otbridge.service").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
COMMANDS_OF_THE_GUIDE = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


def test_the_unit_starts_the_service_and_stops_it_cleanly() -> None:
    unit = configparser.RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[method-assign,assignment]
    unit.read_string(TEXT)
    service = unit["Service"]
    assert service["ExecStart"].endswith(" run")
    assert service["Type"] == "notify"
    assert service["KillSignal"] == "SIGTERM"
    assert service["StateDirectoryMode"] == "0700"
    assert service["RestartPreventExitStatus"] == str(int(Exit.CONFIGURATION))


@pytest.mark.parametrize(
    "line",
    [
        line
        for line in TEXT.partition("[Service]")[2].partition("[Install]")[0].splitlines()
        if re.match(r"[A-Z][A-Za-z]+=", line)
    ],
)
def test_each_line_of_the_service_is_explained(line: str) -> None:
    above = TEXT.partition(f"\n{line}\n")[0].splitlines()
    explained = next(one for one in reversed(above) if not re.match(r"[A-Z][A-Za-z]+=", one))
    assert explained.startswith("#")


def test_the_guide_checks_before_it_starts() -> None:
    said = [line.partition("#")[0].strip() for line in COMMANDS_OF_THE_GUIDE]
    assert (
        said.index("otbridge migrate")
        < said.index("otbridge doctor")
        < said.index("systemctl enable --now otbridge")
    )


@pytest.mark.parametrize("line", COMMANDS_OF_THE_GUIDE)
def test_what_the_guide_names_is_there(line: str) -> None:
    for path in re.findall(r"\bconfig/\S+", line):
        assert (ROOT / path).is_file()
    if line.startswith("otbridge "):
        assert line.split()[1] in COMMANDS
