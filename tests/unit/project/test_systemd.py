"""The unit that comes with the bridge is one that systemd takes."""

from __future__ import annotations

import configparser
from pathlib import Path

UNIT = Path(__file__).parents[3] / "config" / "systemd" / "otbridge.service"


def test_the_unit_starts_the_service_and_stops_it_cleanly() -> None:
    unit = configparser.RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[method-assign,assignment]
    unit.read_string(UNIT.read_text(encoding="utf-8"))
    service = unit["Service"]
    assert service["ExecStart"].endswith(" run")
    assert service["Type"] == "notify"
    assert service["KillSignal"] == "SIGTERM"
    assert service["StateDirectoryMode"] == "0700"
