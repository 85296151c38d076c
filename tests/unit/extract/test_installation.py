"""What comes with the helper: its unit, its example of settings, its guide."""

from __future__ import annotations

import configparser
import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from otbridge_extract.settings import Backups, Database, Limits, Php, Site, parse, read

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "config" / "extract"
UNIT = (FOLDER / "otbridge-extract@.service").read_text("utf-8")
EXAMPLE = (FOLDER / "c1000.toml").read_text("utf-8")
GUIDE = (ROOT / "docs" / "whole-site-backups.md").read_text("utf-8")
COMMENTED = re.compile(r"^# (\w+ = .+)$", re.MULTILINE)


def service() -> configparser.SectionProxy:
    unit = configparser.RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[method-assign,assignment]
    unit.read_string(UNIT)
    return unit["Service"]


def test_the_example_of_settings_is_read() -> None:
    assert read(FOLDER / "c1000.toml").site.name == "c1000"


def test_the_example_names_every_option_and_shows_its_default() -> None:
    shown = tomllib.loads(COMMENTED.sub(r"\1", EXAMPLE))
    parts = {"site": Site, "backups": Backups, "database": Database, "php": Php, "limits": Limits}
    unshown = {"database": {"host", "port", "password_file"}, "limits": {"tries"}}
    for name, kind in parts.items():
        options = {one.name for one in dataclasses.fields(kind)}
        assert options - set(shown[name]) <= unshown.get(name, set()), name
    assert parse(tomllib.loads(EXAMPLE)).limits == parse(shown).limits


def test_the_unit_never_runs_as_root_and_writes_only_what_is_its_own() -> None:
    found = service()
    assert found["User"] == "otbridge-extract"
    assert found["ProtectSystem"] == "strict"
    assert found["ReadWritePaths"] == "/var/spool/otbridge-extract/%i/answers"
    assert found["NoNewPrivileges"] == "yes"
    assert found["CapabilityBoundingSet"] == ""
    assert found["PrivateNetwork"] == "yes"


@pytest.mark.parametrize(
    "line",
    [
        line
        for line in UNIT.partition("[Service]")[2].partition("[Install]")[0].splitlines()
        if re.match(r"[A-Z][A-Za-z]+=", line) and not line.startswith(("Type=", "ExecStart="))
    ],
)
def test_each_line_of_the_unit_is_explained(line: str) -> None:
    above = UNIT.partition(f"\n{line}\n")[0].splitlines()
    explained = next(one for one in reversed(above) if not re.match(r"[A-Z][A-Za-z]+=", one))
    assert explained.startswith("#")


def test_the_guide_names_files_that_are_there_and_every_code() -> None:
    for path in re.findall(r"\bconfig/extract/[\w.@-]+\w", GUIDE):
        assert (ROOT / path).is_file(), path
    source = "".join(one.read_text("utf-8") for one in (ROOT / "otbridge_extract").glob("*.py"))
    codes = set(re.findall(r'Refused\(\s*"([a-z]+)"', source)) | {"interrupted", "diskfull"}
    assert codes
    for code in codes:
        assert f"`{code}`" in GUIDE, code
